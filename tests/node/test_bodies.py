"""Keys of bodies: what is destroyed stays destroyed, whoever crashes, races, tears a write or brings another master."""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from comity.core.errors import Misused, Unreachable
from comity.node import bodies
from comity.node.bodies import KEY, LARGEST, SLOT, BodyKeys, State

MASTER, OTHER = bytes(range(32)), bytes(range(32, 64))
CANARY = b"canary in the coal mine, born 1971-03-09"

Entropy = Callable[[int], bytes]


def _counted() -> Entropy:
    # Bytes that never come twice; what the numbers are does not matter here.
    numbers = count(1)
    return lambda size: b"".join(next(numbers).to_bytes(KEY) for _ in range(size // KEY))


@pytest.fixture
def entropy() -> Entropy:
    return _counted()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bodies.keys"


@pytest.fixture
def keys(path: Path) -> Iterator[BodyKeys]:
    with BodyKeys.create(path, MASTER) as opened:
        yield opened


def test_a_sealed_body_opens_again_after_closing(path: Path, entropy: Entropy) -> None:
    with BodyKeys.create(path, MASTER) as keys:
        sealed = keys.seal(7, CANARY, entropy)
        keys.sync()
    with BodyKeys(path, MASTER) as keys:
        assert keys.open(7, sealed) == CANARY
        assert [keys.state(n) for n in (6, 7, 8)] == [State.EMPTY, State.LIVE, State.EMPTY]


def test_neither_body_nor_key_nor_master_is_in_the_file(keys: BodyKeys, path: Path, entropy: Entropy) -> None:
    sealed = keys.seal(1, CANARY, entropy)
    raw = path.read_bytes()
    assert CANARY not in raw
    assert sealed not in raw
    assert _counted()(KEY) not in raw
    assert MASTER not in raw


def test_the_file_is_private_from_its_birth(keys: BodyKeys, path: Path) -> None:
    assert keys.end() == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_open_to_others_is_refused(keys: BodyKeys, path: Path) -> None:
    keys.sync()
    path.chmod(0o640)
    with pytest.raises(Misused, match="reached by others"):
        BodyKeys(path, MASTER)


def test_a_file_is_never_made_over_another(keys: BodyKeys, path: Path, entropy: Entropy) -> None:
    sealed = keys.seal(1, CANARY, entropy)
    with pytest.raises(Misused, match="exists already"):
        BodyKeys.create(path, MASTER)
    assert keys.open(1, sealed) == CANARY


def test_a_lost_file_is_not_taken_for_an_empty_one(path: Path) -> None:
    with pytest.raises(Misused, match="cannot open"):
        BodyKeys(path, MASTER)


def test_an_erased_body_opens_no_more(keys: BodyKeys, path: Path, entropy: Entropy) -> None:
    sealed = keys.seal_all({1: b"one", 2: CANARY, 3: b"three"}, entropy)
    before = path.read_bytes()
    keys.erase([2])
    with pytest.raises(Misused, match="body 2 was erased"):
        keys.open(2, sealed[2])
    after = path.read_bytes()
    assert keys.state(2) is State.ERASED
    assert after[2 * SLOT + 8 : 2 * SLOT + 48] == bytes(40)
    assert before[2 * SLOT + 8 : 2 * SLOT + 48] not in after
    assert keys.open(1, sealed[1]) + keys.open(3, sealed[3]) == b"onethree"


def test_erasing_twice_or_what_was_never_sealed_leaves_a_tombstone(keys: BodyKeys) -> None:
    keys.erase([9])
    keys.erase([9])
    keys.erase([])
    assert keys.state(9) is State.ERASED


def test_an_erasure_that_the_disk_does_not_show_is_an_error(
    keys: BodyKeys, entropy: Entropy, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys.seal(1, CANARY, entropy)
    monkeypatch.setattr(BodyKeys, "_write", lambda *_: None)
    with pytest.raises(Unreachable, match="still shows a key"):
        keys.erase([1])


def test_an_erasure_is_on_the_disk_before_it_is_said_to_be_done(
    keys: BodyKeys, entropy: Entropy, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys.seal(1, CANARY, entropy)
    seen: list[State] = []
    monkeypatch.setattr(os, "fdatasync", lambda _: seen.append(keys.state(1)))
    keys.erase([1])
    assert seen == [State.ERASED]


def test_an_erased_slot_is_never_sealed_again(keys: BodyKeys, entropy: Entropy) -> None:
    keys.erase([5])
    with pytest.raises(Misused, match="given out once"):
        keys.seal_all({4: b"four", 5: b"five"}, entropy)
    assert keys.state(4) is State.EMPTY


def test_the_next_owner_of_a_rolled_back_number_overwrites_its_key(keys: BodyKeys, entropy: Entropy) -> None:
    lost = keys.seal(3, b"rolled back", entropy)
    kept = keys.seal(3, b"committed", entropy)
    assert keys.open(3, kept) == b"committed"
    with pytest.raises(Misused, match="altered"):
        keys.open(3, lost)


def test_a_restored_database_counts_on_from_the_end(keys: BodyKeys, entropy: Entropy) -> None:
    assert keys.end() == 1
    keys.seal(41, b"", entropy)
    keys.erase([40])
    assert keys.end() == 42


def test_a_body_does_not_open_under_another_number(keys: BodyKeys, path: Path, entropy: Entropy) -> None:
    sealed = keys.seal(1, CANARY, entropy)
    raw = bytearray(path.read_bytes().ljust(3 * SLOT, b"\x00"))
    raw[2 * SLOT :] = raw[SLOT : 2 * SLOT]
    path.write_bytes(raw)
    with pytest.raises(Misused, match="in part only"):
        keys.open(2, sealed)
    wrapped = bytes(raw[SLOT + 8 : SLOT + 48])
    path.write_bytes(bytes(raw[: 2 * SLOT]) + bodies._slot(State.LIVE, 2, wrapped))
    with pytest.raises(Misused, match="belongs to another number"):
        keys.open(2, sealed)


def test_an_altered_body_or_key_does_not_open(keys: BodyKeys, path: Path, entropy: Entropy) -> None:
    sealed = keys.seal(1, CANARY, entropy)
    with pytest.raises(Misused, match="the sealed body 1 was altered"):
        keys.open(1, sealed[:-1] + bytes([sealed[-1] ^ 1]))
    with pytest.raises(Misused, match="the sealed body 1 was altered"):
        keys.open(1, b"")
    path.write_bytes(path.read_bytes()[:SLOT] + bodies._slot(State.LIVE, 1, bytes(40)))
    with pytest.raises(Misused, match="the key of body 1 was altered"):
        keys.open(1, sealed)


@pytest.mark.parametrize("number", [0, -1, LARGEST + 1])
def test_a_number_that_no_database_gives_is_refused(keys: BodyKeys, entropy: Entropy, number: int) -> None:
    with pytest.raises(Misused, match="number is 1 to"):
        keys.seal(number, b"", entropy)
    with pytest.raises(Misused, match="number is 1 to"):
        keys.state(number)


def test_too_little_entropy_is_refused(keys: BodyKeys) -> None:
    with pytest.raises(Misused, match="fresh bytes"):
        keys.seal(1, b"", lambda _: bytes(31))
    assert keys.state(1) is State.EMPTY


def test_another_master_is_told_at_once(keys: BodyKeys, path: Path) -> None:
    keys.sync()
    with pytest.raises(Misused, match="another master"):
        BodyKeys(path, OTHER)
    with pytest.raises(Misused, match="a master has 32 bytes"):
        BodyKeys(path, b"short")


def test_a_truncated_file_loses_what_was_cut_and_says_so(keys: BodyKeys, path: Path, entropy: Entropy) -> None:
    sealed = keys.seal_all({1: b"one", 2: b"two", 3: b"three"}, entropy)
    os.truncate(path, 2 * SLOT + 20)
    assert keys.open(1, sealed[1]) == b"one"
    with pytest.raises(Misused, match="in part only"):
        keys.open(2, sealed[2])
    with pytest.raises(Misused, match="ends before it"):
        keys.open(3, sealed[3])
    os.truncate(path, 10)
    with pytest.raises(Misused, match="cut off"):
        BodyKeys(path, MASTER)


def test_after_a_crash_before_the_sync_the_number_is_used_again(path: Path, entropy: Entropy) -> None:
    with BodyKeys.create(path, MASTER) as keys:
        first = keys.seal(1, b"committed", entropy)
        keys.sync()
        synced = path.read_bytes()
        keys.seal(2, b"never on the disk, so never committed", entropy)
    path.write_bytes(synced)
    with BodyKeys(path, MASTER) as keys:
        assert keys.state(2) is State.EMPTY
        second = keys.seal(2, b"the next owner", entropy)
        assert (keys.open(1, first), keys.open(2, second)) == (b"committed", b"the next owner")


@pytest.mark.parametrize("cut", range(1, SLOT))
def test_a_torn_key_is_seen_and_may_be_sealed_again(path: Path, entropy: Entropy, cut: int) -> None:
    with BodyKeys.create(path, MASTER) as keys:
        sealed = keys.seal(1, b"torn", entropy)
        whole = path.read_bytes()
        path.write_bytes(whole[: SLOT + cut] + bytes(SLOT - cut))
        assert keys.state(1) is State.TORN
        with pytest.raises(Misused, match="in part only"):
            keys.open(1, sealed)
        assert keys.open(1, keys.seal(1, b"again", entropy)) == b"again"


@pytest.mark.parametrize("cut", range(1, SLOT))
def test_a_torn_erasure_is_never_taken_for_done_nor_sealed_over(path: Path, entropy: Entropy, cut: int) -> None:
    with BodyKeys.create(path, MASTER) as keys:
        keys.seal(1, b"to be erased", entropy)
        before = path.read_bytes()[SLOT:]
        keys.erase([1])
        header, after = path.read_bytes()[:SLOT], path.read_bytes()[SLOT:]
        path.write_bytes(header + after[:cut] + before[cut:])
        assert keys.state(1) is State.TORN
        with pytest.raises(Misused, match="given out once"):
            keys.seal(1, b"again", entropy)
        keys.erase([1])
        assert keys.state(1) is State.ERASED


def test_a_full_disk_is_told_and_a_failed_sync_ends_all_work(
    keys: BodyKeys, path: Path, entropy: Entropy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", full)
        with pytest.raises(Unreachable, match="No space left"):
            keys.seal(1, b"", entropy)
    sealed = keys.seal(1, b"after room was made", entropy)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fdatasync", full)
        with pytest.raises(Unreachable, match="No space left"):
            keys.sync()
    with pytest.raises(Unreachable, match="open it again"):
        keys.sync()
    with BodyKeys(path, MASTER) as again:
        assert again.open(1, sealed) == b"after room was made"


# Two processes.

_WRITER = """
import sys
from pathlib import Path
from comity.node.bodies import BodyKeys
path, start = Path(sys.argv[1]), int(sys.argv[2])
sealed = {}
with BodyKeys(path, bytes(range(32))) as keys:
    print("open", flush=True)
    sys.stdin.readline()
    for number in range(start, 400, 2):
        body = f"body {number}".encode()
        sealed |= keys.seal_all({number: body}, lambda size, n=number: n.to_bytes(size))
        keys.sync()
        if number % 5 == 0:
            keys.erase([number])
for number, box in sealed.items():
    print(number, box.hex())
"""


def _writer(path: Path, start: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _WRITER, str(path), str(start)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    return process


def test_two_processes_write_neighbouring_slots_at_once(path: Path) -> None:
    BodyKeys.create(path, MASTER).close()
    writers = [_writer(path, 1), _writer(path, 2)]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    printed = "".join(writer.communicate(timeout=60)[0] for writer in writers)
    assert [writer.returncode for writer in writers] == [0, 0]
    sealed = {int(number): bytes.fromhex(box) for number, box in (line.split() for line in printed.splitlines())}
    assert len(sealed) == 399
    with BodyKeys(path, MASTER) as keys:
        for number, box in sealed.items():
            if number % 5 == 0:
                assert keys.state(number) is State.ERASED
            else:
                assert keys.open(number, box) == f"body {number}".encode()


def test_a_file_that_another_process_has_open_is_not_rewrapped(keys: BodyKeys, path: Path, entropy: Entropy) -> None:
    sealed = keys.seal(1000, CANARY, entropy)
    writer = _writer(path, 1)
    with pytest.raises(Misused, match="another process"):
        keys.rewrap(OTHER)
    writer.communicate("go\n", timeout=60)
    assert keys.rewrap(OTHER) == ()
    assert keys.open(1000, sealed) == CANARY


# Another master.


def test_after_rewrapping_only_the_new_master_opens(path: Path, entropy: Entropy) -> None:
    with BodyKeys.create(path, MASTER) as keys:
        sealed = keys.seal_all({n: b"%d" % n for n in (1, 2, 3, 90_000)}, entropy)
        keys.erase([2])
        end = keys.end()
        assert keys.rewrap(OTHER) == ()
        assert keys.open(1, sealed[1]) == b"1"
        sealed[4] = keys.seal(4, b"4", entropy)
    with pytest.raises(Misused, match="another master"):
        BodyKeys(path, MASTER)
    with BodyKeys(path, OTHER) as keys:
        assert [keys.open(n, sealed[n]) for n in (1, 3, 4, 90_000)] == [b"1", b"3", b"4", b"90000"]
        assert keys.state(2) is State.ERASED
        assert keys.end() == end
    assert sorted(left.name for left in path.parent.iterdir()) == [
        path.name,
        f"{path.name}.lock",
        f"{path.name}.rewrap",
    ]
    assert path.stat().st_blocks * 512 < path.stat().st_size / 2


def test_rewrapping_names_what_does_not_open_and_finishes_a_torn_erasure(
    keys: BodyKeys, path: Path, entropy: Entropy
) -> None:
    keys.seal_all(dict.fromkeys(range(1, 6), b""), entropy)
    raw = bytearray(path.read_bytes())
    raw[2 * SLOT + 60] ^= 1
    raw[3 * SLOT : 4 * SLOT] = bodies._slot(State.LIVE, 3, bytes(40))
    raw[4 * SLOT] = ord("E")
    path.write_bytes(raw)
    assert keys.rewrap(OTHER) == (2, 3)
    assert [keys.state(n) for n in range(1, 6)] == [State.LIVE, State.TORN, State.TORN, State.ERASED, State.LIVE]


@pytest.mark.parametrize("step", ["link", "replace", "fsync", "unlink"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_while_rewrapping_leaves_a_file_that_one_of_the_masters_opens(
    path: Path, entropy: Entropy, monkeypatch: pytest.MonkeyPatch, step: str, *, after: bool
) -> None:
    class Crash(BaseException):
        pass

    owner = Path if step in {"replace", "unlink"} else os
    real: Callable[..., object] = getattr(owner, step)

    def crash(*arguments: object) -> None:
        if after:
            real(*arguments)
        raise Crash

    keys = BodyKeys.create(path, MASTER)
    sealed = keys.seal(1, CANARY, entropy)
    monkeypatch.setattr(owner, step, crash)
    with pytest.raises(Crash):
        keys.rewrap(OTHER)
    monkeypatch.undo()
    keys.close()
    with BodyKeys(path, OTHER if _opens(path, OTHER) else MASTER) as again:
        assert again.open(1, sealed) == CANARY
    assert {left.name for left in path.parent.iterdir()} <= {path.name, f"{path.name}.lock", f"{path.name}.rewrap"}


def _opens(path: Path, master: bytes) -> bool:
    try:
        BodyKeys(path, master).close()
    except Misused:
        return False
    return True


def test_the_old_file_is_shredded_and_not_only_unlinked(
    keys: BodyKeys, path: Path, entropy: Entropy, tmp_path: Path
) -> None:
    keys.seal(1, CANARY, entropy)
    twin = tmp_path / "twin"
    os.link(path, twin)
    keys.rewrap(OTHER)
    assert not any(twin.read_bytes())


# Against a model.

NUMBERS = st.integers(1, 40)


class Bookkeeping(RuleBasedStateMachine):
    """Whatever is done in whatever order, the file knows what a dictionary knows."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp())
        self.path = self.folder / "keys"
        self.entropy = _counted()
        self.master = MASTER
        self.keys = BodyKeys.create(self.path, self.master)
        self.model: dict[int, tuple[bytes, bytes] | None] = {}

    def teardown(self) -> None:
        self.keys.close()
        shutil.rmtree(self.folder)

    @rule(bodies=st.dictionaries(NUMBERS, st.binary(max_size=50), max_size=8))
    def seal(self, bodies: dict[int, bytes]) -> None:
        if any(self.model.get(number, ()) is None for number in bodies):
            with pytest.raises(Misused):
                self.keys.seal_all(bodies, self.entropy)
        else:
            sealed = self.keys.seal_all(bodies, self.entropy)
            self.model |= {number: (bodies[number], sealed[number]) for number in bodies}

    @rule(numbers=st.sets(NUMBERS, max_size=4))
    def erase(self, numbers: set[int]) -> None:
        self.keys.erase(numbers)
        self.model |= dict.fromkeys(numbers)

    @rule()
    def reopen(self) -> None:
        self.keys.close()
        self.keys = BodyKeys(self.path, self.master)

    @precondition(lambda self: self.model)
    @rule()
    def rewrap(self) -> None:
        self.master = OTHER if self.master == MASTER else MASTER
        assert self.keys.rewrap(self.master) == ()

    @rule(number=NUMBERS)
    def swap_ciphertexts(self, number: int) -> None:
        mine, other = self.model.get(number), self.model.get(number % 40 + 1)
        if mine and other:
            with pytest.raises(Misused):
                self.keys.open(number, other[1])

    @invariant()
    def agrees(self) -> None:
        for number in range(1, 42):
            match self.model.get(number, ()):
                case None:
                    assert self.keys.state(number) is State.ERASED
                case ():
                    assert self.keys.state(number) is State.EMPTY
                case (body, sealed):
                    assert self.keys.open(number, sealed) == body
        assert self.keys.end() == max(self.model, default=0) + 1


TestBookkeeping = Bookkeeping.TestCase
TestBookkeeping.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
