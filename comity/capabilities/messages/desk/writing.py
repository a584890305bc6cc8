"""Writing: information, a request, a reply."""

from comity.capabilities.messages.acts import Information, Request, Urgency
from comity.capabilities.messages.desk.addressing import addressed
from comity.capabilities.messages.desk.attaching import attached
from comity.capabilities.messages.desk.parts import (
    LANES,
    Attach,
    Audience,
    Case,
    Certainty,
    Code,
    Expires,
    HowSoon,
    Language,
    Law,
    Level,
    Passing,
    Reach,
    Reliability,
    Sent,
    Terms,
    Text,
    TextFile,
    Title,
    To,
    Until,
    Why,
    among,
    based_on,
    labelled,
    made,
    say,
    text_of,
)
from comity.capabilities.messages.tables import MOST_ASKED
from comity.core.capability import Reader
from comity.core.envelope import Lane
from comity.core.handling import Confidentiality, Handling, Onward, Purpose, Source
from comity.node.bureau import Bureau


def send(  # noqa: PLR0913, PLR0917 - a message has these parts
    bureau: Bureau, reader: Reader, to: To, title: Title, text: Text = "", file: TextFile = None,
    language: Language = "en", attach: Attach = (), purpose: Why = Purpose.INVESTIGATE, law: Law = "",
    law_until: Until = None, handling: Code = Handling.H0, reliability: Reliability = Source.X,
    certainty: Certainty = 4, confidentiality: Level = Confidentiality.OFFICIAL, onward: Passing = Onward.ASK,
    audience: Audience = (), expires: Expires = None, terms: Terms = "", reach: Reach = None,
    case: Case = (),
) -> Sent:  # fmt: skip
    """Send information to other bureaus.

    Example: comity send --to no --to et --title "Session opened" --file statement.txt
    """
    recipients = addressed(bureau, reader, to, reach)
    label = labelled(handling, reliability, certainty, confidentiality, onward, among(bureau, audience), expires)
    basis = based_on(law, law_until)
    with attached(bureau, attach) as files:
        act = made(
            Information, title=title, text=text_of(text, file), language=language, terms=terms, attachments=files
        )
        return say(bureau, reader, act, recipients, purpose=purpose, label=label, basis=basis, cases=case)


def request(  # noqa: PLR0913, PLR0917 - see `send`
    bureau: Bureau, reader: Reader, to: To, title: Title, text: Text = "", file: TextFile = None,
    urgency: HowSoon = Urgency.NORMAL,
    language: Language = "en", attach: Attach = (), purpose: Why = Purpose.INVESTIGATE, law: Law = "",
    law_until: Until = None, handling: Code = Handling.H0, reliability: Reliability = Source.X,
    certainty: Certainty = 4, confidentiality: Level = Confidentiality.OFFICIAL, onward: Passing = Onward.ASK,
    audience: Audience = (), expires: Expires = None, terms: Terms = "", reach: Reach = None,
    case: Case = (),
) -> Sent:  # fmt: skip
    """Ask other bureaus; the clock of the urgency starts when they have it.

    Example: comity request --to no --title "Vessel" --text "When did it leave port?" --urgency urgent
    """
    recipients = addressed(bureau, reader, to, reach, most=MOST_ASKED)
    label = labelled(handling, reliability, certainty, confidentiality, onward, among(bureau, audience), expires)
    basis, lane = based_on(law, law_until), LANES.get(urgency, Lane.NORMAL)
    with attached(bureau, attach) as files:
        act = made(
            Request, title=title, text=text_of(text, file), language=language, terms=terms, attachments=files,
            urgency=urgency,
        )  # fmt: skip
        return say(bureau, reader, act, recipients, purpose=purpose, label=label, basis=basis, lane=lane, cases=case)
