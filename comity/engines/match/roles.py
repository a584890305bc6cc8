"""What a word does in a name: most words name a person, some only join, honour or count, and those decide nothing.

Particles and titles are tables, in the native script where it matters, else as romanised. A word's role bounds what it
can tell (`information.py`): two persons who are both sheikhs have little in common.

Not here: which part is the family name. The order differs between countries and between the clerks of one country.
"""

import re
from enum import IntEnum

from comity.engines.match.scripts import Script


class Role(IntEnum):
    """What a word does in a name; the numbers are what prepared arrays hold."""

    NAME = 0
    PARTICLE = 1
    TITLE = 2
    INITIAL = 3
    SUFFIX = 4
    PATRONYMIC = 5


PARTICLES = frozenset(
    # Arabic, Persian and Hebrew: article before moon and sun letters, son and daughter of.
    "al el ul ad ed ud ar er ur as at az ash esh ush adh bin ben ibn bint bt binti bn oglu ogly"
    " ogli kyzy gizi qizi wald ould wuld walad ait ha zadeh"
    # European.
    " de da do dos das del della delle di du d des la las le les lo los van von vom zu zum zur den der het ten"
    " ter te op"
    " of y e o und af av auf san santa st saint mac mc fitz".split()
)
"""Words between names, as romanised. A single letter is an initial, but for the conjunctions e, o and y."""

TITLES = frozenset(
    "haji hajji hadji hajj hadj alhaj alhaji elhadj sheikh shaykh shaikh sheik cheikh cheik sheykh mullah mulla"
    " molla mollah"
    " mawlawi maulvi maulavi molavi mawlavi maulawi qari maulana mawlana moulana hafiz hafez sayyid sayed seyed"
    " syed sayyed"
    " seyyed saiyid sidi imam emir amir agha aqa ustad ustaz hojjat hojatoleslam ayatollah"
    " dr doctor doktor mr mrs ms miss mister sir lord lady dame don dona senor senora herr frau monsieur madame"
    " mme mlle"
    " prof professor ing eng engineer gen general col colonel capt captain cpt maj major lt lieutenant sgt"
    " sergeant cdr"
    " commander comandante brig brigadier adm admiral marshal marechal rev reverend fr father bishop hon"
    " honorable judge"
    " president minister ambassador pr sri shri smt kumari thiru daw comrade king prince princess".split()
)
"""Titles and forms of address, as romanised."""

NATIVE: dict[str, Role] = {
    **dict.fromkeys("بن ابن بنت ولد آل".split(), Role.PARTICLE),
    **dict.fromkeys(
        "الشيخ شيخ الحاج حاج الدكتور دكتور السيد سيد السيدة الملا ملا مولوي قاري حافظ الأمير أمير د".split(), Role.TITLE
    ),
    **dict.fromkeys("оглы оглу кызы угли қызы ұлы ибн бин аль эль ад ас аш де фон ван дер".split(), Role.PARTICLE),
    **dict.fromkeys("д-р доктор генерал полковник шейх хаджи мулла".split(), Role.TITLE),
    **dict.fromkeys("בן בת אבן דה ון פון אל".split(), Role.PARTICLE),
    **dict.fromkeys('ד"ר דר רב הרב מר גברת פרופסור'.split(), Role.TITLE),
    **dict.fromkeys("先生 女士 小姐 博士 さん 様 氏 씨 박사 님 선생".split(), Role.TITLE),
    **dict.fromkeys("श्री श्रीमती डॉ कुमारी पंडित นาย นาง นางสาว ดร".split(), Role.TITLE),
    **dict.fromkeys(
        "デ ド ダ ラ ル フォン ファン ヴァン ディ デル デラ ド・ エル アル ビン イブン".split(), Role.PARTICLE
    ),
}
"""Words whose romanised spelling would not give them away."""

SUFFIXES = frozenset("jr sr ii iii iv v vi junior senior filho neto hijo".split())

_PATRONYMIC = re.compile(
    "(ovich|evich|ovych|evych|ovna|evna|ivna|yovych|avich|ovitch|evitch|ovic|evic|oglu|ogly|ovits)$"
)
"""Endings that make a name out of the father's; `Ivanovic` may be a family name, but is one that many bear."""


def role_of(letters: str, native: str, script: Script) -> Role:
    """Return what a word does, by its romanised and its native spelling."""
    if native in NATIVE:
        return NATIVE[native]
    if script is Script.LATIN or script is Script.CYRILLIC:
        if len(letters) == 1 and letters not in "eyo":
            return Role.INITIAL
        if letters in PARTICLES:
            return Role.PARTICLE
        if letters in TITLES:
            return Role.TITLE
        if letters in SUFFIXES:
            return Role.SUFFIX
        if len(letters) > 6 and _PATRONYMIC.search(letters):
            return Role.PATRONYMIC
    return Role.NAME
