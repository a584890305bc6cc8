"""Known persons in a text: n-grams of its words are shown to whoever knows names; the answers become mentions.

Press texts spell one name three ways, drop the first name after the first paragraph, put titles before it and hang a
possessive on it. So every run of up to five words that can be a name is shown; a run of two words or more that is
alike enough is a mention, and a single word is one only of a person whose fuller name stands elsewhere in the same
text. How alike two names are is not decided here: ``KnownNames`` is the caller's. A mention is no hit, and says
nothing of what the text says about the person.

Scripts without spaces: Han and Hangul are cut into runs of two to four characters; Thai, Lao, Khmer and Burmese words
are taken whole, as far as the text separates them.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Protocol

import msgspec

from comity.engines.match.cues import TITLES

LONGEST_NAME = 5
"""Words of one name that are shown together; longer names are found by a part."""
LONGEST_WORD = 40
"""Characters; what is longer is no word of a name."""
PARTICLE = 4
"""Letters of a small word inside a name (``al``, ``bin``, ``de la``, ``van der``)."""
RUNS = (2, 3, 4)
"""Characters of a name in Han or Hangul."""
APOSTROPHES = "'’ʼ‘`"
JOINING = {*" \u00a0\t\n\r-‐‑–·・.,", *APOSTROPHES}
"""What may stand between two words of one name; a stop behind an initial or a title, a comma before a first name."""
GAP = 4
"""Characters between two words of one name, a line end and spaces among them."""


class Likeness(msgspec.Struct, frozen=True):
    """A known person whose name is like what was asked, and how much: 0 to 1."""

    person: str
    score: float


class KnownNames(Protocol):
    """Who is known. One call with many names, so that an index can answer them together."""

    def alike(self, names: Sequence[str]) -> Sequence[Sequence[Likeness]]:
        """Return for each name, in order, the known persons whose names are like it; a part of a name scores lower."""
        ...


class Levels(msgspec.Struct, frozen=True, kw_only=True):
    """From which score on an n-gram is a mention; a single word of a person who is named in full needs less."""

    full: float = 0.8
    part: float = 0.5


USUAL = Levels()
"""For an index that scores between 0 and 1 and is calibrated."""


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """A place, ``start`` up to not including ``stop``, that names a known person; ``full`` if not by one word alone."""

    person: str
    start: int
    stop: int
    written: str
    score: float
    full: bool


class Word(msgspec.Struct, frozen=True):
    """A word with its place and what stands between it and the next."""

    text: str
    start: int
    stop: int


def persons_in(text: str, known: KnownNames, levels: Levels = USUAL) -> tuple[Mention, ...]:
    """Return the mentions of known persons in the order of their places, none overlapping another.

    At most five names a word are asked for, in one call. The answer does not depend on the order of anything else.
    """
    grams = list(candidates(text))
    asked = list(dict.fromkeys(written for written, _, _, _ in grams))
    answers = dict(zip(asked, known.alike(asked), strict=True))
    claimed = bytearray(len(text))
    mentions: list[Mention] = []
    scored = [
        (-like.score, -words, start, like.person, stop, written)
        for written, start, stop, words in grams
        for like in answers[written]
        if like.score >= (levels.full if words > 1 else levels.part)
    ]
    named: set[str] = set()
    for single in (False, True):
        for negative, words, start, person, stop, written in sorted(scored):
            alone = words == -1 and -negative < levels.full
            if alone != single or any(claimed[start:stop]) or (alone and person not in named):
                continue
            claimed[start:stop] = b"\1" * (stop - start)
            named.add(person)
            mentions.append(
                Mention(person=person, start=start, stop=stop, written=written, score=-negative, full=not alone)
            )
    return tuple(sorted(mentions, key=lambda mention: mention.start))


def candidates(text: str) -> Iterator[tuple[str, int, int, int]]:
    """Yield what can be a name: how it is written, where it starts and stops, of how many words."""
    words = list(words_of(text))
    shouted = not any(letter_case(word.text) == "small" for word in words)
    whispered = not any(letter_case(word.text) == "capital" for word in words)
    for at, first in enumerate(words):
        yield from runs(first)
        if (letter_case(first.text) == "small" and not whispered) or first.text.upper() in TITLES:
            continue
        for count in range(1, LONGEST_NAME + 1):
            last = words[at + count - 1] if at + count <= len(words) else None
            if last is None or (count > 1 and not joined(text, words[at + count - 2], last)):
                break
            small = letter_case(last.text) == "small" and not whispered and not shouted
            if small and len(last.text) > PARTICLE:
                break
            if not small:
                yield " ".join(text[first.start : last.stop].split()), first.start, last.stop, count


def joined(text: str, before: Word, after: Word) -> bool:
    """Tell whether two words that follow each other can belong to one name."""
    between = text[before.stop : after.start]
    if len(between) > GAP or any(each not in JOINING for each in between) or between.count("\n") > 1:
        return False
    return "." not in between or len(before.text) <= PARTICLE


def runs(word: Word) -> Iterator[tuple[str, int, int, int]]:
    """Yield the runs of Han or Hangul characters that can be a name of their own; they count as two words."""
    if len(word.text) <= RUNS[0] or not all(is_block(each) for each in word.text):
        return
    for size in RUNS:
        for at in range(len(word.text) - size + 1):
            yield word.text[at : at + size], word.start + at, word.start + at + size, 2


def words_of(text: str) -> Iterator[Word]:
    """Yield the words: letters with their marks, apostrophes inside; a possessive s at the end is left out."""
    at, length = 0, len(text)
    while at < length:
        if not is_letter(text[at]):
            at += 1
            continue
        start = at
        while at < length and (is_letter(text[at]) or (is_apostrophe(text, at))):
            at += 1
        stop = at
        if stop - start > 2 and text[stop - 1] in "sS" and text[stop - 2] in APOSTROPHES:  # noqa: PLR2004 - 's.
            stop -= 2
        if stop - start <= LONGEST_WORD or is_block(text[start]):
            yield Word(text[start:stop], start, stop)


def is_apostrophe(text: str, at: int) -> bool:
    """Tell whether an apostrophe stands between two letters."""
    return text[at] in APOSTROPHES and at + 1 < len(text) and is_letter(text[at + 1])


@lru_cache(8192)
def is_letter(character: str) -> bool:
    """Tell whether a character is a letter, or a mark on one."""
    return unicodedata.category(character)[0] in "LM"


@lru_cache(8192)
def is_block(character: str) -> bool:
    """Tell whether a character is Han or Hangul, of which two to four make a name."""
    return unicodedata.name(character, "").startswith(("CJK UNIFIED", "HANGUL SYLLABLE"))


def letter_case(word: str) -> str:
    """Return how a word begins: ``capital``, ``small``, or ``none`` in scripts without capitals."""
    first = word[0]
    return "capital" if first.isupper() or first.istitle() else "small" if first.islower() else "none"
