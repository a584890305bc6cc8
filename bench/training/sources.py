"""Reads the training data: pairs, lists, aligned tokens and common names, in the columns in which they are published.

All of it is free (public domain, CC0, Apache-2.0, MIT); none of it is in this repository. What is left out of learning
costs: every aligned token that also occurs in a pair, so that pairs are judged with costs that have not seen them.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from comity.engines.match.name import Word, analyse, words_of
from comity.engines.match.scripts import Script

LANGUAGES = ("arabic", "chinese", "hebrew", "katakana", "korean", "russian")


class Pair(NamedTuple):
    """One labelled pair, as pairs.csv has it."""

    record: str
    query: str
    same: bool
    script: str
    source: str
    stratum: str
    entities: tuple[str, str]


def pairs_of(path: Path) -> list[Pair]:
    """Read labelled pairs; `name_a` is taken as the record, `name_b` as the query."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [
            Pair(
                row["name_a"],
                row["name_b"],
                row["same"] == "1",
                row["script_b"] if row["script_b"] != "Latn" else row["script_a"],
                row["source"],
                row["stratum"],
                (row["entity_a"], row["entity_b"]),
            )
            for row in csv.DictReader(file)
        ]


def rows_of(path: Path) -> list[dict[str, str]]:
    """Read a file of columns with a heading."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _tokens_of(folder: Path) -> Iterator[tuple[str, str, int]]:
    for language in LANGUAGES:
        for line in (folder / f"tokens_{language}.tsv").read_text(encoding="utf-8").splitlines():
            latin, native, count = line.split("\t")
            yield native, latin, int(count)
    for line in (folder / "ar2en_google.txt").read_text(encoding="utf-8").splitlines():
        native, _, latin = line.partition("\t")
        yield native, latin, 1


def _common_of(folder: Path) -> Iterator[tuple[str, str, str, int]]:
    """Yield country, localised name, romanised name and rank of common names."""
    for file, rank in (("forenames", "Index"), ("surnames", "Rank")):
        for row in rows_of(folder / f"common-{file}-by-country.csv"):
            native = row["Localized Name"]
            yield row["Country"], native, row["Romanized Name"] or native, int(float(row[rank] or 20))


def aligned_of(folder: Path, held: set[str]) -> list[tuple[Word, Word, int]]:
    """Return aligned single words, native and Latin, with their counts; none whose native form is in `held`."""
    found = []
    common = [(native, latin, 3) for _, native, latin, _ in _common_of(folder) if native != latin]
    for native, latin, count in (*_tokens_of(folder), *common):
        if native in held:
            continue
        here, there = words_of(native, alone=False), words_of(latin, alone=False)
        if len(here) == len(there) == 1 and there[0].script is Script.LATIN:
            found.append((here[0], there[0], min(count, 5)))
    return found


def held_of(pairs: list[Pair]) -> set[str]:
    """Return the native words that occur in pairs."""
    return {part for pair in pairs for name in (pair.record, pair.query) for part in name.replace("・", " ").split()}


def shares_of(folder: Path, names: list[str]) -> dict[str, float]:
    """Return how often words occur, as shares that add up to 1: three kinds of sources at equal parts.

    Aligned tokens by their counts; the common names of countries, where rank r is borne by a share that falls as
    r ** -0.75; the words of lists of persons.
    """
    shares: dict[str, float] = defaultdict(float)
    tokens: Counter[str] = Counter()
    for native, latin, count in _tokens_of(folder):
        tokens[native] += count
        tokens[latin] += count
    lists = Counter(word.native for name in names for word in analyse(name).words)
    countries: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for country, native, latin, rank in _common_of(folder):
        countries[country] += [(each, 0.02 * rank**-0.75) for each in {native, latin}]
    for counts in (tokens, lists):
        whole = sum(counts.values())
        for word, count in counts.items():
            shares[word] += count / whole / 3
    for common in countries.values():
        for word, share in common:
            shares[word] += share / len(countries) / 3
    return shares
