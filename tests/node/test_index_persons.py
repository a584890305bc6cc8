"""The index of names: an answer, and the work that is told with it, rests on nothing that its reader may not see.

Attacks 27 and 29: the comparison is with an index that never held anything else, and with one to which something hidden
was added. The engine's caps are made small, so that a handful of names reaches them.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from comity.core.errors import Misused
from comity.node.bodies import BodyKeys
from comity.node.index import persons as module
from comity.node.index.changes import Drop, Put, Restrict
from comity.node.index.kernels import Flags
from comity.node.index.opened import Index
from comity.node.index.persons import Answer, Effort, Persons
from tests.node.plainmodel import plain_model
from tests.node.test_index import EVERYBODY, MASTER, Kept, counted, files, flags, opening

WORDS = (
    "Ahmed", "Ahmad", "Ahmet", "Hasan", "Hassan", "Hussein", "John", "Jon", "Jean", "Joan", "Ivan", "Ivana", "Maria",
    "Marie", "Mario", "al", "de", "A", "Abd", "Rahman", "Abdulrahman", "أحمد", "حسن", "Иван", "Мария", "王", "小明",
)  # fmt: skip

names = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
people = st.lists(st.tuples(st.lists(names, min_size=1, max_size=2), st.integers(1, 3)), min_size=1, max_size=14)
small = pytest.mark.usefixtures("small_caps")


@pytest.fixture(scope="module")
def small_caps() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        for cap, value in {"DEPTH": 3, "OPEN": 1, "FREQUENT": 2, "MOST_LIKES": 3, "STEPS": 16}.items():
            patched.setattr(module, cap, value)
        yield


def rows(found: Sequence[tuple[list[str], int]]) -> list[Put]:
    """Return rows with these names under these policies; what puts equal ones in order comes from the names."""
    return [
        Put(number=number, policy=policy, names=tuple(each), tie=sum(map(ord, "".join(each))))
        for number, (each, policy) in enumerate(found, 1)
    ]


def holding(puts: Sequence[Put], *, laid: int = 0) -> Persons:
    """Return an index that took these in one by one; the first `laid` of them lie side by side."""
    index = Persons(plain_model())
    for at, each in enumerate(puts):
        if at == laid:
            index = index.compact()
        index.put([each])
    return index


# ----------------------------------------------------------------------------------------------------------- finding


def test_the_row_whose_name_is_most_alike_comes_first_in_whatever_script() -> None:
    index = holding(rows([(["Ahmed Hassan"], 1), (["Joan Ivana"], 1), (["أحمد حسن", "Hussein"], 1)]))
    assert index.search("Ahmad Hasan", EVERYBODY).candidates[0].number == 1
    assert index.search("أحمد حسن", EVERYBODY).candidates[0][::2] == (3, 0)
    assert index.search("Hussain", EVERYBODY).candidates[0][::2] == (3, 1)


@pytest.mark.parametrize("written", ["", "  ", "123", "--", "\u0301"])
def test_a_name_without_words_finds_nothing_and_costs_nothing(written: str) -> None:
    assert holding(rows([(["Ahmed"], 1)])).search(written, EVERYBODY) == Answer((), Effort(0, 0, 0))


def test_an_empty_index_answers_that_there_is_nobody() -> None:
    assert Persons(plain_model()).search("Ahmed", EVERYBODY) == Answer()
    assert Persons(plain_model()).compact().search("Ahmed", EVERYBODY) == Answer()


def test_a_row_is_named_once_however_many_of_its_names_fit() -> None:
    index = holding(rows([(["Ahmed Hassan", "Ahmad Hasan", "Ahmet Hasan"], 1)]))
    found = index.search("Ahmad Hasan", EVERYBODY)
    assert [(each.number, each.name) for each in found.candidates] == [(1, 1)]


def test_no_more_candidates_come_than_were_asked_for() -> None:
    index = holding(rows([(["Maria Ivana"], 1)] * 30))
    assert len(index.search("Maria Ivana", EVERYBODY, limit=7).candidates) == 7


# ------------------------------------------------------------------------------------------- nothing of others is seen


@small
@settings(max_examples=150, deadline=None)
@given(found=people, asked=names, mine=st.sets(st.integers(1, 3)), data=st.data())
def test_a_reader_gets_the_answer_of_an_index_that_only_held_what_the_reader_may_see(
    found: list[tuple[list[str], int]], asked: str, mine: set[int], data: st.DataObject
) -> None:
    every, allow = rows(found), flags(*mine)
    visible = [each for each in every if each.policy in mine]
    whole = holding(data.draw(st.permutations(every)), laid=data.draw(st.integers(0, len(every))))
    part = holding(data.draw(st.permutations(visible)), laid=data.draw(st.integers(0, len(visible) + 1)))
    assert whole.search(asked, allow) == part.search(asked, allow)


@small
@settings(max_examples=100, deadline=None)
@given(found=people, asked=names, hidden=names, policy=st.integers(2, 9))
def test_a_hidden_row_changes_nothing_that_can_be_observed(
    found: list[tuple[list[str], int]], asked: str, hidden: str, policy: int
) -> None:
    index, allow = holding(rows([(each, 1) for each, _ in found])), flags(1)
    before = index.search(asked, allow)
    index.put([Put(number=1_000, policy=policy, names=(hidden, asked), tie=0)])
    assert index.search(asked, allow) == before
    index.give([1_000], 1)
    index.give([1_000], policy)
    assert index.search(asked, allow) == before
    index.give([1_000], 0)
    assert index.search(asked, allow) == before


@small
@settings(max_examples=100, deadline=None)
@given(found=people, asked=names, data=st.data())
def test_an_answer_does_not_depend_on_the_order_in_which_rows_came(
    found: list[tuple[list[str], int]], asked: str, data: st.DataObject
) -> None:
    one = {tuple(each): policy for each, policy in found}
    other = data.draw(st.permutations(sorted(one)))
    answers = []
    for order in (list(one), other):
        # Rows get the numbers in which they came, as a store gives them.
        puts = [
            Put(number=number, policy=1, names=each, tie=int.from_bytes("|".join(each).encode()[-8:]) ^ len(each))
            for number, each in enumerate(order, 1)
        ]
        if len({each.tie for each in puts}) < len(puts):
            return
        answer = holding(puts, laid=len(puts) // 2).search(asked, EVERYBODY)
        answers.append(([(order[each.number - 1], each.odds, each.name) for each in answer.candidates], answer.effort))
    assert answers[0] == answers[1]


def test_words_that_are_equally_alike_are_followed_in_an_order_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_LIKES", 1)
    one, other = (Put(number=n, policy=1, names=(name,), tie=n) for n, name in enumerate(["Bakalt", "Bakalk"], 1))
    assert holding([one]).search("Bakal", EVERYBODY).candidates[0].odds == (
        holding([other]).search("Bakal", EVERYBODY).candidates[0].odds
    )
    assert holding([one, other]).search("Bakal", EVERYBODY) == holding([other, one]).search("Bakal", EVERYBODY)


@small
@settings(max_examples=60, deadline=None)
@given(found=people, asked=names, gone=st.sets(st.integers(1, 14)), moved=st.sets(st.integers(1, 14)))
def test_what_was_withdrawn_or_restricted_is_as_if_it_had_never_been_seen(
    found: list[tuple[list[str], int]], asked: str, gone: set[int], moved: set[int]
) -> None:
    every = rows(found)
    index = holding(every, laid=len(every) // 2)
    index.give(moved, 4)
    index.give(gone, 0)
    index.give(gone, 1)
    left = [each for each in every if each.number not in gone | moved]
    away = [each for each in every if each.number in moved - gone]
    for held in (index, index.compact()):
        assert held.search(asked, flags(1, 2, 3)) == holding(left).search(asked, flags(1, 2, 3))
        assert held.search(asked, flags(4)) == holding(away).search(asked, EVERYBODY)


# ------------------------------------------------------------------------------------------------------- on the disk


@contextmanager
def opened(folder: Path) -> Iterator[Index]:
    """Open the index in a folder, or make one, with a model."""
    path = folder / "index.keys"
    keys = BodyKeys(path, MASTER) if path.exists() else BodyKeys.create(path, MASTER)
    way = Index if (folder / "index").exists() else Index.create
    with keys, way(folder / "index", keys, counted(), plain_model()) as index:
        yield index


def test_names_are_found_again_after_closing_and_after_settling(tmp_path: Path) -> None:
    found = rows([([f"{one} {other}"], 1 + len(one) % 2) for one in WORDS[:12] for other in WORDS[12:20]])
    with opened(tmp_path) as index:
        index.apply(found[:50], 1)
        index.settle()
        index.apply([*found[50:], Drop(numbers=(3,)), Restrict(numbers=(4,), policy=2)], 2)
        before = [index.search(flags(1), each.names[0]) for each in found]
    for settled in (False, True, False):
        with opened(tmp_path) as index:
            assert [index.search(flags(1), each.names[0]) for each in found] == before
            if settled:
                index.settle()
            assert [index.search(flags(1), each.names[0]) for each in found] == before


def test_no_word_of_a_withdrawn_person_can_be_read_on_the_disk(tmp_path: Path) -> None:
    kept, gone = rows([(["Maria Ivana"], 1), (["Zebediah Quixworth"], 1)])
    with opened(tmp_path) as index:
        index.apply([kept, gone], 1)
        index.settle()
        sounds = bytes(index._persons.lexicon.words.symbols[1]) if index._persons else b""
        clear = files(tmp_path)
    held = opening(tmp_path)
    sounding = [bytes(row[row > 0]) for row in plain_model().prepare("Zebediah Quixworth").symbols]
    assert all(each in held for each in sounding), "the words are nowhere, so this test looks for the wrong bytes"
    assert not any(each in clear for each in (*sounding, b"Zebediah", b"zebediah", sounds))
    with opened(tmp_path) as index:
        index.apply([Drop(numbers=(2,))], 2)
        assert index.search(EVERYBODY, "Zebediah Quixworth") == Answer()
        index.settle()
    held = opening(tmp_path)
    assert not any(each in held for each in (*sounding, b"Zebediah"))
    assert all(bytes(row[row > 0]) in held for row in plain_model().prepare("Maria Ivana").symbols)


def test_an_index_that_was_made_with_another_model_must_be_rebuilt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path):
        pass
    monkeypatch.setattr("comity.node.index.opened.fingerprint", lambda _: b"another")
    with pytest.raises(Misused, match="another model"), opened(tmp_path):
        pass


def test_an_index_without_a_model_refuses_names_and_searches(tmp_path: Path) -> None:
    with BodyKeys.create(tmp_path / "keys", MASTER) as keys, Index.create(tmp_path / "i", keys, counted()) as index:
        with pytest.raises(Misused, match="without a model"):
            index.apply(rows([(["Ahmed"], 1)]), 1)
        with pytest.raises(Misused, match="without a model"):
            index.search(EVERYBODY, "Ahmed")


class NamesAndStore(RuleBasedStateMachine):
    """Whatever happens to the index, each reader gets the answer of one that was made of what the reader may see."""

    def __init__(self) -> None:
        super().__init__()
        self.folder, self.store, self.numbers = Path(mkdtemp()), Kept(), count(1)
        self.context = opened(self.folder)
        self.index = self.context.__enter__()

    @rule(called=st.lists(names, min_size=1, max_size=2), policy=st.integers(1, 3))
    def put(self, called: list[str], policy: int) -> None:
        change = Put(number=next(self.numbers), policy=policy, names=tuple(called))
        self.index.apply([change], self.store.commit(change))

    @precondition(lambda self: self.store.rows)
    @rule(data=st.data(), policy=st.integers(0, 3))
    def give(self, data: st.DataObject, policy: int) -> None:
        number = data.draw(st.sampled_from(sorted(self.store.rows)))
        change = Restrict(numbers=(number,), policy=policy) if policy else Drop(numbers=(number,))
        self.index.apply([change], self.store.commit(change))

    @rule(settled=st.booleans())
    def open_again(self, *, settled: bool) -> None:
        if settled:
            self.index.settle()
        self.context.__exit__(None, None, None)
        self.context = opened(self.folder)
        self.index = self.context.__enter__()

    @rule()
    def rebuild(self) -> None:
        self.index.rebuild(self.store)

    @rule(asked=names, mine=st.sets(st.integers(1, 3)))
    def ask(self, asked: str, mine: set[int]) -> None:
        allow: Flags = flags(*mine)
        visible = [each for each in self.store.rows.values() if each.policy in mine]
        assert self.index.search(allow, asked) == holding(visible).search(asked, allow)

    @invariant()
    def as_many_rows_live(self) -> None:
        assert self.index.figures()["rows"] == len(self.store.rows)

    def teardown(self) -> None:
        self.context.__exit__(None, None, None)
        shutil.rmtree(self.folder)


TestNamesAndStore = small(NamesAndStore.TestCase)
TestNamesAndStore.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)


def test_flags_that_are_shorter_than_the_policies_show_nothing_more() -> None:
    index = holding(rows([(["Maria"], 3)]))
    assert index.search("Maria", np.ones(2, np.bool_)) == Answer((), Effort(0, 0, 0))


def test_what_was_withdrawn_before_everything_is_made_anew_does_not_come_back_from_the_disk(tmp_path: Path) -> None:
    store, allow = Kept(), flags(1)
    with opened(tmp_path) as index:
        for change in (Put(number=1, policy=1, names=("Ahmed",)), Drop(numbers=(1,))):
            index.apply([change], store.commit(change))
            index.rebuild(store)
    with opened(tmp_path) as index:
        assert index.figures()["rows"] == 0
        assert index.search(allow, "Ahmed").candidates == ()
