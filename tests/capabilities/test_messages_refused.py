"""Each refusal of messages between real nodes, with its code and article, at both ends.

At the sender it leaves nothing behind, not even a number. At a recipient whose peer skips its own rules it leaves a
head, a leaf and a receipt, and nothing of what was said.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from comity.capabilities.messages import desk
from comity.capabilities.messages.acts import Request
from comity.capabilities.messages.desk import Decision, Sent
from comity.core.act import Erased, Relation
from comity.core.errors import Misused, Refused
from comity.core.handling import Basis, Handling, Label, Onward, Purpose
from comity.core.ids import ActId, BureauId, Millis
from comity.core.leaf import Way
from comity.core.receipt import Rung
from comity.core.registry import Standing
from comity.node import schema
from comity.node.store import Kept
from comity.node.view import View
from tests.capabilities.desks import (
    BR,
    ET,
    MA,
    NO,
    PLAIN,
    SECRET,
    answer,
    arrived,
    ask,
    at,
    files,
    lawless,
    measure,
    reply,
    say,
    send,
    tell,
    trace,
)
from tests.simulator import DAY, START, Federation, code_of, held, lines, rows

# ---------------------------------------------------------------------------------------------- refused at the sender


def _expired_request(fed: Federation) -> Sent:
    asked = ask(fed, expires=Millis(START + 1000))
    fed.later(1000)
    return asked


def _ended_basis(fed: Federation) -> Sent:
    asked = ask(fed, law="warrant 12", law_until=Millis(START + 1000))
    fed.later(1000)
    return asked


def _loosened(fed: Federation, asked: Sent) -> object:
    return answer(fed.bureaus[NO], asked.id, (MA,), label=PLAIN)


def _quoted(fed: Federation, origin: Sent) -> object:
    fed.join(BR)
    label = Label(onward=Onward.NONE, audience=(BR, NO))
    return tell(fed.bureaus[NO], (BR,), label=label, refs=(Relation(rel="quotes", act=origin.id),))


def _stale(fed: Federation) -> None:
    fed.registry = msgspec.structs.replace(fed.registry, expires=Millis(START - 8 * DAY))


Prepare = Callable[[Federation], Any]
Act = Callable[[Federation, Any], object]


def nothing(_fed: Federation) -> None:
    """Prepare nothing."""


AT_THE_SENDER: dict[str, tuple[BureauId, Prepare, Act, str, str]] = {
    "audience": (
        MA, nothing, lambda fed, _: send(fed, to=(NO, ET), audience=(NO,)), "handling.audience", "RPD 58 (GK-text)",
    ),
    "expired label": (MA, nothing, lambda fed, _: send(fed, expires=START), "handling.expired", "RPD 50"),
    "ended basis": (
        MA, nothing, lambda fed, _: send(fed, law="warrant 12", law_until=START), "handling.basis", "RPD 10",
    ),
    "H3 without terms": (
        MA, nothing, lambda fed, _: send(fed, handling=Handling.H3), "messages.terms", "handling code H3",
    ),
    "no police purpose": (
        MA, nothing, lambda fed, _: send(fed, purpose=Purpose.ADMINISTRATION), "messages.purpose", "RPD 10",
    ),
    "unknown recipient": (
        MA, nothing, lambda fed, _: send(fed, to=(NO, BureauId("xx"))), "registry.unknown", "C 4",
    ),
    "suspended recipient": (
        MA, lambda fed: measure(fed, NO, Standing.SUSPENDED), lambda fed, _: send(fed), "registry.suspended",
        "RPD 131",
    ),
    "restricted recipient": (
        MA, lambda fed: measure(fed, NO, Standing.RESTRICTED, ("notices",)), lambda fed, _: send(fed),
        "registry.restricted", "RPD 131",
    ),
    "ejected recipient": (
        MA, lambda fed: measure(fed, NO, Standing.EJECTED), lambda fed, _: send(fed), "registry.ejected", "RPD 131",
    ),
    "suspended sender": (
        MA, lambda fed: measure(fed, MA, Standing.SUSPENDED), lambda fed, _: send(fed), "registry.suspended",
        "RPD 131",
    ),
    "stale registry": (MA, _stale, lambda fed, _: send(fed), "registry.stale", "decision 0005"),
    "reply under an expired label": (NO, _expired_request, reply, "handling.expired", "RPD 50"),
    "reply under an ended basis": (NO, _ended_basis, reply, "handling.basis", "RPD 10"),
    "reply to oneself": (
        MA, ask, lambda fed, asked: reply(fed, asked, MA), "messages.addressee", "Dir. (EU) 2023/977 Art. 5",
    ),
    "loosened label": (
        NO, lambda fed: ask(fed, handling=Handling.H2), _loosened, "handling.loosened", "RPD 65 (GK-text)",
    ),
    "reply to no request": (
        NO, arrived, lambda fed, said: answer(fed.bureaus[NO], said.id, (MA,)),
        "messages.answers", "Dir. (EU) 2023/977 Art. 5",
    ),
    "quoted with onward none": (
        NO, lambda fed: arrived(fed, onward=Onward.NONE, audience=(BR, NO)), _quoted,
        "messages.onward", "RPD 65 (GK-text)",
    ),
    "quoted unseen": (
        NO, nothing, lambda fed, _: _quoted(fed, Sent(id=ActId(bytes(32)), kind="", to=(), said=START, leaf=0)),
        "messages.unseen", "decision 0026",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", AT_THE_SENDER)
def test_what_may_not_be_said_leaves_nothing_behind(fed: Federation, case: str) -> None:
    sender, prepare, act, code, article = AT_THE_SENDER[case]
    prepared = prepare(fed)
    before = trace(fed, sender)
    with pytest.raises(Refused) as refused:
        act(fed, prepared)
    assert (refused.value.refusal.code, refused.value.refusal.article) == (code, article)
    assert str(refused.value).startswith(f"{code}: ")
    assert trace(fed, sender) == before


def test_a_refused_message_leaves_none_of_its_attachments(fed: Federation, tmp_path: Path) -> None:
    file = tmp_path / "plan.txt"
    file.write_text(SECRET)
    with pytest.raises(Refused):
        send(fed, to=(NO, ET), audience=(NO,), attach=(file, file.rename(tmp_path / "other.txt"))[1:])
    assert files(fed.folder / MA / "blobs") == []


def test_what_was_refused_takes_no_number_from_what_comes_after(fed: Federation) -> None:
    for _ in range(2):
        with pytest.raises(Refused):
            send(fed, handling=Handling.H3)
        said = send(fed)
    kept = held(fed.bureaus[MA], said.id)
    assert kept is not None
    assert (kept.head.seq, kept.leaf) == (2, 1)


# -------------------------------------------------------------------------- refused at the recipient of a lawless node


def _suspended(fed: Federation) -> Kept:
    measure(fed, MA, Standing.SUSPENDED)
    return tell(lawless(fed, MA), (NO,))


def _not_asked(fed: Federation) -> Kept:
    asked = ask(fed, NO, (MA,))
    return answer(lawless(fed, ET), asked.id, (NO,), refs=(Relation(rel="answers", act=asked.id),))


def _strangers(fed: Federation) -> Kept:
    asked = ask(fed, NO, (MA,))
    return answer(lawless(fed, MA), asked.id, (ET, NO))


def _passed_on(fed: Federation) -> Kept:
    fed.join(BR)
    origin = send(fed, NO, (MA, ET), onward=Onward.NONE)
    fed.carry()
    refs = (Relation(rel="quotes", act=origin.id),)
    return tell(lawless(fed, MA), (BR, ET), refs=refs, label=Label(onward=Onward.NONE, audience=(BR, ET, MA, NO)))


def _without_consent(fed: Federation) -> Kept:
    fed.join(BR)
    origin = send(fed, NO, (MA, ET))
    fed.carry()
    return tell(lawless(fed, MA), (BR, ET), refs=(Relation(rel="quotes", act=origin.id),))


def _two_lists(fed: Federation) -> Kept:
    bureau = lawless(fed, MA)
    with (fed.folder / "plan.txt").open("w+b") as stream:
        blob = bureau.blobs.put(stream, bureau.entropy)
    return tell(bureau, (NO,), blobs=(blob.root,))


AT_THE_RECIPIENT: dict[str, tuple[BureauId, Callable[[Federation], Kept], str, str]] = {
    "audience": (
        NO, lambda fed: tell(lawless(fed, MA), (ET, NO), label=Label(audience=(NO,))), "handling.audience",
        "RPD 58 (GK-text)",
    ),
    "expired label": (
        NO, lambda fed: tell(lawless(fed, MA), (NO,), label=Label(expires=START)), "handling.expired", "RPD 50",
    ),
    "ended basis": (
        NO, lambda fed: tell(lawless(fed, MA), (NO,), basis=Basis(law="warrant 12", until=START)), "handling.basis",
        "RPD 10",
    ),
    "H3 without terms": (
        NO, lambda fed: tell(lawless(fed, MA), (NO,), label=Label(handling=Handling.H3)), "messages.terms",
        "handling code H3",
    ),
    "no police purpose": (
        NO, lambda fed: tell(lawless(fed, MA), (NO,), purpose=Purpose.ADMINISTRATION), "messages.purpose", "RPD 10",
    ),
    "suspended sender": (
        NO, _suspended,
        "registry.suspended", "RPD 131",
    ),
    "loosened label": (
        NO, lambda fed: answer(lawless(fed, MA), ask(fed, NO, (MA,), handling=Handling.H2).id, (NO,)),
        "handling.loosened", "RPD 65 (GK-text)",
    ),
    "reply to no request": (
        NO, lambda fed: answer(lawless(fed, MA), arrived(fed, NO, (MA,)).id, (NO,)),
        "messages.answers", "Dir. (EU) 2023/977 Art. 5",
    ),
    "reply by a bureau that was not asked": (
        NO,
        _not_asked,
        "messages.addressee",
        "Dir. (EU) 2023/977 Art. 5",
    ),
    "reply shown to a stranger": (NO, _strangers, "messages.stranger", "RPD 65 (GK-text)"),
    "quoted with onward none": (ET, _passed_on, "messages.onward", "RPD 65 (GK-text)"),
    "quoted without consent": (ET, _without_consent, "messages.consent", "RPD 65 (GK-text)"),
    "attachments of the head alone": (NO, _two_lists, "messages.attachments", "decision 0026"),
}  # fmt: skip


@pytest.mark.parametrize("case", AT_THE_RECIPIENT)
def test_what_a_lawless_node_says_is_refused_and_only_the_refusal_is_kept(fed: Federation, case: str) -> None:
    name, make, code, article = AT_THE_RECIPIENT[case]
    said = make(fed)
    bureau, sender = fed.bureaus[name], fed.bureaus[said.head.sender]
    fed.carry()
    kept = held(bureau, said.id)
    assert kept is not None
    assert (kept.code, kept.article, kept.head) == (code, article, said.head)
    # Nothing of what was said: no body, no key, no state, no line in a list, no attachment that opens.
    (row,) = [each for each in rows(bureau, schema.acts) if bytes(each.id) == said.id]
    assert row.body is None
    assert said.id not in [bytes(each.subject) for each in rows(bureau, schema.subjects)]
    found = desk.read(*at(fed, name), act=said.id.hex())
    assert found.act == Erased(tag=said.head.kind)
    assert said.id not in [each.id for each in desk.inbox(*at(fed, name), limit=50).items]
    assert [each.id for each in View(*at(fed, name)).refused().items] == [said.id]
    # The refusal is in our log, and signed in the sender's hands.
    with bureau.database.read() as tx:
        assert bureau.ledger.prove(tx, kept.leaf, bureau.ledger.size(tx)).leaf.way is Way.REFUSED
    (receipt,) = [each for each in rows(sender, schema.receipts) if (bytes(each.act), each.signer) == (said.id, name)]
    assert (receipt.rung, receipt.code, receipt.article) == (Rung.RULED, code, article)
    assert lines(sender, said.id)[name].state == "settled"


def test_a_bureau_that_cannot_look_takes_the_word_of_the_sender(fed: Federation) -> None:
    """Who is no party to what is quoted has never seen it; the one who has refuses."""
    said = _passed_on(fed)
    fed.carry()
    assert (code_of(fed.bureaus[BR], said.id), code_of(fed.bureaus[ET], said.id)) == ("accepted", "messages.onward")


def test_a_reply_to_what_nobody_asked_waits_a_day_and_is_refused(fed: Federation) -> None:
    said = answer(lawless(fed, MA), ActId(b"x" * 32), (NO,))
    fed.carry()
    assert code_of(fed.bureaus[NO], said.id) == "parked"
    fed.pass_time(25 * 3_600_000, every=3_600_000)
    assert code_of(fed.bureaus[NO], said.id) == "messages.unseen"


def test_nothing_can_be_decided_answered_or_saved_of_what_was_refused(fed: Federation) -> None:
    said = say(lawless(fed, MA), Request(title="a", text="b", language="en"), (NO,), label=Label(expires=START))
    fed.carry()
    for call in (
        lambda: desk.decide(*at(fed, NO), act=said.id.hex(), decision=Decision.TAKEN),
        lambda: desk.reply(*at(fed, NO), act=said.id.hex(), text="no"),
        lambda: desk.save(*at(fed, NO), act=said.id.hex()),
    ):
        with pytest.raises(Misused):
            call()
