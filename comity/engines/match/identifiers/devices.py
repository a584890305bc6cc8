"""Numbers of mobile equipment: IMEI with its Luhn digit and IMEISV with a software version (3GPP TS 23.003, section 6).

Both name the same device by their first fourteen digits, which are the key; the last digit or two are no part of it, so
that a device is found by either. python-stdnum counts (decision 0048). Number of the subscriber's card and name of the
maker are not read.
"""

from stdnum import imei
from stdnum.exceptions import InvalidChecksum, ValidationError

from comity.core.errors import Malformed
from comity.engines.match.identifiers.choices import digits_for_letters, repairs_between
from comity.engines.match.identifiers.folding import compact
from comity.engines.match.identifiers.reading import Kind, Problem, Proof, Reading, Why

DEVICE = 14
"""Digits that name the device."""


def read(text: str) -> Reading:
    """Return an IMEI of 14 or 15 digits or an IMEISV of 16; letters that look like digits are taken for them.

    Raises: Malformed for another number of digits, or other letters.

    >>> read("35-417803-685978-9").proof, read("35686800-004141-20").scheme
    (<Proof.CHECKED: 'checked'>, 'IMEISV')
    """
    number = compact(text[:64])
    digits = digits_for_letters(number)
    problems: tuple[Problem, ...] = ()
    try:
        imei.validate(digits)
        proof = Proof.CHECKED if len(digits) == DEVICE + 1 else Proof.FORM
    except InvalidChecksum:
        proof, problems = Proof.FAILED, (Problem(code="imei.check"),)
    except ValidationError:
        raise Malformed(f"{len(number)} characters, expected 14 to 16 digits of an IMEI") from None
    return Reading(
        kind=Kind.IMEI,
        key=digits[:DEVICE],
        folded=digits[:DEVICE],
        shown=imei.format(digits),
        proof=proof,
        scheme="IMEISV" if len(digits) > DEVICE + 1 else "IMEI",
        repairs=repairs_between(number, digits, Why.FIELD),
        problems=problems,
    )
