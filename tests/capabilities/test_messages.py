"""The rules of messages, one test or property for each (decision 0026)."""

import hashlib
from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.capabilities.messages import CAPABILITY
from comity.capabilities.messages.acts import MAX_TEXT, Assignment, Attachment, Information, Reply, Request, Urgency
from comity.capabilities.messages.rules import Matter, due, fold, veil
from comity.core.act import Act, Author, Erased, Kinds, Relation, Said, encode_body, kind_of
from comity.core.capability import HIDDEN, SHOWN, Masked, OfficerRole, Reader
from comity.core.codec import decode, encode
from comity.core.errors import Malformed
from comity.core.handling import Confidentiality, Handling, Label, Onward, Purpose
from comity.core.ids import BureauId, Digest
from comity.core.keeping import Entered, Entry
from comity.core.ruling import ALLOWED, Refusal, Ruling
from tests.capabilities.memory import ET, MA, NO, NOW, Memory, code_of, refs, say

ASK = Request(title="a plate", text="whose is it?", language="en")
ANSWER = Reply(title="a plate", text="nobody's", language="en")
TELL = Information(title="a van", text="it was seen", language="fr")


def rule(said: Said, seen: Memory) -> Ruling:
    """Return the first refusal of the gates, as a bureau would."""
    rulings = (gate(said, seen, NOW) for gate in CAPABILITY.gates)
    return next((ruling for ruling in rulings if isinstance(ruling, Refusal)), ALLOWED)


def code(said: Said, me: BureauId, *seen: Said) -> str:
    """Return what the gates say at the bureau `me`, which has seen these acts."""
    return code_of(rule(said, Memory(me, seen)))


def reply(request: Said, sender: BureauId, to: Iterable[BureauId], **changes: object) -> Said:
    """Return a reply that is right in every respect but the changes."""
    return say(ANSWER, sender, to, **{"subject": request.id, "refs": refs(thread=request, answers=request)} | changes)


def attachment(**changes: object) -> Attachment:
    """Return an attachment that is right in every respect but the changes."""
    fields = {
        "name": "plan.pdf",
        "media_type": "application/pdf",
        "size": 5,
        "digest": Digest(hashlib.sha256(b"plain").digest()),
        "blob": Digest(hashlib.sha256(b"root").digest()),
        "chunks": 1,
        "key": bytes(32),
    }
    return Attachment(**fields | changes)  # type: ignore[arg-type]


# --------------------------------------------------------------------------------------------------------------- shape


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../keys", "a/b", "a\\b", "c:evil", "a\x00b", "a\nb", "photo\u202egpj.exe", "a\uff0fb", " a", "a.",
     ".bashrc", "a\u2028b", "x" * 201],
)  # fmt: skip
def test_a_file_name_cannot_leave_its_folder_or_pose_as_another(name: str) -> None:
    """Separators, control characters, direction marks and names of several meanings are refused."""
    with pytest.raises(ValueError, match="file's name"):
        attachment(name=name)


@pytest.mark.parametrize("name", ["plan.pdf", "صورة.jpg", "照片 1.png", "Ñandú.txt", "a..b"])
def test_a_file_name_may_be_in_any_script(name: str) -> None:
    """What is refused is the trick, not the script."""
    assert attachment(name=name).name == name


@pytest.mark.parametrize(
    "changes",
    [{"media_type": "pdf"}, {"media_type": "Text/HTML"}, {"size": -1}, {"size": 2**31 + 1}, {"chunks": 0},
     {"key": bytes(16)}, {"digest": Digest(b"")}, {"blob": Digest(bytes(31))}],
)  # fmt: skip
def test_an_attachment_is_what_its_fields_say(changes: dict[str, object]) -> None:
    """Lengths, sizes and types are checked when the struct is made."""
    with pytest.raises(ValueError, match=r"media type|attachment|32 bytes"):
        attachment(**changes)


@pytest.mark.parametrize(
    "changes",
    [{"title": ""}, {"title": "two\nlines"}, {"title": "x" * 201}, {"title": "\u202eltit"}, {"text": ""},
     {"text": "x" * (MAX_TEXT + 1)}, {"text": "\x1b[2J"}, {"language": "English"}, {"language": ""},
     {"terms": "x" * 2001}, {"attachments": (attachment(), attachment(name="PLAN.pdf"))}],
)  # fmt: skip
def test_a_message_has_bounds(changes: dict[str, object]) -> None:
    """An empty text, a title of two lines, an escape sequence, two files of one name: none of them is made."""
    with pytest.raises(ValueError, match=r"title|text|language|terms|attachments"):
        msgspec.structs.replace(TELL, **changes)


