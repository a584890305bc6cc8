"""Looks a node's folder over, from file modes to every hash of its log, and changes nothing (decision 0039).

Each finding says what was looked at, how it is, and what to do. `wrong` is for what loses or shows something, or makes
the node say what is not true; `look` for what a person should look at in time. Reading costs one pass over all acts,
leaves and attachments; the node may serve meanwhile.

`mend` mends only what can be made from the acts again, and brings to its end what a crash cut off. What is lost it
does not make up.
"""

import shutil
import stat
from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import partial
from pathlib import Path

import msgspec
from sqlalchemy import create_engine, func, inspect, or_, select, text
from sqlalchemy.exc import DatabaseError

from comity.core import checkpoint as notes
from comity.core import log
from comity.core.act import body_digest
from comity.core.capability import Capability
from comity.core.codec import decode
from comity.core.epoch import origin_in
from comity.core.errors import ComityError, Malformed, Misused
from comity.core.exchange import SKEW
from comity.core.ids import ActId, Digest, Millis, OrgId
from comity.core.leaf import Leaf, commitment
from comity.core.log import TileId, leaf_hash
from comity.core.note import Use, VerifierKey, parse_note
from comity.core.registry import Freshness, KeyUse
from comity.node import epochs, home, keyring, migrations, rebuild, rowrebuild, schema, subjects
from comity.node.bodies import State
from comity.node.bureau import Bureau
from comity.node.database import Transaction, sqlite_url
from comity.node.home import Home
from comity.node.store import ACCEPTED, PARKED

Watch = Callable[[str, int, int], None]

LITTLE, NONE = 2 << 30, 256 << 20
"""Bytes of free disk at which a person should look, and at which the node is about to refuse work."""

_PAGE = 500


class Health(StrEnum):
    """How it is."""

    WELL = "well"
    LOOK = "look"
    WRONG = "wrong"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at."""

    what: str
    state: Health
    found: str
    do: str = ""
    """What to do about it; empty when it is well."""
    mends: bool = False
    """True when `mend` puts it right."""


def examine(
    folder: Path, passphrase: str, capabilities: tuple[Capability, ...], now: Millis, watch: Watch | None = None
) -> tuple[Finding, ...]:
    """Look at everything; the last finding says what it all comes to.

    Raises:
        Misused: there is no node in the folder, or the passphrase is not the one.

    """
    settings = home.read(folder)
    found = [*_modes(folder), _room(folder)]
    keyring.Keyring.open(folder / "keyring", passphrase)
    database = _database(settings.database or sqlite_url(folder / "node.db"))
    found.append(database)
    if database.state is Health.WELL:
        found += _opened(folder, passphrase, capabilities, now, watch)
    wrong = sum(each.state is Health.WRONG for each in found)
    summary = "nothing is wrong" if not wrong else f"{wrong} things are wrong"
    return (*found, Finding(what="all", state=Health.WRONG if wrong else Health.WELL, found=summary))


def mend(folder: Path, passphrase: str, capabilities: tuple[Capability, ...]) -> None:
    """Fold state again from its acts where it differs, bring erasures to their end, lay rows anew where they differ."""
    node = home.open_home(folder, passphrase)
    try:
        for membership in node.settings.memberships:
            bureau = node.bureau(membership.org, capabilities)
            rebuild.heal(bureau)
            for subject in rebuild.rebuild(bureau).differing:
                bureau.database.write(partial(_refold, bureau, subject))
            rowrebuild.remake(bureau)
    finally:
        node.close()


def _refold(bureau: Bureau, subject: ActId, tx: Transaction) -> None:
    row = subjects.row_of(bureau.store, tx, subject)
    newest = bureau.store.acts_of(tx, subject)[-1].number if row is None else int(row.changed)
    subjects.refold(bureau.store, tx, subject, newest)


def _well(what: str, found: str) -> Finding:
    return Finding(what=what, state=Health.WELL, found=found)


def _look(what: str, found: str, do: str) -> Finding:
    return Finding(what=what, state=Health.LOOK, found=found, do=do)


def _wrong(what: str, found: str, do: str, *, mends: bool = False) -> Finding:
    return Finding(what=what, state=Health.WRONG, found=found, do=do, mends=mends)


# The folder.


def _modes(folder: Path) -> Iterator[Finding]:
    """Files with secrets are their owner's alone."""
    secret = [folder / "node.json", folder / "bodies.keys", *sorted((folder / "keyring").glob("*.key"))]
    missing = [path.name for path in secret if not path.exists()]
    if missing:
        yield _wrong("files", f"missing: {', '.join(missing)}", "restore the node from its newest backup")
    open_ = [path for path in (folder, folder / "keyring", *secret) if path.exists() and _others(path)]
    for path in open_:
        mode = f"{stat.S_IMODE(path.stat().st_mode):04o}"
        do = f"close it with: chmod go= {path}; if others use this machine, consider its keys as known"
        yield _wrong("permissions", f"{path.name} has mode {mode}: others can reach it", do)
    if not missing and not open_:
        yield _well("permissions", f"{len(secret)} files with secrets are their owner's alone")


