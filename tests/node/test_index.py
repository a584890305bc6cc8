"""The index of identifiers: what a reader finds is what an index would find that held only what the reader may see."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from msgspec.structs import replace

from comity.core.errors import Misused, Unreachable
from comity.node.bodies import KEY, BodyKeys, State
from comity.node.index.changes import Change, Drop, Identifier, Put, Restrict
from comity.node.index.kernels import Flags
from comity.node.index.opened import Index
from comity.node.index.packing import exact, packed

MASTER = bytes(range(32))
PASSPORT, PLATE = 1, 2
Entropy = Callable[[int], bytes]


def counted() -> Entropy:
    numbers = count(1)
    return lambda size: b"".join(next(numbers).to_bytes(KEY) for _ in range(-(-size // KEY)))[:size]


def flags(*policies: int) -> Flags:
    """Return the flags of a reader who may see these policies, of 16."""
    allow = np.zeros(16, np.bool_)
    allow[list(policies)] = True
    return allow


EVERYBODY = flags(*range(1, 16))


@contextmanager
def opened(folder: Path, entropy: Entropy | None = None) -> Iterator[Index]:
    """Open the index in a folder, or make one."""
    path = folder / "index.keys"
    keys = BodyKeys(path, MASTER) if path.exists() else BodyKeys.create(path, MASTER)
    entropy = entropy or counted()
    with keys, (Index if (folder / "index").exists() else Index.create)(folder / "index", keys, entropy) as index:
        yield index


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with opened(tmp_path) as made:
        yield made


def put(number: int, *texts: str, policy: int = 1, kind: int = PASSPORT) -> Put:
    return Put(number=number, policy=policy, identifiers=tuple(Identifier(kind, text) for text in texts))


# ---------------------------------------------------------------------------------------------------------- packing


@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=12), st.text(min_size=1))
def test_a_short_identifier_shares_its_key_with_no_other(short: str, other: str) -> None:
    assert exact(packed(short))
    assert (packed(short) == packed(other)) == (short == other.upper() and other.isascii())
    assert packed(short) == packed(short.lower())


@pytest.mark.parametrize("text", ["0" * 12, "Z" * 12, "0", "Z"])
def test_the_first_and_the_last_identifiers_of_a_length_have_keys(text: str) -> None:
    assert 0 <= packed(text) < 1 << 63


@pytest.mark.parametrize("text", ["WVWZZZ1JZXW000001", "ÅB 12", "1_000", "-5", " 5", "\uff11\uff12"])
def test_what_is_long_or_has_other_letters_is_hashed_and_says_so(text: str) -> None:
    assert not exact(packed(text))
    assert packed(text) < 1 << 64


def test_an_empty_identifier_is_refused() -> None:
    with pytest.raises(Misused, match="at least one"):
        packed("")


# ----------------------------------------------------------------------------------------------------------- looking


def test_what_was_put_is_found_by_its_kind_and_text_at_once(index: Index) -> None:
    index.apply([put(7, "AB123456"), put(8, "AB123456", kind=PLATE)], 1)
    assert index.lookup(EVERYBODY, PASSPORT, "AB123456") == (7,)
    assert index.lookup(EVERYBODY, PLATE, "ab123456") == (8,)
    assert index.lookup(EVERYBODY, PASSPORT, "AB123457") == ()


def test_a_number_that_many_rows_hold_names_all_that_the_reader_may_see(index: Index) -> None:
    index.apply([put(n, "SHARED", policy=1 + n % 2) for n in range(1, 2_001)], 1)
    assert index.lookup(flags(1), PASSPORT, "SHARED") == tuple(range(2, 2_001, 2))
    index.settle()
    assert index.lookup(flags(2), PASSPORT, "SHARED") == tuple(range(1, 2_001, 2))
    assert index.lookup(flags(3), PASSPORT, "SHARED") == ()


def test_a_row_that_holds_a_number_twice_is_named_once(index: Index) -> None:
    index.apply([put(1, "X1", "x1", "X1")], 1)
    assert index.lookup(EVERYBODY, PASSPORT, "X1") == (1,)


def test_a_policy_that_the_reader_s_flags_do_not_know_is_not_shown(index: Index) -> None:
    index.apply([put(1, "X1", policy=9_999)], 1)
    assert index.lookup(EVERYBODY, PASSPORT, "X1") == ()


def test_a_restricted_row_is_seen_by_others_and_a_dropped_one_by_nobody(index: Index) -> None:
    index.apply([put(1, "X1"), put(2, "X1")], 1)
    index.settle()
    index.apply([Restrict(numbers=(1,), policy=2), Drop(numbers=(2,))], 2)
    assert index.lookup(flags(1), PASSPORT, "X1") == ()
    assert index.lookup(flags(2), PASSPORT, "X1") == (1,)


def test_a_dropped_row_does_not_come_back_by_being_restricted(index: Index) -> None:
    index.apply([put(1, "X1"), Drop(numbers=(1,)), Restrict(numbers=(1, 99), policy=2)], 1)
    assert index.lookup(EVERYBODY, PASSPORT, "X1") == ()
    assert index.figures()["rows"] == 0


@pytest.mark.parametrize(
    "change",
    [put(0, "X"), put(1 << 32, "X"), put(1, "X", policy=0), put(1, "X", policy=1 << 24), put(1, "X", kind=256),
     put(1, ""), put(5, "X"), Restrict(numbers=(5,), policy=0)],
)  # fmt: skip
def test_what_is_out_of_range_or_there_already_is_refused_and_changes_nothing(index: Index, change: Change) -> None:
    index.apply([put(5, "HELD")], 1)
    before = index.figures()
    with pytest.raises(Misused):
        index.apply([put(6, "NEW"), change, Drop(numbers=(5,))], 2)
    assert index.figures() == before
    assert index.lookup(EVERYBODY, PASSPORT, "HELD") == (5,)
    assert index.lookup(EVERYBODY, PASSPORT, "NEW") == ()


def test_a_change_that_was_passed_already_is_refused(index: Index) -> None:
    index.apply([put(5, "HELD")], 3)
    with pytest.raises(Misused, match="not after it"):
        index.apply([put(6, "NEW")], 3)


def test_a_full_disk_is_said_and_nothing_changes(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("comity.node.index.shelf._all", full)
        with pytest.raises(Unreachable, match="journal of the index"):
            index.apply([put(1, "X1")], 1)
    assert index.position == 0
    assert index.lookup(EVERYBODY, PASSPORT, "X1") == ()
    index.apply([put(1, "X1")], 1)
    assert index.lookup(EVERYBODY, PASSPORT, "X1") == (1,)


# ------------------------------------------------------------------------------------------- nothing of others is seen

ROWS = st.lists(
    st.tuples(st.integers(1, 4), st.lists(st.sampled_from(["A", "B", "C1", "D" * 17]), max_size=3)), max_size=12
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=ROWS, mine=st.sets(st.integers(1, 4)), data=st.data(), settled=st.booleans())
def test_a_reader_finds_what_an_index_of_only_the_visible_rows_finds(
    rows: list[tuple[int, list[str]]], mine: set[int], data: st.DataObject, *, settled: bool
) -> None:
    allow = flags(*mine)
    every = [put(number, *texts, policy=policy) for number, (policy, texts) in enumerate(rows, 1)]
    visible = [each for each in every if each.policy in mine]
    arrived = data.draw(st.permutations(every))
    folder = Path(mkdtemp())
    try:
        for name in ("all", "mine"):
            (folder / name).mkdir()
        with opened(folder / "all") as whole, opened(folder / "mine") as part:
            for position, each in enumerate(arrived, 1):
                whole.apply([each], position)
            part.apply(visible, 1)
            if settled:
                whole.settle()
            for text in ("A", "B", "C1", "D" * 17, "E"):
                assert whole.lookup(allow, PASSPORT, text) == part.lookup(allow, PASSPORT, text)
    finally:
        shutil.rmtree(folder)


# ------------------------------------------------------------------------------------------------------- on the disk


def files(folder: Path) -> bytes:
    """Return all bytes of the index's files, one after the other."""
    return b"".join(path.read_bytes() for path in sorted((folder / "index").iterdir()))


