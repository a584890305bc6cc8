"""Attack 17: a bureau shows one log to one peer and another to the next, or shows one today and another tomorrow."""

from pathlib import Path

import pytest

from comity.core.errors import ComityError, Malformed
from comity.core.receipt import Continued
from comity.node import continuity, contradictions, jobs, schema
from comity.node.bureau import Bureau
from tests.attacks.federation import ET, MA, NO, Attacked
from tests.attacks.means import against, rewrite, say
from tests.simulator import rows


def _forked(fed: Attacked, tmp_path: Path, leaves: int) -> Bureau:
    """Let Rabat's log grow among Oslo and Addis Ababa, and return a copy of its node that will tell another story."""
    fed.only(MA, NO, ET)
    for count in range(leaves):
        say(fed, MA, NO, text=f"common past {count}")
        fed.carry()
    return fed.twin("ma", tmp_path / "twin")


def _other_face(fed: Attacked, twin: Bureau) -> Bureau:
    """Let the copy speak in Rabat's name, and return the node that was there."""
    other = fed.bureaus[MA]
    fed.bureaus[MA] = twin
    fed.carriers.pop(MA, None)
    fed.collectors = {key: each for key, each in fed.collectors.items() if key[0] != MA}
    return other


def _grow(fed: Attacked, leaves: int, story: str) -> None:
    for count in range(leaves):
        say(fed, MA, ET, text=f"{story} {count}")


@pytest.mark.parametrize("past", [1, 2, 3, 4])
def test_a_history_that_was_rewritten_is_found_with_the_next_receipt(fed: Attacked, past: int) -> None:
    fed.only(MA, NO)
    for count in range(past):
        say(fed, NO, MA, text=f"common past {count}")
        fed.carry()
    rewrite(fed.bureaus[MA], 0)
    say(fed, NO, MA, text="please confirm again")
    fed.carry()
    assert against(fed, NO) == [("ma", "rewritten")]
    raw = contradictions.make(fed.bureaus[NO], fed.trust(MA), rows(fed.bureaus[NO], schema.evidence)[0].number)
    found = contradictions.verify(raw, fed.founded.anchor)
    assert (found.against, found.verdict) == ("ma", "proven")
    assert found.findings[-1].statement == "ma has rewritten its log, or shows two faces"


def test_a_copy_that_goes_on_elsewhere_is_found_with_its_first_word(fed: Attacked, tmp_path: Path) -> None:
    twin = _forked(fed, tmp_path, 1)
    _grow(fed, 2, "what Oslo is told")
    say(fed, NO, MA, text="please confirm")
    fed.carry()
    old = _other_face(fed, twin)
    say(fed, NO, MA, text="please confirm again")
    fed.carry()
    assert against(fed, NO) == [("ma", "equivocation")], "its numbers are taken, which two signatures prove"
    old.database.close()


def test_a_witness_that_heard_one_story_does_not_cosign_another(fed: Attacked, tmp_path: Path) -> None:
    twin = _forked(fed, tmp_path, 1)
    _grow(fed, 2, "what Oslo is told")
    say(fed, NO, MA, text="please confirm")
    fed.carry()
    old = _other_face(fed, twin)
    _grow(fed, 6, "what the witnesses are told")
    jobs.checkpoint(twin)
    fed.witnessed(MA)
    answers = fed.witnessed(MA)
    assert set(answers) & {409, 422}
    assert ("ma", "rewritten") in against(fed, NO) or ("ma", "split-view") in against(fed, NO)
    old.database.close()


def test_logs_that_only_grow_accuse_nobody(fed: Attacked) -> None:
    for count in range(4):
        say(fed, MA, NO, ET, text=f"from Rabat {count}")
        say(fed, NO, MA, text=f"from Oslo {count}")
        fed.carry()
        if count == 2:
            fed.restart("ma")
            fed.restart("no")
        fed.witnessed(MA)
    assert all(against(fed, name) == [] for name in fed.bureaus)


def test_a_log_that_shows_no_proof_is_believed_no_further(fed: Attacked, monkeypatch: pytest.MonkeyPatch) -> None:
    fed.only(MA, NO)
    say(fed, NO, MA)
    fed.carry()
    (held,) = [row.size for row in rows(fed.bureaus[NO], schema.peers)]
    monkeypatch.setattr(continuity, "proofs", lambda *_: ())
    for count in range(3):
        say(fed, NO, MA, text=f"again {count}")
        fed.carry()
    assert [row.size for row in rows(fed.bureaus[NO], schema.peers)] == [held]
    monkeypatch.undo()
    for _ in range(2):
        say(fed, NO, MA, text="and now?")
        say(fed, MA, NO, text="well")
        fed.carry()
    assert [row.size for row in rows(fed.bureaus[NO], schema.peers)] > [held]
    assert against(fed, NO) == []


def test_two_roots_of_one_size_convict_before_an_outsider(fed: Attacked, tmp_path: Path) -> None:
    raw = _accused(fed, tmp_path)
    assert contradictions.verify(raw, fed.founded.anchor).verdict == "proven"
    assert contradictions.verify(raw).verdict == "proven: 5 of 6 statements"


def _accused(fed: Attacked, tmp_path: Path) -> bytes:
    """Return Oslo's evidence against Rabat, two of whose copies have grown to one size."""
    twin = _forked(fed, tmp_path, 1)
    _grow(fed, 3, "what Oslo is told")
    fed.witnessed(MA)
    old = _other_face(fed, twin)
    with old.database.read() as tx:
        size = old.ledger.size(tx)
    while True:
        with twin.database.read() as tx:
            if twin.ledger.size(tx) == size:
                break
        _grow(fed, 1, "what others are told")
    fed.witnessed(MA)
    old.database.close()
    (row,) = [row for row in rows(fed.bureaus[NO], schema.evidence) if row.what == "split-view"]
    return contradictions.make(fed.bureaus[NO], fed.trust(MA), row.number)


def test_no_byte_of_an_evidence_file_changes_unnoticed(fed: Attacked, tmp_path: Path) -> None:
    raw = _accused(fed, tmp_path)
    for _ in range(300):
        place = fed.chance.below(len(raw))
        changed = raw[:place] + bytes([raw[place] ^ (1 + fed.chance.below(255))]) + raw[place + 1 :]
        if b"".join(changed.split()) == b"".join(raw.split()):
            continue
        with pytest.raises(ComityError):
            contradictions.verify(changed, fed.founded.anchor)


def test_a_log_that_only_grew_cannot_be_convicted(fed: Attacked) -> None:
    """Whoever puts two honest checkpoints into a file is told that nothing contradicts."""
    fed.only(MA, NO)
    say(fed, MA, NO)
    one = jobs.checkpoint(fed.bureaus[MA])
    say(fed, MA, NO)
    ma, two = fed.bureaus[MA], jobs.checkpoint(fed.bureaus[MA])
    with ma.database.read() as tx:
        shown = Continued(size=1, root=ma.ledger.root(tx, 1), path=ma.ledger.consistency(tx, 1, 2))
    fed.bureaus[NO].database.write(lambda tx: continuity.accuse(fed.bureaus[NO], tx, MA, one, two, shown))
    (row,) = rows(fed.bureaus[NO], schema.evidence)
    with pytest.raises(Malformed, match="nothing contradicts"):
        contradictions.make(fed.bureaus[NO], fed.trust(MA), row.number)
