"""Attack 26: a node restored from an old backup uses no number twice and shows nothing recalled; peers converge."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from comity.capabilities.messages import desk
from comity.capabilities.messages.acts import Why
from comity.capabilities.messages.rules import Matter
from comity.core import cose
from comity.core.checkpoint import parse_checkpoint
from comity.core.codec import decode
from comity.core.envelope import Delivery, Frame, Lane
from comity.core.epoch import Epoch, Held, Mark, Opening, Returned, Statement, epoch_payload, named
from comity.core.errors import Misused, Refused
from comity.core.handling import Purpose
from comity.core.ids import BureauId, Digest
from comity.core.leaf import Way
from comity.core.note import parse_note
from comity.node import epochs, inbox, jobs, officers, rebuild, recovery, schema, witness
from comity.node.bureau import Bureau
from comity.node.view import View
from tests import organisation
from tests.node.looking import leaves as ways
from tests.node.recovering import World, role_of
from tests.simulator import (
    code_of,
    codes,
    deliveries,
    held,
    information,
    lines,
    reader,
    received,
    rows,
    rungs,
    sealed,
    signed_past_the_rules,
    tell,
)

MA, NO, ET = BureauId("ma"), BureauId("no"), BureauId("et")
SECRET = "the house at the end of the road"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Give three bureaus, each a node in a folder."""
    made = World(tmp_path, ["ma", "no", "et"])
    yield made
    made.close()


def settle(world: World) -> None:
    """Let everything arrive and be ruled on."""
    for _ in range(6):
        world.carry(rounds=12)
        world.later(6_000)


def numbers(*bureaus: Bureau) -> dict[tuple[str, bytes, int, int], bytes]:
    """Return every number that these bureaus saw used, with the act that has it; one number never has two."""
    found: dict[tuple[str, bytes, int, int], bytes] = {}
    for bureau in bureaus:
        for row in rows(bureau, schema.acts):
            place = (str(row.sender), bytes(row.channel), row.epoch, row.seq)
            assert found.setdefault(place, bytes(row.id)) == bytes(row.id)
    return found


def statement(world: World, name: str = "ma", epoch: int = 7, *, by: str = "", **changes: object) -> bytes:
    """Return a statement of a new epoch under a bureau's role key, its own or that of somebody else."""
    fields = {"epoch": epoch, "size": 0, "root": Digest(bytes(32)), "at": world.clock} | changes
    payload = epoch_payload(Opening(org=world.bureaus[MA].org, bureau=BureauId(name), **fields))  # type: ignore[arg-type]
    role = role_of(by or name)
    made = Statement(payload=payload, public=role.public.public, signature=role.sign(Statement.message(payload)))
    return msgspec.json.encode(made)


# ------------------------------------------------------------------------------------------------- the whole, in one


