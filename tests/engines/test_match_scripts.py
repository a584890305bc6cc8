"""Single names in ten scripts beside their Latin spellings: real ones (Wikidata, CC0), or well known."""

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from comity.engines.match.alignment import scratch, table_of
from comity.engines.match.kernels import likeness
from comity.engines.match.name import Word, words_of
from comity.engines.match.scripts import Script, script_of, script_of_word
from comity.engines.match.warming import warm

MODEL = warm()
ALIGNED = [
    line.split("\t") for line in (Path(__file__).parent / "aligned.tsv").read_text(encoding="utf-8").splitlines()
]
LEAST = 0.55


def _word(text: str) -> Word:
    (word,) = words_of(text, alone=False)
    return word


def alike(native: str, latin: str) -> float:
    words = MODEL.words([_word(native), _word(latin)])
    costs = MODEL.costs[table_of(words.families[0], words.families[1])]
    sizes = words.lengths
    return float(likeness(words.symbols[0], sizes[0], words.symbols[1], sizes[1], costs, 0.0, scratch().rows))


def test_every_script_has_thirty_cases() -> None:
    counts: dict[str, int] = defaultdict(int)
    for script, *_ in ALIGNED:
        counts[script] += 1
    assert set(counts) == {"Latn", "Cyrl", "Grek", "Arab", "Hebr", "Hani", "Kana", "Hang", "Deva", "Thai"}
    assert min(counts.values()) >= 30


@pytest.mark.parametrize(("script", "native", "latin"), ALIGNED, ids=[f"{row[0]}-{row[2]}" for row in ALIGNED])
def test_a_name_is_like_its_latin_spelling_and_like_no_other_one_more(script: str, native: str, latin: str) -> None:
    assert _word(native).script.value == script
    own = alike(native, latin)
    others = [alike(native, other) for which, _, other in ALIGNED if which == script and other != latin]
    assert own >= LEAST
    assert own > np.quantile(others, 0.97)


@pytest.mark.parametrize(
    ("letter", "script"),
    [
        ("Ж", Script.CYRILLIC),
        ("Ω", Script.GREEK),
        ("ש", Script.HEBREW),
        ("漢", Script.HAN),
        ("ｱ", Script.OTHER),
        ("7", Script.OTHER),
    ],
)
def test_a_letter_has_its_script(letter: str, script: Script) -> None:
    assert script_of(letter) is script


def test_han_beside_kana_is_japanese() -> None:
    assert script_of_word("山だ") is Script.KANA
