"""Passing on what others sent: asking their consent, giving ours, forwarding under it (decision 0034)."""

from typing import Annotated

from comity.capabilities.messages.acts import (
    MAX_TITLE,
    Abroad,
    Consent,
    ConsentRequest,
    Decided,
    Departure,
    Information,
    Message,
    Scope,
)
from comity.capabilities.messages.desk.addressing import addressed
from comity.capabilities.messages.desk.attaching import passed_on
from comity.capabilities.messages.desk.parts import (
    About,
    Certainty,
    Code,
    Language,
    Level,
    Reach,
    Reliability,
    Sent,
    Terms,
    Text,
    Title,
    To,
    labelled,
    made,
    say,
)
from comity.core.act import Act, Relation, kind_of
from comity.core.capability import Reader
from comity.core.desk import about
from comity.core.errors import Misused
from comity.core.handling import Confidentiality, Handling, Onward, Source
from comity.core.ids import ActId, BureauId, Millis, OrgId
from comity.node.bureau import Bureau
from comity.node.glimpse import Glimpse
from comity.node.view import View, Wanted

Whom = Annotated[tuple[BureauId, ...], about("a bureau to which it is to go; repeat it for several")]
Elsewhere = Annotated[str, about("another organisation, by its whole id; without it, this one")]
End = Annotated[Millis | None, about("the last moment at which it may be passed on")]


def ask_consent(  # noqa: PLR0913, PLR0917 - a request for consent has these parts
    bureau: Bureau, reader: Reader, act: About, whom: Whom,
    reason: Annotated[str, about("why it is to be passed on, one line")],
    organisation: Elsewhere = "", until: End = None,
) -> Sent:  # fmt: skip
    """Ask the source of a message whether it may be passed on.

    Example: comity ask-consent 3fa2 --whom et --reason "the vessel is bound for there"
    """
    found = View(bureau, reader).find(act)
    asked = made(ConsentRequest, scope=_scope(whom, organisation, until), reason=reason)
    return _say(bureau, reader, asked, found, (found.sender,))


def consent(
    bureau: Bureau, reader: Reader, act: About,
    decision: Annotated[Decided, about("granted or refused", positional=True)],
    whom: Annotated[tuple[BureauId, ...], about("only to this one of those asked for; repeat it for several")] = (),
    until: End = None,
) -> Sent:  # fmt: skip
    """Decide a request to pass our data on; the last word counts, so a later refusal takes a consent back.

    Example: comity consent 5c01 granted --until 2026-12-31
    """
    view = View(bureau, reader)
    request = view.find(act)
    if not isinstance(request.act, ConsentRequest):
        raise Misused("name the request for consent that is decided")
    origin = view.act(next(ref.act for ref in request.refs if ref.rel == "about"))
    if origin is None:
        raise Misused("the message that this is about is not for you")
    asked = request.act.scope
    ends = [end for end in (asked.until, until) if end is not None]
    scope = made(Scope, to=tuple(sorted(set(whom))) or asked.to, org=asked.org, until=min(ends, default=None))
    refs = [Relation(rel="answers", act=request.id)]
    # What we took from others we give on only with their consent.
    for quoted in (view.act(ref.act) for ref in origin.refs if ref.rel in {"quotes", "answers"}):
        refs += _consents(bureau, reader, quoted, scope) if quoted is not None else ()
    return _say(bureau, reader, Consent(decision=decision, scope=scope), origin, (request.sender,), *refs)


def forward(  # noqa: PLR0913, PLR0917 - what is passed on, and what stays, has these parts
    bureau: Bureau, reader: Reader, act: About, to: To,
    note: Annotated[str, about("a word of our own in front")] = "",
    without: Annotated[tuple[str, ...], about("leave this attachment out, by its name; repeat it for several")] = (),
    reach: Reach = None,
) -> Sent:  # fmt: skip
    """Pass a message of another bureau on, under its own label and with the consents that its source gave.

    Its attachments go along, encrypted anew.

    Example: comity forward 3fa2 --to et --note "for your information"
    """
    recipients = addressed(bureau, reader, to, reach)
    found = View(bureau, reader).find(act)
    original = found.act
    if not isinstance(original, Message):
        raise Misused("only a message that can be read here can be passed on")
    # Where the original has a form, its fields are in the quoted act alone; words are what a newcomer can read.
    text = "\n\n".join(filter(None, (note, original.text)))
    if not text:
        raise Misused("the message has a form and no text: say in --note what the recipient is to know")
    if not {*without} <= {each.name for each in original.attachments}:
        raise Misused("the message carries no attachment of that name: comity read shows them")
    refs = (Relation(rel="quotes", act=found.id), *_consents(bureau, reader, found, Scope(to=recipients)))
    with passed_on(bureau, tuple(each for each in original.attachments if each.name not in without)) as files:
        said = made(
            Information, title=f"Fwd: {original.title}"[:MAX_TITLE], text=text, language=original.language,
            terms=original.terms, attachments=files,
        )  # fmt: skip
        return say(
            bureau, reader, said, recipients, purpose=found.purpose, label=found.label, basis=found.basis, refs=refs
        )