def test_a_node_restored_from_an_old_backup_gets_back_what_it_lost_and_shows_nothing_that_was_recalled(
    world: World,
) -> None:
    ma, no, et = (world.bureaus[each] for each in (MA, NO, ET))
    before = tell(ma, "no", text="before the backup")
    recalled = desk.send(no, reader(no), to=(MA,), title="a house", text=SECRET)
    settle(world)
    world.cosign("ma", "no", "et")
    world.back_up("ma")

    ours = tell(ma, "et", "no", text="after the backup")
    theirs = tell(et, "ma", text="to ma, after its backup")
    desk.recall(no, reader(no), act=recalled.id.hex(), why=Why.RECIPIENT)
    settle(world)
    world.cosign("ma", "no", "et")
    assert held(ma, recalled.id).erased  # type: ignore[union-attr]
    used = numbers(ma, no, et)
    old_log = len(rows(ma, schema.leaves))

    world.lose("ma")
    restored = world.restore("ma")
    ma = world.start("ma")
    assert ma.epoch == restored.memberships[0].epoch > 1
    assert not held(ma, recalled.id).erased, "the backup holds the text that was recalled since"  # type: ignore[union-attr]
    with pytest.raises(Refused, match=r"recovery\.closed"):
        officers.reader(ma, "ma-1", Purpose.INVESTIGATE)
    with pytest.raises(Refused, match=r"recovery\.closed"):
        tell(ma, "no", text="too early")

    settle(world)
    assert recovery.report(ma).opened is not None
    assert held(ma, recalled.id).erased  # type: ignore[union-attr]
    assert not any(
        SECRET in str(each.act) for each in View(ma, officers.reader(ma, "ma-1", Purpose.INVESTIGATE)).inbox().items
    )
    assert {code_of(ma, each) for each in (before.id, ours.id, theirs.id)} == {"accepted"}
    assert {signer for signer, rung, _ in rungs(ma, ours.id) if rung == 2} == {"et", "no"}
    tell(ma, "no", text="afterwards")
    settle(world)
    after = numbers(ma, no, et)
    assert used.items() <= after.items()
    assert all(epoch == ma.epoch for sender, _, epoch, _ in after.keys() - used.keys() if sender == "ma")
    assert [rebuild.rebuild(each).differing for each in (ma, no, et)] == [(), (), ()]
    states = [View(each, reader(each)).state(recalled.id, Matter) for each in (ma, no)]
    assert states[0] == states[1]
    told = recovery.report(ma)
    assert (told.kept, told.known >= old_log, told.returned >= 1, told.again >= 2) == (
        restored.memberships[0].size, True, True, True,
    )  # fmt: skip
    assert not rows(ma, schema.evidence)
    assert not rows(no, schema.evidence)


def test_two_restores_of_one_backup_are_two_epochs(world: World) -> None:
    tell(world.bureaus[MA], "no")
    world.back_up("ma")
    found = []
    for _ in range(2):
        world.lose("ma")
        world.later(60_000)
        world.restore("ma")
        found.append(world.start("ma").epoch)
        settle(world)
    assert found[0] < found[1]
    assert not rows(world.bureaus[NO], schema.evidence)


def test_a_keeper_gives_no_number_twice_after_a_restore(world: World) -> None:
    """The entries that it said after the backup come back before it says another one."""
    ma, no = world.bureaus[MA], world.bureaus[NO]
    asked = desk.request(ma, reader(ma), to=(NO,), title="a plate", text="whose is it?")
    settle(world)
    world.back_up("ma")
    desk.reply(no, reader(no), act=asked.id.hex(), text="nobody's")
    settle(world)
    world.lose("ma")
    world.restore("ma")
    ma = world.start("ma")
    settle(world)
    assert not rows(no, schema.evidence)
    assert View(ma, reader(ma)).state(asked.id, Matter) == View(no, reader(no)).state(asked.id, Matter)


def test_an_act_of_which_a_peer_keeps_no_body_comes_back_as_its_signed_head(world: World) -> None:
    ma, no = world.bureaus[MA], world.bureaus[NO]
    world.back_up("ma")
    lost = desk.send(ma, reader(ma), to=(NO,), title="a house", text=SECRET)
    settle(world)
    desk.recall(ma, reader(ma), act=lost.id.hex(), why=Why.RECIPIENT)
    settle(world)
    assert held(no, lost.id).erased  # type: ignore[union-attr]
    world.lose("ma")
    world.restore("ma")
    ma = world.start("ma")
    settle(world)
    told = recovery.report(ma)
    assert (held(ma, lost.id), told.heads, told.opened is not None) == (None, 1, True)
    assert rows(ma, schema.awaited)[0].head is not None


def test_attachments_come_back_with_the_acts_that_name_them(world: World, tmp_path: Path) -> None:
    ma, no = world.bureaus[MA], world.bureaus[NO]
    world.back_up("ma")
    (tmp_path / "photo").write_bytes(b"light" * 1000)
    ours = desk.send(ma, reader(ma), to=(NO,), title="a photo", text="see", attach=(tmp_path / "photo",))
    theirs = desk.send(no, reader(no), to=(MA,), title="a photo", text="see", attach=(tmp_path / "photo",))
    settle(world)
    world.lose("ma")
    world.restore("ma")
    ma = world.start("ma")
    settle(world)
    for sent in (ours, theirs):
        kept = held(ma, sent.id)
        assert kept is not None
        assert all(ma.blobs.complete(blob) for blob in kept.head.blobs)


