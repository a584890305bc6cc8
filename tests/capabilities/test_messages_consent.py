"""Consent to pass data on: who asks and gives it, how far it goes, and what goes on without it: nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from comity.capabilities.messages import CAPABILITY, desk
from comity.capabilities.messages.acts import (
    Abroad,
    Consent,
    ConsentRequest,
    Decided,
    Departure,
    Information,
    Scope,
)
from comity.core.act import Said
from comity.core.errors import Misused, Refused
from comity.core.handling import Handling, Label, Onward
from comity.core.ids import ActId, BureauId, Millis, OrgId
from tests.capabilities.memory import ET, MA, NO, NOW, ORG, Memory, code_of, refs, say
from tests.simulator import DAY, Federation, federation, reader
from tests.simulator import code_of as ruled

BR = BureauId("br")
ELSEWHERE = OrgId("region-" + "5" * 32)
TELL = Information(title="a van", text="it was seen", language="en")
TO_ET = Scope(to=(ET,))


def code(said: Said, me: BureauId, *seen: Said) -> str:
    """Return what the gates say at a bureau that has seen these acts."""
    rulings = (code_of(gate(said, Memory(me, seen), NOW)) for gate in CAPABILITY.gates)
    return next((each for each in rulings if each != "allowed"), "allowed")


def told(onward: Onward = Onward.ASK, **label: Any) -> Said:  # noqa: ANN401 - fields of a label
    return say(TELL, MA, [NO], label=Label(onward=onward, **label))


def request(origin: Said, scope: Scope = TO_ET, sender: BureauId = NO, to: BureauId = MA, **changes: Any) -> Said:  # noqa: ANN401
    how = {"subject": origin.id, "refs": refs(about=origin), "label": origin.head.label}
    return say(ConsentRequest(scope=scope, reason="it is bound for there"), sender, [to], **how | changes)


def grant(
    origin: Said, scope: Scope = TO_ET, decision: Decided = Decided.GRANTED, sender: BureauId = MA, to: BureauId = NO,
    **changes: Any,  # noqa: ANN401 - fields of a head
) -> Said:  # fmt: skip
    how = {"subject": origin.id, "refs": refs(about=origin), "label": origin.head.label}
    return say(Consent(decision=decision, scope=scope), sender, [to], **how | changes)


def onward(origin: Said, *consents: Said, to: tuple[BureauId, ...] = (ET,), **changes: Any) -> Said:  # noqa: ANN401
    """Return a message of `no` that quotes the origin under consents."""
    named = (*refs(quotes=origin), *(ref for each in consents for ref in refs(consent=each)))
    return say(TELL, NO, to, **{"refs": named, "label": origin.head.label} | changes)


# --------------------------------------------------------------------------------------------------------------- rules


@pytest.mark.parametrize("label", [{"onward": Onward.ASK}, {"onward": Onward.AUDIENCE, "handling": Handling.H2}])
def test_what_needs_consent_goes_on_under_it_and_not_without(label: dict[str, Any]) -> None:
    origin = told(**label)
    given = grant(origin)
    assert code(onward(origin), NO, origin, given) == "messages.consent"
    assert code(onward(origin, given), NO, origin, given) == "allowed"
    assert code(onward(origin, given), ET) == "allowed"
    # The source, when it is among the recipients, checks its own word.
    both = onward(origin, given, to=(ET, MA))
    assert code(both, MA, origin, given) == "allowed"
    assert code(both, MA, origin) == "messages.consent"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"scope": Scope(to=(BR,))}, "for another bureau"),
        ({"scope": Scope(to=(ET,), org=ELSEWHERE)}, "for another organisation"),
        ({"scope": Scope(to=(ET,), until=Millis(NOW - 1))}, "over"),
        ({"decision": Decided.REFUSED}, "refused"),
        ({"sender": ET}, "of somebody else"),
        ({"to": BR}, "given to somebody else"),
        ({"refs": ()}, "about something else"),
    ],
)
def test_a_consent_that_does_not_fit_is_none(changes: dict[str, Any], why: str) -> None:
    origin = told()
    given = grant(origin, **changes)
    assert code(onward(origin, given), NO, origin, given) == "messages.consent", why


def test_the_last_word_counts() -> None:
    origin = told()
    given, taken = grant(origin), grant(origin, decision=Decided.REFUSED, seq=2)
    assert code(onward(origin, given), NO, origin, given, taken) == "messages.consent"
    again = grant(origin, seq=3)
    assert code(onward(origin, again), NO, origin, given, taken, again) == "allowed"


def test_no_consent_overrides_what_the_source_excluded() -> None:
    origin = told(Onward.NONE)
    given = grant(origin)
    assert code(onward(origin, given), NO, origin, given) == "messages.onward"
    assert code(request(origin), MA, origin) == "messages.onward"


def test_a_recipient_asks_the_source() -> None:
    origin = told()
    assert code(request(origin), NO, origin) == code(request(origin), MA, origin) == "allowed"
    assert code(request(origin, sender=ET), MA, origin) == "messages.stranger"
    assert code(request(origin, sender=MA, to=NO), NO, origin) == "messages.source"
    assert code(request(origin, refs=()), MA, origin) == "messages.consent"
    assert code(request(origin, subject=None), MA, origin) == "messages.consent"
    assert code(request(origin), MA) == "messages.unseen"


def test_the_source_decides_within_what_was_asked() -> None:
    origin = told()
    asked = request(origin, Scope(to=(BR, ET), until=Millis(NOW + DAY)))
    named = refs(about=origin, answers=asked)
    assert code(grant(origin, refs=named), NO, origin, asked) == "allowed"
    assert code(grant(origin, Scope(to=(ET, MA)), refs=named), NO, origin, asked) == "messages.consent"
    assert code(grant(origin, sender=NO, to=MA), MA, origin) == "messages.source"
    assert code(grant(origin, to=BR), BR, origin) == "messages.stranger"
    other = request(told(information=1))
    assert code(grant(origin, refs=refs(about=origin, answers=other)), NO, origin, other) == "messages.consent"
    assert code(grant(origin, refs=named), NO, origin) == "messages.unseen"


def test_who_passes_on_cannot_consent_for_the_source() -> None:
    """Oslo holds data of Rabat; what Addis Ababa may do with them is for Rabat to say."""
    origin = told()
    given = grant(origin)
    passed = onward(origin, given)
    for_br = Scope(to=(BR,))
    bare = say(Consent(decision=Decided.GRANTED, scope=for_br), NO, [ET], subject=passed.id, refs=refs(about=passed))
    assert code(bare, NO, origin, given, passed) == "messages.consent"
    wider = grant(origin, for_br, seq=2)
    named = (*refs(about=passed), *refs(consent=wider))
    backed = say(Consent(decision=Decided.GRANTED, scope=for_br), NO, [ET], subject=passed.id, refs=named)
    assert code(backed, NO, origin, given, passed, wider) == "allowed"


def test_data_depart_under_consent_and_are_cited_not_quoted() -> None:
    origin, abroad = told(), Scope(to=(ET,), org=ELSEWHERE)
    given = grant(origin, abroad)
    named = (*refs(about=origin), *refs(consent=given))
    how = {"subject": origin.id, "refs": named, "label": origin.head.label}
    leaves = say(Departure(scope=abroad), NO, [MA], **how)
    assert code(leaves, NO, origin, given) == code(leaves, MA, origin, given) == "allowed"
    assert code(say(Departure(scope=abroad), NO, [MA], **how | {"refs": refs(about=origin)}), MA, origin, given) == (
        "messages.consent"
    )
    assert code(say(Departure(scope=Scope(to=(ET,), org=ORG)), NO, [MA], **how), MA, origin) == "messages.departure"
    loose = say(Departure(scope=abroad), NO, [MA], **how | {"label": Label(onward=Onward.AUDIENCE)})
    assert code(loose, MA, origin, given) == "handling.loosened"

    def cited(org: OrgId, onward_: Onward = Onward.ASK) -> Said:
        act = Information(
            title="x", text="x", language="en", abroad=(Abroad(org=org, act=origin.id, consent=given.id),)
        )
        return say(act, NO, [ET], label=Label(onward=onward_))

    assert code(cited(ELSEWHERE), ET) == "allowed"
    assert code(cited(ORG), ET) == "messages.abroad"
    assert code(cited(ELSEWHERE, Onward.AUDIENCE), ET) == "messages.onward"


# --------------------------------------------------------------------------------------------------------------- nodes


@pytest.fixture
def fed(tmp_path: Path) -> Iterator[Federation]:
    made = federation(tmp_path, ["ma", "no", "et", "br"])
    yield made
    made.close()


def at(fed: Federation, name: BureauId) -> tuple[Any, Any]:
    bureau = fed.bureaus[name]
    return bureau, reader(bureau)


def arrived(fed: Federation) -> ActId:
    sent = desk.send(*at(fed, MA), to=(NO,), title="a van", text="it was seen")
    fed.carry()
    return sent.id


def consent(fed: Federation, act: ActId, decision: Decided = Decided.GRANTED, **how: Any) -> None:  # noqa: ANN401
    """Let Oslo ask for Addis Ababa and Brasilia, and Rabat decide."""
    asked = desk.ask_consent(*at(fed, NO), act=act.hex(), whom=(ET, BR), reason="it is bound for there")
    fed.carry()
    desk.consent(*at(fed, MA), act=asked.id.hex(), decision=decision, **how)
    fed.carry()


def test_a_message_is_passed_on_under_a_consent(fed: Federation) -> None:
    act = arrived(fed)
    with pytest.raises(Refused, match=r"messages\.consent"):
        desk.forward(*at(fed, NO), act=act.hex(), to=(ET,))
    consent(fed, act, whom=(ET,))
    passed = desk.forward(*at(fed, NO), act=act.hex(), to=(ET,), note="see below")
    fed.carry()
    assert ruled(fed.bureaus[ET], passed.id) == "accepted"
    found = desk.read(*at(fed, ET), act=passed.id.hex())
    assert found.act.text == "see below\n\nit was seen"  # type: ignore[union-attr]
    assert sorted(ref.rel for ref in found.refs) == ["consent", "quotes"]
    with pytest.raises(Refused, match=r"messages\.consent"):
        desk.forward(*at(fed, NO), act=act.hex(), to=(BR,))


def test_a_consent_ends_and_is_taken_back(fed: Federation) -> None:
    act = arrived(fed)
    consent(fed, act, until=Millis(fed.clock + DAY))
    desk.forward(*at(fed, NO), act=act.hex(), to=(ET,))
    fed.later(2 * DAY)
    with pytest.raises(Refused, match=r"messages\.consent"):
        desk.forward(*at(fed, NO), act=act.hex(), to=(ET,))
    consent(fed, act)
    desk.forward(*at(fed, NO), act=act.hex(), to=(ET,))
    consent(fed, act, Decided.REFUSED)
    with pytest.raises(Refused, match=r"messages\.consent"):
        desk.forward(*at(fed, NO), act=act.hex(), to=(ET,))


def test_data_go_into_another_organisation_with_a_citation(fed: Federation) -> None:
    act = arrived(fed)
    asked = desk.ask_consent(
        *at(fed, NO), act=act.hex(), whom=(BureauId("ke"),), reason="its harbour", organisation=ELSEWHERE
    )
    with pytest.raises(Refused, match=r"messages\.consent"):
        desk.depart(*at(fed, NO), act=act.hex(), whom=(BureauId("ke"),), organisation=ELSEWHERE)
    fed.carry()
    desk.consent(*at(fed, MA), act=asked.id.hex(), decision=Decided.GRANTED)
    fed.carry()
    citation = desk.depart(*at(fed, NO), act=act.hex(), whom=(BureauId("ke"),), organisation=ELSEWHERE)
    fed.carry()
    thread = desk.thread(*at(fed, MA), act=act.hex())
    assert [each.kind for each in thread][-1] == "messages.departure/1"
    assert citation.startswith(f"{fed.org}/{act.hex()}/")
    with pytest.raises(Refused, match=r"messages\.abroad"):
        desk.cite(*at(fed, NO), citation=citation, to=(ET,), title="x", text="x")
    with pytest.raises(Misused, match="ORGANISATION/ACT/CONSENT"):
        desk.cite(*at(fed, NO), citation="x/y", to=(ET,), title="x", text="x")
    moved = citation.replace(fed.org, ELSEWHERE)
    sent = desk.cite(*at(fed, NO), citation=moved, to=(ET,), title="x", text="x")
    fed.carry()
    assert ruled(fed.bureaus[ET], sent.id) == "accepted"
