"""Grave acts: from one officer's proposal over two approvals to every member; and each way in which it must not go."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select

from comity.capabilities.membership.acts import Body, Measure, Terms
from comity.capabilities.membership.rules import Measured, Stage
from comity.capabilities.messages.acts import Information
from comity.core import cose
from comity.core.act import Act, Erased
from comity.core.capability import OfficerRole, Reader
from comity.core.codec import encode
from comity.core.cose import Signer
from comity.core.envelope import HEAD, Approval, Signed, frame_of, seal
from comity.core.envelope import approve as signed_approval
from comity.core.errors import Misused, Refused
from comity.core.handling import Label, Purpose
from comity.core.ids import ActId, BureauId, Millis
from comity.core.log import EMPTY_ROOT
from comity.core.registry import KeyUse, Revocation, Role, Standing
from comity.node import approvals, inbox, officers, schema
from comity.node.approvals import Proposal
from comity.node.bodies import State
from comity.node.bureau import Bureau, Utterance
from comity.node.store import Kept
from tests.simulator import DAY, START, Federation, federation

NO, MA, SECRETARIAT = BureauId("no"), BureauId("ma"), BureauId("secretariat")

MEASURE = Measure(
    bureau=NO,
    terms=Terms(standing=Standing.SUSPENDED, since=START, until=Millis(START + 30 * DAY)),
    decided_by=Body.SECRETARIAT,
    article="RPD 131(1)",
    reason="eleven requests for correction without an answer",
)


@dataclass
class Desk:
    """An officer and the key with which they approve."""

    reader: Reader
    signer: Signer


class House:
    """The secretariat with its officers, and two members."""

    def __init__(self, folder: Path, url: str = "") -> None:
        self.fed: Federation = federation(folder, ["no", "ma"])
        self.fed.join("secretariat", role=Role.SECRETARIAT, url=url)
        self.folder = folder
        self.author = self.appoint("legal", OfficerRole.OFFICER)
        self.legal = self.appoint("legal")
        self.control = self.appoint("control")
        self.publish()

    @property
    def bureau(self) -> Bureau:
        """The secretariat, also after a restart."""
        return self.fed.bureaus[SECRETARIAT]

    def appoint(self, unit: str, role: OfficerRole = OfficerRole.SUPERVISOR) -> Desk:
        """Add an officer with a key of their own."""
        name = officers.add(self.bureau, unit, role).officer
        path = self.folder / "keys" / name
        officers.entrust(self.bureau, name, officers.new_officer_key(path, "an officer's own words", work=4))
        signer = officers.open_officer_key(path, "an officer's own words")
        return Desk(officers.reader(self.bureau, name, Purpose.ADMINISTRATION), signer)

    def publish(self) -> None:
        """Publish the next profile, with the approvers whom the table names now."""
        profile = self.fed.registry.profiles[SECRETARIAT]
        listed = officers.approvers(self.bureau)
        self.fed.change(profiles={SECRETARIAT: msgspec.structs.replace(profile, approvers=listed)})

    def propose(self, act: Act = MEASURE, **how: object) -> Proposal:
        """Propose the measure."""
        utterance = Utterance(act=act, to=(NO, MA), **how)  # type: ignore[arg-type]
        return approvals.propose(self.bureau, utterance, self.author.reader)

    def approve(self, proposal: Proposal, desk: Desk) -> Proposal | Kept:
        """Approve as this officer."""
        return approvals.approve(self.bureau, proposal.id, desk.reader, desk.signer)

    def refused(self, proposal: Proposal, desk: Desk) -> str:
        """Return the code with which an approval is refused."""
        with pytest.raises(Refused) as problem:
            self.approve(proposal, desk)
        return problem.value.refusal.code


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.fed.close()


def held(bureau: Bureau, act: ActId) -> Kept | None:
    """Return the act as a bureau holds it."""
    with bureau.database.read() as tx:
        return bureau.store.find(tx, act)


def state(bureau: Bureau, act: ActId) -> Measured | None:
    """Return the folded state of a measure."""
    with bureau.database.read() as tx:
        return bureau.store.state(tx, act, Measured)


# The good road.


def test_a_measure_goes_from_a_proposal_to_every_member(house: House) -> None:
    proposal = house.propose()
    waiting = house.approve(proposal, house.legal)
    assert isinstance(waiting, Proposal)
    assert [approver.officer for approver in waiting.approvals] == [house.legal.reader.officer]
    kept = house.approve(proposal, house.control)
    assert isinstance(kept, Kept)
    assert kept.id == proposal.id
    house.fed.carry()
    for name in (NO, MA):
        received = held(house.fed.bureaus[name], proposal.id)
        assert received is not None
        assert received.code == "accepted"
        measured = state(house.fed.bureaus[name], proposal.id)
        assert measured is not None
        assert (measured.stage, measured.bureau) == (Stage.DECIDED, NO)


def test_nothing_leaves_before_the_second_approval(house: House) -> None:
    proposal = house.propose()
    house.approve(proposal, house.legal)
    house.fed.carry()
    assert [held(bureau, proposal.id) for bureau in house.fed.bureaus.values()] == [None, None, None]


def test_what_is_said_is_what_was_proposed(house: House) -> None:
    proposal = house.propose(label=Label(audience=(MA, NO, SECRETARIAT)))
    house.fed.later(DAY)
    house.approve(proposal, house.legal)
    kept = house.approve(proposal, house.control)
    assert isinstance(kept, Kept)
    assert kept.head == proposal.head
    assert (kept.head.said, kept.at) == (START, START + DAY)


def test_the_row_says_who_proposed_who_approved_and_when_it_was_said(house: House) -> None:
    proposal = house.propose()
    house.approve(proposal, house.legal)
    house.approve(proposal, house.control)
    ended = approvals.find(house.bureau, proposal.id, house.author.reader)
    assert ended is not None
    assert (ended.stage, ended.ended_at) == (approvals.Stage.SAID, START)
    assert ended.author.officer == house.author.reader.officer
    assert [approver.unit for approver in ended.approvals] == ["legal", "control"]
    assert ended.ended_by == house.control.reader.officer
    assert isinstance(ended.act, Erased)
    assert approvals.pending(house.bureau, house.legal.reader) == ()


def test_a_proposal_and_its_first_approval_survive_a_restart(house: House) -> None:
    proposal = house.propose()
    house.approve(proposal, house.legal)
    house.fed.restart("secretariat")
    pending = approvals.pending(house.bureau, house.control.reader)
    assert [(each.id, each.act, len(each.approvals)) for each in pending] == [(proposal.id, MEASURE, 1)]
    assert isinstance(house.approve(proposal, house.control), Kept)


@pytest.mark.services
def test_proposals_rest_in_postgresql_as_well(tmp_path: Path, postgres_database: str) -> None:
    house = House(tmp_path, postgres_database)
    proposal, dropped = house.propose(), house.propose()
    house.approve(proposal, house.legal)
    approvals.drop(house.bureau, dropped.id, house.author.reader)
    house.fed.restart("secretariat")
    assert [each.id for each in approvals.pending(house.bureau, house.control.reader)] == [proposal.id]
    assert isinstance(house.approve(proposal, house.control), Kept)
    house.fed.close()


def test_the_body_of_a_proposal_does_not_rest_in_the_clear(house: House) -> None:
    house.propose()
    files = house.folder.joinpath("secretariat").glob("node.db*")
    assert not any(b"requests for correction" in path.read_bytes() for path in files)


# Who does not approve.


def test_nobody_approves_what_they_proposed(house: House) -> None:
    house.author = house.legal
    assert house.refused(house.propose(), house.legal) == "approvals.own"


def test_nobody_approves_twice(house: House) -> None:
    proposal = house.propose()
    house.approve(proposal, house.legal)
    assert house.refused(proposal, house.legal) == "approvals.twice"


def test_two_officers_of_one_unit_are_not_enough(house: House) -> None:
    second = house.appoint("legal")
    house.publish()
    proposal = house.propose()
    house.approve(proposal, house.legal)
    assert house.refused(proposal, second) == "approvals.unit"


def test_an_officer_whom_the_profile_does_not_list_does_not_approve(house: House) -> None:
    assert house.refused(house.propose(), house.appoint("duty")) == "approvals.unlisted"


def test_an_officer_approves_only_for_the_unit_in_the_profile(house: House) -> None:
    name = house.control.reader.officer
    officers.change(house.bureau, name, unit="duty")
    moved = Desk(officers.reader(house.bureau, name, Purpose.ADMINISTRATION), house.control.signer)
    assert house.refused(house.propose(), moved) == "approvals.unlisted"


def test_an_officer_approves_only_with_their_own_key(house: House) -> None:
    borrowed = Desk(house.control.reader, house.legal.signer)
    assert house.refused(house.propose(), borrowed) == "approvals.unlisted"


def test_a_revoked_key_approves_nothing(house: House) -> None:
    key = house.control.signer.key.kid
    revocation = Revocation(bureau=SECRETARIAT, kid=key, size=0, root=EMPTY_ROOT, decided_by="secretariat")
    house.fed.registry = msgspec.structs.replace(house.fed.registry, revocations=(revocation,))
    assert house.refused(house.propose(), house.control) == "approvals.unlisted"


def test_only_a_supervisor_approves(house: House) -> None:
    clerk = house.appoint("duty", OfficerRole.OFFICER)
    house.publish()
    assert house.refused(house.propose(), clerk) == "approvals.role"


def test_a_signature_that_the_listed_key_did_not_make_is_no_approval(house: House) -> None:
    forged = Desk(house.control.reader, Signer(house.control.signer.key, house.legal.signer.sign))
    proposal = house.propose()
    with pytest.raises(Misused, match="not signed"):
        house.approve(proposal, forged)
    assert [each.approvals for each in approvals.pending(house.bureau, house.legal.reader)] == [()]


def test_an_approval_no_longer_counts_when_the_officer_leaves_the_profile(house: House) -> None:
    third = house.appoint("duty")
    house.publish()
    proposal = house.propose()
    house.approve(proposal, house.legal)
    officers.retire(house.bureau, house.legal.reader.officer)
    house.publish()
    assert isinstance(house.approve(proposal, house.control), Proposal)
    kept = house.approve(proposal, third)
    assert isinstance(kept, Kept)
    assert len(kept.approvals) == 2


# Rules at both ends of the road.


def test_a_proposal_passes_the_gates_when_it_is_made(house: House) -> None:
    with pytest.raises(Refused) as problem:
        house.propose(msgspec.structs.replace(MEASURE, article=""))
    assert problem.value.refusal.code == "membership.article"


def test_a_proposal_passes_the_gates_again_when_it_is_said(house: House) -> None:
    proposal = house.propose(label=Label(expires=Millis(START + DAY)))
    house.approve(proposal, house.legal)
    house.fed.later(2 * DAY)
    assert house.refused(proposal, house.control) == "handling.expired"
    (still,) = approvals.pending(house.bureau, house.legal.reader)
    assert [approver.unit for approver in still.approvals] == ["legal"]


def test_a_kind_that_needs_no_approval_is_not_proposed(house: House) -> None:
    with pytest.raises(Misused, match="say it"):
        house.propose(Information(title="a title", text="a text", language="en"))


def test_a_grave_act_is_not_said_without_a_proposal(house: House) -> None:
    with pytest.raises(Refused) as problem:
        house.bureau.say(MEASURE, (NO, MA), reader=house.legal.reader)
    assert problem.value.refusal.code == "exchange.two-persons"


def test_nobody_proposes_at_the_desk_of_another_bureau(house: House) -> None:
    stranger = msgspec.structs.replace(house.author.reader, bureau=NO)
    with pytest.raises(Misused, match="desk"):
        approvals.propose(house.bureau, Utterance(act=MEASURE, to=(NO, MA)), stranger)


# Dropping.


def test_the_author_drops_a_proposal_and_its_content_is_gone(house: House) -> None:
    proposal = house.propose()
    house.fed.later(1000)
    dropped = approvals.drop(house.bureau, proposal.id, house.author.reader)
    assert (dropped.stage, dropped.ended_by) == (approvals.Stage.DROPPED, house.author.reader.officer)
    assert (dropped.ended_at, dropped.act) == (START + 1000, Erased(tag="membership.measure/1"))
    house.bureau.database.write(lambda _tx: None)  # What a commit has to do afterwards is done before the next one.
    assert house.bureau.store.bodies.state(1) is State.ERASED
    assert house.refused(proposal, house.legal) == "approvals.closed"


def test_a_supervisor_drops_what_somebody_else_proposed(house: House) -> None:
    dropped = approvals.drop(house.bureau, house.propose().id, house.control.reader)
    assert dropped.ended_by == house.control.reader.officer


def test_a_colleague_does_not_drop_it(house: House) -> None:
    proposal = house.propose()
    colleague = msgspec.structs.replace(house.author.reader, officer="o-else")
    with pytest.raises(Refused) as problem:
        approvals.drop(house.bureau, proposal.id, colleague)
    assert problem.value.refusal.code == "approvals.drop"


def test_what_was_said_is_neither_approved_nor_dropped(house: House) -> None:
    proposal = house.propose()
    house.approve(proposal, house.legal)
    house.approve(proposal, house.control)
    assert house.refused(proposal, house.control) == "approvals.closed"
    with pytest.raises(Refused) as problem:
        approvals.drop(house.bureau, proposal.id, house.author.reader)
    assert problem.value.refusal.code == "approvals.closed"


def test_a_dropped_proposal_leaves_no_hole_in_a_channel(house: House) -> None:
    approvals.drop(house.bureau, house.propose().id, house.author.reader)
    proposal = house.propose()
    house.approve(proposal, house.legal)
    house.approve(proposal, house.control)
    house.fed.later(60_000)
    house.fed.carry()
    for name in (NO, MA):
        with house.fed.bureaus[name].database.read() as tx:
            kinds = {row.kind for row in tx.all(select(schema.acts.c.kind))}
        assert kinds == {"membership.measure/1", "exchange.receipts/1"}


# The recipient's own check.


def deliver(house: House, proposal: Proposal, *given: bytes) -> str:
    """Let a secretariat that skips its own rules send the act with these approvals; return what the recipient says."""
    bureau, head = house.bureau, proposal.head
    with bureau.database.read() as tx:
        row = approvals._existing(bureau, tx, proposal.id)
        kept = approvals._held(bureau, tx, row)
    signed = Signed(
        head=cose.sign1(encode(head), HEAD, bureau.signer()), body=kept.body, salt=kept.salt, approvals=given
    )
    key = house.fed.registry.profiles[NO].current(KeyUse.SEAL)
    sealed = seal(signed, [key], bureau.entropy(44))
    delivery = frame_of(
        sealed, key, bureau.signer(), org=bureau.org, sender=bureau.me, to=NO, lane=kept.lane, said=head.said
    )
    (outcome,) = inbox.receive(house.fed.bureaus[NO], [encode(delivery)])
    return outcome.code


def approval(house: House, proposal: Proposal, desk: Desk, signer: Signer | None = None, **other: object) -> bytes:
    """Return an approval, right but for what is named."""
    said = Approval(org=house.bureau.org, act=proposal.id, officer=desk.reader.officer, unit=desk.reader.unit)
    return signed_approval(msgspec.structs.replace(said, **other), signer or desk.signer)


def test_the_recipient_takes_two_good_approvals(house: House) -> None:
    proposal = house.propose()
    assert deliver(house, proposal, *(approval(house, proposal, desk) for desk in (house.legal, house.control))) == (
        "accepted"
    )


def test_the_recipient_refuses_what_one_person_approved(house: House) -> None:
    proposal = house.propose()
    one = approval(house, proposal, house.legal)
    assert deliver(house, proposal, one) == "exchange.two-persons"


def test_the_recipient_counts_an_approval_once(house: House) -> None:
    proposal = house.propose()
    one = approval(house, proposal, house.legal)
    assert deliver(house, proposal, one, one) == "exchange.two-persons"


def test_the_recipient_refuses_a_forged_approval(house: House) -> None:
    proposal = house.propose()
    forged = Signer(house.control.signer.key, house.legal.signer.sign)
    given = (approval(house, proposal, house.legal), approval(house, proposal, house.control, forged))
    assert deliver(house, proposal, *given) == "exchange.malformed"


def test_the_recipient_refuses_an_approval_of_another_act(house: House) -> None:
    proposal, other = house.propose(), house.propose()
    given = (approval(house, proposal, house.legal), approval(house, other, house.control))
    assert deliver(house, proposal, *given) == "exchange.malformed"


def test_the_recipient_refuses_an_approval_for_another_unit(house: House) -> None:
    proposal = house.propose()
    given = (approval(house, proposal, house.control), approval(house, proposal, house.legal, unit="duty"))
    assert deliver(house, proposal, *given) == "exchange.malformed"


def test_the_recipient_refuses_an_approval_by_somebody_whom_the_profile_does_not_list(house: House) -> None:
    proposal, stranger = house.propose(), house.appoint("duty")
    given = (approval(house, proposal, house.legal), approval(house, proposal, stranger))
    assert deliver(house, proposal, *given) == "exchange.malformed"


def test_the_bureaus_own_key_approves_nothing(house: House) -> None:
    proposal = house.propose()
    given = (approval(house, proposal, house.legal), approval(house, proposal, house.control, house.bureau.signer()))
    assert deliver(house, proposal, *given) == "exchange.malformed"
