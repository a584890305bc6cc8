"""Repair by look-alikes where a scheme has its own check: the one shape that VIN, IBAN and wallets share.

The zone of a travel document has several checks that bear on each other and goes its own way (``equations``). Here a
text has one check, a function that answers whether it agrees. Work is bounded: a text of n characters is tried at most
about 3 n times.
"""

from collections.abc import Callable, Iterator

from comity.engines.match.identifiers.equations import look_alikes
from comity.engines.match.identifiers.folding import TO_DIGIT, TO_LETTERS
from comity.engines.match.identifiers.reading import Repair, Why


def one_change(text: str, alike: Callable[[str], str] = look_alikes) -> Iterator[str]:
    """Yield each text in which one character is exchanged for one that looks like it."""
    for place, character in enumerate(text):
        for other in alike(character):
            yield text[:place] + other + text[place + 1 :]


def agreeing(text: str, agrees: Callable[[str], bool], alike: Callable[[str], str] = look_alikes) -> tuple[str, ...]:
    """Return the texts one look-alike away whose check agrees."""
    return tuple(dict.fromkeys(each for each in one_change(text, alike) if agrees(each)))


def digits_for_letters(text: str) -> str:
    """Return the text with each letter that looks like a digit taken for it."""
    return "".join(TO_DIGIT.get(each, each) for each in text)


def letters_for_digits(text: str) -> str:
    """Return the text with each digit that looks like a letter taken for the likeliest one."""
    return "".join(TO_LETTERS.get(each, each)[0] for each in text)


def repairs_between(read: str, taken: str, why: Why) -> tuple[Repair, ...]:
    """Return the repairs that lead from one text to another of the same length."""
    pairs = enumerate(zip(read, taken, strict=True))
    return tuple(Repair(place=place, read=a, taken=b, why=why) for place, (a, b) in pairs if a != b)
