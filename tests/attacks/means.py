"""What the attacks look at and say: the state of a node in one value, and acts that a lawless bureau signs."""

import hashlib
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from sqlalchemy import delete, update

from comity.core import cose
from comity.core.codec import decode, encode
from comity.core.cose import Signer
from comity.core.envelope import FRAME, Delivery, Frame
from comity.core.ids import ActId, BureauId
from comity.core.leaf import Leaf, Way
from comity.node import schema
from comity.node.bureau import Bureau
from comity.node.database import Transaction
from tests.attacks.federation import CANARY, Attacked
from tests.node.looking import everything, leaves
from tests.simulator import received, rows, tell


def say(fed: Attacked, sender: BureauId, *to: BureauId, text: str = CANARY, **how: Any) -> ActId:  # noqa: ANN401
    """Let a bureau say a piece of information, and carry nothing yet."""
    return tell(fed.bureaus[sender], *to, text=text, **how).id


def inbox_of(fed: Attacked, name: BureauId) -> list[ActId]:
    """Return what others said to a bureau and it accepted, in the order of its log."""
    return [kept.id for kept in received(fed.bureaus[name])]


def state_of(bureau: Bureau) -> dict[str, list[str]]:
    """Return all that a bureau keeps, table by table, as text."""
    return {
        table.name: [repr(tuple(row)) for row in rows(bureau, table)]
        for table in schema.metadata.sorted_tables
        if "member" in table.c or table.name in {"mail", "room"}
    }


def matter_of(bureau: Bureau) -> set[tuple[ActId, str]]:
    """Return which acts of others a bureau holds, with its ruling, whatever the order in which they came."""
    return {(kept.id, kept.code) for kept in received(bureau)}


def against(fed: Attacked, name: BureauId) -> list[tuple[str, str]]:
    """Return what a bureau holds against others: whom, and what for."""
    return [(row.against, row.what) for row in rows(fed.bureaus[name], schema.evidence)]


def ways(fed: Attacked, name: BureauId) -> list[Way]:
    """Return what a bureau's log says of each leaf."""
    return leaves(fed.bureaus[name])


def reframed(raw: bytes, signer: Signer, **changes: object) -> bytes:
    """Return a delivery with another frame, signed by whoever."""
    delivery = decode(raw, Delivery)
    frame = replace(decode(cose.payload_of(delivery.frame), Frame), **changes)
    return encode(Delivery(frame=cose.sign1(encode(frame), FRAME, signer), sealed=delivery.sealed))


def frame_in(raw: bytes) -> Frame:
    """Return the frame of a delivery, unverified."""
    return decode(cose.payload_of(decode(raw, Delivery).frame), Frame)


def disk_of(folder: Path) -> bytes:
    """Return every byte under a folder."""
    return b"|".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


def digest(bureau: Bureau, folder: Path) -> bytes:
    """Return the digest of all that a node keeps, to see that nothing has changed."""
    return hashlib.sha256(everything(bureau, folder / "blobs")).digest()


def rewrite(bureau: Bureau, position: int, *, keep: int | None = None) -> None:
    """Replace one leaf of a bureau's log by another, or cut it after so many; its owner can make the rest fit."""
    kept = [row for row in rows(bureau, schema.leaves) if keep is None or row.position < keep]

    def write(tx: Transaction) -> None:
        for table in (schema.tiles, schema.leaves, schema.checkpoints):
            tx.run(delete(table).where(table.c.member == bureau.member))
        tx.run(update(schema.memberships).where(schema.memberships.c.member == bureau.member).values(size=0))
        for row in sorted(kept, key=lambda each: int(each.position)):
            salt = bytes(32) if row.position == position else bytes(row.salt)
            bureau.ledger.append(tx, decode(bytes(row.leaf), Leaf), salt)

    bureau.database.write(write)
