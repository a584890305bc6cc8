"""Attack 30, second half: a withdrawal by another than the source, and one that a holder ignores or lies about."""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from comity.capabilities.messages.acts import Information
from comity.capabilities.records import desk
from comity.capabilities.records.acts import (
    Batch,
    Cause,
    Loss,
    Reach,
    RecordKind,
    Restriction,
    Row,
    TravelDocument,
    Withdrawal,
    Withdrawn,
    pack,
)
from comity.core import cose
from comity.core.act import Act, Head, Relation
from comity.core.codec import decode, encode
from comity.core.errors import Malformed, Misused
from comity.core.evidence import ProofFile, parse_proof
from comity.core.handling import Confidentiality, Label, Purpose
from comity.core.ids import ActId, BureauId, Digest, Millis, act_id
from comity.core.log import Inclusion
from comity.core.receipt import RowProof, verify_row
from comity.node import inbox, proof
from comity.node.anchor import Anchor
from comity.node.bureau import Bureau
from comity.node.rowview import RowView
from tests.attacks.federation import DE, ET, MA, NO, Attacked
from tests.simulator import DAY, codes, held, reader, received, sealed, signed_past_the_rules

NUMBER, KEY = "QX5550123", "2025-17"
HOUR = 3_600_000
SECRET = {"number": NUMBER, "issuer": "MAR", "type": "P", "loss": "stolen"}


@pytest.fixture
def listed(fed: Attacked, tmp_path: Path) -> ActId:
    """Let Rabat publish a passport that nobody has, to Oslo and Addis Ababa."""
    fed.only(MA, NO, ET)
    ma = fed.bureaus[MA]
    said = desk.open(ma, reader(ma), record=RecordKind.TRAVEL_DOCUMENT, to=(NO, ET))
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps({"key": KEY, "record": SECRET}))
    desk.publish(ma, reader(ma), which=said.id.hex(), file=file)
    fed.carry()
    return said.id


def _found(bureau: Bureau, listed: ActId) -> bool:
    shelf = RowView(bureau, reader(bureau)).record(listed, KEY)
    return shelf is not None and shelf.row is not None and NUMBER.encode() in shelf.row


def _withdrawn(fed: Attacked, listed: ActId) -> ActId:
    ma = fed.bureaus[MA]
    return desk.withdraw(ma, reader(ma), which=listed.hex(), why=Cause.MISTAKEN, key=(KEY,)).id


def _lagging(fed: Attacked, listed: ActId) -> dict[BureauId, tuple[bool, bool]]:
    ma = fed.bureaus[MA]
    lags = desk.laggards(ma, reader(ma), which=listed.hex())
    return {lag.bureau: (lag.stated is None, lag.late) for lag in lags}


# ----------------------------------------------------------------------------------------------------- fake withdrawal


def _fakes(now: Millis) -> dict[str, Act]:
    passport = TravelDocument(number="QX0000000", issuer="MAR", type="P", loss=Loss.LOST)
    label = Label(confidentiality=Confidentiality.RESTRICTED)
    return {
        "withdrawal": Withdrawal(
            serial=now + 1, reach=Reach.ROWS, keys=(KEY,), why=Cause.ORDERED, deadline=Millis(now + HOUR)
        ),
        "withdrawal of all": Withdrawal(
            serial=now + 1, reach=Reach.LIST, why=Cause.ORDERED, deadline=Millis(now + HOUR)
        ),
        "restriction": Restriction(serial=now + 1, reach=Reach.ROWS, keys=(KEY,), label=label),
        "revision": Batch(serial=now + 1, count=1, rows=pack((Row(key=KEY, record=passport),))),
    }


