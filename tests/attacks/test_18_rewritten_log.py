"""Attack 18: a log on a disk is changed, by somebody, by a restore or by rot; its own node and its peers notice."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import update

from comity.core.errors import Malformed
from comity.node import jobs, schema
from comity.node.bureau import Bureau
from comity.node.database import Transaction
from tests.attacks.federation import MA, NO, Attacked
from tests.attacks.means import against, rewrite, say
from tests.organisation import PASSPHRASE, found, opened
from tests.simulator import rows, tell


def _flipped(bureau: Bureau, bit: int) -> None:
    """Flip one bit in the tile that holds the newest leaves."""
    row = rows(bureau, schema.tiles)[0]
    hashes = bytearray(row.hashes)
    hashes[bit // 8] ^= 1 << bit % 8

    def write(tx: Transaction) -> None:
        t = schema.tiles.c
        place = (t.member == bureau.member) & (t.level == row.level) & (t.position == row.position)
        tx.run(update(schema.tiles).where(place).values(hashes=bytes(hashes)))

    bureau.database.write(write)


def _doctor(folder: Path) -> subprocess.CompletedProcess[str]:
    code = "import sys; from comity.faces.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "doctor", "--home", str(folder)]
    environment = {**os.environ, "COMITY_PASSPHRASE": PASSPHRASE}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


def test_the_checker_ends_with_an_error_after_one_flipped_bit(tmp_path: Path) -> None:
    """The exit status counts: a checker in the field said in words that a log was corrupt, and ended with 0."""
    found(tmp_path, ["ma", "no"])
    with opened(tmp_path, "ma") as node:
        for text in ("one", "two", "three"):
            tell(node.bureau(), "no", text=text)
        jobs.checkpoint(node.bureau())
    before = _doctor(tmp_path / "ma")
    with opened(tmp_path, "ma") as node:
        _flipped(node.bureau(), 77)
    after = _doctor(tmp_path / "ma")
    assert "log" in after.stdout
    assert after.returncode == 1
    assert before.stdout != after.stdout
    assert before.stdout.count("wrong") < after.stdout.count("wrong")


@pytest.mark.parametrize("bit", [0, 100, 255])
def test_a_flipped_bit_contradicts_what_was_signed_before(fed: Attacked, bit: int) -> None:
    fed.only(MA, NO)
    say(fed, NO, MA)
    say(fed, NO, MA, text="and one more")
    fed.carry()
    _flipped(fed.bureaus[MA], bit)
    say(fed, NO, MA, text="please confirm")
    fed.carry()
    assert ("ma", "rewritten") in against(fed, NO)


def test_a_log_that_was_cut_is_not_carried_on_unseen(fed: Attacked) -> None:
    """Its owner takes the last leaves away and goes on: the next receipt of a peer that saw them tells."""
    fed.only(MA, NO)
    for count in range(3):
        say(fed, NO, MA, text=f"message {count}")
        fed.carry()
    rewrite(fed.bureaus[MA], -1, keep=1)
    for count in range(5):
        say(fed, NO, MA, text=f"please confirm {count}")
        say(fed, MA, NO, text=f"nothing has happened {count}")
        fed.carry()
    assert ("ma", "set-back") in against(fed, MA), "the node itself hears from its peer that it has lost something"
    assert {what for bureau, what in against(fed, NO) if bureau == "ma"} & {"rewritten", "split-view"}


def test_an_old_tile_that_was_lost_proves_nothing(fed: Attacked) -> None:
    say(fed, MA, NO)
    ma = fed.bureaus[MA]
    with ma.database.read() as tx, pytest.raises(Malformed):
        ma.ledger.tile(tx, 0, 7)
