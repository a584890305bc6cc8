"""When peers were last heard of, and how their clocks stand to ours (decisions 0009 and 0036).

Taken from what the exchange says of itself, receipts and checkpoints, from kinds that the caller knows to be open to
every officer, and from no act that a veil might hide: so it tells every reader the same. An act that claims a moment
ahead of ours shows a clock that is ahead. One that claims the past shows a clock behind, or a slow road: the two cannot
be told apart from here, so the fastest of the last ones is taken, and the word for it says both.
"""

from enum import StrEnum

import msgspec
from sqlalchemy import and_, select

from comity.core.act import kind_of
from comity.core.exchange import SKEW
from comity.core.ids import BureauId, Millis, Span
from comity.core.receipt import Receipts
from comity.node import schema
from comity.node.bureau import Bureau

LOOKED_AT = 2_000
"""Acts, the newest of all peers: some hours of a busy bureau, months of a quiet one."""

OF_ONE = 20
"""Of one peer; one fast one among them is enough."""


class Clock(StrEnum):
    """How a peer's clock stands, within the bound beyond which acts are parked (10 minutes)."""

    GOOD = "good"
    AHEAD = "ahead"
    """Its acts are parked until their time has come."""
    LATE = "behind-or-late"
    """Behind, or everything of it takes longer than the bound."""
    UNKNOWN = "unknown"


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the line to one peer."""

    seen: Millis | None = None
    """Our clock when anything open of it last arrived: a receipt, a checkpoint that we verified."""
    clock: Clock = Clock.UNKNOWN
    lag: Span | None = None
    """Our clock less its own at the fastest of its last acts; negative where it is ahead."""


def contacts(bureau: Bureau, kinds: tuple[str, ...] = ()) -> dict[BureauId, Contact]:
    """Return what is known of the line to each peer that was heard of; `kinds` are open to every officer."""
    a, p = schema.acts.c, schema.peers.c
    with bureau.database.read() as tx:
        heard = and_(a.member == bureau.member, a.kind.in_((kind_of(Receipts), *kinds)), a.sender != bureau.me)
        query = select(a.sender, a.said, a.at).where(heard).order_by(a.number.desc()).limit(LOOKED_AT)
        lags: dict[BureauId, list[int]] = {}
        seen: dict[BureauId, int] = {}
        for row in tx.all(query):
            one = lags.setdefault(BureauId(row.sender), [])
            if len(one) < OF_ONE:
                one.append(int(row.at) - int(row.said))
            seen[BureauId(row.sender)] = max(int(row.at), seen.get(BureauId(row.sender), 0))
        for row in tx.all(select(p.bureau, p.at).where(p.member == bureau.member)):
            seen[BureauId(row.bureau)] = max(int(row.at), seen.get(BureauId(row.bureau), 0))
    return {peer: _contact(Millis(at), lags.get(peer, [])) for peer, at in seen.items()}


def _contact(seen: Millis, lags: list[int]) -> Contact:
    if not lags:
        return Contact(seen=seen)
    lag = min(lags)
    clock = Clock.AHEAD if lag < -SKEW else Clock.LATE if lag > SKEW else Clock.GOOD
    return Contact(seen=seen, clock=clock, lag=Span(lag))
