"""Verdicts on two persons: what they must be in any case, and what an officer is told."""

import io
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.core.errors import Malformed, Misused
from comity.engines.match.alignment import FEATURES
from comity.engines.match.evidence import WEIGHTS, Part, Person, compare_dates, weigh
from comity.engines.match.explanation import compare, contributions
from comity.engines.match.models import HEADS, Model, load_model
from comity.engines.match.warming import warm
from comity.engines.match.wording import LANGUAGES, WORDS, tell

MODEL = warm()
WORDS_OF_NAMES = (
    "Maria",
    "Jon",
    "Smith",
    "al-Harbi",
    "محمد",
    "Сергей",
    "王小明",
    "Kim",
    "J.",
    "Abdulrahman",
    "Βασίλης",
    "किरण",
    "Dr",
)
NAMES = st.lists(st.sampled_from(WORDS_OF_NAMES), min_size=0, max_size=5).map(" ".join)
PERSONS = st.builds(
    Person,
    name=NAMES | st.text(max_size=20),
    born=st.sampled_from(("", "1961", "1961-04", "1961-04-03", "1961-03-04", "1980-01-01")),
    nationalities=st.sampled_from(((), ("FR",), ("FR", "BE"), ("JP",))),
    sex=st.sampled_from(("", "F", "M", "X")),
    places=st.sampled_from(((), ("Lyon, France",), ("lyon france", "Paris"))),
)


@given(PERSONS, PERSONS, st.sampled_from(HEADS))
def test_the_parts_add_up_to_the_score(query: Person, record: Person, head: str) -> None:
    verdict = compare(query, record, MODEL, head)
    assert 0.0 <= verdict.score <= 1.0
    odds = math.fsum(part.weight for part in verdict.parts)
    assert odds == pytest.approx(verdict.odds, abs=1e-9)
    names = MODEL.odds(MODEL.features(MODEL.prepare(query.name), MODEL.prepare(record.name)), head)
    assert odds == pytest.approx(names + sum(part.weight for part in weigh(query, record)), abs=1e-3)


@given(PERSONS, PERSONS)
def test_every_part_has_words_in_every_language(query: Person, record: Person) -> None:
    parts = compare(query, record, MODEL).parts
    for language in LANGUAGES:
        assert all(tell(parts, language))


def test_every_code_of_evidence_has_words() -> None:
    assert set(WEIGHTS) <= set(WORDS)
    assert all(len(row) == len(LANGUAGES) and all(row) for row in WORDS.values())


@given(NAMES, NAMES)
def test_evidence_does_not_depend_on_the_side(one: str, other: str) -> None:
    here = Person(name=one, born="1961-04-03", nationalities=("FR",), sex="M", places=("Lyon",))
    there = Person(name=other, born="1961-03-04", nationalities=("BE",), sex="F", places=("LYON",))
    assert [part.weight for part in weigh(here, there)] == [part.weight for part in weigh(there, here)]


@given(NAMES)
def test_a_name_lacks_nothing_beside_itself(name: str) -> None:
    features = dict(zip(FEATURES, MODEL.features(MODEL.prepare(name), MODEL.prepare(name)).tolist(), strict=True))
    assert features["lacking_query"] == features["lacking_record"] == features["clash"] == 0


@given(NAMES, NAMES)
def test_what_two_names_have_in_common_does_not_depend_on_the_side(one: str, other: str) -> None:
    there = MODEL.features(MODEL.prepare(one), MODEL.prepare(other))
    back = MODEL.features(MODEL.prepare(other), MODEL.prepare(one))
    mirrored = {"lacking_query": "lacking_record", "cover_query": "cover_record", "words_query": "words_record"}
    if there[FEATURES.index("joined")] or back[FEATURES.index("joined")]:
        return  # Of two joins that tell as much, the one found first is taken.
    for feature in ("words_query", "cover_least", "family"):
        assert there[FEATURES.index(feature)] == pytest.approx(
            back[FEATURES.index(mirrored.get(feature, feature))], abs=1e-5
        )


@pytest.mark.parametrize(
    ("query", "record"),
    [
        ("Mohammed al-Harbi", "محمد الحربي"),
        ("Sergey Ivanov", "ИВАНОВ Сергей"),
        ("Abdulrahman Nasser", "NASIR, Abd al-Rahman"),
        ("Park Ji-sung", "박지성"),
        ("Wang Xiaoming", "王小明"),
        ("William Turner", "Bill Turner"),
        ("Giorgos Papadopoulos", "Γιώργος Παπαδόπουλος"),
        ("Somchai Wichai", "สมชาย วิชัย"),
        ("Rajesh Sharma", "राजेश शर्मा"),
        ("David Cohen", "דוד כהן"),
        ("James Carter", "ジェームズ・カーター"),
        ("Abdelatif Hammouchi", "Abdellatif Hammmouchi"),
    ],
)
def test_one_name_in_two_spellings_scores_far_above_another_name(query: str, record: str) -> None:
    right = compare(Person(name=query), Person(name=record), MODEL).score
    wrong = compare(Person(name="Peter Oberholzer"), Person(name=record), MODEL, "screen").score
    assert right > 0.5 > wrong


def test_an_officer_reads_which_word_is_which() -> None:
    parts = compare(Person(name="Khalid Harbi"), Person(name="خالد حربي"), MODEL).parts
    assert {("name.sounds", ("Khalid", "خالد")), ("name.sounds", ("Harbi", "حربي"))} <= {part[:2] for part in parts}
    (word,) = tell([Part("name.sounds", ("Khalid", "خالد"), 1.0)], "fr")
    assert word == "Khalid s'écrit خالد dans l'autre écriture"


@pytest.mark.parametrize(
    ("one", "other", "code"),
    [
        ("1961-04-03", "1961-04-03", "born.same"),
        ("1961-04-03", "1961-03-04", "born.swapped"),
        ("1961-04-03", "1961-04", "born.month"),
        ("1961", "1961-04-03", "born.year"),
        ("1961", "1962", "born.year-off"),
        ("1961", "1963-01-01", "born.near"),
        ("1961-04-03", "1961-04-04", "born.day-off"),
        ("1961-04-03", "1961-09-21", "born.other-day"),
        ("1961", "1975", "born.other"),
    ],
)
def test_dates_are_compared_as_precisely_as_the_less_precise(one: str, other: str, code: str) -> None:
    assert compare_dates(one, other) == code
    assert compare_dates(other, one) == code


@pytest.mark.parametrize("text", ["61", "1961-13", "1961-04-32", "4/3/1961", "1961-4"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(Misused):
        compare_dates(text, "1961")


def test_a_code_or_a_language_without_words_is_refused() -> None:
    with pytest.raises(Misused):
        tell([Part("name.other", (), 0.0)], "en")
    with pytest.raises(Misused):
        tell([], "de")  # type: ignore[arg-type]


def test_a_file_that_is_no_model_is_refused() -> None:
    with pytest.raises(Malformed):
        load_model(io.BytesIO(b"no archive"))
    with pytest.raises(Malformed):
        Model({"format": np.array(99)})
    with pytest.raises(Malformed):
        Model({})


def test_what_features_add_is_the_sum_of_the_trees() -> None:
    trees = MODEL.heads["pair"]
    features = MODEL.features(MODEL.prepare("Maria Lopez"), MODEL.prepare("Mariya Lopes"))
    start, added = contributions(features, trees)
    assert trees.slope * (start + added.sum()) + trees.shift == pytest.approx(MODEL.odds(features, "pair"), abs=1e-4)
