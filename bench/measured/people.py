"""Invented persons by the million, as a background in which listed ones must be found again.

Three parts in ten are recombined from the names of the list itself, word for word within one nationality: look-alikes
of what is searched. The others are drawn from the name lists of the package faker, 68 locales, in their own scripts,
frequent names more often than rare ones. In two of five Latin names the last word is a made-up rare one, drawn from the
sequences of letters of real words: a register of a million has hundreds of thousands of different words, and a
background without them would be too easy and too fast.

Whatever is drawn comes from one seed. None of these persons is real but by chance.
"""

import random  # noqa: TID251 - a measurement draws from a seed, so that it can be repeated
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from faker import Faker

LOCALES = (  # noqa: SIM905 - as one text it can be read
    "ar_AA ar_EG ar_JO ar_PS ar_SA az_AZ bg_BG bn_BD cs_CZ da_DK de_AT de_CH de_DE el_GR en_AU en_CA en_GB en_IE en_IN"
    " en_NG en_NZ en_US es_AR es_CL es_CO es_ES es_MX et_EE fa_IR fi_FI fr_BE fr_CA fr_FR fr_CH ga_IE gu_IN he_IL hi_IN"
    " hr_HR hu_HU hy_AM id_ID it_IT ja_JP ka_GE ko_KR lt_LT lv_LV ne_NP nl_BE nl_NL no_NO pl_PL pt_BR pt_PT ro_RO ru_RU"
    " sk_SK sl_SI sv_SE sw ta_IN th_TH tr_TR tw_GH uk_UA uz_UZ vi_VN yo_NG zh_CN zh_TW zu_ZA"
).split()
WITHOUT_SPACES = frozenset({"zh_CN", "zh_TW", "ja_JP", "ko_KR"})
RECOMBINED = 0.3
RARE = 0.4


class Invented(NamedTuple):
    """One invented person."""

    name: str
    birth_year: int
    nationality: str


class _Rare:
    """Made-up words: each letter is drawn after the three before it, as real words have them."""

    def __init__(self, words: Sequence[str], draw: random.Random) -> None:
        self._draw = draw
        self._after: dict[str, list[str]] = defaultdict(list)
        for word in words:
            marked = f"   {word.lower()}."
            for at in range(3, len(marked)):
                self._after[marked[at - 3 : at]].append(marked[at])

    def word(self) -> str:
        """Return a made-up word of four to sixteen letters."""
        while True:
            made = "   "
            while len(made) < 20 and (letter := self._draw.choice(self._after[made[-3:]])) != ".":
                made += letter
            if 7 <= len(made) < 20:
                return made[3:].title()


class _Locale:
    """The name lists of one locale, the frequent names first."""

    def __init__(self, code: str, draw: random.Random) -> None:
        provider = next(
            each for each in Faker(code).factories[0].providers if each.__provider__ == "faker.providers.person"
        )
        self.code, self._draw = code, draw
        self.given = self._list(provider, "first_names_male") + self._list(provider, "first_names_female")
        self.given = self.given or self._list(provider, "first_names")
        self.family = self._list(provider, "last_names") or self._list(provider, "last_names_male") or self.given

    @staticmethod
    def _list(provider: object, attribute: str) -> list[str]:
        return list(dict.fromkeys(getattr(provider, attribute, ())))

    def one(self, names: list[str]) -> str:
        """Draw a name; the first of a list some hundred times as often as the thousandth."""
        return names[int(len(names) * self._draw.random() ** 2.2)]

    def name(self) -> str:
        """Draw a whole name, in the order of the locale."""
        given, family = self.one(self.given), self.one(self.family)
        chance = self._draw.random()
        if self.code in WITHOUT_SPACES:
            return family + given if chance < 0.8 else f"{family} {given}"
        if chance < 0.18:
            return f"{given} {self.one(self.given)} {family}"
        return f"{given} {family}" if chance < 0.9 else f"{family} {given}"


def invented(count: int, listed: Sequence[tuple[str, str]], seed: int) -> Iterator[Invented]:
    """Yield invented persons; `listed` are names and nationalities whose words are recombined."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    locales = [_Locale(code, draw) for code in LOCALES]
    patterns: dict[str, list[list[str]]] = defaultdict(list)
    for name, nationality in listed:
        if 2 <= len(words := name.split()) <= 7:
            patterns[nationality].append(words)
    nations = [each for each, names in patterns.items() if len(names) > 5]
    weights = [len(patterns[each]) ** 0.7 for each in nations]
    latin = [word for name, _ in listed for word in name.split() if word.isascii() and word.isalpha()]
    latin += [word for locale in locales for word in locale.family if word.isascii() and word.isalpha()]
    rare = _Rare(latin, draw)
    for _ in range(count):
        year = min(max(int(draw.gauss(1978, 15)), 1930), 2010)
        if nations and draw.random() < RECOMBINED:
            nation = draw.choices(nations, weights)[0]
            words = _recombined(patterns[nation], draw)
        else:
            locale = draw.choice(locales)
            nation, words = locale.code[-2:], locale.name().split()
        if len(words) > 1 and words[-1][:1].isascii() and draw.random() < RARE:
            made = rare.word()
            words[-1] = made.upper() if words[-1].isupper() else made
        yield Invented(" ".join(words), year, nation)


def _recombined(patterns: list[list[str]], draw: random.Random) -> list[str]:
    """Return the pattern of one name with words of others, first for first and last for last."""
    words = list(draw.choice(patterns))
    for at in range(len(words)):
        if draw.random() < 0.7:
            other = draw.choice(patterns)
            words[at] = other[0] if at == 0 else other[-1] if at == len(words) - 1 else other[len(other) // 2]
    return words