def opening(folder: Path) -> bytes:
    """Return all that can be read of the index's files with the keys that are left."""
    held = b""
    with BodyKeys(folder / "index.keys", MASTER) as keys:
        for path in (folder / "index").iterdir():
            if path.suffix == ".piece":
                held += keys.open(int(path.stem), path.read_bytes())
            if path.suffix == ".journal":
                raw, at = path.read_bytes(), 0
                while at < len(raw):
                    number, size = int.from_bytes(raw[at : at + 8]), int.from_bytes(raw[at + 8 : at + 16])
                    held += keys.open(number, raw[at + 16 : at + 16 + size])
                    at += 16 + size
    return held


def entry(index: Index, row: Put) -> bytes:
    """Return the bytes by which a row's first identifier is held."""
    return index._compiled([row], index.position + 1)[0].added


def test_no_entry_lies_on_the_disk_in_the_clear(tmp_path: Path) -> None:
    with opened(tmp_path) as index:
        row = put(77, "AB123456")
        spelled = entry(index, row)
        index.apply([row], 1)
        journaled = files(tmp_path)
        index.settle()
        assert spelled not in journaled + files(tmp_path)
        assert spelled[:8] not in journaled + files(tmp_path)
    assert spelled in opening(tmp_path), "the entry is nowhere, so this test looks for the wrong bytes"


