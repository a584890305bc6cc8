"""One word of any script in Latin letters, roughly as it sounds: the ground on which words of two scripts are compared.

The package anyascii knows a Latin spelling of nearly every character (decision 0047). Where reading letter by letter
misleads, this module has rules of its own: Arabic and Hebrew (consonants, with the letters that may stand for vowels),
Japanese kana (small letters change the one before), Hangul (a syllable is taken apart), Greek (pairs of letters), Thai
(vowels are written before the consonant after which they are spoken), Latin letters whose mark changes the sound.

The result is for comparing, never for showing. Not here: Japanese readings of Han characters, which no rule tells; a
Han name is read as Mandarin, and the Cantonese, Korean or Japanese way is found only where it sounds alike.
"""

import re
import unicodedata
from functools import lru_cache

from anyascii import anyascii

from comity.engines.match.scripts import Script, script_of_word

_ARABIC = dict(
    zip(
        "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
        "a b t th j h kh d dh r z s sh s d t z a gh f q k l m n h w y".split(),
        strict=True,
    )
)
_ARABIC |= {"أ": "a", "إ": "i", "آ": "a", "ٱ": "a", "ؤ": "w", "ئ": "y", "ء": "", "ى": "a", "ة": "a", "ﻻ": "la"}
_ARABIC |= {"پ": "p", "چ": "ch", "ژ": "zh", "گ": "g", "ک": "k", "ی": "y", "ے": "e", "ٹ": "t", "ڈ": "d", "ڑ": "r"}
_ARABIC |= {
    "ں": "n",
    "ھ": "h",
    "ہ": "h",
    "ۀ": "a",
    "ۃ": "a",
    "ۆ": "o",
    "ێ": "e",
    "ڤ": "v",
    "ڵ": "l",
    "ڕ": "r",
    "ە": "e",
}
_ARABIC |= {"ښ": "sh", "ځ": "z", "څ": "ts", "ډ": "d", "ړ": "r", "ټ": "t", "ڼ": "n", "ګ": "g", "ې": "e", "ۍ": "y"}
_ARABIC |= {"\u064e": "a", "\u064f": "u", "\u0650": "i", "\u064b": "an"}
"""Arabic with Persian, Urdu, Pashto and Kurdish letters; short vowels where somebody wrote them."""

_HEBREW = dict(zip("אבגדהוזחטיכלמנסעפצקרשת", "a b g d h w z x t y k l m n s a p ts q r sh th".split(), strict=True))
_HEBREW |= {"ך": "k", "ם": "m", "ן": "n", "ף": "f", "ץ": "ts", "װ": "v", "ױ": "oy", "ײ": "ey"}
_HEBREW |= {"\u05b4": "i", "\u05b5": "e", "\u05b6": "e", "\u05b7": "a", "\u05b8": "a", "\u05b9": "o", "\u05bb": "u"}
_GERESH = (("ג'", "j"), ("ז'", "ж"), ("צ'", "ч"), ("ץ'", "ч"), ("ת'", "θ"), ("ד'", "d"), ("ע'", "غ"), ("ח'", "х"))
"""Hebrew letters with a geresh, as one letter of some script each that anyascii spells: zh, ch, th, gh, kh."""

_ROWS = {
    "": "アイウエオ", "k": "カキクケコ", "g": "ガギグゲゴ", "s": "サ シ スセソ", "z": "ザ ズゼゾ", "t": "タ テト",
    "d": "ダ デド", "n": "ナニヌネノ", "h": "ハヒ ヘホ", "b": "バビブベボ", "p": "パピプペポ", "m": "マミムメモ",
    "y": "ヤ ユ ヨ", "r": "ラリルレロ",
}  # fmt: skip
_KANA: dict[str, str] = {}
for _sound, _row in _ROWS.items():
    _vowels = {"s": "a-i-ueo", "z": "a-ueo", "t": "a-eo", "d": "a-eo", "h": "ai-eo", "y": "a-u-o"}.get(_sound, "aiueo")
    _KANA |= {kana: _sound + vowel for kana, vowel in zip(_row, _vowels, strict=True) if kana != " "}
_KANA |= {
    "シ": "shi",
    "ジ": "ji",
    "チ": "chi",
    "ツ": "tsu",
    "フ": "fu",
    "ヂ": "ji",
    "ヅ": "zu",
    "ワ": "wa",
    "ヲ": "o",
    "ン": "n",
}
_KANA |= {
    "ヴ": "vu",
    "ヷ": "va",
    "ヸ": "vi",
    "ヹ": "ve",
    "ヺ": "vo",
    "ヰ": "i",
    "ヱ": "e",
    "ー": "",
    "ッ": "",
    "ヶ": "ke",
}
_SMALL = {"ァ": "a", "ィ": "i", "ゥ": "u", "ェ": "e", "ォ": "o", "ャ": "ya", "ュ": "yu", "ョ": "yo", "ヮ": "wa"}

_LEAD = "g kk n d tt r m b pp s ss  j jj ch k t p h".split(" ")
_VOWEL = "a ae ya yae o e yo ye o wa wae oe yo u wo we wi yu w wi i".split(" ")
_TAIL = " k k k n n n t l k m l l l p l m p p t t ng t t k t p t".split(" ")
"""The parts of a syllable block (Unicode 3.12). The vowel that fills foreign clusters is `w`: cheap to lose."""

