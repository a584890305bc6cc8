"""Searching through the only road: what a reader finds is what a node finds that never held anything else."""

import logging
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace as with_
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from comity.capabilities.records import rules
from comity.capabilities.records.acts import (
    Batch,
    Cause,
    Money,
    Name,
    Nominal,
    Reach,
    RecordKind,
    RecordList,
    Restriction,
    Row,
    Status,
    Tells,
    Trouble,
    Withdrawal,
    pack,
)
from comity.core.act import Act
from comity.core.capability import OfficerRole
from comity.core.errors import Misused, Refused, Unreachable
from comity.core.handling import Confidentiality, Label, Purpose
from comity.core.ids import ActId, BureauId, Millis
from comity.node import finding, searching
from comity.node.bureau import Bureau
from comity.node.finding import Finder
from comity.node.rowview import Brought, Effort, Found, RowView, Shelf, Sought
from tests.node.recovering import World
from tests.simulator import DAY, START, Federation, close, federation, reader

MA, NO, ET, FJ = BureauId("ma"), BureauId("no"), BureauId("et"), BureauId("fj")
NAMES = ("Ola Aker", "Ole Åker", "Aker Olav", "Kari Bakkeli", "Кари Баккели", "Yusuf Ben Ali", "Youssef Benali")
NUMBERS = ("AB 123456", "A8I23456", "CD 777")

Told = tuple[tuple[bytes | None, tuple[tuple[int, float, int], ...], tuple[int, ...]], ...]


@pytest.fixture
def fed(tmp_path: Path) -> Iterator[Federation]:
    """Give a source and a holder."""
    made = federation(tmp_path, ["ma", "no"])
    yield made
    made.close()


def person(key: str, name: str, *numbers: str) -> Row:
    """Return the record of nobody."""
    given, _, family = name.rpartition(" ")
    names = (Name(family=family, given=given),)
    return Row(key=key, record=Nominal(names=names, status=Status.WANTED, documents=numbers))


def say(fed: Federation, act: Act, listed: ActId | None = None, to: BureauId = NO, **how: Any) -> ActId:  # noqa: ANN401
    """Say an act of `ma`."""
    how = {"purpose": Purpose.LOCATE, "subject": listed} | how
    return fed.bureaus[MA].say(act, (to,), reader=reader(fed.bureaus[MA]), **how).id


def opened(
    fed: Federation, to: BureauId = NO, *, tells: Tells = Tells.ALWAYS, record: RecordKind = RecordKind.NOMINAL
) -> ActId:
    """Open a list, and let it arrive."""
    listed = say(fed, RecordList(record=record, months=60, tells=tells), to=to)
    fed.carry()
    return listed