@pytest.mark.parametrize("settled", [False, True])
def test_a_withdrawn_row_can_be_read_with_no_key_that_is_left(tmp_path: Path, *, settled: bool) -> None:
    with opened(tmp_path) as index:
        rows = [put(n, f"N{n:06}") for n in range(1, 3_000)]
        spelled = entry(index, rows[1_233])
        index.apply(rows, 1)
        if settled:
            index.settle()
        before = {path.name: path.read_bytes() for path in (tmp_path / "index").iterdir()}
        index.apply([Drop(numbers=(1_234,))], 2)
        to_do = index.stale
        index.settle()
        assert (to_do, index.stale) == (True, False)
        assert index.lookup(EVERYBODY, PASSPORT, "N001233") == (1_233,)
    assert spelled not in opening(tmp_path)
    with BodyKeys(tmp_path / "index.keys", MASTER) as keys:
        for name, raw in before.items():
            if name.endswith(".journal"):
                assert keys.state(int(name.split(".")[0])) is State.ERASED
                with pytest.raises(Misused, match="erased"):
                    keys.open(int(name.split(".")[0]), raw[16:])
    with opened(tmp_path) as index:
        assert index.lookup(EVERYBODY, PASSPORT, "N001234") == ()
        assert index.lookup(EVERYBODY, PASSPORT, "N001235") == (1_235,)


def test_only_the_slices_that_hold_a_withdrawn_row_are_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("comity.node.index.exact.SLICE", 64)
    with opened(tmp_path) as index:
        index.apply([put(n, f"N{n:06}") for n in range(1, 3_000)], 1)
        index._exact.merge(index._rows.policies)
        index.settle()
        before = index._shelf.manifest.pieces["exact"]
        index.apply([Drop(numbers=(1_234,))], 2)
        index.settle()
        after = index._shelf.manifest.pieces["exact"]
        assert len(before) == len(after) == 64
        assert sum(one != other for one, other in zip(before, after, strict=True)) == 1
        index.apply([put(5_000, "X")], 3)
        index.settle()
        assert index._shelf.manifest.pieces["exact"] == after, "nothing was withdrawn"
    with opened(tmp_path) as index:
        found = [index.lookup(EVERYBODY, PASSPORT, f"N{n:06}") for n in range(1, 3_000)]
        assert found == [() if n == 1_234 else (n,) for n in range(1, 3_000)]


def test_an_index_is_opened_as_it_was_closed(tmp_path: Path) -> None:
    with opened(tmp_path) as index:
        index.apply([put(1, "X1"), put(2, "X2", policy=2)], 5)
        index.settle()
        index.apply([put(3, "X3"), Restrict(numbers=(2,), policy=3), Drop(numbers=(1,))], 6)
        before = index.figures()
    with opened(tmp_path) as index:
        assert index.figures() == before
        assert index.stale, "what the journal withdrew has still to be written again"
        assert index.lookup(EVERYBODY, PASSPORT, "X1") == ()
        assert index.lookup(flags(3), PASSPORT, "X2") == (2,)
        assert index.lookup(flags(2), PASSPORT, "X2") == ()
        assert index.lookup(flags(1), PASSPORT, "X3") == (3,)


