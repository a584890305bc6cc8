"""Attack 1: whoever runs a relay, or listens on the line, reads along."""

import contextlib
import logging
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from comity.capabilities.messages.acts import Information
from comity.core.handling import Basis, Purpose
from comity.core.registry import KeyUse
from comity.node import post
from tests.attacks.federation import ET, MA, R1, R2, SN, Attacked
from tests.attacks.means import disk_of, inbox_of
from tests.relayed import enclose
from tests.simulator import reader

SECRETS = {
    "title": "canary title", "text": "canary text of a message", "unit": "canary-unit", "officer": "canary-officer",
    "attachment": "canary photograph", "law": "canary article of a law",
}  # fmt: skip


def _say_everything(fed: Attacked) -> None:
    ma = fed.bureaus[MA]
    who = reader(ma, SECRETS["officer"], SECRETS["unit"])
    act = Information(title=SECRETS["title"], text=SECRETS["text"], language="en")
    ma.say(act, (ET, SN), reader=who, purpose=Purpose.INVESTIGATE, basis=Basis(law=SECRETS["law"]))
    enclose(ma, ET, SECRETS["attachment"].encode() * 1000)


def _found_in(raw: bytes) -> list[str]:
    return [name for name, secret in SECRETS.items() if secret.encode() in raw]


def test_a_line_and_a_relay_hold_no_word_of_what_passes(fed: Attacked, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    _say_everything(fed)
    fed.carry()
    assert len(inbox_of(fed, ET)) == 2
    assert _found_in(fed.middle.everything()) == []
    for name in (R1, R2):
        assert _found_in(disk_of(fed.folder / name)) == []
    assert _found_in(caplog.text.encode()) == []


CHILD = """
import pickle, sys
from tests.attacks.federation import relay_in
folder, me, registry, raws = pickle.load(sys.stdin.buffer)
relay = relay_in(folder, me, registry)
print(len([told for told in relay.take(raws).outcomes if told.code == "carried"]), flush=True)
sys.stdin.buffer.read()
"""


def test_the_memory_of_a_relay_that_holds_the_mail_shows_none_of_it(fed: Attacked) -> None:
    _say_everything(fed)
    raws = [each.delivery for parcels in post.collect(fed.bureaus[MA]).values() for each in parcels if not each.blobs]
    fed.relays[R1].database.close()
    with subprocess.Popen([sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        try:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write(pickle.dumps((fed.folder, R1, fed.registry, raws)))
            child.stdin.flush()
            assert int(child.stdout.readline()) == len(raws) == 2
            memory = _memory_of(child.pid)
        finally:
            child.kill()
    assert raws[0][100:200] in memory, "the dump is one of the relay that holds the mail"
    assert _found_in(memory) == []


def test_a_relay_has_no_key_that_opens_anything(fed: Attacked) -> None:
    for name in (R1, R2):
        assert {key.use for key in fed.relays[name].keyring.public()} == {KeyUse.SIGN}
        assert {key.use for key in fed.registry.profile(name).keys} == {KeyUse.SIGN}


def _memory_of(process: int) -> bytes:
    """Return all memory of a process that it can write to."""
    found = []
    with Path(f"/proc/{process}/maps").open() as maps, Path(f"/proc/{process}/mem").open("rb", 0) as memory:
        for line in maps:
            span, rights, *_ = line.split()
            start, end = (int(part, 16) for part in span.split("-"))
            if rights.startswith("rw"):
                with contextlib.suppress(OSError):
                    memory.seek(start)
                    found.append(memory.read(end - start))
    return b"".join(found)