def put(
    fed: Federation, listed: ActId, *rows: Row, to: BureauId = NO, serial: int = 1,
    level: Confidentiality = Confidentiality.OFFICIAL, carry: bool = True,
) -> None:  # fmt: skip
    """Put rows into a list, and let them arrive."""
    label = Label(expires=Millis((START // DAY + 400) * DAY), confidentiality=level)
    say(fed, Batch(serial=serial, count=len(rows), rows=pack(rows)), listed, to, label=label)
    if carry:
        fed.carry()


def withdraw(
    fed: Federation, listed: ActId, *keys: str, to: BureauId = NO, serial: int = 9, carry: bool = True
) -> None:  # fmt: skip
    """Take rows back, and let that arrive."""
    why = {"why": Cause.MISTAKEN, "deadline": Millis(START + DAY)}
    say(fed, Withdrawal(serial=serial, reach=Reach.ROWS, keys=keys, **why), listed, to)  # type: ignore[arg-type]
    if carry:
        fed.carry()


def restrict(fed: Federation, listed: ActId, *keys: str, level: Confidentiality, serial: int = 9) -> None:
    """Give rows another label, and let that arrive."""
    say(fed, Restriction(serial=serial, reach=Reach.ROWS, keys=keys, label=Label(confidentiality=level)), listed)
    fed.carry()


def sought(*names: str, number: str = "", limit: int = 10) -> Sought:
    """Return what is looked for."""
    numbers = (("document", rules.folded("document", number)),) if number else ()
    return Sought(names=names, identifiers=numbers, limit=limit)


def find(bureau: Bureau, *names: str, number: str = "", limit: int = 10) -> Found:
    """Look as an officer at the desk."""
    return RowView(bureau, reader(bureau)).find(sought(*names, number=number, limit=limit))


def told(brought: tuple[Brought, ...]) -> Told:
    """Return what a search tells, but for numbers and ids, which each node gives by itself."""
    return tuple(
        (each.shelf.row, tuple((one.asked, one.odds, one.name) for one in each.names), each.identifiers)
        for each in brought
    )


def keys(brought: tuple[Brought, ...]) -> list[str]:
    """Return the keys of rows that were found."""
    return [rules.key_of(each.shelf.row) for each in brought if each.shelf.row is not None]


# ------------------------------------------------------------------------------------------------ what a reader finds

STEP = st.tuples(
    st.sampled_from(["seen", "seen", "masked", "hidden", "quiet", "take", "restrict"]),
    st.sampled_from(NAMES),
    st.sampled_from(["", *NUMBERS]),
)


# Each try founds a federation: what fails is told as it came, and not made smaller for ten minutes.
@settings(
    max_examples=2,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
    phases=(Phase.generate,),
)
@given(steps=st.lists(STEP, min_size=6, max_size=14))
def test_a_reader_finds_what_a_node_finds_that_never_held_anything_else(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, str]]
) -> None:
    # `no` holds everything; `et` only what an officer of `no` sees, `fj` only what is quiet.
    fed = federation(tmp_path_factory.mktemp("found"), ["ma", "no", "et", "fj"])
    lists = {name: opened(fed) for name in ("seen", "masked", "hidden")}
    lists["quiet"] = opened(fed, tells=Tells.SILENTLY)
    twins = {"seen": (ET, opened(fed, ET)), "masked": (ET, opened(fed, ET))}
    twins["quiet"] = (FJ, opened(fed, FJ, tells=Tells.SILENTLY))
    levels = {"masked": Confidentiality.RESTRICTED, "hidden": Confidentiality.CONFIDENTIAL}
    visible: list[str] = []
    for serial, (what, name, number) in enumerate(steps, 1):
        key = f"k-{serial}"
        if what in lists:
            row, level = person(key, name, *filter(None, [number])), levels.get(what, Confidentiality.OFFICIAL)
            if what in twins:
                put(fed, twins[what][1], row, to=twins[what][0], serial=serial, level=level, carry=False)
            put(fed, lists[what], row, serial=serial, level=level)
            visible += [key] if what == "seen" else []
        elif visible:
            key = visible.pop()
            withdraw(fed, twins["seen"][1], key, to=ET, serial=serial, carry=False)
            if what == "take":
                withdraw(fed, lists["seen"], key, serial=serial)
            else:
                restrict(fed, lists["seen"], key, level=Confidentiality.CONFIDENTIAL, serial=serial)
        if serial % 3 == 0 or serial == len(steps):
            _compare(fed)
    fed.close()


def _compare(fed: Federation) -> None:
    for name in NAMES[::2]:
        for number in ("", NUMBERS[0]):
            here = find(fed.bureaus[NO], name, NAMES[3], number=number, limit=2)
            there, quiet = (find(fed.bureaus[twin], name, NAMES[3], number=number, limit=2) for twin in (ET, FJ))
            assert told(here.brought) == told(there.brought)
            assert here.effort == there.effort
            assert told(here.quiet) == told(quiet.quiet)
            assert (there.quiet, quiet.brought, quiet.effort) == ((), (), Effort(compared=0, touched=0, scored=0))


def test_a_quiet_row_is_hidden_from_everybody_but_its_source_and_found_for_it(fed: Federation) -> None:
    listed = opened(fed, tells=Tells.SILENTLY)
    put(fed, listed, person("q-1", "Ola Aker", "AB 123456"))
    ma, no = fed.bureaus[MA], fed.bureaus[NO]
    for role in OfficerRole:
        view = RowView(no, reader(no, role=role))
        found = view.find(sought("Ola Aker", number="AB 123456"))
        assert found.brought == ()
        assert (view.record(listed, "q-1"), view.count(listed), view.policies()) == (None, 0, {})
    quiet = find(no, "Ola Aker", number="AB 123456").quiet
    assert keys(quiet) == ["q-1"]
    assert (len(quiet[0].names), quiet[0].identifiers) == (1, (0,))
    assert RowView(no, reader(no)).numbered([quiet[0].shelf.number]) == ()
    assert keys(find(ma, "Ola Aker").brought) == ["q-1"]
    assert find(ma, "Ola Aker").quiet == ()
    restrict(fed, listed, "q-1", level=Confidentiality.RESTRICTED)
    assert find(no, "Ola Aker").brought == ()
    assert len(find(no, "Ola Aker").quiet) == 1


def test_a_quiet_row_takes_no_place_and_adds_no_work(fed: Federation) -> None:
    put(fed, opened(fed), person("a-1", "Ola Aker"), person("a-2", "Ole Aker"))
    before = find(fed.bureaus[NO], "Ola Aker", limit=2)
    quiet = opened(fed, tells=Tells.SILENTLY)
    put(fed, quiet, *(person(f"q-{n}", "Ola Aker") for n in range(40)))
    after = find(fed.bureaus[NO], "Ola Aker", limit=2)
    assert (after.brought, after.effort) == (before.brought, before.effort)
    assert len(after.quiet) == 2
    withdraw(fed, quiet, *sorted(f"q-{n}" for n in range(40)))
    assert find(fed.bureaus[NO], "Ola Aker", limit=2) == before


def test_a_quiet_row_that_the_reader_would_not_see_anyway_is_not_told_of(fed: Federation) -> None:
    put(fed, opened(fed, tells=Tells.SILENTLY), person("q-1", "Ola Aker"), level=Confidentiality.CONFIDENTIAL)
    assert find(fed.bureaus[NO], "Ola Aker").quiet == ()
    no = fed.bureaus[NO]
    found = RowView(no, replace(reader(no), purpose=Purpose.ADMINISTRATION)).find(sought("Ola Aker"))
    assert (found.brought, found.quiet) == ((), ())


def test_a_masked_row_is_found_without_what_it_says(fed: Federation) -> None:
    put(fed, opened(fed), person("a-1", "Ola Aker", "AB 123456"), level=Confidentiality.RESTRICTED)
    (found,) = find(fed.bureaus[NO], number="AB 123456").brought
    assert (found.shelf.row, found.shelf.source, found.identifiers) == (None, MA, (0,))


def test_who_holds_a_number_comes_before_who_is_called_alike_and_whatever_the_limit(fed: Federation) -> None:
    rows = [person(f"a-{n}", "Kari Bakkeli", "AB 123456") for n in range(3)]
    put(fed, opened(fed), *rows, person("b-1", "Ola Aker"), person("b-2", "Ole Aker"))
    assert keys(find(fed.bureaus[NO], "Ola Aker", number="A8I23456", limit=1).brought) == ["a-0", "a-1", "a-2", "b-1"]


def test_capitals_of_a_wallet_count_where_its_network_says_so(fed: Federation) -> None:
    wallet = "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"
    listed = opened(fed, record=RecordKind.MONEY)
    put(fed, listed, Row(key="w-1", record=Money(trouble=Trouble.SOUGHT, wallet=wallet)))
    view = RowView(fed.bureaus[NO], reader(fed.bureaus[NO]))
    assert len(view.find(Sought(identifiers=(("wallet", wallet),))).brought) == 1
    assert view.find(Sought(identifiers=(("wallet", wallet.swapcase()),))).brought == ()


def test_what_cannot_be_looked_for_is_refused(fed: Federation) -> None:
    view = RowView(fed.bureaus[NO], reader(fed.bureaus[NO]))
    for wrong in (
        Sought(identifiers=(("passport", "1"),)), Sought(identifiers=(("document", ""),)), Sought(limit=0),
        Sought(limit=101), Sought(names=("Ola",) * 1_001),
    ):  # fmt: skip
        with pytest.raises(Misused):
            view.find(wrong)
    assert view.find(Sought()) == Found(brought=(), effort=Effort(compared=0, touched=0, scored=0), quiet=())


def test_every_row_that_leaves_was_looked_at_and_no_quiet_one(fed: Federation, monkeypatch: pytest.MonkeyPatch) -> None:
    put(fed, opened(fed), person("a-1", "Ola Aker"))
    put(fed, opened(fed, tells=Tells.SILENTLY), person("q-1", "Ola Aker"))
    looked: list[int] = []

    def note(_view: RowView, _how: object, shelves: Iterable[Shelf], searches: int = 0) -> None:
        assert searches == 1
        looked.extend(shelf.number for shelf in shelves)

    monkeypatch.setattr(RowView, "_look", note)
    found = find(fed.bureaus[NO], "Ola Aker")
    assert looked == [each.shelf.number for each in found.brought]
    assert len(found.quiet) == 1


# ------------------------------------------------------------------------------------------------------------ at once


def test_what_is_withdrawn_or_restricted_is_not_found_from_that_moment_on(fed: Federation) -> None:
    listed = opened(fed)
    put(fed, listed, *(person(f"a-{n}", "Ola Aker", "AB 123456") for n in range(3)))
    assert len(find(fed.bureaus[NO], "Ola Aker").brought) == 3
    withdraw(fed, listed, "a-0", serial=2)
    restrict(fed, listed, "a-1", level=Confidentiality.CONFIDENTIAL, serial=3)
    for name in (MA, NO):
        assert keys(find(fed.bureaus[name], "Ola Aker", number="AB 123456").brought) == ["a-2"]
        assert find(fed.bureaus[name], "Ola Aker").effort.touched == 1


def test_a_row_that_lapses_is_found_no_more_before_anybody_has_swept_it(fed: Federation) -> None:
    put(fed, opened(fed), person("a-1", "Ola Aker"))
    assert len(find(fed.bureaus[NO], "Ola Aker").brought) == 1
    fed.later(401 * DAY)
    fed.renew()
    assert find(fed.bureaus[NO], "Ola Aker").brought == ()


def test_what_was_withdrawn_leaves_the_files_of_the_index_within_the_hour(fed: Federation) -> None:
    listed, no = opened(fed), fed.bureaus[NO]
    put(fed, listed, person("a-1", "Ola Aker"), person("a-2", "Kari Bakkeli"))
    finder = no.finder
    assert finder is not None
    finder.work(no)
    withdraw(fed, listed, "a-1")
    finder.work(no)
    assert finder.status(no).stale
    fed.later(searching.RESETTLE)
    finder.work(no)
    assert not finder.status(no).stale
    assert keys(find(no, "Kari Bakkeli").brought) == ["a-2"]


# ---------------------------------------------------------------------------------------------- crashes and rebuilding


def reopened(fed: Federation, between: Callable[[Path], None] = lambda _folder: None) -> Bureau:
    """Close the holder's node and open it again; `between` does something to its indexes meanwhile."""
    close(fed.bureaus[NO])
    between(fed.folder / "no" / "index")
    bureau = fed.bureaus[NO]
    fed.bureaus[NO] = fed.open("no", bureau.keyring, bureau.database.url)
    return fed.bureaus[NO]


def test_an_index_that_a_crash_left_behind_the_store_catches_up(fed: Federation, tmp_path: Path) -> None:
    listed = opened(fed)
    put(fed, listed, person("a-1", "Ola Aker"), person("a-2", "Ole Aker"))
    assert len(find(fed.bureaus[NO], "Ola Aker").brought) == 2
    saved = tmp_path / "saved"

    def save(folder: Path) -> None:
        shutil.copytree(folder, saved)

    reopened(fed, save)
    put(fed, listed, person("a-3", "Olav Aker"), serial=2)
    withdraw(fed, listed, "a-2")
    wanted = find(fed.bureaus[NO], "Ola Aker")

    def back(folder: Path) -> None:
        shutil.rmtree(folder)
        shutil.copytree(saved, folder)

    assert find(reopened(fed, back), "Ola Aker") == wanted
    assert sorted(keys(wanted.brought)) == ["a-1", "a-3"]


def lost(folder: Path) -> None:
    """Lose everything."""
    shutil.rmtree(folder)


def cut_off(folder: Path) -> None:
    """Cut off every journal."""
    for path in folder.rglob("*.journal"):
        path.write_bytes(b"")


def keyless(folder: Path) -> None:
    """Damage the keys."""
    for path in folder.glob("*.keys"):
        path.write_bytes(b"no keys")


@pytest.mark.parametrize("damage", [lost, cut_off, keyless])
def test_an_index_that_does_not_open_is_made_anew_and_answers_as_before(
    fed: Federation, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    listed = opened(fed)
    put(fed, listed, *(person(f"a-{n}", name, NUMBERS[n % 3]) for n, name in enumerate(NAMES)))
    withdraw(fed, listed, "a-1")
    wanted = [find(fed.bureaus[NO], name, number=NUMBERS[0]) for name in NAMES]
    with caplog.at_level(logging.WARNING, "comity.searching"):
        no = reopened(fed, damage)
        assert [find(no, name, number=NUMBERS[0]) for name in NAMES] == wanted
    assert ("made anew" in caplog.text) is (damage is not lost)
    assert not any(name in caplog.text for name in NAMES)
    steps: list[tuple[int, int]] = []
    assert no.finder is not None
    status = no.finder.rebuild(no, lambda done, total: steps.append((done, total)))
    assert (status.rows, status.names, status.behind, steps[-1]) == (6, 6, 0, (6, 6))
    assert [find(no, name, number=NUMBERS[0]) for name in NAMES] == wanted


def test_the_doctor_says_when_the_index_is_missing_damaged_or_behind(fed: Federation) -> None:
    no = fed.bureaus[NO]

    def examined(bureau: Bureau) -> str:
        assert bureau.finder is not None
        return bureau.finder.examine(bureau)

    assert examined(no) == ""
    listed = opened(fed)
    put(fed, listed, person("a-1", "Ola Aker"))
    assert "no search index yet" in examined(no)
    find(no, "Ola Aker")
    no = reopened(fed)
    assert examined(no) == ""
    put(fed, listed, person("a-2", "Ola Aker"), serial=2)
    assert "stands at change 1 of 2" in examined(no)
    assert "rebuild" in examined(reopened(fed, cut_off))


def test_a_restored_node_finds_nothing_before_its_desks_open_and_nothing_withdrawn_after(tmp_path: Path) -> None:
    world = World(tmp_path / "world", ["ma", "no", "et"])
    listed = opened(world)
    label = Label(expires=Millis((world.now() // DAY + 400) * DAY))
    rows = (person("a-1", "Ola Aker"), person("a-2", "Ole Aker"))
    say(world, Batch(serial=1, count=2, rows=pack(rows)), listed, label=label)
    world.carry()
    assert sorted(keys(find(world.bureaus[NO], "Ola Aker").brought)) == ["a-1", "a-2"]
    world.back_up(NO)
    why = {"why": Cause.MISTAKEN, "deadline": Millis(world.now() + DAY)}
    say(world, Withdrawal(serial=2, reach=Reach.ROWS, keys=("a-1",), **why), listed)  # type: ignore[arg-type]
    world.carry()
    left = world.lose(NO)
    world.restore(NO)
    assert not (world.folder / "no" / "index").exists()
    # Somebody puts back what was left of the old machine's index: it is of another epoch, and does not open.
    shutil.copytree(left / "index", world.folder / "no" / "index")
    no = world.start(NO)
    with pytest.raises(Refused, match="recovery"):
        find(no, "Ola Aker")
    for _ in range(8):
        world.later(10_000)
        world.carry()
    assert keys(find(world.bureaus[NO], "Ola Aker").brought) == ["a-2"]
    world.close()


def test_an_index_of_another_epoch_is_not_read_on(fed: Federation, caplog: pytest.LogCaptureFixture) -> None:
    no = fed.bureaus[NO]
    put(fed, opened(fed), person("a-1", "Ola Aker"))
    assert no.finder is not None
    find(no, "Ola Aker")
    no.finder.close()
    restored = with_(no, epoch=2)
    with caplog.at_level(logging.WARNING, "comity.searching"):
        assert no.finder.status(restored).rows == 1
    assert "made anew" in caplog.text


# ----------------------------------------------------------------------------------------------------- two processes


def test_who_has_the_index_open_answers_the_others_over_a_socket_of_its_owner_alone(fed: Federation) -> None:
    listed, no = opened(fed), fed.bureaus[NO]
    put(fed, listed, person("a-1", "Ola Aker", "AB 123456"))
    assert no.finder is not None
    no.finder.work(no)
    path = fed.folder / "no" / "index" / f"{fed.org}.sock"
    assert path.stat().st_mode & 0o777 == 0o600
    other = replace_finder(fed, no)
    assert find(other, "Ola Aker", number="AB 123456") == find(no, "Ola Aker", number="AB 123456")
    assert other.finder is not None
    assert other.finder.status(other) == no.finder.status(no)
    steps: list[tuple[int, int]] = []
    assert other.finder.rebuild(other, lambda done, total: steps.append((done, total))).rows == 1
    assert steps[-1] == (1, 1)
    assert other.finder.examine(other) == ""
    no.finder.close()
    assert not path.exists()
    assert keys(find(other, "Ola Aker").brought) == ["a-1"]
    with pytest.raises(Unreachable, match="another process"):
        find(no, "Ola Aker")
    other.finder.close()


def replace_finder(fed: Federation, bureau: Bureau) -> Bureau:
    """Return the bureau as another process has it open."""
    return with_(bureau, finder=Finder(fed.folder / "no" / "index", fed.org))


def test_a_node_to_which_nobody_has_opened_a_list_makes_no_index(fed: Federation) -> None:
    no = fed.bureaus[NO]
    assert no.finder is not None
    no.finder.work(no)
    assert not (fed.folder / "no" / "index").exists()


def test_a_node_without_the_libraries_of_the_index_serves_and_a_search_says_what_is_lacking(
    fed: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    no = fed.bureaus[NO]
    put(fed, opened(fed), person("a-1", "Ola Aker"))

    def lacking() -> None:
        raise Misused("searching needs the library numba: install the extra 'match' of this software")

    monkeypatch.setattr(finding, "_engine", lacking)
    assert no.finder is not None
    with pytest.raises(Misused, match="numba"):
        no.finder.work(no)
    no.finder.work(no)
    with pytest.raises(Misused, match="numba"):
        find(no, "Ola Aker")