def test_no_desk_opens_before_what_a_peer_says_again_is_here(world: World) -> None:
    ma, no = world.bureaus[MA], world.bureaus[NO]
    world.back_up("ma")
    theirs = tell(no, "ma")
    settle(world)
    world.lose("ma")
    world.restore("ma")
    ma = world.start("ma")

    def only_urgent(sender: BureauId, _recipient: BureauId, sent: list[bytes]) -> list[bytes]:
        frames = [decode(cose.payload_of(decode(each, Delivery).frame), Frame) for each in sent]
        urgent = [each for each, frame in zip(sent, frames, strict=True) if frame.lane is Lane.URGENT]
        return urgent if sender == NO else sent

    world.interfere = only_urgent
    settle(world)
    told = recovery.report(ma)
    states = {each.bureau: (each.state, each.awaited > 0) for each in told.members}
    assert states == {"et": ("done", False), "no": ("answered", True)}
    assert told.opened is None
    world.interfere = lambda _sender, _recipient, sent: sent
    world.later(600_000)
    settle(world)
    assert code_of(ma, theirs.id) == "accepted"
    assert recovery.report(ma).opened is not None


# ------------------------------------------------------------------------------------------------ who does not answer


def test_the_desks_stay_closed_while_a_member_has_not_answered(world: World) -> None:
    world.back_up("ma")
    world.lose("ma")
    world.restore("ma")
    ma = world.start("ma")
    world.away = {ET}
    settle(world)
    told = {each.bureau: each.state for each in recovery.report(ma).members}
    assert told == {"et": "asked", "no": "done"}
    assert recovery.report(ma).opened is None
    world.away = set()
    world.later(3_600_000)
    settle(world)
    assert recovery.report(ma).opened is not None


def test_what_came_from_a_member_that_was_waived_is_hidden_until_it_answers(world: World) -> None:
    ma, et = world.bureaus[MA], world.bureaus[ET]
    recalled = desk.send(et, reader(et), to=(MA,), title="a house", text=SECRET)
    kept = desk.send(et, reader(et), to=(MA,), title="a garden", text="and its gate")
    settle(world)
    world.back_up("ma")
    desk.recall(et, reader(et), act=recalled.id.hex(), why=Why.RECIPIENT)
    settle(world)
    world.lose("ma")
    world.restore("ma")
    ma = world.start("ma")
    world.away = {ET}
    settle(world)
    recovery.waive(ma, ET)
    settle(world)
    assert recovery.report(ma).opened is not None
    assert [View(ma, reader(ma)).act(each.id) for each in (recalled, kept)] == [None, None]
    world.away = set()
    world.later(3_600_000)
    settle(world)
    assert held(ma, recalled.id).erased  # type: ignore[union-attr]
    assert View(ma, reader(ma)).act(kept.id) is not None


def test_only_who_is_awaited_is_waived(world: World) -> None:
    world.back_up("ma")
    world.lose("ma")
    world.restore("ma")
    ma = world.start("ma")
    world.away = {ET}
    settle(world)
    with pytest.raises(Misused, match="nothing is awaited from no"):
        recovery.waive(ma, NO)
    recovery.waive(ma, ET)
    settle(world)
    with pytest.raises(Misused, match="desks are open"):
        recovery.waive(ma, ET)


def test_a_member_that_joins_later_learns_the_epoch(world: World) -> None:
    world.back_up("ma")
    world.lose("ma")
    world.restore("ma")
    ma = world.start("ma")
    settle(world)
    organisation.admit(world.folder, world.anchor, "br", address="http://127.0.0.1:1")
    for opened in world.homes.values():
        opened.trusts[ma.org].refresh(world.clock)
    br = world.start("br")
    settle(world)
    said = tell(ma, "br")
    settle(world)
    assert code_of(br, said.id) == "accepted"


# --------------------------------------------------------------------------------------------------- what is not true