def test_a_malformed_message_is_malformed_on_the_wire() -> None:
    """What cannot be made here is not accepted from there."""
    raw = encode({"kind": "messages.reply/1", "title": "", "text": "x", "language": "en"})
    with pytest.raises(Malformed):
        Kinds(CAPABILITY.acts).decode("messages.reply/1", raw)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1), st.sampled_from(Urgency))
def test_a_request_is_read_as_it_was_written(text: str, urgency: Urgency) -> None:
    """Encoding and decoding give the same act in any script."""
    request = Request(title="x", text=text, language="ar", urgency=urgency, attachments=(attachment(),))
    assert Kinds(CAPABILITY.acts).decode(kind_of(request), encode_body(request)) == request


# --------------------------------------------------------------------------------------------------------------- gates


@pytest.mark.parametrize("act", [ASK, TELL], ids=kind_of)
def test_a_first_message_is_allowed_at_both_ends(act: Act) -> None:
    """The good road: nothing was seen before."""
    said = say(act, MA, [NO, ET])
    assert code(said, MA) == code(said, NO) == "allowed"


def test_a_reply_is_allowed_at_both_ends() -> None:
    """The good road: the request was seen."""
    request = say(ASK, MA, [NO])
    answer = reply(request, NO, [MA])
    assert code(answer, NO, request) == code(answer, MA, request) == "allowed"


def test_a_message_is_not_administration() -> None:
    """RPD 10: each processing has a police purpose."""
    assert code(say(TELL, MA, [NO], purpose=Purpose.ADMINISTRATION), NO) == "messages.purpose"


def test_handling_code_h3_needs_terms() -> None:
    """H3 says that there are other limits; a blank is none."""
    label = Label(handling=Handling.H3)
    assert code(say(TELL, MA, [NO], label=label), NO) == "messages.terms"
    blank = msgspec.structs.replace(TELL, terms=" \n")
    assert code(say(blank, MA, [NO], label=label), NO) == "messages.terms"
    stated = msgspec.structs.replace(TELL, terms="not to be shown to the press")
    assert code(say(stated, MA, [NO], label=label), NO) == "allowed"


def test_a_message_names_only_relations_that_have_a_meaning() -> None:
    """Two threads, or a relation that nobody knows, are refused."""
    first, other = say(TELL, MA, [NO]), say(ASK, MA, [NO])
    twice = (*refs(thread=first), *refs(thread=other))
    assert code(say(TELL, NO, [MA], refs=twice), NO, first, other) == "messages.relations"
    assert code(say(TELL, NO, [MA], refs=(Relation(rel="likes", act=first.id),)), NO, first) == "messages.relations"


def test_information_and_requests_open_a_matter_of_their_own() -> None:
    """Their sender keeps it, and they are about no other."""
    request = say(ASK, MA, [NO])
    assert code(say(TELL, MA, [NO], keeper=NO), NO) == "messages.subject"
    assert code(say(ASK, MA, [NO], subject=request.id), NO, request) == "messages.subject"


def test_a_reply_is_about_the_request_that_it_answers() -> None:
    """The subject and the relation say the same."""
    request = say(ASK, MA, [NO])
    assert code(reply(request, NO, [MA], subject=None), NO, request) == "messages.subject"
    assert code(reply(request, NO, [MA], refs=refs(thread=request)), NO, request) == "messages.subject"


def test_a_reply_to_what_nobody_here_has_seen_is_refused() -> None:
    """At the sender it is a mistake, at the recipient an answer to nothing."""
    request = say(ASK, MA, [NO])
    assert code(reply(request, NO, [MA]), NO) == code(reply(request, NO, [MA]), MA) == "messages.unseen"


def test_only_a_reply_answers_and_only_a_request_is_answered() -> None:
    """Information neither stops a clock nor has one."""
    request, told = say(ASK, MA, [NO]), say(TELL, MA, [NO])
    posing = say(TELL, NO, [MA], refs=refs(answers=request))
    assert code(posing, NO, request) == "messages.answers"
    assert code(reply(told, NO, [MA]), NO, told) == "messages.answers"


