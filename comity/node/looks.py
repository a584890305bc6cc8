"""The journal of looks: who saw which record, when, for what; appended to, bound by the log, told to each source.

Authority: decision 0054; RPD 10 (purpose). Every row that reaches a reader passes `node/rowview.py`, which notes it
here before it lets it go. Nobody is asked, and nothing is changed or removed.

- **At rest** a glance, one search or one record opened, is one line, sealed: keys of records stand nowhere else.
- **Bound**: each second with looks becomes one act to oneself, with the Merkle root over them, so the bureau's log
  holds what was looked at without saying it. Each look is a leaf with a salt of its own, and is proven alone.
- **Told**: the source of a record hears that it was found or opened, by which bureau, how often and for what purpose;
  neither by whom, nor what was searched.

What these acts are called, the capabilities say; `app.py` hands their makers over. How much a reader may ask, `pace.py`
rules.
"""

import hashlib
import hmac
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from functools import partial
from typing import Any

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import ColumnElement, Row, and_, delete, func, select

from comity.core.act import Act
from comity.core.capability import OfficerRole, Reader
from comity.core.codec import decode, encode
from comity.core.errors import Misused, Refused
from comity.core.handling import Label, Purpose
from comity.core.ids import ActId, BureauId, Digest, Millis
from comity.core.log import Inclusion, TileId, append, leaf_hash, prove_inclusion, root_of
from comity.node import epochs, schema
from comity.node.bureau import Bureau, Utterance
from comity.node.database import Transaction
from comity.node.looktables import look_debts, look_digests, look_tallies, looks
from comity.node.query import Query
from comity.node.store import Kept

SECOND = 1_000
"""What one act binds, milliseconds: issue 5 asks for one leaf a second."""

MOST_SECONDS = 60
"""Seconds that are bound in one round; after a standstill the others have the next one."""

TOLD_EVERY = 60_000
"""How often a source is told at most, milliseconds; more often would tell it the moment of each look."""

TRY_AGAIN = 15 * 60_000
"""When to try again to tell a source that may be told nothing now, milliseconds."""

AT_ONCE = 2_000
"""Glances that are told of in one round."""

_NONCE = 12

HOUR = 3_600_000
"""Milliseconds for which searches are counted together."""

GRANTED = "granted"
"""What the journal says of another pace that a supervisor granted; no search."""

_l, _d, _o, _t = looks.c, look_digests.c, look_debts.c, look_tallies.c
TALLY = Query(
    lambda member, reader, hour: select(_t.searches).where(_t.member == member, _t.reader == reader, _t.hour == hour)
)
"""How many searches a reader made in an hour."""
_BOUND = Query(lambda member: select(func.max(_d.last).label("last")).where(_d.member == member))
_LOOSE = Query(
    lambda member, last, before: (
        select(_l.number, _l.at, _l.sealed)
        .where(_l.member == member, _l.number > last, _l.at < before)
        .order_by(_l.number)
        .limit(AT_ONCE)
    )
)


class How(StrEnum):
    """In what way somebody looked."""

    ASKED = "asked"
    """A search was made; whether it found anything or not."""
    FOUND = "found"
    """The record was among what a search showed."""
    OPENED = "opened"
    """The record was asked for by its key and shown."""


