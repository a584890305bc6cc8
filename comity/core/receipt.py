"""Receipts, and what else bureaus say about the exchange itself (decision 0018).

A ladder, after the evidences of ETSI registered e-mail and e-CODEX: a relay carried it (R0), a node committed it to
disk (R1), verified it and ruled on it (R2), a person decided (R3); or the sender states that the deadline passed in
silence (N). Each rung is signed. A refusal is a receipt too: an unsigned "no" proves nothing.

Receipts travel many to an act, because one signature each would cost as much as the message; head and Merkle proof
let one of them be shown to a court without its neighbours.

>>> receipt = Receipt(act=Digest(bytes(32)), rung=Rung.RULED, leaf=4, at=Millis(1000))
>>> receipt.accepted
True
>>> len(encode(receipt))
57
"""

import hashlib
from enum import IntEnum

import msgspec
from msgspec.structs import force_setattr

from comity.core.act import Act, row_salt, row_salts
from comity.core.codec import encode
from comity.core.errors import Malformed
from comity.core.ids import ActId, BureauId, Digest, Millis
from comity.core.log import Inclusion, TileId, append, leaf_hash, prove_inclusion, root_of, verify_inclusion

ACCEPTED = "accepted"

BATCH = 256
"""Receipts that travel in one act, at most."""

BATCH_MILLIS = 50
"""How long the first receipt waits for company, milliseconds."""


class Rung(IntEnum):
    """How far an act has come; a higher rung implies the lower ones of the same signer."""

    CARRIED = 0
    COMMITTED = 1
    RULED = 2
    DECIDED = 3


class Receipt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One rung for one act."""

    act: Digest
    """The act's id; where it could not be opened, the SHA-256 of its sealed bytes."""
    rung: Rung
    code: str = ACCEPTED
    """``accepted``, or the code of the refusal."""
    reason: str = ""
    article: str = ""
    leaf: int
    """Index of the signer's leaf for this act."""
    at: Millis
    """The signer's clock when the rung was reached; legal clocks start at R1."""

    def __post_init__(self) -> None:
        """Hold the one text that says accepted: msgspec leaves out what is its default, and looks by identity."""
        if self.code == ACCEPTED:
            force_setattr(self, "code", ACCEPTED)

    @property
    def accepted(self) -> bool:
        """True unless the rung is a refusal."""
        return self.code == ACCEPTED


class Continued(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """That the signer's newest checkpoint continues an earlier one: nothing in its log was rewritten since."""

    size: int
    """Leaves of the earlier checkpoint."""
    root: Digest
    """Of the first `size` leaves, as the signer's log has them now."""
    path: tuple[Digest, ...]
    """Consistency proof of RFC 6962 2.1.2, from the earlier checkpoint to `Receipts.mine`."""


class Receipts(Act, frozen=True, kw_only=True, tag="exchange.receipts/1"):
    """Receipts for acts of the recipient, under one signature."""

    receipted = False

    receipts: tuple[Receipt, ...]
    mine: str
    """The signer's signed checkpoint, whose tree holds every leaf that the receipts name."""
    yours: str = ""
    """The last checkpoint of the recipient's log that the signer verified: gossip against a split view."""
    since: tuple[Continued, ...] = ()
    """Proofs that `mine` continues what the recipient holds: by its own word, and by what was sent to it last."""

    def row_bytes(self) -> tuple[bytes, ...]:
        """Return each receipt's bytes."""
        return tuple(encode(receipt) for receipt in self.receipts)


class Gap(Act, frozen=True, kw_only=True, tag="exchange.gap/1"):
    """Asks the recipient to send again what never arrived on one of its channels."""

    receipted = False

    channel: bytes
    epoch: int
    missing: tuple[tuple[int, int], ...]
    """First and last sequence number of each hole."""


class Nondelivery(Act, frozen=True, kw_only=True, tag="exchange.nondelivery/1"):
    """States that an act was sent in time and that its recipient stayed silent until the deadline."""

    receipted = False

    act: ActId
    recipient: BureauId
    deadline: Millis
    attempts: int
    """How often the sender's node tried."""


class RowProof(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Shows one row of an act whose head is at hand, and nothing of the other rows."""

    row: bytes
    salt: bytes
    """The row's own salt."""
    inclusion: Inclusion


def rows_root(salt: bytes, rows: tuple[bytes, ...]) -> Digest:
    """Return the Merkle root (RFC 6962) over the salted digests of the rows."""
    return root_of(_leaves(salt, rows))


def prove_row(salt: bytes, rows: tuple[bytes, ...], index: int) -> RowProof:
    """Return the proof that row `index` is among the rows of the act with this salt."""
    tiles = append(0, {}, _leaves(salt, rows))
    inclusion = prove_inclusion(index, len(rows), lambda level, place: tiles[TileId(level, place)])
    return RowProof(row=rows[index], salt=row_salt(salt, index), inclusion=inclusion)


def verify_row(root: Digest | None, proof: RowProof) -> bytes:
    """Return the row, once it is proven to be under the root that the head holds.

    Raises:
        Malformed: the head holds no rows, or the proof does not lead to its root.

    """
    if root is None:
        raise Malformed("the head of this act holds no rows")
    verify_inclusion(proof.inclusion, leaf_hash(hashlib.sha256(proof.salt + proof.row).digest()), root)
    return proof.row


def _leaves(salt: bytes, rows: tuple[bytes, ...]) -> list[Digest]:
    salts = row_salts(salt, len(rows))
    return [leaf_hash(hashlib.sha256(own + row).digest()) for own, row in zip(salts, rows, strict=True)]
