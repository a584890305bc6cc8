"""What tests of a relay hand to it and ask of it: envelopes, frames, polls; and a look at what it keeps."""

import itertools

from msgspec.structs import replace
from sqlalchemy import Row, select

from comity.capabilities.messages.acts import Information
from comity.core import carriage, cose
from comity.core.carriage import Collect
from comity.core.codec import decode, encode
from comity.core.envelope import FRAME, Delivery, Frame, Lane
from comity.core.ids import BureauId
from comity.node import schema
from comity.node.mailboxes import Mail
from tests.relayed import Relayed
from tests.simulator import sealed, signed_past_the_rules

MA, NO, ET, R1 = BureauId("ma"), BureauId("no"), BureauId("et"), BureauId("r1")
CANARY = "the canary sings at dawn"

_words = itertools.count()


def envelope(fed: Relayed, to: str = "no", *, sender: BureauId = MA, lane: Lane = Lane.NORMAL, size: int = 0) -> bytes:
    """Return a delivery; no store knows of its act."""
    bureau = fed.bureaus[sender]
    act = Information(title="exercise", text=CANARY + "x" * size + str(next(_words)), language="en")
    _, signed = signed_past_the_rules(bureau, act, to)
    return reframed(fed, sealed(bureau, to, signed), by=sender, lane=lane)


def reframed(fed: Relayed, raw: bytes, *, by: BureauId = MA, **changes: object) -> bytes:
    """Return the delivery with another frame, signed by a bureau."""
    delivery = decode(raw, Delivery)
    frame = decode(cose.payload_of(delivery.frame), Frame)
    signer = fed.bureaus[by].signer()
    made = cose.sign1(encode(replace(frame, **changes)), FRAME, signer)
    return encode(Delivery(frame=made, sealed=delivery.sealed))


def take(fed: Relayed, *raws: bytes) -> list[str]:
    """Hand deliveries to the relay and return the codes of its answer."""
    return [told.code for told in fed.relays[R1].take(raws).outcomes]


_serials = itertools.count(1)


def poll(fed: Relayed, bureau: BureauId = NO, **said: object) -> list[Mail]:
    """Poll a mailbox as its owner."""
    station = fed.relays[R1]
    asked = station.polled(asking(fed, bureau, **said))
    assert isinstance(asked, Collect)
    return station.waiting(asked)


def asking(fed: Relayed, bureau: BureauId = NO, **said: object) -> bytes:
    """Return a signed poll."""
    fields = {"org": fed.org, "relay": R1, "bureau": bureau, "at": fed.clock, "serial": next(_serials)}
    return carriage.ask(Collect(**fields | said), fed.bureaus[bureau].signer())  # type: ignore[arg-type]


def lines(fed: Relayed) -> list[Row[tuple[object, ...]]]:
    """Return all lines of mail."""
    with fed.relays[R1].database.read() as tx:
        return tx.all(select(schema.mail).order_by(schema.mail.c.number))


def room(fed: Relayed) -> dict[tuple[str, str], tuple[int, int]]:
    """Return how full the rooms are that are not empty."""
    with fed.relays[R1].database.read() as tx:
        found = {(row.side, row.party): (row.pieces, row.bytes) for row in tx.all(select(schema.room))}
    return {key: size for key, size in found.items() if size != (0, 0)}