def test_a_request_is_answered_by_those_it_is_addressed_to() -> None:
    """Neither its own sender nor a stranger stops its clock."""
    request = say(ASK, MA, [NO, ET])
    assert code(reply(request, MA, [NO]), MA, request) == "messages.addressee"
    private = say(ASK, MA, [NO])
    straying = reply(private, ET, [MA], refs=refs(answers=private))
    assert code(straying, MA, private) == "messages.addressee"


def test_a_reply_goes_to_who_asked() -> None:
    """A reply to the other recipients alone stops a clock behind the requester's back."""
    request = say(ASK, MA, [NO, ET])
    assert code(reply(request, NO, [ET]), NO, request) == "messages.requester"
    assert code(reply(request, NO, [ET, MA]), NO, request) == "allowed"


def test_nobody_is_drawn_into_a_thread() -> None:
    """Who was no party to the first message is no party to the thread or the reply."""
    request = say(ASK, MA, [NO])
    assert code(reply(request, NO, [ET, MA]), NO, request) == "messages.stranger"
    assert code(say(TELL, MA, [ET], refs=refs(thread=request)), MA, request) == "messages.stranger"
    assert code(say(TELL, ET, [MA], refs=refs(thread=request)), MA, request) == "messages.stranger"


def test_a_thread_is_named_by_its_first_message() -> None:
    """One thread has one name, whoever writes."""
    first = say(TELL, MA, [NO])
    second = say(ASK, MA, [NO], refs=refs(thread=first))
    assert code(second, NO, first) == "allowed"
    assert code(say(TELL, NO, [MA], refs=refs(thread=second)), NO, first, second) == "messages.thread"
    assert code(reply(second, NO, [MA], refs=refs(answers=second)), NO, first, second) == "messages.thread"
    right = reply(second, NO, [MA], refs=refs(thread=first, answers=second))
    assert code(right, NO, first, second) == "allowed"


@pytest.mark.parametrize(
    "label",
    [Label(handling=Handling.H1), Label(onward=Onward.AUDIENCE), Label(confidentiality=Confidentiality.OFFICIAL)],
    ids=["handling", "onward", "confidentiality"],
)
def test_an_answer_or_quotation_never_loosens_a_label(label: Label) -> None:
    """Attack: the label gets weaker with each hop. Only the source loosens it."""
    strict = Label(handling=Handling.H2, onward=Onward.ASK, confidentiality=Confidentiality.RESTRICTED)
    request = say(ASK, MA, [NO], label=strict)
    assert code(reply(request, NO, [MA], label=label), MA, request) == "handling.loosened"
    assert code(say(TELL, NO, [MA], label=label, refs=refs(quotes=request)), NO, request) == "handling.loosened"
    assert code(reply(request, NO, [MA], label=strict), MA, request) == "allowed"


def test_a_bureau_loosens_the_label_of_its_own_data() -> None:
    """The source is free to say more about what is its own."""
    told = say(TELL, MA, [NO], label=Label(handling=Handling.H2, onward=Onward.NONE))
    assert code(say(TELL, MA, [ET], refs=refs(quotes=told)), MA, told) == "allowed"


def test_quoting_oneself_does_not_wash_a_label_off() -> None:
    """A chain of the sender's own messages leads to whose data they hold."""
    told = say(TELL, MA, [NO], label=Label(onward=Onward.NONE))
    inner = say(TELL, NO, [MA], label=Label(onward=Onward.NONE), refs=refs(quotes=told))
    outer = say(TELL, NO, [ET], label=Label(onward=Onward.NONE), refs=refs(quotes=inner))
    assert code(outer, NO, told, inner) == "messages.onward"


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        (Label(onward=Onward.NONE), "messages.onward"),
        (Label(onward=Onward.ASK), "messages.consent"),
        (Label(onward=Onward.AUDIENCE, handling=Handling.H2, audience=(ET, MA, NO)), "messages.consent"),
        (Label(onward=Onward.AUDIENCE, audience=(MA, NO)), "messages.onward"),
        (Label(onward=Onward.AUDIENCE), "messages.onward"),
        (Label(onward=Onward.AUDIENCE, audience=(ET, MA, NO)), "allowed"),
    ],
)
def test_data_are_passed_on_only_as_their_source_allows(label: Label, expected: str) -> None:
    """RPD 65: not at all, with consent, or to the named audience; H2 means consent, whatever else the label says."""
    told = say(TELL, MA, [NO], label=label)
    assert code(say(TELL, NO, [ET], label=label, refs=refs(quotes=told)), NO, told) == expected