def _others(path: Path) -> bool:
    return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


def _room(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    told = f"{free >> 20} MiB are free"
    if free < NONE:
        return _wrong("disk", told, "make room at once: the node refuses new work when there is none")
    if free < LITTLE:
        return _look("disk", told, "make room, or move the node to a larger disk")
    return _well("disk", told)


def _database(url: str) -> Finding:
    """Ask the database whether it is whole, without bringing it up to date."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return _wrong("database", "it holds no tables of a node", "restore the node from its newest backup")
            revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
            if revision != migrations.NEWEST:
                do = "start the node once, which brings it up to date" if str(revision) < migrations.NEWEST else (
                    "install the software that wrote it"
                )  # fmt: skip
                return _look("database", f"it has schema {revision}, this software {migrations.NEWEST}", do)
            if connection.dialect.name == "sqlite":
                told = connection.execute(text("PRAGMA quick_check(1)")).scalar()
                if told != "ok":
                    return _wrong("database", "SQLite finds it damaged", "stop the node; restore its newest backup")
    except DatabaseError as problem:
        kind = type(problem.orig).__name__
        return _wrong("database", f"it does not answer as it should: {kind}", "stop the node; see to the database")
    finally:
        engine.dispose()
    return _well("database", f"whole, schema {revision}")


# What is in it.


def _opened(
    folder: Path, passphrase: str, capabilities: tuple[Capability, ...], now: Millis, watch: Watch | None
) -> Iterator[Finding]:
    node = home.open_home(folder, passphrase)
    try:
        for membership in node.settings.memberships:
            yield from _registry(node, membership.org, now)
            try:
                bureau = node.bureau(membership.org, capabilities)
                bureau.registry()
            except ComityError as problem:
                yield _wrong("registry", str(problem), "fetch it with: comity refresh")
                continue
            for look in (_keys, _state, _log, _bodies, _rows, _index, _blobs, _clock, _evidence, _recovering):
                try:
                    yield from look(bureau, watch)
                except ComityError as problem:
                    told = f"could not be looked at: {problem}"
                    yield _wrong(look.__name__.strip("_"), told, "see to the other findings first")
    finally:
        node.close()


def _registry(node: Home, org: OrgId, now: Millis) -> Iterator[Finding]:
    try:
        seen = node.trusts[org].current()
    except ComityError:
        return
    fresh = seen.freshness(now)
    told = f"version {seen.version} is {fresh.value}"
    if fresh is Freshness.STOPPED:
        yield _wrong("registry", told, "fetch it with: comity refresh; until then nothing new is said")
    elif fresh is Freshness.GRACE:
        yield _look("registry", told, "fetch it with: comity refresh, or ask the secretariat what hinders it")
    else:
        yield _well("registry", told)
    for alarm in node.trusts[org].alarms:
        do = "ask that bureau by telephone whether it lost its role key"
        yield _look("registry", f"custodians replaced the role key of {alarm.bureau}", do)


def _keys(bureau: Bureau, _watch: Watch | None) -> Iterator[Finding]:
    """Every key that the profile lists as current is in the keyring, and opens."""
    profile = bureau.registry().profiles.get(bureau.me)
    held = {key.kid for key in bureau.keyring.public()}
    listed = [key for key in profile.keys if not key.retired and key.use is not KeyUse.OFFICER] if profile else []
    lacking = [key for key in listed if key.kid not in held]
    for key in lacking:
        do = f"make another one with the role key: comity rotate --use {key.use.value}"
        yield _wrong("keys", f"the profile lists a key for {key.use.value} that is not here", do)
    damaged = 0
    for kid in held:
        try:
            bureau.keyring.private(kid)
        except Misused:
            damaged += 1
    if damaged:
        yield _wrong("keys", f"{damaged} key files do not open", "put them back from a backup, or make new keys")
    if not lacking and not damaged:
        yield _well("keys", f"{len(held)} keys open, and the profile lists no other")


def _state(bureau: Bureau, _watch: Watch | None) -> Iterator[Finding]:
    made = rebuild.rebuild(bureau)
    if made.differing:
        told = f"the state of {len(made.differing)} of {made.subjects} subjects is not the one that their acts make"
        yield _wrong("state", told, "make it again with: comity doctor --mend", mends=True)
    else:
        yield _well("state", f"{made.subjects} subjects are as their acts make them")


def _log(bureau: Bureau, watch: Watch | None) -> Iterator[Finding]:
    """Every leaf stands in the tiles, and every checkpoint that we signed is of this tree."""
    tiles: dict[TileId, bytes] = {}
    with bureau.database.read() as tx:
        size, le, a = bureau.ledger.size(tx), schema.leaves.c, schema.acts.c
        for start in range(0, size, log.TILE_WIDTH):
            mine = (le.member == bureau.member, le.position >= start, le.position < start + log.TILE_WIDTH)
            rows = tx.all(select(le.position, le.leaf, le.salt).where(*mine).order_by(le.position))
            if [row.position for row in rows] != list(range(start, min(start + log.TILE_WIDTH, size))):
                yield _wrong("log", f"leaves are missing from {start} on", _ENDED)
                return
            hashes = [leaf_hash(commitment(decode(bytes(row.leaf), Leaf), row.salt)) for row in rows]
            edge = {TileId(t.level, t.index): tiles[TileId(t.level, t.index)] for t in log.partial_tiles(start)}
            for where, made in log.append(start, edge, hashes).items():
                tiles[where] = made
                if len(made) == log.TILE_WIDTH * 32 and not _kept(bureau, tx, where, made):
                    yield _wrong("log", f"tile {where.level}/{where.index} is not the one that its leaves make", _ENDED)
                    return
            if watch is not None:
                watch("log", min(start + log.TILE_WIDTH, size), max(size, 1))
        if not all(_kept(bureau, tx, where, made) for where, made in tiles.items()):
            yield _wrong("log", "a tile is not the one that its leaves make", _ENDED)
            return
        joined = schema.acts.outerjoin(schema.leaves, (le.member == a.member) & (le.position == a.leaf))
        other = or_(le.act.is_(None), le.act != a.id)
        lost = select(func.count()).select_from(joined).where(a.member == bureau.member, other)
        if count := int(tx.connection.execute(lost).scalar() or 0):
            yield _wrong("log", f"{count} acts name a leaf that is about something else", _ENDED)
            return
        yield from _checkpoints(bureau, tx, size)


_ENDED = "stop the node at once: it must sign no further checkpoint; restore its newest backup (docs/recovery.md)"


def _kept(bureau: Bureau, tx: Transaction, where: TileId, made: bytes) -> bool:
    try:
        return bureau.ledger.tile(tx, where.level, where.index) == made
    except Malformed:
        return False


def _checkpoints(bureau: Bureau, tx: Transaction, size: int) -> Iterator[Finding]:
    c = schema.checkpoints.c
    profile = bureau.registry().profile(bureau.me)
    count = 0
    for row in tx.all(select(c.size, c.note).where(c.member == bureau.member).order_by(c.size)):
        note = bytes(row.note)
        origin = origin_in(parse_note(note).text, bureau.org, bureau.me)
        keys = [VerifierKey(origin, Use.LOG, key.public) for key in profile.keys if key.use is KeyUse.LOG]
        signed = [seen for key in keys if (seen := _verified(note, key, origin)) is not None]
        if not signed or row.size > size or signed[0].root != bureau.ledger.root(tx, row.size):
            yield _wrong("log", f"the checkpoint of size {row.size} is not one of this tree", _ENDED)
            return
        count += 1
    yield _well("log", f"{size} leaves, and {count} checkpoints of them, agree")


def _verified(note: bytes, key: VerifierKey, origin: str) -> notes.Checkpoint | None:
    try:
        return notes.verify(note, key, origin=origin)
    except Malformed:
        return None


def _bodies(bureau: Bureau, watch: Watch | None) -> Iterator[Finding]:
    """Every body opens under its key and is the one of its head; every erased one is gone."""
    a, last, opened, broken, half = schema.acts.c, 0, 0, 0, 0
    with bureau.database.read() as tx:
        total = int(tx.connection.execute(select(func.count()).where(a.member == bureau.member)).scalar() or 0)
        doomed = int(tx.connection.execute(select(func.count()).select_from(schema.doomed)).scalar() or 0)
        while rows := tx.all(
            select(a.number, a.code, a.body.is_(None).label("gone")).where(a.member == bureau.member, a.number > last)
            .order_by(a.number).limit(_PAGE)
        ):  # fmt: skip
            last = int(rows[-1].number)
            for row in rows:
                state = bureau.store.bodies.state(row.number)
                if row.gone:
                    # A refused act's body is never kept, and its slot stays empty.
                    half += state is State.LIVE and row.code == ACCEPTED
                elif state is State.ERASED:
                    half += 1
                else:
                    whole = _opens(bureau, tx, row.number, row.code)
                    opened, broken = opened + whole, broken + (not whole)
            if watch is not None:
                watch("bodies", min(opened + broken, total), max(total, 1))
    if broken:
        do = "put bodies.keys back from the newest backup, or restore it; peers hand back what they hold"
        yield _wrong("bodies", f"{broken} bodies do not open", do)
    if half or doomed:
        told = f"{half + doomed} erasures were cut off between key and row"
        yield _wrong("bodies", told, "bring them to their end with: comity doctor --mend", mends=True)
    if not (broken or half or doomed):
        yield _well("bodies", f"{opened} bodies open, and are those of their heads")


def _rows(bureau: Bureau, _watch: Watch | None) -> Iterator[Finding]:
    """Every row of every list opens, and no row rests that is not numbered."""
    seen = rowrebuild.compare(bureau)
    if seen.amiss:
        told = f"{len(seen.amiss)} lists of records are not what their acts and segments make"
        yield _wrong("rows", told, "make them again with: comity doctor --mend", mends=True)
    elif seen.rows:
        yield _well("rows", f"{seen.rows} records open, and are those of their lists")


def _index(bureau: Bureau, _watch: Watch | None) -> Iterator[Finding]:
    """The search index opens, and has taken in what became of rows."""
    if bureau.finder is None or not (told := bureau.finder.examine(bureau)):
        return
    yield _look("index", told, "let the node serve, which puts it right; or: comity index --rebuild")


def _opens(bureau: Bureau, tx: Transaction, number: int, code: str) -> bool:
    kept = bureau.store.by_number(tx, number)
    try:
        if code == PARKED:
            return bool(bureau.store.parked(tx, kept))
        signed = bureau.store.signed(tx, kept)
    except Misused:
        return False
    return body_digest(signed.salt, signed.body) == kept.head.body


def _blobs(bureau: Bureau, watch: Watch | None) -> Iterator[Finding]:
    """Every attachment that an act with a body names is here, chunk by chunk."""
    a, whole, lacking, last = schema.acts.c, 0, 0, 0
    with bureau.database.read() as tx:
        while rows := tx.all(
            select(a.number).where(a.member == bureau.member, a.number > last, a.code == ACCEPTED, a.body.is_not(None))
            .order_by(a.number).limit(_PAGE)
        ):  # fmt: skip
            last = int(rows[-1].number)
            for row in rows:
                for blob in bureau.store.by_number(tx, row.number).head.blobs:
                    whole, lacking = (whole + 1, lacking) if _complete(bureau, blob) else (whole, lacking + 1)
                    if watch is not None:
                        watch("attachments", whole, whole + 1)
    if lacking:
        do = "ask the sender to send them again; those of our own are lost unless a peer or a backup has them"
        yield _wrong("attachments", f"{lacking} are not whole", do)
    else:
        yield _well("attachments", f"{whole} are whole")


def _complete(bureau: Bureau, blob: Digest) -> bool:
    try:
        manifest = bureau.blobs.manifest(blob)
        for at in range(0, len(manifest), 32):
            bureau.blobs.chunk(blob, Digest(manifest[at : at + 32]))
    except ComityError:
        return False
    return True


def _clock(bureau: Bureau, _watch: Watch | None) -> Iterator[Finding]:
    """Compare our clock with what peers claimed when we heard of it; two of them must say the same."""
    a, r = schema.acts.c, schema.receipts.c
    with bureau.database.read() as tx:
        recent = select(func.max(a.number) - 2_000).where(a.member == bureau.member).scalar_subquery()
        heard = select(a.sender, func.max(a.said - a.at).label("ahead")).where(
            a.member == bureau.member, a.sender != bureau.me, a.number > recent
        )
        ahead = {row.sender for row in tx.all(heard.group_by(a.sender)) if row.ahead > SKEW}
        told = schema.receipts.join(schema.acts, (a.id == r.act) & (a.member == r.member))
        answered = (
            select(r.signer, func.max(r.at - a.said).label("least"))
            .select_from(told)
            .where(r.member == bureau.member, a.number > recent)
        )
        behind = {row.signer for row in tx.all(answered.group_by(r.signer)) if row.least < -SKEW}
    for peers, how in ((ahead, "behind"), (behind, "ahead of")):
        if len(peers) > 1:
            yield _wrong("clock", f"ours is {how} those of {len(peers)} peers", "set it by a time server; then restart")
        elif peers:
            yield _look("clock", f"ours is {how} that of {next(iter(peers))}", "compare both with a third one")
    if not ahead and not behind:
        yield _well("clock", f"within {SKEW // 60_000} minutes of what peers claimed")


def _evidence(bureau: Bureau, _watch: Watch | None) -> Iterator[Finding]:
    e = schema.evidence.c
    with bureau.database.read() as tx:
        rows = tx.all(select(e.what, e.against).where(e.member == bureau.member))
    ours = sorted({str(row.what) for row in rows if row.against == bureau.me})
    for what in ours:
        told = {
            "set-back": "a peer holds a checkpoint of ours that this node does not remember: it was set back by a copy",
            "equivocation": "two acts of ours have one number: a copy of this node runs, or our key is in other hands",
        }.get(what, f"evidence against ourselves: {what}")
        yield _wrong("evidence", told, "stop the node; restore it from a backup with: comity restore")
    if others := sorted({str(row.against) for row in rows if row.against != bureau.me}):
        yield _look("evidence", f"against {', '.join(others)}", "look at it with: comity evidence")
    if not ours:
        yield _well("evidence", "none against this bureau")


def _recovering(bureau: Bureau, _watch: Watch | None) -> Iterator[Finding]:
    with bureau.database.read() as tx:
        if epochs.closed(bureau, tx):
            told = "the desks are closed until every peer has said what it holds"
            yield _look("recovery", told, "let the node serve; comity recovery shows for whom it waits")
