"""The desk of membership, on real nodes: announce with two persons, appeal, decide; what each node then says."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from comity.capabilities.membership import desk
from comity.capabilities.membership.acts import Body, Result
from comity.capabilities.membership.desk import Stands, Waiting
from comity.capabilities.membership.rules import Stage
from comity.core.capability import OfficerRole
from comity.core.cose import Signer
from comity.core.errors import Misused, Refused
from comity.core.ids import ActId, BureauId, Millis
from comity.core.registry import Approver, Role, Standing
from comity.node import approvals
from tests.simulator import DAY, START, Federation, reader

SG, MA, NO = BureauId("secretariat"), BureauId("ma"), BureauId("no")
UNTIL = Millis(START + 30 * DAY)


@pytest.fixture
def federation(tmp_path: Path) -> Iterator[Federation]:
    made = Federation(tmp_path)
    made.join(SG, role=Role.SECRETARIAT)
    made.join(MA)
    made.join(NO)
    yield made
    made.close()


def approve(federation: Federation, waiting: Waiting) -> None:
    bureau = federation.bureaus[SG]
    for approver in federation.registry.profiles[SG].approvers or listed(federation):
        kid = approver.key.kid
        signer = Signer(approver.key, lambda message, kid=kid: bureau.keyring.sign(kid, message))  # type: ignore[misc]
        who = reader(bureau, approver.officer, approver.unit, OfficerRole.SUPERVISOR)
        approvals.approve(bureau, waiting.proposal, who, signer)


def listed(federation: Federation) -> tuple[Approver, ...]:
    return (federation.approver(SG, "s1", "legal"), federation.approver(SG, "s2", "duty"))


def suspend(federation: Federation) -> ActId:
    bureau = federation.bureaus[SG]
    waiting = desk.measure(
        bureau, reader(bureau), NO, Standing.SUSPENDED, Body.COMMITTEE, "Replies were sold.", article="RPD 131",
        until=UNTIL,
    )  # fmt: skip
    approve(federation, waiting)
    federation.carry()
    return waiting.proposal


def seen(federation: Federation, by: BureauId) -> Stands:
    bureau = federation.bureaus[by]
    (found,) = desk.standing(bureau, reader(bureau), only=NO)
    return found


def test_a_measure_waits_for_two_officers_and_then_reaches_every_member(federation: Federation) -> None:
    bureau = federation.bureaus[SG]
    waiting = desk.measure(
        bureau, reader(bureau), NO, Standing.SUSPENDED, Body.COMMITTEE, "Replies were sold.", "RPD 131", UNTIL
    )
    federation.carry()
    assert not seen(federation, MA).measures
    assert waiting.to == (MA, NO)
    approve(federation, waiting)
    federation.carry()
    for each in (SG, MA, NO):
        (announced,) = seen(federation, each).measures
        assert announced.stage is Stage.DECIDED
        assert announced.terms is not None
        assert announced.terms.until == UNTIL


def test_announcing_takes_nothing_away_the_registry_does(federation: Federation) -> None:
    suspend(federation)
    assert seen(federation, MA).standing is Standing.MEMBER


def test_an_appeal_and_its_outcome_are_seen_alike_by_everybody_who_was_told(federation: Federation) -> None:
    measure = suspend(federation)
    no, secretariat = federation.bureaus[NO], federation.bureaus[SG]
    desk.appeal(no, reader(no), measure.hex()[:12], "They were sold by somebody else.")
    federation.carry()
    assert {seen(federation, each).measures[0].stage for each in (SG, MA, NO)} == {Stage.APPEALED}
    waiting = desk.outcome(
        secretariat, reader(secretariat), measure.hex()[:12], Result.AMENDED, Body.COMMITTEE, "Half of them.",
        article="RPD 131", standing=Standing.RESTRICTED, until=UNTIL, function=("notices", "messages"),
    )  # fmt: skip
    approve(federation, waiting)
    federation.carry()
    for each in (SG, MA, NO):
        (announced,) = seen(federation, each).measures
        assert announced.stage is Stage.AMENDED
        assert announced.terms is not None
        assert announced.terms.functions == ("messages", "notices")


def test_a_third_bureau_cannot_appeal(federation: Federation) -> None:
    measure, ma = suspend(federation), federation.bureaus[MA]
    with pytest.raises(Refused) as refused:
        desk.appeal(ma, reader(ma), measure.hex()[:12], "In their name.")
    assert refused.value.refusal.code == "membership.concerned"


def test_a_bureau_cannot_announce_a_measure(federation: Federation) -> None:
    ma = federation.bureaus[MA]
    with pytest.raises(Refused) as refused:
        desk.measure(ma, reader(ma), NO, Standing.EJECTED, Body.ASSEMBLY, "We say so.", article="C 4")
    assert refused.value.refusal.code == "membership.secretariat"


def test_an_amended_measure_without_terms_is_misuse_and_not_a_crash(federation: Federation) -> None:
    measure, secretariat = suspend(federation), federation.bureaus[SG]
    with pytest.raises(Misused, match="new terms"):
        desk.outcome(secretariat, reader(secretariat), measure.hex()[:12], Result.AMENDED, Body.COMMITTEE, "Somehow.")


def test_a_measure_that_ends_before_it_begins_is_misuse_and_not_a_crash(federation: Federation) -> None:
    bureau = federation.bureaus[SG]
    with pytest.raises(Misused, match="ends after it begins"):
        desk.measure(bureau, reader(bureau), NO, Standing.SUSPENDED, Body.COMMITTEE, "Past.", "RPD 131", Millis(1))


def test_words_that_are_too_many_or_none_are_misuse_and_not_a_crash(federation: Federation, tmp_path: Path) -> None:
    bureau, empty = federation.bureaus[SG], tmp_path / "statement.json"
    empty.write_bytes(b"")
    with pytest.raises(Misused, match="a reason 1 to"):
        desk.measure(bureau, reader(bureau), NO, Standing.EJECTED, Body.ASSEMBLY, "", article="C 4")
    with pytest.raises(Misused, match="a statement has"):
        desk.revoke(bureau, reader(bureau), empty)