def test_data_may_always_go_back_to_those_who_have_them() -> None:
    """A quotation to the parties of what is quoted passes nothing on."""
    label = Label(onward=Onward.NONE)
    told = say(TELL, MA, [NO], label=label)
    assert code(say(TELL, NO, [MA], label=label, refs=refs(quotes=told)), NO, told) == "allowed"


def test_what_is_quoted_must_be_at_hand_where_it_is_quoted() -> None:
    """The recipient of something passed on was no party to it and cannot have it."""
    label = Label(onward=Onward.AUDIENCE, audience=(ET, MA, NO))
    told = say(TELL, MA, [NO], label=label)
    passed = say(TELL, NO, [ET], label=label, refs=refs(quotes=told))
    assert code(passed, NO) == "messages.unseen"
    assert code(passed, ET) == "allowed"


@given(st.lists(st.integers(0, 3), max_size=4, unique=True), st.lists(st.integers(0, 3), max_size=4, unique=True))
def test_head_and_body_list_the_same_attachments(body: list[int], head: list[int]) -> None:
    """In the same order, none more and none less."""
    blobs = [Digest(hashlib.sha256(bytes([number])).digest()) for number in range(4)]
    attachments = tuple(attachment(name=f"{number}.txt", blob=blobs[number]) for number in body)
    said = say(
        msgspec.structs.replace(TELL, attachments=attachments), MA, [NO], blobs=tuple(blobs[number] for number in head)
    )
    assert code(said, NO) == ("allowed" if body == head else "messages.attachments")


def test_an_assignment_stays_at_home() -> None:
    """Which unit works on what is nobody else's business, and one assigns only what one is a party to."""
    told, elsewhere = say(TELL, MA, [NO]), say(TELL, MA, [ET])
    work = Assignment(units=("fraud",))
    assert code(say(work, NO, [NO], subject=told.id), NO, told) == "allowed"
    assert code(say(work, NO, [MA], subject=told.id), NO, told) == "messages.assignment"
    assert code(say(work, NO, [NO], subject=told.id), NO) == "messages.unseen"
    assert code(say(work, NO, [NO], subject=elsewhere.id), NO, elsewhere) == "messages.stranger"
    mine = say(work, NO, [NO], subject=told.id)
    assert code(say(work, NO, [NO], subject=mine.id), NO, told, mine) == "messages.assignment"


def test_the_gates_have_no_opinion_on_other_acts() -> None:
    """A gate runs on every act; it speaks about its own."""
    entry = Entry(subject=say(TELL, MA, [NO]).id, number=1, previous=say(ASK, MA, [NO]).id, act=say(ASK, NO, [MA]).id)
    assert code(say(entry, MA, [NO], purpose=Purpose.ADMINISTRATION), NO) == "allowed"


# ---------------------------------------------------------------------------------------------------------------- veil

RESTRICTED = Label(confidentiality=Confidentiality.RESTRICTED)


def reader(bureau: BureauId, unit: str = "desk", **changes: object) -> Reader:
    """Return an officer of a unit."""
    return msgspec.structs.replace(Reader(bureau=bureau, officer="o-1", unit=unit), **changes)


def test_who_is_no_party_does_not_learn_that_a_message_exists() -> None:
    """Not even a supervisor of another bureau."""
    told = say(TELL, MA, [NO])
    assert veil(told, reader(ET, role=OfficerRole.SUPERVISOR), Memory(ET)) == HIDDEN


def test_what_is_for_official_use_is_seen_by_every_officer_of_the_parties() -> None:
    """RPD 112, the lowest level."""
    told = say(TELL, MA, [NO])
    assert veil(told, reader(NO), Memory(NO)) == veil(told, reader(MA), Memory(MA)) == SHOWN


@pytest.mark.parametrize("role", [OfficerRole.AUDITOR, OfficerRole.ENGINEER])
def test_who_looks_after_the_house_sees_heads_only(role: OfficerRole) -> None:
    """Every field of the body is masked, attachments with their keys included."""
    sight = veil(say(ASK, MA, [NO]), reader(NO, role=role), Memory(NO))
    assert isinstance(sight, Masked)
    assert set(sight.fields) == {field.name for field in msgspec.structs.fields(Request)}