@pytest.mark.parametrize("what", ["withdrawal", "withdrawal of all", "restriction", "revision"])
def test_nobody_but_its_source_takes_a_record_back_and_who_tries_is_convicted(
    fed: Attacked, listed: ActId, what: str
) -> None:
    act, et, no = _fakes(fed.clock)[what], fed.bureaus[ET], fed.bureaus[NO]
    label = Label(expires=Millis((fed.clock // DAY + 400) * DAY)) if isinstance(act, Batch) else Label()
    fake, signed = signed_past_the_rules(
        et, act, "no", subject=listed, purpose=Purpose.LOCATE, label=label, refs=(), seq=900
    )
    assert codes(inbox.receive(no, [sealed(et, "no", signed)])) == ["records.source"]
    assert _found(no, listed)
    # What Oslo shows to a third party: who opened the list, and who tried to take a record of it back.
    opening, tried = (parse_proof(proof.make(no, fed.trust(MA), each)) for each in (listed, fake))
    told = [each.statement for each in proof.verify(proof.make(no, fed.trust(MA), fake), fed.founded.anchor).findings]
    assert any("refused (records.source)" in each for each in told)
    source, thief = (_head(each) for each in (opening, tried))
    assert (thief.sender, thief.kind.startswith("records.")) == (ET, True)
    assert thief.subject == act_id(cose.payload_of(opening.act.head)) == listed
    assert source.keeper == source.sender == MA


def test_who_was_not_asked_states_nothing_and_who_was_speaks_for_itself_alone(fed: Attacked, listed: ActId) -> None:
    fed.away |= {NO, ET}
    asked, ma = _withdrawn(fed, listed), fed.bureaus[MA]
    word = Withdrawn(dropped=1, absent=0, leaf=0)
    refs = (Relation(rel="withdraws", act=asked),)
    for name, code in ((DE, "records.statement"), (NO, "accepted")):
        _, signed = signed_past_the_rules(fed.bureaus[name], word, "ma", subject=listed, refs=refs, seq=900)
        assert codes(inbox.receive(ma, [sealed(fed.bureaus[name], "ma", signed)])) == [code]
    assert _lagging(fed, listed) == {NO: (False, False), ET: (True, False)}


# -------------------------------------------------------------------------------------------------- ignored withdrawal


def test_a_holder_that_ignores_a_withdrawal_is_seen_to_lag_and_then_to_be_late(fed: Attacked, listed: ActId) -> None:
    fed.away.add(NO)
    _withdrawn(fed, listed)
    fed.carry()
    assert _lagging(fed, listed) == {NO: (True, False), ET: (False, False)}
    fed.later(HOUR + 1)
    assert _lagging(fed, listed) == {NO: (True, True), ET: (False, False)}


def test_a_holder_that_says_withdrawn_and_shows_the_record_convicts_itself(
    fed: Attacked, listed: ActId, tmp_path: Path
) -> None:
    """Oslo keeps a second copy of its node, lets the first drop the record and say so, and answers from the second."""
    no, ma, et = (fed.bureaus[name] for name in (NO, MA, ET))
    second = fed.twin("no", tmp_path / "second")
    asked = _withdrawn(fed, listed)
    fed.carry()
    (statement,) = [kept.id for kept in received(ma, "records.withdrawn/1") if kept.head.sender == NO]
    assert _lagging(fed, listed) == {}
    # The probe: what its node shows is not what it signed.
    assert not _found(no, listed)
    with pytest.raises(Misused, match="no such record"):
        RowView(no, reader(no)).prove(listed, KEY)
    assert _found(second, listed)
    batch, shown = RowView(second, reader(second)).prove(listed, KEY)
    fed.later(60_000)
    answer = _answered(fed, shown)
    # Each party makes a file of what it holds; the third party has these files and the anchor, and no node.
    trust = fed.trust(MA)
    files = [
        proof.make(ma, trust, asked, with_text=True),
        proof.make(ma, trust, batch.id),
        proof.make(ma, trust, statement, with_text=True),
        proof.make(et, trust, answer, with_text=True),
    ]
    assert _convicted(files, fed.founded.anchor) == NO
    for place in range(4):
        with pytest.raises((Malformed, ValueError)):
            _convicted([*files[:place], *files[place + 1 :]], fed.founded.anchor)
    other = _answered(fed, shown, row=shown.row.replace(NUMBER.encode(), b"QX5550124"))
    with pytest.raises(Malformed):
        _convicted([*files[:3], proof.make(et, trust, other, with_text=True)], fed.founded.anchor)
    second.database.close()
    second.store.bodies.close()


def _answered(fed: Attacked, shown: RowProof, *, row: bytes | None = None) -> ActId:
    """Let Oslo answer Addis Ababa with the record: its digest under the source's signature is the proof."""
    no = fed.bureaus[NO]
    shows = [row or shown.row, shown.salt, shown.inclusion.index, shown.inclusion.size, list(shown.inclusion.path)]
    act = Information(title="This record rests at our node", text=encode(shows).hex(), language="en")
    said = no.say(act, (ET,), reader=reader(no), purpose=Purpose.LOCATE).id
    fed.carry()
    assert held(fed.bureaus[ET], said) is not None
    return said


def _convicted(files: Iterable[bytes], anchor: Anchor) -> BureauId:
    """Return who signed that it has no copy of a record and showed it afterwards, from proof files and the anchor.

    Raises:
        Malformed: a file does not verify, the record is another one, or these files contradict nothing.
        ValueError: there are not four files.

    """
    read = []
    for raw in files:
        assert proof.verify(raw, anchor).findings
        read.append(parse_proof(raw))
    asked, _, statement, answer = read
    taken = decode(asked.act.body or b"", Withdrawal)
    stated = decode(statement.act.body or b"", Withdrawn)
    said = decode(answer.act.body or b"", Information)
    heads = [_head(each) for each in read]
    row, salt, index, size, path = decode(bytes.fromhex(said.text), tuple[bytes, bytes, int, int, list[bytes]])
    under = RowProof(row=row, salt=salt, inclusion=Inclusion(index, size, tuple(map(Digest, path))))
    key = decode(verify_row(heads[1].rows, under), Row).key
    if (
        key not in taken.keys
        or heads[0].sender != heads[1].sender
        or heads[0].subject != heads[1].subject
        or stated.dropped != len(taken.keys)
        or [each.act for each in heads[2].refs] != [act_id(cose.payload_of(asked.act.head))]
        or heads[3].sender != heads[2].sender
        or heads[3].said <= heads[2].said
    ):
        raise Malformed("these files contradict nothing")
    return heads[2].sender


def _head(file: ProofFile) -> Head:
    return decode(cose.payload_of(file.act.head), Head)