def test_two_processes_do_not_open_one_index(tmp_path: Path) -> None:
    with opened(tmp_path), pytest.raises(Misused, match="another process"), opened(tmp_path):
        pass


def test_an_index_is_not_made_over_another(tmp_path: Path) -> None:
    with opened(tmp_path):
        pass
    with BodyKeys(tmp_path / "index.keys", MASTER) as keys, pytest.raises(Misused, match="already"):
        Index.create(tmp_path / "index", keys, counted())


@pytest.mark.parametrize("what", ["manifest.json", "piece", "journal"])
def test_a_damaged_index_says_that_it_must_be_rebuilt(tmp_path: Path, what: str) -> None:
    with opened(tmp_path) as index:
        index.apply([put(1, "X1")], 1)
        index.settle()
    for path in (tmp_path / "index").iterdir():
        if path.name.endswith(what):
            path.write_bytes(path.read_bytes()[:-1] + b"\xff")
    with pytest.raises(Misused, match="build it from the store"), opened(tmp_path):
        pass


def test_a_damaged_index_is_renewed_and_rebuilt_and_nothing_of_the_old_one_is_left(tmp_path: Path) -> None:
    store = Kept()
    with opened(tmp_path) as index:
        index.apply([put(1, "X1"), put(2, "GONE")], store.commit(put(1, "X1")))
        index.settle()
    kept = {path.name: path.read_bytes() for path in (tmp_path / "index").glob("*.piece")}
    (tmp_path / "index" / "manifest.json").write_bytes(b"{")
    with BodyKeys(tmp_path / "index.keys", MASTER) as keys:
        with Index.renew(tmp_path / "index", keys, counted()) as index:
            index.rebuild(store)
            assert index.lookup(EVERYBODY, PASSPORT, "X1") == (1,)
            assert index.lookup(EVERYBODY, PASSPORT, "GONE") == ()
        for name in kept:
            assert keys.state(int(name.split(".")[0])) is State.ERASED
            assert not (tmp_path / "index" / name).exists()


@pytest.mark.parametrize("cut", range(1, 200, 9))
def test_a_journal_that_was_cut_off_ends_with_its_last_whole_frame(tmp_path: Path, cut: int) -> None:
    with opened(tmp_path) as index:
        index.apply([put(1, "X1")], 1)
        index.apply([put(2, "X2")], 2)
        journal = next((tmp_path / "index").glob("*.journal"))
        size = journal.stat().st_size
        index.apply([put(3, *(f"Y{n}" for n in range(20)))], 3)
        whole = journal.read_bytes()
    assert size + cut < len(whole)
    journal.write_bytes(whole[: size + cut])
    with opened(tmp_path) as index:
        assert index.position == 2
        assert index.lookup(EVERYBODY, PASSPORT, "X2") == (2,)
        assert index.lookup(EVERYBODY, PASSPORT, "Y1") == ()
        index.apply([put(3, "Y1")], 3)
    with opened(tmp_path) as index:
        assert index.lookup(EVERYBODY, PASSPORT, "Y1") == (3,)


# ------------------------------------------------------------------------------------------------ store and crashes


@dataclass
class Kept:
    """A store of rows as the index asks of it."""

    rows: dict[int, Put] = field(default_factory=dict)
    log: list[tuple[Change, ...]] = field(default_factory=list)

    def commit(self, *changes: Change) -> int:
        for change in changes:
            match change:
                case Put():
                    self.rows[change.number] = change
                case Restrict(numbers=numbers, policy=policy):
                    for number in self.rows.keys() & set(numbers):
                        held = self.rows[number]
                        self.rows[number] = replace(held, policy=policy)
                case Drop(numbers=numbers):
                    for number in numbers:
                        self.rows.pop(number, None)
        self.log.append(changes)
        return len(self.log)

    def live(self) -> tuple[int, Iterator[Put]]:
        return len(self.log), iter(tuple(self.rows.values()))

    def since(self, position: int) -> Iterable[tuple[int, tuple[Change, ...]]]:
        return list(enumerate(self.log, 1))[position:]

    def holders(self, allow: Flags, text: str) -> tuple[int, ...]:
        wanted = Identifier(PASSPORT, text)
        return tuple(sorted(n for n, row in self.rows.items() if wanted in row.identifiers and allow[row.policy]))


