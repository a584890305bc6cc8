"""The search over a vocabulary: what it finds, and what it must not depend on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.engines.match.blocking import joined_neighbours, word_keys
from comity.engines.match.name import analyse
from comity.engines.match.segment import Segment, memory_of, score_rows, search, segment_of
from comity.engines.match.warming import warm

MODEL = warm()
NAMES = (
    "Khalid al-Harbi", "Maria Lopez Garcia", "Сергей Иванов", "王小明", "박지성",
    "Abdulrahman Nasser", "John Smith", "Jon Smythe",
    "Γιώργος Παπαδόπουλος", "สมชาย วิชัย", "ジェームズ・カーター", "דוד כהן", "राजेश शर्मा",
    "Mohammed Ali", "Ali Mohammed Hassan", "Anna Kim",
)  # fmt: skip
SEGMENT = segment_of(NAMES, MODEL)


def found(segment: Segment, query: str, **which: object) -> list[int]:
    rows: list[int] = search(segment, query, MODEL, memory_of(segment), **which).rows.tolist()  # type: ignore[arg-type]
    return rows


@pytest.mark.parametrize(
    ("query", "row"),
    [
        ("خالد الحربي", 0), ("Sergey Ivanov", 2), ("Wang Xiaoming", 3), ("Park Jisung", 4),
        ("Abd al Rahman Nasir", 5), ("Jhon Smith", 6),
        ("Giorgos Papadopoulos", 8), ("Somchai Wichai", 9), ("James Carter", 10), ("David Cohen", 11),
        ("Rajesh Sharma", 12),
    ],
)  # fmt: skip
def test_a_name_is_found_first_by_another_spelling(query: str, row: int) -> None:
    assert found(SEGMENT, query)[0] == row


def test_nothing_is_found_for_what_holds_no_letter() -> None:
    assert found(SEGMENT, "123 ...") == []


def test_an_empty_segment_finds_nothing() -> None:
    assert found(segment_of([], MODEL), "Maria") == []


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(len(NAMES))), st.sampled_from(NAMES))
def test_an_answer_does_not_depend_on_the_order_in_which_rows_arrived(order: list[int], query: str) -> None:
    mixed = segment_of([NAMES[place] for place in order], MODEL)
    here = search(SEGMENT, query, MODEL, memory_of(SEGMENT))
    there = search(mixed, query, MODEL, memory_of(mixed))
    assert here.odds.tolist() == there.odds.tolist()
    assert {NAMES[row] for row in here.rows.tolist()} == {NAMES[order[row]] for row in there.rows.tolist()}
    assert (here.compared, here.touched) == (there.compared, there.touched)


@settings(max_examples=25, deadline=None)
@given(st.sets(st.integers(0, len(NAMES) - 1)), st.sampled_from(NAMES))
def test_a_row_that_is_not_seen_leaves_no_trace(hidden: set[int], query: str) -> None:
    kept = [row for row in range(len(NAMES)) if row not in hidden]
    seen = np.array([row not in hidden for row in range(len(NAMES))])
    alive = np.array(
        [
            bool(seen[SEGMENT.postings[SEGMENT.heads[word] : SEGMENT.heads[word + 1]]].any())
            for word in range(len(SEGMENT.vocabulary.words.lengths))
        ]
    )
    bare = segment_of([NAMES[row] for row in kept], MODEL)
    here = search(SEGMENT, query, MODEL, memory_of(SEGMENT), seen=seen, alive=alive)
    there = search(bare, query, MODEL, memory_of(bare))
    assert here.odds.tolist() == there.odds.tolist()
    assert [NAMES[row] for row in here.rows.tolist()] == [NAMES[kept[row]] for row in there.rows.tolist()]
    assert (here.compared, here.touched) == (there.compared, there.touched)


def test_a_search_leaves_its_memory_clean() -> None:
    memory = memory_of(SEGMENT)
    first = search(SEGMENT, "Mohammed Ali", MODEL, memory)
    assert not memory.gathered.any()
    assert not memory.stamps.any()
    again = search(SEGMENT, "Mohammed Ali", MODEL, memory)
    assert first.odds.tolist() == again.odds.tolist()


def test_many_rows_are_scored_as_each_alone() -> None:
    query = MODEL.prepare("Mohammed Ali")
    rows = np.arange(len(NAMES), dtype=np.int32)
    together = score_rows(SEGMENT, query, rows, MODEL, "screen", memory_of(SEGMENT).scratch)
    alone = [MODEL.odds(MODEL.features(query, MODEL.prepare(name)), "screen") for name in NAMES]
    assert together.tolist() == pytest.approx(alone, abs=1e-5)


@pytest.mark.parametrize(
    ("one", "other"),
    [("محمد", "Muhammad"), ("Иванов", "Ivanov"), ("Smith", "Smit"), ("דוד", "David"), ("Katz", "Kats")],
)
def test_two_spellings_share_a_key(one: str, other: str) -> None:
    here, there = (analyse(name).words[0] for name in (one, other))
    assert set(word_keys(here)) & set(word_keys(there))


def test_short_neighbours_are_posted_as_one_word_too() -> None:
    assert [word.letters for word in joined_neighbours(analyse("Park Ji Sung"))] == ["parkji", "jisung"]
