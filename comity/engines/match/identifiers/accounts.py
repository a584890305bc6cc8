"""International bank account numbers: ISO 13616, with the two check digits of ISO/IEC 7064 (mod 97-10).

python-stdnum knows the lengths and forms of SWIFT's registry and several national check digits (decision 0048). Whether
an account exists, and whose it is, only its bank can say.
"""

from stdnum import iban
from stdnum.exceptions import InvalidChecksum, InvalidComponent, ValidationError
from stdnum.iso7064 import mod_97_10

from comity.core.errors import Malformed
from comity.engines.match.identifiers.choices import (
    agreeing,
    digits_for_letters,
    letters_for_digits,
    repairs_between,
)
from comity.engines.match.identifiers.folding import SYMBOLS, compact
from comity.engines.match.identifiers.reading import Kind, Problem, Proof, Reading, Repair, Why

SHORTEST, LONGEST = 15, 34
"""Characters: Norway's, and the most that ISO 13616 allows."""


def read(text: str) -> Reading:
    """Return an account number; a look-alike that makes the check digits agree is taken if there is just one.

    Raises: Malformed if it does not begin with a country and two digits, or has not 15 to 34 characters.

    >>> read("GB82 WEST 1234 5698 7654 32").proof, read("GB82 WEST I234 5698 7654 32").key
    (<Proof.CHECKED: 'checked'>, 'GB82WEST12345698765432')
    """
    number = compact(text[: LONGEST * 3])
    if not SHORTEST <= len(number) <= LONGEST or any(each not in SYMBOLS for each in number):
        raise Malformed(f"{len(number)} letters and digits, expected {SHORTEST} to {LONGEST}")
    taken = letters_for_digits(number[:2]) + digits_for_letters(number[2:4]) + number[4:]
    if not taken[:2].isalpha() or not taken[2:4].isdigit():
        raise Malformed("an account number begins with two letters and two digits")
    repairs = repairs_between(number, taken, Why.FIELD)
    if not agrees(taken):
        digits = taken[:4] + digits_for_letters(taken[4:])
        candidates = (digits,) if agrees(digits) else agreeing(taken, agrees)
        if len(candidates) == 1:
            likely = Problem(code="iban.likely", candidates=(taken, *candidates))
            return reading(candidates[0], repairs_between(number, candidates[0], Why.LOOK_ALIKE), (likely,))
        return reading(taken, repairs, (Problem(code=fault(taken), candidates=candidates),))
    return reading(taken, repairs, ())


def agrees(number: str) -> bool:
    """Tell whether check digits and form agree with the country's row in the registry; the cheap question first."""
    return mod_97_10.is_valid(number[4:] + number[:4]) and iban.is_valid(number, check_country=False)


def fault(number: str) -> str:
    """Return the code of what is wrong."""
    try:
        iban.validate(number)
    except InvalidChecksum:
        return "iban.check"
    except InvalidComponent:
        return "iban.country"
    except ValidationError:
        return "iban.form"
    return ""


def reading(number: str, repairs: tuple[Repair, ...], problems: tuple[Problem, ...]) -> Reading:
    """Return the reading of a number, with the country's own check digits, where stdnum knows them, as a problem."""
    right = agrees(number)
    if right and fault(number):
        problems = (*problems, Problem(code="iban.national-check"))
    return Reading(
        kind=Kind.IBAN,
        key=number,
        folded=number,
        shown=iban.format(number),
        proof=Proof.CHECKED if right else Proof.FAILED,
        country=number[:2],
        repairs=repairs,
        problems=problems,
    )