def depart(bureau: Bureau, reader: Reader, act: About, whom: Whom, organisation: Elsewhere) -> str:
    """Tell the source of a message that it now goes into another organisation, under its consent; returns the citation.

    Example: comity depart 3fa2 --whom ke --organisation region.example-5c01...; then, in the other one:
    comity cite CITATION --to ke --title ... --text ...
    """
    found = View(bureau, reader).find(act)
    scope = _scope(whom, organisation, None)
    consents = _consents(bureau, reader, found, scope)
    _say(bureau, reader, made(Departure, scope=scope), found, (found.sender,), *consents)
    # The gates let it pass, so there is one; the newest comes first.
    return f"{bureau.org}/{found.id.hex()}/{consents[0].act.hex()}"


def cite(  # noqa: PLR0913, PLR0917 - a message has these parts
    bureau: Bureau, reader: Reader,
    citation: Annotated[str, about("what `comity depart` gave in the other organisation", positional=True)],
    to: To, title: Title, text: Text, language: Language = "en", handling: Code = Handling.H2,
    reliability: Reliability = Source.X, certainty: Certainty = 4, confidentiality: Level = Confidentiality.RESTRICTED,
    terms: Terms = "", reach: Reach = None,
) -> Sent:  # fmt: skip
    """Send in this organisation what departed from another, citing the act and the consent there.

    Give the label that it had there: nobody here can look it up.

    Example: comity cite world.example-7a90.../3fa2.../5c01... --to ke --title Vessel --text "It left on Tuesday."
    """
    try:
        org, act, given = citation.rsplit("/", 2)
        abroad = Abroad(org=OrgId(org), act=ActId(bytes.fromhex(act)), consent=ActId(bytes.fromhex(given)))
    except ValueError:
        raise Misused("a citation is ORGANISATION/ACT/CONSENT, as `comity depart` gives it") from None
    said = made(Information, title=title, text=text, language=language, terms=terms, abroad=(abroad,))
    label = labelled(handling, reliability, certainty, confidentiality, Onward.ASK, (), None)
    return say(bureau, reader, said, addressed(bureau, reader, to, reach), purpose=reader.purpose, label=label)


def _scope(whom: tuple[BureauId, ...], organisation: str, until: Millis | None) -> Scope:
    return made(Scope, to=tuple(sorted(set(whom))), org=OrgId(organisation.strip().lower()), until=until)


def _say(bureau: Bureau, reader: Reader, act: Act, origin: Glimpse, to: tuple[BureauId, ...], *refs: Relation) -> Sent:
    """Say an act of consent, which belongs to the matter and the thread of the message that it is about."""
    named = (Relation(rel="about", act=origin.id), Relation(rel="thread", act=origin.thread), *refs)
    subject, label = origin.subject or origin.id, origin.label
    return say(bureau, reader, act, to, purpose=origin.purpose, label=label, refs=named, subject=subject)


def _consents(bureau: Bureau, reader: Reader, origin: Glimpse, scope: Scope) -> tuple[Relation, ...]:
    """Return the source's consents that bear on the scope; whether they are enough, the gates say."""
    wanted = Wanted(kinds=(kind_of(Consent),), subject=origin.subject or origin.id, sender=origin.sender)
    found = []
    for each in View(bureau, reader).acts(wanted).items:
        bears = isinstance(each.act, Consent) and not set(each.act.scope.to).isdisjoint(scope.to)
        if bears and any((ref.rel, ref.act) == ("about", origin.id) for ref in each.refs):
            found.append(Relation(rel="consent", act=each.id))
    return tuple(found)