_GREEK_PAIRS: tuple[tuple[str, str], ...] = (
    ("ου", "u"),
    ("μπ", "b"),
    ("ντ", "d"),
    ("γκ", "g"),
    ("γγ", "ng"),
    ("γχ", "nkh"),
    ("τσ", "ts"),
    ("τζ", "dz"),
)
_GREEK_PAIRS += (("αυ", "av"), ("ευ", "ev"), ("αι", "e"), ("ει", "i"), ("οι", "i"), ("υι", "i"))
_GREEK = dict(
    zip("αβγδεζηθικλμνξοπρσςτυφχψω", "a v g d e z i th i k l m n x o p r s s t y f kh ps o".split(), strict=True)
)

_CYRILLIC = {"ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ь": "", "ё": "yo", "ю": "yu"}
_CYRILLIC |= {
    "я": "ya",
    "є": "ye",
    "ї": "yi",
    "ґ": "g",
    "ў": "w",
    "ђ": "dj",
    "ћ": "ch",
    "џ": "dj",
    "љ": "ly",
    "њ": "ny",
}
_CYRILLIC |= {
    "ә": "a",
    "ғ": "gh",
    "қ": "q",
    "ң": "n",
    "ө": "o",
    "ұ": "u",
    "ү": "u",
    "һ": "h",
    "ҳ": "h",
    "ҷ": "j",
    "ӣ": "i",
}
_CYRILLIC |= {"ы": "y", "э": "e", "ӯ": "u", "й": "y", "ѓ": "g", "ќ": "k", "ѕ": "dz", "ј": "y", "і": "i", "х": "kh"}

_LATIN = {
    "š": "sh",
    "ş": "sh",
    "ș": "sh",
    "č": "ch",
    "ç": "s",
    "ć": "ch",
    "ž": "zh",
    "đ": "d",
    "ö": "o",
    "ü": "u",
    "ä": "a",
}
_LATIN |= {
    "ß": "ss",
    "ğ": "g",
    "ı": "i",
    "ñ": "n",
    "ł": "l",
    "ŭ": "u",
    "ŏ": "o",
    "ø": "o",
    "æ": "ae",
    "å": "a",
    "ð": "d",
}

_BEFORE = re.compile("([เแโใไ])([ก-ฮ])")
"""A Thai vowel that is written before the consonant after which it is spoken."""
_OUTSIDE = re.compile("[^a-z-]")


BARRIER = "-"
"""Stands between letters that are two sounds though they look like a digraph: Hebrew k and h are no kh."""


def _letters(table: dict[str, str], word: str, between: str = "") -> str:
    """Replace letters by a table, and what it lacks by anyascii's spelling."""
    return between.join(table[each] if each in table else anyascii(each) for each in word)


def _pairs(pairs: tuple[tuple[str, str], ...], word: str) -> str:
    for found, spelt in pairs:
        word = word.replace(found, spelt)
    return word


def _kana(word: str) -> str:
    """Read kana: hiragana as katakana; a small vowel replaces the vowel before it."""
    out: list[str] = []
    for letter in word:
        each = chr(ord(letter) + 0x60) if "ぁ" <= letter <= "ゖ" else letter
        if each not in _SMALL:
            out.append(_KANA[each] if each in _KANA else anyascii(each).lower())
        elif not out or not out[-1]:
            out.append(_SMALL[each])
        elif out[-1] == "u":
            out[-1] = "w" + _SMALL[each]
        else:
            palatal = len(_SMALL[each]) > 1 and out[-1][:-1] in {"sh", "ch", "j"}
            out[-1] = out[-1][:-1] + (_SMALL[each][1:] if palatal else _SMALL[each])
    return "".join(out)


def _hangul(word: str) -> str:
    """Take syllable blocks apart (Unicode 3.12)."""
    out: list[str] = []
    for letter in unicodedata.normalize("NFC", word):
        index = ord(letter) - 0xAC00
        if 0 <= index < len(_LEAD) * len(_VOWEL) * len(_TAIL):
            lead, rest = divmod(index, len(_VOWEL) * len(_TAIL))
            vowel, tail = divmod(rest, len(_TAIL))
            out.append(_LEAD[lead] + _VOWEL[vowel] + _TAIL[tail] + BARRIER)
        else:
            out.append(anyascii(letter))
    return "".join(out)


def _greek(word: str) -> str:
    plain = "".join(each for each in unicodedata.normalize("NFD", word) if not unicodedata.combining(each))
    return _letters(_GREEK, _pairs(_GREEK_PAIRS, plain))


@lru_cache(maxsize=1 << 16)
def romanise(word: str) -> str:
    """Return a word in the letters a to z, with barriers between them; without letters when it holds none.

    >>> [romanise(each) for each in ("Šarić", "Жданов", "خالد", "גולן", "ジェームズ", "박지성", "Μπάμπης", "เกษม")]
    ['sharich', 'zhdanov', 'kh-a-l-d', 'g-w-l-n', 'jemuzu', 'bak-ji-song-', 'babis', 'kesm']
    """
    lower = word.lower()
    match script_of_word(word):
        case Script.LATIN:
            spelt = lower if lower.isascii() else _letters(_LATIN, lower)
        case Script.CYRILLIC:
            spelt = _letters(_CYRILLIC, lower)
        case Script.ARABIC:
            spelt = _letters(_ARABIC, word, BARRIER)
        case Script.HEBREW:
            spelt = _letters(_HEBREW, _pairs(_GERESH, word.replace("\u05f3", "'")), BARRIER)
        case Script.KANA:
            spelt = _kana(word)
        case Script.HANGUL:
            spelt = _hangul(word)
        case Script.GREEK:
            spelt = _greek(lower)
        case Script.THAI:
            spelt = anyascii(_BEFORE.sub(r"\2\1", word))
        case _:
            spelt = anyascii(word)
    return _OUTSIDE.sub("", spelt.lower())