def test_an_act_in_an_epoch_that_nobody_stated_waits_an_hour_and_is_refused(world: World) -> None:
    ma, no = world.bureaus[MA], world.bureaus[NO]
    act, signed = signed_past_the_rules(ma, information(), "no", epoch=9)
    assert codes(inbox.receive(no, [sealed(ma, "no", signed)])) == ["parked"]
    world.later(epochs.WAIT + 60_000)
    jobs.judge_parked(no)
    assert code_of(no, act) == "absent"
    assert Way.REFUSED in ways(no)
    assert [row.what for row in rows(no, schema.evidence)] == ["unstated-epoch"]


def test_the_same_act_counts_once_the_epoch_is_stated(world: World) -> None:
    ma, no = world.bureaus[MA], world.bureaus[NO]
    act, signed = signed_past_the_rules(ma, information(), "no", epoch=9)
    inbox.receive(no, [sealed(ma, "no", signed)])
    word = Epoch(statement=statement(world, epoch=9))
    _, stated = signed_past_the_rules(ma, word, "no", epoch=9, seq=2)
    assert codes(inbox.receive(no, [sealed(ma, "no", stated)])) == ["accepted"]
    world.later(60_000)
    jobs.judge_parked(no)
    assert code_of(no, act) == "accepted"


@pytest.mark.parametrize("wrong", ["role", "epoch", "bureau", "bytes"])
def test_a_statement_that_is_not_the_role_keys_is_refused(world: World, wrong: str) -> None:
    ma, no = world.bureaus[MA], world.bureaus[NO]
    made = {
        "role": lambda: statement(world, by="et", epoch=9),
        "epoch": lambda: statement(world, epoch=8),
        "bureau": lambda: statement(world, "no", epoch=9),
        "bytes": lambda: statement(world, epoch=9).replace(b'"signature":"', b'"signature":"AAAA'),
    }[wrong]()
    _, signed = signed_past_the_rules(ma, Epoch(statement=made), "no", epoch=9)
    assert codes(inbox.receive(no, [sealed(ma, "no", signed)])) == ["exchange.epoch"]
    assert not rows(no, schema.epochs)


def test_two_statements_for_one_epoch_are_evidence(world: World) -> None:
    ma, no = world.bureaus[MA], world.bureaus[NO]
    for seq, size in ((1, 0), (2, 1)):
        word = Epoch(statement=statement(world, epoch=9, size=size))
        _, signed = signed_past_the_rules(ma, word, "no", epoch=9, seq=seq)
        inbox.receive(no, [sealed(ma, "no", signed)])
    assert [(row.against, row.what) for row in rows(no, schema.evidence)] == [("ma", "epoch")]
    assert [row.size for row in rows(no, schema.epochs)] == [0]


def test_a_peer_hands_back_nothing_that_was_said_to_somebody_else(world: World) -> None:
    """Whoever asks gets its own acts alone, and those that were said to it."""
    ma, no, et = (world.bureaus[each] for each in (MA, NO, ET))
    tell(et, "no", text=SECRET)
    settle(world)
    word = Epoch(statement=statement(world, epoch=9))
    _, signed = signed_past_the_rules(ma, word, "no", epoch=9)
    inbox.receive(no, [sealed(ma, "no", signed)])
    recovery.work(no)
    with no.database.read() as tx:
        acts = [no.store.said(tx, no.store.by_number(tx, row.number)).act for row in rows(no, schema.acts)]
    answered = [act for act in acts if isinstance(act, Held)]
    assert answered
    assert not any(each.acts or each.again for each in answered)


def test_an_act_that_was_never_ours_is_not_taken_back(world: World) -> None:
    """A peer cannot put words into the mouth of a restored bureau."""
    world.back_up("ma")
    world.lose("ma")
    world.restore("ma")
    ma, no = world.start("ma"), world.bureaus[NO]
    forged, signed = signed_past_the_rules(ma, information(SECRET), "no", signer=no.signer())
    returned = Returned(head=signed.head, body=signed.body, salt=signed.salt)
    assert ma.database.write(lambda tx: recovery._take_back(ma, tx, NO, returned)) == 0
    other, genuine = signed_past_the_rules(ma, information("genuine"), "no")
    altered = Returned(head=genuine.head, body=signed.body, salt=signed.salt)
    assert ma.database.write(lambda tx: recovery._take_back(ma, tx, NO, altered)) == 0
    assert (
        ma.database.write(
            lambda tx: recovery._take_back(ma, tx, ET, replace(altered, body=genuine.body, salt=genuine.salt))
        )
        == 0
    )
    assert {code_of(ma, each) for each in (forged, other)} == {"absent"}


