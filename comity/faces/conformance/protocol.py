"""The lines that a suite and an implementation under test exchange: one JSON object each (docs/spec/cli-protocol.md).

One process and a line for each command, and not a process for each: a suite asks some thousand times, and to start a
program costs more than to answer. All that must last lies in the folder `home`, so the process may be killed between
any two lines (decision 0044). Bytes are base64 as in proof files; times are milliseconds UTC, and the only clock.
"""

from typing import Any, TypeVar

import msgspec

from comity.core.errors import ComityError
from comity.core.ids import BureauId, Millis, OrgId
from comity.core.registry import Key

FORM = "conformance/1"


class Command(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="do"
):
    """What the suite asks."""


class Hello(Command, frozen=True, kw_only=True, tag="hello"):
    """Who are you, and which commands do you know? The first line of every session."""

    protocol: str = FORM


class Decode(Command, frozen=True, kw_only=True, tag="decode"):
    """Read one structure strictly; answer its canonical bytes."""

    structure: str
    raw: bytes
    kind: str | None = None
    """Of a body: the kind that its head says."""
    typ: str | None = None
    """Of a signature: the type that its header must say."""
    key: Key | None = None
    """The registered key that must have signed, or to which an envelope is sealed."""
    secret: bytes | None = None
    """The private half of that key, of an envelope or a delivery."""
    root: bytes | None = None
    """Of a proof: the root that it must lead to."""
    me: BureauId | None = None
    """Of a delivery: who receives it; of what a relay says or takes: the relay."""
    now: Millis | None = None
    parties: tuple["Party", ...] = ()
    """The organisation's members, where the structure is judged by them."""
    org: OrgId | None = None


class Party(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A member of the organisation whose keys `Decode` is to believe as they stand here."""

    bureau: BureauId
    relay: bool = False
    keys: tuple[Key, ...]


class Init(Command, frozen=True, kw_only=True, tag="init"):
    """Become a bureau of the organisation with this anchor, with new keys; the folder may hold another membership."""

    home: str
    now: Millis
    bureau: BureauId
    anchor: str


class Node(Command, frozen=True, kw_only=True):
    """What is asked of a bureau: its folder, the organisation that is meant, and what time it is."""

    home: str
    org: OrgId
    now: Millis


class Refresh(Node, frozen=True, kw_only=True, tag="refresh"):
    """Fetch the registry from a folder, as a TUF client, and take it if it holds."""

    registry: str


class Say(Node, frozen=True, kw_only=True, tag="say"):
    """Say an act; nothing leaves yet."""

    to: tuple[BureauId, ...]
    act: dict[str, Any]
    """`kind` and the fields of the kind."""
    purpose: str


class Send(Node, frozen=True, kw_only=True, tag="send"):
    """Do what is due by now, receipts first, and give what leaves; the carrier has it then."""


class Receive(Node, frozen=True, kw_only=True, tag="receive"):
    """Take in deliveries, in this order."""

    deliveries: tuple[bytes, ...]


class Status(Node, frozen=True, kw_only=True, tag="status"):
    """Tell what you hold."""


class Prove(Node, frozen=True, kw_only=True, tag="prove"):
    """Make a proof file about an act, without its text."""

    act: bytes


class Verify(Command, frozen=True, kw_only=True, tag="verify"):
    """Check a proof file or an evidence file; without an anchor the organisation is not asked about."""

    file: str
    anchor: str | None = None


Asked = Hello | Decode | Init | Refresh | Say | Send | Receive | Status | Prove | Verify
COMMANDS: tuple[type[Asked], ...] = (Hello, Decode, Init, Refresh, Say, Send, Receive, Status, Prove, Verify)


# What is answered.


class Told(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an implementation answers when it did what it was asked."""


class Greeting(Told, frozen=True, kw_only=True):
    """To `hello`."""

    protocol: str
    name: str
    """What the implementation calls itself, with its version."""
    does: tuple[str, ...]
    """The commands that it knows; what others need is reported as not supported."""


class Decoded(Told, frozen=True, kw_only=True):
    """To `decode`: the structure as this implementation spells it, which is the same bytes."""

    raw: bytes


class Keys(Told, frozen=True, kw_only=True):
    """To `init`: the public keys for the profile; one to sign, one to seal, one for the log at least."""

    keys: tuple[Key, ...]


class Refreshed(Told, frozen=True, kw_only=True):
    """To `refresh`."""

    version: int
    """Of the registry in force now; 0 where none ever was."""
    taken: bool
    """Whether what was offered verifies and is not older than what was seen."""


class Said(Told, frozen=True, kw_only=True):
    """To `say`: the act's id."""

    act: bytes


class Leaving(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One delivery on its way."""

    to: BureauId
    raw: bytes


class Sent(Told, frozen=True, kw_only=True):
    """To `send`."""

    deliveries: tuple[Leaving, ...]


class Received(Told, frozen=True, kw_only=True):
    """To `receive`: a code for each delivery."""

    outcomes: tuple[str, ...]


class Held(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An act of somebody else, and the ruling on it: ``accepted``, ``parked`` or the code of a refusal."""

    act: bytes
    code: str


class Rung(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A receipt that came for an act of ours."""

    act: bytes
    by: BureauId
    rung: int
    code: str


class Accused(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Evidence that is held against a bureau."""

    against: BureauId
    what: str


class State(Told, frozen=True, kw_only=True):
    """To `status`."""

    size: int
    """Leaves of the log."""
    root: bytes
    """Of the log at that size."""
    acts: tuple[Held, ...]
    """What others said, but for `exchange` and `keeping`; in any order."""
    receipts: tuple[Rung, ...]
    evidence: tuple[Accused, ...]


class Proven(Told, frozen=True, kw_only=True):
    """To `prove`: the text of the file."""

    file: str


class Answer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A receipt in a proof file."""

    by: BureauId
    rung: int
    code: str


class Verdict(Told, frozen=True, kw_only=True):
    """To `verify`, when the file holds: what it shows, as far as the suite compares it."""

    what: str
    """``proof``, ``split-view`` or ``equivocation``."""
    bureau: BureauId
    """Who said the act, or who is convicted."""
    act: bytes | None = None
    log: BureauId | None = None
    """Whose log shows it."""
    witnesses: tuple[BureauId, ...] = ()
    """Sorted."""
    answers: tuple[Answer, ...] = ()


class Denied(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is answered instead, exactly one of these."""

    malformed: str | None = None
    """The bytes are not what they claim: why."""
    refused: str | None = None
    """A rule forbids it: its code."""
    unsupported: str | None = None
    """This implementation does not know the command, or this structure: which."""
    error: str | None = None
    """It went wrong: what. No case expects this."""


ANSWER_TO: dict[type[Asked], type[Told]] = {
    Hello: Greeting, Decode: Decoded, Init: Keys, Refresh: Refreshed, Say: Said, Send: Sent, Receive: Received,
    Status: State, Prove: Proven, Verify: Verdict,
}  # fmt: skip

DENIALS = frozenset(Denied.__struct_fields__)


class Unsupported(ComityError):
    """The implementation does not know the command, or the structure that it was to decode."""


ToldT = TypeVar("ToldT", bound=Told)
