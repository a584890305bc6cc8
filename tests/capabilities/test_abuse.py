"""Reports of abuse: what a party shows is what the sender signed, the commission alone reads it, and it decides."""

import base64
import json
from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any

import pytest
from msgspec.structs import replace

from comity.capabilities.abuse import desk
from comity.capabilities.abuse.acts import MAX_FILES, MAX_SIZE, Decision, Disposition, Ground, Report
from comity.capabilities.abuse.rules import Reported, fold, may_report
from comity.capabilities.messages import desk as messages
from comity.capabilities.messages.acts import Why
from comity.core.act import Relation
from comity.core.capability import OfficerRole
from comity.core.errors import Misused, Refused
from comity.core.handling import Confidentiality, Handling, Label, Onward
from comity.core.ids import ActId, BureauId, Millis
from comity.core.keeping import Entered
from comity.core.registry import KeyUse, Standing
from comity.node import inbox, shedding
from comity.node.glimpse import Veiled
from comity.node.view import View
from tests.capabilities import memory
from tests.capabilities.desks import lawless, say
from tests.capabilities.reporting import (
    CONTROL,
    ET,
    MA,
    NO,
    SECRETARIAT,
    WHY,
    at,
    claim,
    organised,
    reported,
    shown,
)
from tests.node.proving import TEXT, Provable
from tests.simulator import code_of, held, reader, rungs


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provable]:
    with organised(tmp_path_factory.mktemp("reporting")) as made:
        yield made


def code(call: Callable[[], object]) -> str:
    """Return the code of the refusal with which a desk answers."""
    with pytest.raises(Refused) as caught:
        call()
    return caught.value.refusal.code


# ----------------------------------------------------------------------------------------------------- what is reported


def test_the_commission_reads_what_its_sender_signed(world: Provable) -> None:
    said = world.say()
    filed = reported(world, said)
    assert rungs(world.bureau(NO), filed.id) == [(CONTROL, 2, "accepted")]
    account = shown(world, filed.id)
    (exhibit,) = account.exhibits
    assert (exhibit.act, exhibit.sender, exhibit.to, exhibit.text) == (said, MA, (ET, NO), TEXT)
    assert exhibit.verified
    assert f"ma said messages.information/1 {said.hex()} to et, no" in "\n".join(exhibit.findings)
    assert (account.text, account.docket.ground, account.docket.stage) == (WHY, Ground.NEUTRALITY, "received")


def test_nothing_else_of_the_conversation_goes_unless_it_is_chosen(world: Provable) -> None:
    first, second = world.say(), world.say()
    alone = shown(world, reported(world, first).id)
    assert [each.act for each in alone.exhibits] == [first]
    both = shown(world, reported(world, first, also=(second.hex(),)).id)
    assert [each.act for each in both.exhibits] == [first, second]


def test_a_sender_reports_its_own_message_too(world: Provable) -> None:
    said = world.say()
    (exhibit,) = shown(world, reported(world, said, by=MA).id).exhibits
    assert (exhibit.sender, exhibit.verified, exhibit.text) == (MA, True, TEXT)


def test_what_a_report_shows_keeps_its_label_but_for_audience_and_expiry(world: Provable) -> None:
    strict = Label(
        confidentiality=Confidentiality.CONFIDENTIAL, handling=Handling.H2, audience=(MA, NO),
        expires=Millis(world.federation.clock + 1_000_000),
    )  # fmt: skip
    said = world.tell(to=(NO,), label=strict)
    world.federation.carry()
    filed = reported(world, said)
    kept = held(world.bureau(CONTROL), filed.id)
    assert kept is not None
    label = replace(strict, onward=Onward.NONE, audience=(), expires=None)
    assert kept.head.label == label
    assert shown(world, filed.id).exhibits[0].label == strict
    looser = replace(label, handling=Handling.H0)
    assert code_of(world.bureau(CONTROL), claim(world, (said,), world.made(said, NO), label=looser).id) == "abuse.label"
    onward = replace(label, onward=Onward.ASK)
    assert (
        code_of(world.bureau(CONTROL), claim(world, (said,), world.made(said, NO), label=onward).id) == "abuse.onward"
    )


# ------------------------------------------------------------------------------------------------------ who may report


@pytest.mark.parametrize("role", [role for role in OfficerRole if role not in {"supervisor", "rights-officer"}])
def test_only_a_supervisor_or_the_rights_officer_reports(world: Provable, role: OfficerRole) -> None:
    said = world.say()
    given: dict[str, Any] = {"act": said.hex(), "ground": Ground.CONDUCT, "text": WHY}
    assert code(lambda: desk.report(*at(world, NO, role), **given)) == "abuse.role"
    assert desk.report(*at(world, NO, OfficerRole.RIGHTS), **given).to == CONTROL