# ------------------------------------------------------------------------------------------------------------ the log


def test_the_log_goes_on_under_a_new_name_and_the_witnesses_follow_it_from_where_the_backup_ends(world: World) -> None:
    ma, no = world.bureaus[MA], world.bureaus[NO]
    tell(ma, "no")
    settle(world)
    world.cosign("ma")
    world.back_up("ma")
    tell(ma, "no")
    settle(world)
    world.cosign("ma")
    lost = world.lose("ma")
    world.restore("ma")
    ma = world.start("ma")
    settle(world)
    world.cosign("ma")
    world.cosign("ma")
    found = witness.witnessed(ma, len(rows(ma, schema.leaves)))
    assert found is not None
    checkpoint = parse_checkpoint(parse_note(found[1]).text)
    assert named(ma.org, checkpoint.origin) == ("ma", ma.epoch)
    with ma.database.read() as tx:
        kept = rows(ma, schema.epochs)[0]
        assert ma.ledger.root(tx, kept.size) == bytes(kept.root)
    assert Way.EPOCH in ways(ma)
    assert not rows(no, schema.evidence)
    # The machine that was lost goes on with the earlier log: nobody cosigns it any more.
    world.stop("ma")
    old = world.start("ma", lost)
    tell(old, "no")
    jobs.checkpoint(old)
    answers = [witness.add_checkpoint(no, ask.body).status for ask in witness.requests(old) if ask.witness == NO]
    assert answers == [404]


def test_a_log_under_a_new_name_without_a_statement_is_no_log(world: World) -> None:
    ma, no = world.bureaus[MA], world.bureaus[NO]
    tell(ma, "no")
    ma.ledger.origin += "/epoch-9"
    jobs.checkpoint(ma)
    assert [witness.add_checkpoint(no, each.body).status for each in witness.requests(ma) if each.witness == NO] == [
        404
    ]


def test_a_new_log_that_does_not_begin_with_the_old_one_is_not_cosigned(world: World) -> None:
    ma, no = world.bureaus[MA], world.bureaus[NO]
    tell(ma, "no")
    settle(world)
    world.cosign("ma")
    size = len(rows(ma, schema.leaves))
    word = Epoch(statement=statement(world, epoch=9, size=size, root=Digest(b"r" * 32)))
    _, signed = signed_past_the_rules(ma, word, "no", epoch=9)
    inbox.receive(no, [sealed(ma, "no", signed)])
    assert "split-view" in {row.what for row in rows(no, schema.evidence)}


def test_the_number_that_a_restored_bureau_used_last_is_compared_with_what_peers_saw(world: World) -> None:
    ma, no = world.bureaus[MA], world.bureaus[NO]
    first = tell(ma, "no")
    settle(world)
    marks = (Mark(channel=first.head.channel, epoch=1, high=first.head.seq),)
    more = tell(ma, "no")
    settle(world)
    word = Epoch(statement=statement(world, epoch=9), marks=marks)
    _, signed = signed_past_the_rules(ma, word, "no", epoch=9)
    inbox.receive(no, [sealed(ma, "no", signed)])
    recovery.work(no)
    with no.database.read() as tx:
        acts = [no.store.said(tx, no.store.by_number(tx, row.number)).act for row in rows(no, schema.acts)]
        heads = {each.head for act in acts if isinstance(act, Held) for each in act.acts}
        assert no.store.find(tx, more.id).signed_head in heads  # type: ignore[union-attr]
        assert no.store.find(tx, first.id).signed_head not in heads  # type: ignore[union-attr]
    assert not deliveries(ma, "et")
    assert lines(ma, more.id)["no"].state == "settled"
    assert received(no)
