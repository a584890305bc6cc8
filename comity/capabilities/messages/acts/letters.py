"""What bureaus write to each other: information, a request, a reply, and the files beside them."""

import unicodedata
from enum import StrEnum

import msgspec

from comity.capabilities.messages.acts.consents import Abroad
from comity.capabilities.messages.acts.forms import Finding, Form
from comity.capabilities.messages.acts.words import (
    LANGUAGE,
    MAX_SIZE,
    MAX_TERMS,
    MAX_TEXT,
    MAX_TITLE,
    MEDIA_TYPE,
    check_name,
    is_one_line,
    is_printable,
)
from comity.core.act import MAX_REFS, Act
from comity.core.ids import Digest


class Urgency(StrEnum):
    """How soon a request must be answered; the terms are in `tables.py`."""

    URGENT = "urgent"
    """The answer is at hand, and somebody is at risk or about to be gone."""
    SOON = "soon"
    """Urgent, but the answer must first be asked of another service."""
    NORMAL = "normal"
    FOLLOW_UP = "follow-up"
    """More is asked about an alert or a hit that is known already."""


class Attachment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A file that travels beside the act, in encrypted chunks; whoever lacks this struct cannot read them."""

    name: str
    media_type: str
    size: int
    """Bytes of the plain content."""
    digest: Digest
    """SHA-256 of the plain content."""
    blob: Digest
    """Merkle root over the SHA-256 of the encrypted chunks; the head lists the same roots in the same order."""
    chunks: int
    key: bytes
    """The key of the content, 32 bytes, AES-256-GCM."""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        check_name(self.name)
        if not MEDIA_TYPE.fullmatch(self.media_type):
            raise ValueError("a media type is type/subtype in lower case")
        if not 0 <= self.size <= MAX_SIZE or self.chunks < 1:
            raise ValueError(f"an attachment has at most {MAX_SIZE} bytes, in one chunk or more")
        if {len(self.digest), len(self.blob), len(self.key)} != {32}:
            raise ValueError("digest, blob and key have 32 bytes each")


class Message(Act, frozen=True, kw_only=True):
    """What information, request and reply have in common; no kind of its own."""

    title: str
    """One line: what it is about."""
    text: str
    language: str
    """RFC 5646 tag of the text: ``fr``, ``ar``, ``sr-Latn``."""
    terms: str = ""
    """The limits on use that handling code H3 announces."""
    attachments: tuple[Attachment, ...] = ()
    abroad: tuple[Abroad, ...] = ()
    """What it takes from acts of another organisation, with the consents under which."""

    @property
    def least(self) -> int:
        """How many characters the text has at least: where a form says it all, none."""
        return 1

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        if not 1 <= len(self.title) <= MAX_TITLE or not is_one_line(self.title):
            raise ValueError(f"a title is one line of 1 to {MAX_TITLE} characters")
        if not self.least <= len(self.text) <= MAX_TEXT or not is_printable(self.text):
            raise ValueError(f"a text has 1 to {MAX_TEXT} characters and no control characters but line ends and tabs")
        if len(self.terms) > MAX_TERMS or not is_printable(self.terms):
            raise ValueError(f"terms have at most {MAX_TERMS} characters and no control characters")
        if not LANGUAGE.fullmatch(self.language):
            raise ValueError("a language is its tag, for example no, en or pt-BR (RFC 5646)")
        names = {unicodedata.normalize("NFKC", attachment.name).casefold() for attachment in self.attachments}
        if len(names) != len(self.attachments) or len(names) > MAX_REFS:
            raise ValueError(f"at most {MAX_REFS} attachments, no two of one name")
        if len(self.abroad) > MAX_REFS:
            raise ValueError(f"at most {MAX_REFS} acts of other organisations are cited")


class Information(Message, frozen=True, kw_only=True, tag="messages.information/1"):
    """Tells the recipients something and asks nothing of them."""

    opens = True


class Request(Message, frozen=True, kw_only=True, tag="messages.request/1"):
    """Asks each recipient for an answer; the clock starts when it is received."""

    opens = True

    urgency: Urgency = Urgency.NORMAL
    form: Form | None = None
    """What is asked, so that both sides can process it; absent in free text."""

    @property
    def least(self) -> int:
        """How many characters the text has at least."""
        return 1 if self.form is None else 0


class Reply(Message, frozen=True, kw_only=True, tag="messages.reply/1"):
    """Answers a request, and stops the clock of the bureau that replies."""

    answer: Finding | None = None
    """What is answered to a form."""

    @property
    def least(self) -> int:
        """How many characters the text has at least."""
        return 1 if self.answer is None else 0