def test_nobody_reports_what_they_may_not_read(world: Provable) -> None:
    said = world.tell(label=Label(confidentiality=Confidentiality.RESTRICTED))
    world.federation.carry()
    with pytest.raises(Misused, match="no act that you may see"):
        desk.report(*at(world, NO, OfficerRole.RIGHTS), act=said.hex(), ground=Ground.CONDUCT, text=WHY)


def test_a_suspended_bureau_still_reports(world: Provable) -> None:
    said = world.say()
    before = world.federation.registry
    world.federation.measure(NO, Standing.SUSPENDED)
    try:
        assert code_of(world.bureau(CONTROL), reported(world, said).id) == "accepted"
    finally:
        world.federation.registry = before


def test_without_a_commission_nobody_is_told(world: Provable) -> None:
    said, before = world.say(), world.federation.registry
    world.federation.measure(CONTROL, Standing.EJECTED)
    try:
        with pytest.raises(Misused, match="names no commission"):
            reported(world, said)
    finally:
        world.federation.registry = before


# ---------------------------------------------------------------------------------------------------- what is refused


def altered(raw: bytes, part: str) -> bytes:
    """Return a proof file in which one thing is not what it was; with "nothing", only its white space."""
    file = json.loads(raw)
    match part:
        case "words":
            body = base64.b64decode(file["act"]["body"]).replace(b"Tuesday", b"Monday!")
            file["act"]["body"] = base64.b64encode(body).decode()
        case "label":
            head = base64.b64decode(file["act"]["head"])
            file["act"]["head"] = base64.b64encode(head.replace(b"investigate", b"forensics  ")).decode()
        case "leaf":
            file["logged"]["index"] += 1
        case "log":
            file["logged"]["checkpoint"] = file["logged"]["checkpoint"].replace("\n", "0\n", 2).replace("0\n", "\n", 1)
        case "organisation":
            file["org"] = "another-" + "0" * 32
        case _:
            pass
    return json.dumps(file, ensure_ascii=False).encode()


@pytest.mark.parametrize("part", ["words", "label", "leaf", "log", "organisation"])
def test_a_report_in_which_something_was_changed_is_refused(world: Provable, part: str) -> None:
    said = world.say()
    raw = world.made(said, NO, with_text=True)
    same, false = altered(raw, "nothing"), altered(raw, part)
    assert json.loads(false) != json.loads(raw)
    assert code_of(world.bureau(CONTROL), claim(world, (said,), same).id) == "accepted"
    kept = claim(world, (said,), false)
    refused = held(world.bureau(CONTROL), kept.id)
    assert refused is not None
    assert (refused.code, refused.erased) == ("abuse.proof", True)
    assert rungs(world.bureau(NO), kept.id) == [(CONTROL, 2, "abuse.proof")]


