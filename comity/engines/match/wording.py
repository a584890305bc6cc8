"""The words of an explanation in the four working languages: one row for each code, a hole for each parameter.

An officer must be able to say why a name came up, in the language of the report. Codes travel, words are put in where
they are read. A row that lacks a language is refused by a test. Names are shown as they were written, in their script.
"""

from collections.abc import Iterable
from typing import Literal

from comity.core.errors import Misused
from comity.engines.match.evidence import Part

Language = Literal["en", "fr", "es", "ar"]
LANGUAGES: tuple[Language, ...] = ("en", "fr", "es", "ar")

WORDS: dict[str, tuple[str, str, str, str]] = {
    "prior": (
        "starting point before anything is compared",
        "point de départ avant toute comparaison",
        "punto de partida antes de comparar",
        "نقطة البداية قبل أي مقارنة",
    ),
    "name.same": ("{0} is the same", "{0} est identique", "{0} es igual", "{0} متطابق"),
    "name.alike": ("{0} is like {1}", "{0} ressemble à {1}", "{0} se parece a {1}", "{0} يشبه {1}"),
    "name.sounds": (
        "{0} is written {1} in the other script",
        "{0} s'écrit {1} dans l'autre écriture",
        "{0} se escribe {1} en la otra escritura",
        "{0} يُكتب {1} بالخط الآخر",
    ),
    "name.joined": (
        "{0} and {1} are the same, written together or apart",
        "{0} et {1} sont identiques, écrits en un ou plusieurs mots",
        "{0} y {1} son lo mismo, escritos juntos o separados",
        "{0} و{1} واحد، متصلاً أو منفصلاً",
    ),
    "name.initial": (
        "{0} may stand for {1}",
        "{0} peut abréger {1}",
        "{0} puede abreviar {1}",
        "{0} قد يكون اختصاراً لـ {1}",
    ),
    "name.nickname": (
        "{0} and {1} are used for one another",
        "{0} et {1} s'emploient l'un pour l'autre",
        "{0} y {1} se usan uno por otro",
        "{0} و{1} يُستعملان أحدهما مكان الآخر",
    ),
    "name.only-query": (
        "{0} is in the search alone",
        "{0} ne figure que dans la recherche",
        "{0} solo está en la búsqueda",
        "{0} في البحث وحده",
    ),
    "name.only-record": (
        "{0} is in the record alone",
        "{0} ne figure que dans la fiche",
        "{0} solo está en la ficha",
        "{0} في السجل وحده",
    ),
    "name.order": (
        "the words stand in another order",
        "les mots sont dans un autre ordre",
        "las palabras están en otro orden",
        "ترتيب الكلمات مختلف",
    ),
    "name.clash": (
        "{0} and {1} are different names",
        "{0} et {1} sont des noms différents",
        "{0} y {1} son nombres distintos",
        "{0} و{1} اسمان مختلفان",
    ),
    "name.nothing": (
        "no word of the names is alike",
        "aucun mot des noms ne se ressemble",
        "ninguna palabra de los nombres se parece",
        "لا كلمة متشابهة بين الاسمين",
    ),
    "name.script": (
        "names in two scripts are compared more leniently",
        "noms en deux écritures : comparaison plus souple",
        "nombres en dos escrituras: comparación más flexible",
        "الاسمان بخطين مختلفين، فالمقارنة أوسع",
    ),
    "born.same": (
        "same birth date {0}",
        "même date de naissance {0}",
        "misma fecha de nacimiento {0}",
        "تاريخ الميلاد نفسه {0}",
    ),
    "born.month": (
        "same year and month of birth: {0}, {1}",
        "mêmes année et mois de naissance : {0}, {1}",
        "mismos año y mes de nacimiento: {0}, {1}",
        "سنة الميلاد وشهره متطابقان: {0}، {1}",
    ),
    "born.year": (
        "same birth year: {0}, {1}",
        "même année de naissance : {0}, {1}",
        "mismo año de nacimiento: {0}, {1}",
        "سنة الميلاد نفسها: {0}، {1}",
    ),
    "born.swapped": (
        "day and month are exchanged: {0}, {1}",
        "jour et mois inversés : {0}, {1}",
        "día y mes intercambiados: {0}, {1}",
        "اليوم والشهر متبادلان: {0}، {1}",
    ),
    "born.day-off": (
        "birth dates differ by one figure: {0}, {1}",
        "dates de naissance voisines : {0}, {1}",
        "fechas de nacimiento próximas: {0}, {1}",
        "تاريخا الميلاد متقاربان: {0}، {1}",
    ),
    "born.year-off": (
        "birth years are one apart: {0}, {1}",
        "un an d'écart entre les naissances : {0}, {1}",
        "un año de diferencia entre nacimientos: {0}, {1}",
        "فارق سنة واحدة في الميلاد: {0}، {1}",
    ),
    "born.near": (
        "birth years are near: {0}, {1}",
        "années de naissance proches : {0}, {1}",
        "años de nacimiento cercanos: {0}, {1}",
        "سنتا الميلاد متقاربتان: {0}، {1}",
    ),
    "born.other-day": (
        "same birth year, another day: {0}, {1}",
        "même année de naissance, autre jour : {0}, {1}",
        "mismo año de nacimiento, otro día: {0}, {1}",
        "سنة الميلاد نفسها ويوم مختلف: {0}، {1}",
    ),
    "born.other": (
        "other birth date: {0}, {1}",
        "autre date de naissance : {0}, {1}",
        "otra fecha de nacimiento: {0}, {1}",
        "تاريخ ميلاد مختلف: {0}، {1}",
    ),
    "nationality.same": ("same nationality {0}", "même nationalité {0}", "misma nacionalidad {0}", "الجنسية نفسها {0}"),
    "nationality.other": (
        "other nationality: {0}, {1}",
        "autre nationalité : {0}, {1}",
        "otra nacionalidad: {0}, {1}",
        "جنسية مختلفة: {0}، {1}",
    ),
    "sex.same": ("same sex", "même sexe", "mismo sexo", "الجنس نفسه"),
    "sex.other": ("other sex: {0}, {1}", "autre sexe : {0}, {1}", "otro sexo: {0}, {1}", "جنس مختلف: {0}، {1}"),
    "place.same": ("same place {0}", "même lieu {0}", "mismo lugar {0}", "المكان نفسه {0}"),
    "place.other": ("other place: {0}, {1}", "autre lieu : {0}, {1}", "otro lugar: {0}, {1}", "مكان مختلف: {0}، {1}"),
}
"""Code to words, in the order of `LANGUAGES`."""


def tell(parts: Iterable[Part], language: Language) -> tuple[str, ...]:
    """Return the words of each part, in their order.

    Raises:
        Misused: a code or a language has no words.
    """
    if language not in LANGUAGES:
        raise Misused(f"explanations are worded in {', '.join(LANGUAGES)}")
    column = LANGUAGES.index(language)
    try:
        return tuple(WORDS[part.code][column].format(*part.told) for part in parts)
    except (KeyError, IndexError):
        raise Misused("a part of an explanation without words of its own") from None