class Forgetful(Kept):
    def since(self, position: int) -> None:  # type: ignore[override]
        """Remember nothing."""


def test_an_index_asks_the_store_for_what_it_missed(tmp_path: Path) -> None:
    store = Kept()
    with opened(tmp_path) as index:
        index.apply([put(1, "X1")], store.commit(put(1, "X1")))
        store.commit(put(2, "X2"))
        store.commit(Drop(numbers=(1,)))
        assert index.catch_up(store)
        assert index.position == 3
        assert index.lookup(EVERYBODY, PASSPORT, "X1") == ()
        assert index.lookup(EVERYBODY, PASSPORT, "X2") == (2,)


def test_an_index_whose_store_does_not_remember_is_rebuilt(tmp_path: Path) -> None:
    store = Forgetful()
    with opened(tmp_path) as index:
        index.apply([put(9, "OLD")], 1)
        for n in range(1, 50):
            store.commit(put(n, f"X{n}", "SHARED", policy=1 + n % 3))
        assert not index.catch_up(store)
        index.rebuild(store)
        assert index.position == 49
        assert index.lookup(EVERYBODY, PASSPORT, "OLD") == ()
        assert index.lookup(flags(1), PASSPORT, "SHARED") == tuple(range(3, 50, 3))
    assert b"OLD" not in opening(tmp_path)
    with opened(tmp_path) as index:
        assert index.lookup(EVERYBODY, PASSPORT, "X7") == (7,)


class IndexAndStore(RuleBasedStateMachine):
    """Whatever happens to the index, it answers as the store does."""

    def __init__(self) -> None:
        super().__init__()
        self.folder, self.store, self.numbers, self.entropy = Path(mkdtemp()), Kept(), count(1), counted()
        self.context = opened(self.folder, self.entropy)
        self.index = self.context.__enter__()

    @rule(texts=st.lists(st.sampled_from("ABCD"), max_size=2), policy=st.integers(1, 3))
    def put(self, texts: list[str], policy: int) -> None:
        change = put(next(self.numbers), *texts, policy=policy)
        self.index.apply([change], self.store.commit(change))

    @rule(number=st.integers(1, 20), policy=st.integers(1, 3))
    def restrict(self, number: int, policy: int) -> None:
        change = Restrict(numbers=(number,), policy=policy)
        self.index.apply([change], self.store.commit(change))

    @rule(number=st.integers(1, 20))
    def drop(self, number: int) -> None:
        change = Drop(numbers=(number,))
        self.index.apply([change], self.store.commit(change))

    @rule(text=st.sampled_from("ABCD"))
    def miss(self, text: str) -> None:
        self.store.commit(put(next(self.numbers), text))
        assert self.index.catch_up(self.store)

    @rule()
    def settle(self) -> None:
        self.index.settle()

    @rule()
    def merge(self) -> None:
        self.index._exact.merge(self.index._rows.policies)

    @rule()
    def rebuild(self) -> None:
        self.index.rebuild(self.store)

    @rule(cut=st.integers(0, 300))
    def lose_power(self, cut: int) -> None:
        # The journal loses its end, never the snapshot that a turn has forced to the disk.
        self.context.__exit__(None, None, None)
        journal = next((self.folder / "index").glob("*.journal"))
        raw = journal.read_bytes()
        first = 16 + int.from_bytes(raw[8:16])
        journal.write_bytes(raw[: max(first, len(raw) - cut)])
        self.context = opened(self.folder, self.entropy)
        self.index = self.context.__enter__()
        assert self.index.catch_up(self.store)

    @invariant()
    def answers_are_equal(self) -> None:
        for allow in (flags(1), flags(2, 3), EVERYBODY):
            for text in "ABCD":
                assert self.index.lookup(allow, PASSPORT, text) == self.store.holders(allow, text)

    def teardown(self) -> None:
        self.context.__exit__(None, None, None)
        shutil.rmtree(self.folder)


TestIndexAndStore = IndexAndStore.TestCase
TestIndexAndStore.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)