class Fell(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A record that a glance fell on."""

    list: ActId
    source: BureauId
    batch: ActId
    """The act that put it."""
    key: str
    how: How


class Glance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One search, or one record opened: who, when, what for, and the records that were shown."""

    at: Millis
    officer: str
    unit: str
    role: OfficerRole
    purpose: Purpose
    law: str
    """The legal basis, as it was named."""
    case: str
    searches: int
    """How many it stands for: one, the lines of a file, or none where a record was opened by its key."""
    alarm: str
    salt: bytes
    fell: tuple[Fell, ...]


class Look(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One leaf: that a search was made, or one record that was shown."""

    at: Millis
    officer: str
    unit: str
    role: OfficerRole
    purpose: Purpose
    law: str
    case: str
    how: How
    searches: int
    alarm: str
    list: bytes
    """Empty of a search, as are batch and key."""
    batch: bytes
    key: str
    salt: bytes


class Noted(msgspec.Struct, frozen=True, kw_only=True):
    """A look as the house reads it in its journal."""

    number: int
    place: int
    """Among the looks of one glance: 0 for the search or the opening itself."""
    look: Look
    bound: ActId | None
    """The act whose root binds it; None in the second in which it was noted."""


class LookProof(msgspec.Struct, frozen=True, kw_only=True):
    """A look with its way to the root that an act of the bureau to itself says."""

    look: Look
    leaf: bytes
    """Its bytes; the leaf's hash is SHA-256 over a zero byte and these (RFC 6962)."""
    inclusion: Inclusion
    act: ActId
    head: bytes
    """The signed head of that act."""
    body: bytes
    salt: bytes


class Told(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """How often one record was found and opened."""

    key: str
    found: int
    opened: int


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader says of a look beside the purpose, which the reader has."""

    law: str = ""
    case: str = ""
    searches: int = 0
    name: bytes | None = None
    born: bytes | None = None
    alarm: str = ""


Binds = Callable[[Digest, int, Millis, Millis], Act]
"""``binds(root, count, since, until)``: the act that binds looks."""

Tells = Callable[[Millis, Millis, tuple[Told, ...]], Act]
"""``tells(since, until, told)``: the act that tells a source about one of its lists."""


# Writing.


def note(bureau: Bureau, reader: Reader, why: Why, fell: Iterable[Fell]) -> int:
    """Note what a reader sees, before it is seen; returns the number of the line once it is durable."""
    return bureau.database.write(partial(write, bureau, reader, why, tuple(fell)))


def write(bureau: Bureau, reader: Reader, why: Why, fell: tuple[Fell, ...], tx: Transaction) -> int:
    """Note it inside a transaction of the caller."""
    number, at = tx.count("looks"), bureau.now()
    glance = Glance(
        at=at, officer=reader.officer, unit=reader.unit, role=reader.role, purpose=reader.purpose, law=why.law,
        case=why.case, searches=why.searches, alarm=why.alarm, salt=bureau.entropy(32), fell=fell,
    )  # fmt: skip
    me = reader_id(bureau, reader.officer)
    line = {"member": bureau.member, "number": number, "at": at, "reader": me, "name": why.name, "born": why.born}
    line["alarm"] = why.alarm or None
    tx.add(looks, [line | {"sealed": _seal(bureau, number, glance)}])
    if why.searches and why.alarm != GRANTED:
        _tally(bureau, tx, me, at // HOUR, counted(why.searches))
    others = sorted({each.source for each in fell} - {bureau.me})
    tx.add(look_debts, [{"member": bureau.member, "source": source, "number": number} for source in others])
    return number


def counted(searches: int) -> int:
    """Return for how many searches of a person some that were made together count.

    A line of a file counts a tenth: a list of passengers is given, and not tried out.

    >>> counted(1), counted(400)
    (1, 40)
    """
    return searches if searches == 1 else -(-searches // 10)


def _tally(bureau: Bureau, tx: Transaction, reader: bytes, hour: int, searches: int) -> None:
    row = tx.one(TALLY, member=bureau.member, reader=reader, hour=hour)
    before = int(row.searches) if row is not None else 0
    line = {"member": bureau.member, "reader": reader, "hour": hour, "searches": before + searches}
    tx.put(look_tallies, [line])


def reader_id(bureau: Bureau, officer: str) -> bytes:
    """Return the digest under which an officer's looks are counted."""
    return digest_of(bureau, "reader", officer)[:16]


def digest_of(bureau: Bureau, what: str, text: str) -> bytes:
    """Return a digest of a text that nobody can guess without the keyring."""
    return hmac.digest(bureau.keyring.secret("looks"), f"{what}\0{text}".encode(), hashlib.sha256)


# What falls due.


def bind(bureau: Bureau, binds: Binds) -> int:
    """Say one act for each second that is over and has looks in it; returns how many were said."""
    with bureau.database.read() as tx:
        if epochs.closed(bureau, tx):
            return 0
        # As long as the clock goes on, what is noted from now on belongs to this second or a later one.
        begun = bureau.now() // SECOND * SECOND
        found = tx.all(_LOOSE, member=bureau.member, last=_bound(bureau, tx), before=begun)
    groups: list[list[Row[Any]]] = []
    for row in found:
        last = groups[-1][-1] if groups else None
        if last is None or last.at // SECOND != row.at // SECOND or last.number + 1 != row.number:
            groups.append([])
        groups[-1].append(row)
    if len(found) == AT_ONCE and len(groups) > 1:
        # The last second may go on behind what was read.
        groups.pop()
    return sum(bureau.database.write(partial(_bind, bureau, binds, group)) for group in groups[:MOST_SECONDS])


def _bind(bureau: Bureau, binds: Binds, group: Sequence[Row[Any]], tx: Transaction) -> int:
    first, last = int(group[0].number), int(group[-1].number)
    if _bound(bureau, tx) != first - 1:
        return 0
    leaves = [leaf for row in group for leaf in _leaves(_open(bureau, row))]
    since = Millis(int(group[0].at) // SECOND * SECOND)
    act = binds(root_of([leaf_hash(leaf) for leaf in leaves]), len(leaves), since, Millis(since + SECOND))
    kept = bureau.utter(tx, Utterance(act=act, to=(bureau.me,)))
    tx.add(look_digests, [{"member": bureau.member, "first": first, "last": last, "act": kept.id}])
    return 1


def _bound(bureau: Bureau, tx: Transaction) -> int:
    row = tx.one(_BOUND, member=bureau.member)
    return int(row.last or 0) if row is not None else 0


def tell(bureau: Bureau, tells: Tells) -> int:
    """Tell sources that their records were looked at, each at most once a minute; returns how many acts were said."""
    with bureau.database.read() as tx:
        if epochs.closed(bureau, tx):
            return 0
        owed = tx.all(select(_o.source).where(_o.member == bureau.member).distinct().order_by(_o.source))
        due = [BureauId(row.source) for row in owed if _due(bureau, tx, row.source) <= bureau.now()]
    said = 0
    for source in due:
        try:
            said += bureau.database.write(partial(_tell, bureau, tells, source))
        except Refused:
            # It may be told nothing now; what it is owed waits, and holds up nobody else's.
            later = {"name": _mark(bureau, source), "value": bureau.now() + TRY_AGAIN}
            bureau.database.write(partial(_put_off, later))
    return said


def _tell(bureau: Bureau, tells: Tells, source: BureauId, tx: Transaction) -> int:
    ours = and_(_o.member == bureau.member, _o.source == source)
    numbers = [int(row.number) for row in tx.all(select(_o.number).where(ours).order_by(_o.number).limit(AT_ONCE))]
    if not numbers:
        return 0
    counts: dict[tuple[ActId, Purpose], Counter[tuple[str, How]]] = {}
    since, until = bureau.now(), Millis(0)
    for row in tx.all(select(looks).where(_l.member == bureau.member, _l.number.in_(numbers))):
        glance = _open(bureau, row)
        since, until = Millis(min(since, glance.at)), Millis(max(until, glance.at))
        for each in glance.fell:
            if each.source == source:
                counts.setdefault((each.list, glance.purpose), Counter())[each.key, each.how] += 1
    for (listed, purpose), count in sorted(counts.items()):
        keys = sorted({key for key, _ in count})
        told = tuple(Told(key=key, found=count[key, How.FOUND], opened=count[key, How.OPENED]) for key in keys)
        # Nothing of the record itself is in it, so that the end of the record's label keeps nothing back.
        how = {"subject": listed, "purpose": purpose, "label": Label()}
        bureau.utter(tx, Utterance(act=tells(since, Millis(until + 1), told), to=(source,), **how))  # type: ignore[arg-type]
    tx.run(delete(look_debts).where(ours, _o.number <= numbers[-1]))
    tx.put(schema.counters, [{"name": _mark(bureau, source), "value": bureau.now() + TOLD_EVERY}])
    return len(counts)


def _put_off(line: dict[str, Any], tx: Transaction) -> None:
    tx.put(schema.counters, [line])


def _due(bureau: Bureau, tx: Transaction, source: str) -> int:
    row = tx.one(select(schema.counters.c.value).where(schema.counters.c.name == _mark(bureau, source)))
    return int(row.value) if row is not None else 0


def _mark(bureau: Bureau, source: str) -> str:
    return f"looks/{bureau.member}/{source}"


# Reading. Who may read the journal, the desks rule: it is about officers.


def journal(bureau: Bureau, *, alarming: bool = False, before: int | None = None, limit: int = 100) -> list[Noted]:
    """Return looks, the newest first; only those that raised an alarm, if that is asked for."""
    narrowed: list[ColumnElement[bool]] = [_l.alarm.is_not(None)] if alarming else []
    narrowed += [_l.number < before] if before is not None else []
    with bureau.database.read() as tx:
        query = select(looks).where(_l.member == bureau.member, *narrowed).order_by(_l.number.desc()).limit(limit)
        return [noted for row in tx.all(query) for noted in _noted(bureau, tx, row)]


def glance_at(bureau: Bureau, number: int) -> Glance | None:
    """Return one line of the journal."""
    with bureau.database.read() as tx:
        row = tx.one(select(looks).where(_l.member == bureau.member, _l.number == number))
        return _open(bureau, row) if row is not None else None


def prove(bureau: Bureau, number: int, place: int = 0) -> LookProof:
    """Return a look with its proof, by the number of its line and its place in it.

    Raises:
        Misused: there is no such look, or no act binds it yet.

    """
    with bureau.database.read() as tx:
        binding = tx.one(select(look_digests).where(_d.member == bureau.member, _d.first <= number, _d.last >= number))
        if binding is None:
            raise Misused("there is no such look, or no act binds it yet; that takes a second and a running node")
        within = and_(_l.member == bureau.member, _l.number >= binding.first, _l.number <= binding.last)
        leaves: list[bytes] = []
        at = -1
        for row in tx.all(select(looks).where(within).order_by(_l.number)):
            mine = list(_leaves(_open(bureau, row)))
            if int(row.number) == number and 0 <= place < len(mine):
                at = len(leaves) + place
            leaves += mine
        if at < 0:
            raise Misused(f"the line has no look in place {place}")
        kept, signed = _act(bureau, tx, ActId(bytes(binding.act)))
    tiles = append(0, {}, [leaf_hash(leaf) for leaf in leaves])
    inclusion = prove_inclusion(at, len(leaves), lambda level, index: tiles[TileId(level, index)])
    look = decode(leaves[at], Look)
    return LookProof(
        look=look, leaf=leaves[at], inclusion=inclusion, act=kept.id, head=signed.head, body=signed.body,
        salt=signed.salt,
    )  # fmt: skip


def _act(bureau: Bureau, tx: Transaction, act: ActId) -> tuple[Kept, Any]:
    kept = bureau.store.find(tx, act)
    if kept is None:
        raise Misused("the act that binds this look is not here")
    return kept, bureau.store.signed(tx, kept)


def _noted(bureau: Bureau, tx: Transaction, row: Row[Any]) -> Iterator[Noted]:
    binding = tx.one(select(_d.act).where(_d.member == bureau.member, _d.first <= row.number, _d.last >= row.number))
    bound = ActId(bytes(binding.act)) if binding is not None else None
    for place, leaf in enumerate(_leaves(_open(bureau, row))):
        yield Noted(number=int(row.number), place=place, look=decode(leaf, Look), bound=bound)


def _leaves(glance: Glance) -> Iterator[bytes]:
    """Yield the leaves of a glance: first that somebody looked, then each record; each with a salt of its own."""
    asked = Fell(list=ActId(b""), source=BureauId(""), batch=ActId(b""), key="", how=How.ASKED)
    opened = glance.searches == 0
    for place, fell in enumerate(glance.fell if opened else (asked, *glance.fell)):
        yield encode(
            Look(
                at=glance.at, officer=glance.officer, unit=glance.unit, role=glance.role, purpose=glance.purpose,
                law=glance.law, case=glance.case, how=fell.how, searches=glance.searches, alarm=glance.alarm,
                list=fell.list, batch=fell.batch, key=fell.key,
                salt=hmac.digest(glance.salt, place.to_bytes(4), hashlib.sha256),
            )
        )  # fmt: skip


def _seal(bureau: Bureau, number: int, glance: Glance) -> bytes:
    nonce = bureau.entropy(_NONCE)
    return nonce + AESGCM(bureau.keyring.secret("looks")).encrypt(nonce, encode(glance), _place(bureau, number))


def _open(bureau: Bureau, row: Row[Any]) -> Glance:
    sealed, place = bytes(row.sealed), _place(bureau, int(row.number))
    return decode(AESGCM(bureau.keyring.secret("looks")).decrypt(sealed[:_NONCE], sealed[_NONCE:], place), Glance)


def _place(bureau: Bureau, number: int) -> bytes:
    """Return what a sealed line is bound to, so that lines cannot change places."""
    return f"comity.looks/1 {bureau.org} {bureau.me} {number}".encode()
