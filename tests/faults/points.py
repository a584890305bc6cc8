"""The points at which a node is killed: a function of the node, and the moment in it (attack 25).

A point names the function where it is looked up, not where it is written: ``comity.node.witness:cosign`` is the name in
the module that calls it. `armed` is a function that must have ended before, so that "just before COMMIT" becomes "just
before the COMMIT of a transaction that took in an act".
"""

from dataclasses import dataclass
from enum import StrEnum


class Moment(StrEnum):
    """When the node dies."""

    BEFORE = "before"
    AFTER = "after"
    COMMIT = "commit"
    """Just before COMMIT is said to the database, everything of the transaction being written; names no function."""
    STATEMENT = "statement"
    """Just before a statement is said to the database; names no function."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """One fail point."""

    name: str
    moment: Moment
    target: str = ""
    """``module:function`` or ``module:Class.method``."""
    nth: int = 1
    """At which call, once armed."""
    armed: str = ""


def before(name: str, target: str, *, nth: int = 1, armed: str = "") -> Point:
    """Return a point at which the function is about to run."""
    return Point(name=name, moment=Moment.BEFORE, target=target, nth=nth, armed=armed)


def after(name: str, target: str, *, nth: int = 1, armed: str = "") -> Point:
    """Return a point at which the function has ended and nobody has heard of it."""
    return Point(name=name, moment=Moment.AFTER, target=target, nth=nth, armed=armed)


def committing(name: str, armed: str, *, nth: int = 1) -> Point:
    """Return a point just before the COMMIT of a transaction in which `armed` ran."""
    return Point(name=name, moment=Moment.COMMIT, nth=nth, armed=armed)


_ATTEMPT = "comity.node.database:Database._attempt"
_ACCEPT = "comity.node.inbox:_accept"
_UTTER = "comity.node.bureau:Bureau.commit"
_JUDGE = "comity.node.jobs:_judge"
_ERASE = "comity.node.store:Store.erase"
_PAY = "comity.node.jobs:_pay"
_NOTE = "comity.node.post:_noted"

SERVING = (
    # The commit: what is said or taken in, on each side of it.
    before("group-not-begun", _ATTEMPT, nth=20),
    committing("arrival-before-commit", _ACCEPT, nth=3),
    committing("utterance-before-commit", _UTTER, nth=3),
    after("arrival-committed-not-answered", _ATTEMPT, armed=_ACCEPT, nth=3),
    after("utterance-committed-not-answered", _ATTEMPT, armed=_UTTER, nth=3),
    # The keys of bodies, which rest outside the database.
    after("key-written-not-synced", "comity.node.bodies:BodyKeys.write", nth=7),
    before("key-not-synced", "comity.node.bodies:BodyKeys.sync", nth=9),
    after("key-synced-not-committed", "comity.node.bodies:BodyKeys.sync", nth=9),
    # Ledger and store.
    before("leaves-not-written", "comity.node.ledger:Ledger._flush", nth=7),
    after("leaves-written-not-committed", "comity.node.ledger:Ledger._flush", nth=7),
    after("checkpoint-signed-not-kept", "comity.node.ledger:Ledger.checkpoint", nth=3),
    before("act-not-kept", "comity.node.store:Store.keep", nth=12),
    after("act-kept-not-queued", "comity.node.store:Store.keep", nth=13),
    after("state-folded", "comity.node.subjects:fold", nth=8),
    # Taking in.
    before("deliveries-not-read", "comity.node.inbox:receive", nth=3),
    after("receipt-owed-not-committed", "comity.node.inbox:owe", nth=5),
    after("channel-marked-not-committed", "comity.node.inbox:_mark", nth=5),
    after("deliveries-taken-not-answered", "comity.node.inbox:receive", nth=3),
    before("receipts-not-applied", "comity.node.arrivals:apply_receipts"),
    after("receipts-applied-not-committed", "comity.node.arrivals:apply_receipts", nth=2),
    after("checkpoint-of-a-peer-heard", "comity.node.arrivals:gossip", nth=2),
    # Sending.
    after("sealed-not-sent", "comity.node.post:collect", nth=3),
    after("sent-answer-not-heard", "comity.node.carrier:Carrier.hand_over", nth=2),
    before("answer-not-recorded", _NOTE, nth=2),
    after("answer-written-not-committed", "comity.node.post:_handed", nth=3),
    after("answer-recorded", _ATTEMPT, armed=_NOTE, nth=2),
    # What falls due.
    before("receipts-not-paid", "comity.node.jobs:pay_receipts", nth=3),
    committing("receipts-said-not-committed", _PAY),
    after("receipts-paid-not-sent", _PAY, nth=2),
    after("parked-ruled-not-committed", _JUDGE),
    after("parked-committed-key-alive", _ATTEMPT, armed=_JUDGE),
    # Erasing: the key and the row are in two places.
    before("erasure-key-alive", "comity.node.bodies:BodyKeys.erase", armed=_ERASE),
    after("erasure-key-gone-row-there", "comity.node.bodies:BodyKeys.erase", armed=_ERASE),
    after("erasure-committed", _ATTEMPT, armed=_ERASE),
    # Attachments.
    before("blob-staged-not-named", "comity.node.blobs:Blobs._settle_in"),
    after("blob-kept-act-not-said", "comity.node.blobs:Blobs.put"),
    after("offer-noted", "comity.node.offers:offered"),
    after("manifest-kept", "comity.node.blobs:Blobs.accept_manifest"),
    before("chunk-not-named", "comity.node.blobs:Blobs.accept_chunk", nth=2),
    after("chunk-kept-not-answered", "comity.node.blobs:Blobs.accept_chunk", nth=2),
    before("chunks-all-here-not-forced", "comity.node.arriving:Arrival._settle"),
    # Witnesses.
    before("cosigned-kept-not-answered", "comity.node.witness:cosign"),
    after("cosignature-heard-not-committed", "comity.node.witness:_merge"),
)
"""Points of a node that serves, writes and is written to."""

POSTGRESQL = frozenset({
    "arrival-before-commit", "utterance-before-commit", "arrival-committed-not-answered",
    "utterance-committed-not-answered", "key-synced-not-committed", "leaves-written-not-committed",
    "deliveries-taken-not-answered", "receipts-said-not-committed", "erasure-key-gone-row-there",
    "parked-committed-key-alive",
})  # fmt: skip
"""Those that PostgreSQL is asked about too: where the database itself decides what is left."""

MAKING = (
    after("join-anchor-kept", "comity.node.anchor:write"),
    before("join-enrolled-settings-old", "comity.node.home:write"),
    after("join-settings-new", "comity.node.home:write"),
    after("key-beside-its-place", "comity.node.disk:_written_beside"),
    after("key-in-its-place", "comity.node.disk:write_new"),
    after("passphrase-beside-its-place", "comity.node.disk:_written_beside"),
    after("passphrase-in-its-place", "comity.node.disk:write"),
    after("registry-object-kept", "comity.node.trust:Trust._object", nth=2),
    before("registry-verified-not-kept", "comity.node.trust:Trust._keep"),
    after("registry-kept-not-current", "comity.node.disk:write", armed="comity.node.trust:Trust._seen"),
    Point(name="schema-half-way", moment=Moment.STATEMENT, nth=8),
    committing("schema-before-commit", "", nth=1),
    after("rewrap-copied-not-named", "comity.node.bodies:BodyKeys._copy"),
    before("rewrap-named-old-file-there", "comity.node.bodies:BodyKeys._finish_rewrap", nth=2),
)
"""Points of a node that is made, joins, changes its keys or learns of a new registry; the first word says which."""

_TAKE = "comity.node.mailboxes:deposit"
_LET_GO = "comity.node.mailboxes:take_out"
_LAPSE = "comity.node.mailboxes:lapse"
_CHUNK = "comity.node.offers:take_chunk"
_KEEP = "comity.node.collector:Basket.keep"

CARRYING = (
    # Mail in: what was promised is on the disk, and nothing else is counted.
    before("mail-not-read", "comity.node.relay:Relay.take", nth=3),
    after("room-counted-not-committed", "comity.node.mailboxes:Rooms.save", nth=3),
    committing("mail-before-commit", _TAKE, nth=3),
    after("mail-committed-not-promised", _ATTEMPT, armed=_TAKE, nth=3),
    after("mail-promised-not-answered", "comity.node.relay:Relay.take", nth=4),
    # Mail out: a number that was confirmed, and the mail that it names.
    before("poll-not-read", "comity.node.relay:Relay.polled", nth=4),
    after("mail-handed-out-not-answered", "comity.node.relay:Relay.waiting", nth=5),
    committing("confirmed-not-deleted", _LET_GO, nth=5),
    after("deleted-not-answered", _ATTEMPT, armed=_LET_GO, nth=5),
    after("serial-noted-not-committed", "comity.node.mailboxes:renew", nth=6),
    # Attachments: room is kept, then come the chunks, then the mail that names them.
    committing("room-kept-before-commit", "comity.node.mailboxes:expect"),
    after("room-kept-not-answered", "comity.node.relay:Relay.offered", nth=2),
    after("manifest-held-not-answered", "comity.node.relay:Relay.take_manifest"),
    before("chunk-held-not-named", "comity.node.blobs:Blobs.accept_chunk", nth=2),
    after("chunk-held-mail-not", "comity.node.relay:Relay.take_chunk", nth=2),
    after("chunk-handed-out-not-answered", "comity.node.relay:Relay.chunk", nth=2),
    before("attachment-freed-still-there", "comity.node.blobs:Blobs.drop"),
    after("attachment-dropped", "comity.node.blobs:Blobs.drop"),
    # What expires by its frame.
    committing("lapsed-before-commit", _LAPSE),
    after("lapsed-committed", _ATTEMPT, armed=_LAPSE),
    before("swept-not-cleared", "comity.node.relay:_swept", nth=4),
)
"""Points of a relay that two bureaus, which reach each other in no other way, write over."""

APART = (
    # The collector: what it fetched, kept and confirmed.
    after("mail-fetched-not-kept", "comity.node.carrier:Carrier.poll", nth=3),
    after("mail-kept-not-confirmed", _KEEP, nth=3),
    after("poll-signed-not-sent", "comity.node.collector:Basket.poll", nth=4),
    before("manifest-fetched-not-kept", "comity.node.offers:take_manifest"),
    before("chunk-fetched-not-kept", _CHUNK, nth=2),
    before("attachment-fetched-mail-not-kept", _KEEP, armed=_CHUNK),
    # The sender: the relay's word is heard, and then written down.
    after("attachment-carried-mail-not", "comity.node.carrier:Carrier._attach"),
    after("promise-heard-not-noted", "comity.node.carrier:Carrier._give", nth=2),
    before("promise-not-noted", "comity.node.post:note", nth=3),
    committing("promise-before-commit", "comity.node.post:_handed", nth=2),
    after("promise-noted", "comity.node.post:note", nth=3),
)
"""Points of a node that reaches its peers over a relay alone."""

CARRYING_POSTGRESQL = frozenset({
    "mail-before-commit", "mail-committed-not-promised", "confirmed-not-deleted", "lapsed-before-commit",
})  # fmt: skip
"""Those of a relay that PostgreSQL is asked about too."""

EVERY = {point.name: point for point in (*SERVING, *MAKING, *CARRYING, *APART)}