def test_restricted_messages_need_a_reason_to_be_read() -> None:
    """The author's unit and supervisors read them; other units do not."""
    told = say(TELL, MA, [NO], label=RESTRICTED, author=Author(officer="o-7", unit="homicide"))
    assert veil(told, reader(MA, "homicide"), Memory(MA)) == SHOWN
    assert veil(told, reader(MA, "fraud"), Memory(MA)) == HIDDEN
    assert veil(told, reader(NO, role=OfficerRole.SUPERVISOR), Memory(NO)) == SHOWN


def test_a_unit_of_the_same_name_in_another_bureau_is_another_unit() -> None:
    """Every bureau has a fraud unit."""
    told = say(TELL, MA, [NO], label=RESTRICTED, author=Author(officer="o-7", unit="fraud"))
    assert veil(told, reader(NO, "fraud"), Memory(NO)) == HIDDEN


def test_an_assignment_opens_a_matter_its_replies_and_its_thread() -> None:
    """To the unit or the case; the last assignment counts."""
    told = say(TELL, MA, [NO], label=RESTRICTED)
    request = say(ASK, NO, [MA], label=RESTRICTED, refs=refs(thread=told))
    answer = reply(request, MA, [NO], label=RESTRICTED, refs=refs(thread=told, answers=request))
    unit = say(Assignment(units=("fraud",)), NO, [NO], subject=told.id)
    case = say(Assignment(cases=("2026-17",)), NO, [NO], subject=told.id)
    for said in (told, request, answer):
        assert veil(said, reader(NO, "fraud"), Memory(NO, [told, request, answer])) == HIDDEN
        assert veil(said, reader(NO, "fraud"), Memory(NO, [told, request, answer, unit])) == SHOWN
        assert veil(said, reader(NO, "fraud"), Memory(NO, [told, request, answer, unit, case])) == HIDDEN
        on_case = reader(NO, "other", cases=frozenset({"2026-17"}))
        assert veil(said, on_case, Memory(NO, [told, request, answer, unit, case])) == SHOWN


def test_an_assignment_that_was_erased_opens_nothing() -> None:
    """Who need not know is the safe reading of what can no longer be read."""
    told = say(TELL, MA, [NO], label=RESTRICTED)
    unit = say(Assignment(units=("fraud",)), NO, [NO], subject=told.id)
    assert veil(told, reader(NO, "fraud"), Memory(NO, [told, erased(unit)])) == HIDDEN


# --------------------------------------------------------------------------------------------------------------- state


def erased(said: Said) -> Said:
    """Return the act with a tombstone for its body."""
    return msgspec.structs.replace(said, act=Erased(tag=said.head.kind))


def course(*acts: Said) -> Matter:
    """Fold the acts in this order, as a store does with acts that need no keeper."""
    state = None
    for said in acts:
        state = fold(state, Entered(number=0, said=said))
    assert state is not None
    return state


def traffic() -> list[Said]:
    """Return a request to two bureaus, three replies and an assignment."""
    request = say(ASK, MA, [NO, ET])
    replies = [reply(request, bureau, [MA], seq=seq) for bureau, seq in ((NO, 1), (ET, 1), (NO, 2))]
    return [request, *replies, say(Assignment(units=("fraud",)), MA, [MA], subject=request.id)]


@given(st.permutations(traffic()), st.lists(st.booleans(), min_size=5, max_size=5))
def test_the_order_of_arrival_and_erased_bodies_leave_the_state_as_it_is(arrived: list[Said], gone: list[bool]) -> None:
    """Heads make the state, so it is rebuilt after any erasure; only an erased request runs no clock any more."""
    left = [erased(said) if lost else said for said, lost in zip(arrived, gone, strict=True)]
    asked = next(said for said in left if kind_of(ASK) == said.head.kind)
    expected = course(*traffic())
    if isinstance(asked.act, Erased):
        expected = msgspec.structs.replace(expected, clock="")
    assert encode(course(*left, *left[:2])) == encode(expected)


def test_a_state_survives_the_store() -> None:
    """It is kept in the wire's own encoding."""
    state = course(*traffic())
    assert decode(encode(state), Matter) == state


def test_a_request_is_owed_an_answer_by_each_recipient_until_it_replies() -> None:
    """One clock for each of them."""
    request, answer, other, *_ = traffic()
    assert course(request).owing == (ET, NO)
    assert course(request, answer).owing == (ET,)
    assert course(answer).owing == ()
    assert due(course(request, answer, other)) == ()


def test_information_is_owed_nothing() -> None:
    """It asks nothing."""
    assert due(course(say(TELL, MA, [NO]))) == ()