def test_every_changed_byte_of_a_proof_is_noticed(world: Provable) -> None:
    said = world.say()
    raw = world.made(said, NO, with_text=True)
    seen = memory.Memory(CONTROL, verify=world.bureau(CONTROL).verify)
    refs = (Relation(rel="about", act=said),)
    for place in range(0, len(raw), max(1, len(raw) // 150)):
        file = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        act = memory.say(
            Report(ground=Ground.CONDUCT, text=WHY, proofs=(file,)), NO, (CONTROL,), refs=refs,
            label=Label(onward=Onward.NONE),
        )  # fmt: skip
        assert memory.code_of(may_report(act, seen, memory.NOW)) == "abuse.proof", place


@pytest.mark.parametrize("to", [(ET,), (MA,), (SECRETARIAT,), (CONTROL, ET)])
def test_a_report_to_anybody_but_the_commission_is_refused(world: Provable, to: tuple[BureauId, ...]) -> None:
    said = world.say()
    raw = world.made(said, NO, with_text=True)
    kept = claim(world, (said,), raw, to=to)
    assert [code_of(world.bureau(name), kept.id) for name in to] == ["abuse.commission"] * len(to)
    act, refs = Report(ground=Ground.CONDUCT, text=WHY, proofs=(raw,)), (Relation(rel="about", act=said),)
    honest = world.bureau(NO)
    assert code(lambda: say(honest, act, to, refs=refs, label=Label(onward=Onward.NONE))) == "abuse.commission"


def test_a_report_about_what_the_reporter_never_had_is_refused(world: Provable) -> None:
    """Another bureau hands it its proof: what it proves is true, and still not the reporter's to report."""
    said = world.say(to=(ET,))
    raw = world.made(said, ET, with_text=True)
    assert code_of(world.bureau(CONTROL), claim(world, (said,), raw).id) == "abuse.had"
    with pytest.raises(Misused, match="no act that you may see"):
        reported(world, said)


def test_a_report_names_the_act_that_it_proves(world: Provable) -> None:
    said, other = world.say(), world.say()
    raw = world.made(said, NO)
    for about in ((other,), (said, other), ()):
        assert code_of(world.bureau(CONTROL), claim(world, about, raw).id) == "abuse.about"


def test_receipts_and_reports_are_not_reported(world: Provable) -> None:
    filed = reported(world, world.say())
    with pytest.raises(Misused, match="not for this reader"):
        reported(world, filed.id)
    raw = world.made(filed.id, NO)
    assert code_of(world.bureau(CONTROL), claim(world, (filed.id,), raw).id) == "abuse.kind"


@pytest.mark.parametrize("files", [(), (b"x",) * (MAX_FILES + 1), (bytes(MAX_SIZE + 1),)])
def test_a_report_shows_something_and_not_too_much(files: tuple[bytes, ...]) -> None:
    with pytest.raises(ValueError, match="a report shows"):
        Report(ground=Ground.CONDUCT, text=WHY, proofs=files)


# ------------------------------------------------------------------------------------------ messages asked back


def test_a_recall_does_not_reach_what_was_reported_before(world: Provable) -> None:
    said = world.say()
    filed = reported(world, said)
    messages.recall(*at(world, MA), act=said.hex(), why=Why.CONTENT)
    world.federation.carry()
    assert View(*at(world, NO)).find(said.hex()).erased
    assert shown(world, filed.id).exhibits[0].text == TEXT
    assert shown(world, filed.id, NO).exhibits == ()


def test_the_reporters_copy_of_words_that_were_asked_back_goes_once_the_commission_has_them(world: Provable) -> None:
    fed, said = world.federation, world.say()
    shed = shedding.watch(world.bureau(NO))
    shed()
    fed.away = {CONTROL}
    try:
        filed = desk.report(*at(world, NO), act=said.hex(), ground=Ground.CONDUCT, text=WHY)
        messages.recall(*at(world, MA), act=said.hex(), why=Why.CONTENT)
        fed.carry()
        # It has not left yet: what is erased now would never leave.
        assert shed() == 0
    finally:
        fed.away = set()
    fed.later(86_400_000)
    fed.carry()
    assert (shed(), shed()) == (1, 0)
    mine, theirs = held(world.bureau(NO), filed.id), held(world.bureau(CONTROL), filed.id)
    assert mine is not None
    assert theirs is not None
    assert (mine.erased, theirs.erased) == (True, False)
    assert shown(world, filed.id).exhibits[0].text == TEXT
    assert shown(world, filed.id, NO).docket.stage == "received"
    decided(world, filed.id, Disposition.ADMITTED)
    assert shown(world, filed.id, NO).docket.stage == "admitted"


def test_a_report_rests_at_its_reporter_while_the_message_does(world: Provable) -> None:
    filed = reported(world, world.say())
    shedding.watch(world.bureau(NO))()
    mine = held(world.bureau(NO), filed.id)
    assert mine is not None
    assert not mine.erased


def test_a_message_that_was_asked_back_is_reported_by_its_head(world: Provable) -> None:
    said = world.say()
    messages.recall(*at(world, MA), act=said.hex(), why=Why.CONTENT)
    world.federation.carry()
    (exhibit,) = shown(world, reported(world, said).id).exhibits
    assert (exhibit.sender, exhibit.text, exhibit.verified) == (MA, "", True)
    # Its sender keeps the words, and is bound to them: what it hands over later is what it said, or does not verify.
    (words,) = shown(world, reported(world, said, by=MA).id).exhibits
    assert (words.act, words.text, words.verified) == (said, TEXT, True)


# -------------------------------------------------------------------------------------------------------- who may read


def test_at_the_reporter_a_report_is_for_those_who_may_report_and_no_second_copy(world: Provable) -> None:
    filed = reported(world, world.say())
    for role in OfficerRole:
        found = View(*at(world, NO, role)).act(filed.id)
        if role in {OfficerRole.SUPERVISOR, OfficerRole.RIGHTS}:
            assert found is not None
            assert isinstance(found.act, Veiled)
            assert dict(found.act.shown) == {"ground": Ground.NEUTRALITY, "text": WHY}
            with pytest.raises(Misused, match="not for this reader"):
                View(*at(world, NO, role)).signed(filed.id)
        else:
            assert found is None
    with pytest.raises(Misused, match="with the commission"):
        desk.export(*at(world, NO), report=filed.id.hex())


@pytest.mark.parametrize("role", [OfficerRole.ENGINEER, OfficerRole.AUDITOR])
def test_at_the_commission_whoever_looks_after_the_house_sees_no_words(world: Provable, role: OfficerRole) -> None:
    filed = reported(world, world.say())
    account = desk.show(*at(world, CONTROL, role), report=filed.id.hex())
    assert (account.text, account.exhibits, account.docket.ground) == ("", (), None)
    with pytest.raises(Misused, match="by an officer who may read it"):
        desk.decide(*at(world, CONTROL, role), report=filed.id.hex(), outcome=Disposition.ADMITTED, reason="x")


def test_nobody_else_can_read_a_report(world: Provable) -> None:
    """Neither the secretariat, nor a third bureau, nor whoever carries: not even with the envelope in the hand."""
    fed, canary = world.federation, b"the canary sings at dawn"
    carried: list[bytes] = []

    def listen(sender: BureauId, recipient: BureauId, deliveries: list[bytes]) -> list[bytes]:
        carried.extend(deliveries if CONTROL in {sender, recipient} else [])
        return deliveries

    said = messages.send(*at(world, MA), to=(NO,), title="a list", text=canary.decode()).id
    fed.carry()
    fed.interfere = listen
    try:
        filed = reported(world, said, text=f"It says: {canary.decode()}")
    finally:
        fed.interfere = lambda _sender, _recipient, deliveries: deliveries
    assert canary.decode() in shown(world, filed.id).exhibits[0].text
    assert carried
    secrets = (canary, base64.b64encode(canary)[:24])
    assert not any(secret in raw for raw in carried for secret in (*secrets, b"neutrality", b"abuse."))
    for name in (SECRETARIAT, ET):
        other = world.bureau(name)
        assert held(other, filed.id) is None
        for outcome in inbox.receive(other, carried):
            assert outcome.code in {"malformed", "exchange.recipient", "exchange.sealed"} or not outcome.committed
        files = [path for path in (fed.folder / name).rglob("*") if path.is_file()]
        assert files
        assert not any(secret in path.read_bytes() for path in files for secret in secrets)


# ------------------------------------------------------------------------------------------------------- the commission


def decided(world: Provable, report: ActId, *outcomes: Disposition, tell_sender: bool = False) -> None:
    """Let the commission decide, step by step, and carry it."""
    for outcome in outcomes:
        desk.decide(
            *at(world, CONTROL), report=report.hex(), outcome=outcome, reason="so it is", tell_sender=tell_sender
        )
        world.federation.carry()


def test_the_reporter_is_answered_and_the_sender_is_not_told(world: Provable) -> None:
    filed = reported(world, world.say())
    decided(world, filed.id, Disposition.ADMITTED, Disposition.UPHELD)
    account = shown(world, filed.id, NO)
    assert account.docket.stage == "upheld"
    assert [each.act.reason for each in account.decisions if isinstance(each.act, Decision)] == ["so it is"] * 2
    about = [ref for each in desk.decisions(*at(world, MA)).items for ref in each.refs]
    assert not any(ref.act == account.docket.about[0] for ref in about)


def test_the_sender_hears_of_a_decision_where_the_commission_says_so_and_not_who_reported(world: Provable) -> None:
    said = world.say()
    decided(world, reported(world, said).id, Disposition.INADMISSIBLE, tell_sender=True)
    newest = desk.decisions(*at(world, MA)).items[0]
    assert isinstance(newest.act, Decision)
    assert (newest.act.outcome, newest.recipients, newest.code) == (Disposition.INADMISSIBLE, (MA,), "accepted")
    assert newest.refs == (Relation(rel="about", act=said),)
    assert newest.subject is not None
    assert held(world.bureau(MA), newest.subject) is None
    assert newest.subject not in [each.report for each in desk.reports(*at(world, MA)).items]
    assert View(*at(world, MA, OfficerRole.OFFICER)).act(newest.id) is None


@pytest.mark.parametrize(
    "outcomes",
    [
        (Disposition.UPHELD,),
        (Disposition.DISMISSED,),
        (Disposition.ADMITTED, Disposition.ADMITTED),
        (Disposition.INADMISSIBLE, Disposition.UPHELD),
        (Disposition.ADMITTED, Disposition.UPHELD, Disposition.DISMISSED),
    ],
)
def test_what_the_table_does_not_foresee_is_not_decided(world: Provable, outcomes: tuple[Disposition, ...]) -> None:
    filed = reported(world, world.say())
    decided(world, filed.id, *outcomes[:-1])
    assert code(lambda: decided(world, filed.id, outcomes[-1])) == "abuse.stage"


def test_nobody_but_the_commission_decides(world: Provable) -> None:
    said = world.say()
    filed = reported(world, said)
    act, refs = Decision(outcome=Disposition.DISMISSED, reason="x"), (Relation(rel="about", act=said),)
    false = say(lawless(world.federation, SECRETARIAT), act, (NO,), refs=refs, subject=filed.id)
    world.federation.carry()
    assert code_of(world.bureau(NO), false.id) == "abuse.commission"
    with pytest.raises(Misused, match="only the commission decides"):
        desk.decide(*at(world, NO), report=filed.id.hex(), outcome=Disposition.DISMISSED, reason="x")


def test_a_decision_is_told_to_nobody_else(world: Provable) -> None:
    said = world.say()
    filed = reported(world, said)
    act, refs = Decision(outcome=Disposition.ADMITTED, reason="x"), (Relation(rel="about", act=said),)
    commission = world.bureau(CONTROL)
    assert code(lambda: say(commission, act, (ET,), refs=refs, subject=filed.id)) == "abuse.stranger"
    false = say(lawless(world.federation, CONTROL), act, (ET,), refs=refs, subject=filed.id)
    world.federation.carry()
    assert code_of(world.bureau(ET), false.id) == "abuse.stranger"


def test_a_key_that_was_revoked_since_is_said_beside_the_proof(world: Provable) -> None:
    said = world.say()
    filed = reported(world, said)
    before = world.federation.registry
    key = before.profile(MA).current(KeyUse.SIGN)
    world.federation.revoke(MA, key, 0)
    try:
        (exhibit,) = shown(world, filed.id).exhibits
        assert any(f"not shown: that ma itself signed it: the key {key.kid.hex()}" in each for each in exhibit.findings)
    finally:
        world.federation.registry = before


def test_the_term_of_the_next_decision_runs_from_the_commissions_receipt(world: Provable) -> None:
    fed, said = world.federation, world.say()
    filed = desk.report(*at(world, NO), act=said.hex(), ground=Ground.CONDUCT, text=WHY)
    assert shown(world, filed.id, NO).docket.by is None
    fed.later(3_600_000)
    fed.carry()
    assert {shown(world, filed.id, name).docket.by for name in (NO, CONTROL)} == {fed.clock + 31 * 86_400_000}
    decided(world, filed.id, Disposition.ADMITTED)
    assert shown(world, filed.id).docket.by == fed.clock + 276 * 86_400_000
    decided(world, filed.id, Disposition.DISMISSED)
    assert shown(world, filed.id).docket.by is None


def test_the_state_of_a_report_does_not_depend_on_the_order_of_arrival() -> None:
    """Two decisions may claim one moment, and the later one may arrive first."""
    opening = memory.say(Report(ground=Ground.CONDUCT, text=WHY, proofs=(b"x",)), NO, (CONTROL,))
    later = [
        memory.say(Decision(outcome=outcome, reason="x"), CONTROL, (NO,), subject=opening.id, said=Millis(at_))
        for outcome, at_ in ((Disposition.ADMITTED, 5), (Disposition.UPHELD, 5))
    ]
    states = set()
    for order in permutations((opening, *later)):
        state: Reported | None = None
        for said in order:
            state = fold(state, Entered(number=0, said=said))
        assert state is not None
        states.add(state)
    (one,) = states
    assert (one.stage, one.reporter) == ("upheld", NO)


def test_a_report_is_found_by_its_readers_alone(world: Provable) -> None:
    filed = reported(world, world.say())
    assert filed.id in [each.report for each in desk.reports(*at(world, CONTROL)).items]
    assert filed.id in [each.report for each in desk.reports(*at(world, NO)).items]
    assert filed.id not in [each.report for each in desk.reports(*at(world, NO, OfficerRole.OFFICER)).items]
    assert desk.reports(world.bureau(ET), reader(world.bureau(ET), role=OfficerRole.SUPERVISOR)).items == ()
