"""A name taken apart into words, each with its script, role and sound: what every comparison starts from.

Words are cut at spaces, hyphens, middle dots and commas. What some spellings join and others part is parted here in one
way: the Arabic article, `Abd al-` before a name of God, `-uddin` after one; a Chinese or Korean name without spaces is
family name and given name.

Not here: how much a word tells (information.py), and whether two words are one (alignment.py).
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from comity.engines.match.roles import Role, role_of
from comity.engines.match.romanise import BARRIER, romanise
from comity.engines.match.scripts import Script, script_of_word
from comity.engines.match.spelling import spell

MOST_WORDS = 10
"""Words of one name that are looked at; 6 in 10,000 listed names have more."""

_CUT = re.compile(r"[\s\-\u00b7\u2027\u30fb\u2022.,;:/_|()\[\]\"\u201c\u201d\u2010-\u2015\uff1d=\u05be\u0964&+]+")
_SILENT = re.compile(
    "['\u2018\u2019\u02bb\u02bc\u02bf\u02be`\u00b4\u0640\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)
"""Apostrophes, the Arabic stretching letter, and marks that are not seen. A Hebrew geresh is kept: it is heard."""

_SERVANT = re.compile("^(?:abd|abed|abdi)(?:[aeou][rlsnz]?h?|)([b-df-hj-np-tv-z][a-z]{2,})$")
_FAITH = re.compile("^([a-z]{3,}?)(?:[aeiou]d|[aeiou]dd|[aeiou]l?d)([dh]?[iey]{1,2}ne?)$")
_ALLAH = frozenset(("الله", "اللہ", "ألله"))
_GOD = frozenset("abdul abdel abdal abdol abdur abdus abd abdu abdoul".split())

_COMPOUND = frozenset(
    "欧阳 歐陽 司马 司馬 诸葛 諸葛 上官 皇甫 尉迟 公孙 慕容 令狐 司徒 夏侯 东方 東方"
    " 남궁 황보 제갈 사공 선우 독고".split()
)
"""Family names of two syllables (general knowledge)."""


class Word(NamedTuple):
    """One word of a name."""

    native: str
    letters: str
    """Romanised, a to z."""
    symbols: str
    """In the alphabet of spelling.py."""
    script: Script
    role: Role


class Name(NamedTuple):
    """A name and its words, in the order in which they were written."""

    written: str
    words: tuple[Word, ...]


def _plain(name: str) -> str:
    """Fold compatibility forms and take out what is not heard; Hebrew apostrophes stay."""
    name = unicodedata.normalize("NFKC", name)
    return name if any("\u0590" <= each <= "\u05ff" for each in name) else _SILENT.sub("", name)


def _parted(piece: str, script: Script, *, alone: bool) -> Iterator[str]:
    """Part what a native script writes together."""
    match script:
        case Script.ARABIC:
            yield from _parted_arabic(piece)
        case Script.HAN | Script.HANGUL if alone and 2 <= len(piece) <= 4:
            first = 2 if piece[:2] in _COMPOUND and len(piece) > 2 else 1
            yield piece[:first]
            yield piece[first:]
        case _:
            yield piece


def _parted_arabic(piece: str) -> Iterator[str]:
    if piece.startswith("عبد") and len(piece) > 5:
        yield "عبد"
        piece = piece[3:]
    if piece[-4:] in _ALLAH:
        if len(piece) > 5:
            yield piece[:-4]
        yield "الله"
        return
    if piece.startswith("ال") and len(piece) > 4:
        yield "ال"
        piece = piece[2:]
    yield piece


def _parted_latin(letters: str) -> Iterator[str]:
    """Part `Abdulrahman` and `Nasruddin`, which others write in two or three words."""
    if letters in _GOD:
        yield "abd"
        return
    if len(letters) > 6 and (found := _SERVANT.match(letters)):
        yield "abd"
        letters = found.group(1)
    if letters in {"lah", "llah", "ullah", "allah", "ollah", "oullah", "ellah", "alah"}:
        yield "allah"
        return
    if len(letters) > 6 and letters.endswith(("ullah", "ollah", "allah", "ulla", "olla", "oullah", "ellah")):
        yield letters[: -5 if letters[-1] == "h" else -4].removesuffix("o")
        yield "allah"
        return
    if len(letters) > 6 and letters[-1] in "ne" and (found := _FAITH.match(letters)):
        yield found.group(1)
        yield "din"
        return
    yield letters


@lru_cache(maxsize=1 << 17)
def words_of(piece: str, *, alone: bool) -> tuple[Word, ...]:
    """Return the words of a piece without spaces; `alone` says that it is a whole name."""
    script = script_of_word(piece)
    out: list[Word] = []
    for part in _parted(piece, script, alone=alone):
        sounds = romanise(part)
        letters = sounds.replace(BARRIER, "")
        if not letters:
            continue
        role = Role.PARTICLE if part == "ال" else role_of(letters, part.lower(), script)
        pieces = tuple(_parted_latin(letters)) if script is Script.LATIN and role is Role.NAME else (letters,)
        out += [Word(part, each, spell(sounds if each is letters else each), script, role) for each in pieces]
    return tuple(word for word in out if word.symbols)


def analyse(name: str) -> Name:
    """Take a name apart.

    A text without any letter has no words. Words beyond `MOST_WORDS` are left out.

    >>> [word.letters for word in analyse("Abdulrahman al-Harbi").words]
    ['abd', 'rahman', 'al', 'harbi']
    >>> [(word.letters, word.script.value) for word in analyse("张小明").words]
    [('zhang', 'Hani'), ('xiaoming', 'Hani')]
    """
    pieces = [piece for piece in _CUT.split(_plain(name)) if piece]
    words = [word for piece in pieces for word in words_of(piece, alone=len(pieces) == 1)]
    return Name(name, tuple(words[:MOST_WORDS]))
