"""What a source does with its lists: open, fill from a file, revise, restrict, take back (decision 0050)."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec.structs import replace

from comity.capabilities.records.acts import (
    MOST_ROWS,
    Batch,
    Cause,
    Reach,
    RecordKind,
    RecordList,
    Restriction,
    Row,
    Tells,
    Withdrawal,
    pack,
)
from comity.capabilities.records.desk.filling import MOST_ERRORS, Flaw, Mapping, mapping_of, read
from comity.capabilities.records.desk.parts import About, Everything, Keys, Said, keys_of, own_list, say_next, told
from comity.capabilities.records.tables import DAY, RETENTION, months_after
from comity.core.capability import Reader
from comity.core.codec import encode
from comity.core.desk import about, made
from comity.core.envelope import Lane
from comity.core.errors import Misused
from comity.core.handling import Basis, Confidentiality, Handling, Label, Onward, Purpose
from comity.core.ids import ActId, BureauId, Millis
from comity.node.bureau import Bureau
from comity.node.view import Glimpse

WITHIN = 3_600_000
"""How long holders have to state that what was withdrawn is gone, milliseconds: an hour is enough for a node that is
online; who was away is late, and seen to be."""

MOST_BYTES = 4 << 20
"""Bytes of the rows of one batch before they are compressed: half of what is decoded in one piece."""

Level = Annotated[Confidentiality | None, about("confidentiality; that of the list, if nothing is said")]
Code = Annotated[Handling | None, about("handling code; that of the list, if nothing is said")]
Passing = Annotated[Onward | None, about("whether holders may pass them on; as the list says, if nothing is said")]
Audience = Annotated[tuple[BureauId, ...], about("a bureau that may see them; repeat it for several")]


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file of records."""

    lines: int
    """Lines with something in them, without a heading."""
    rows: int
    """Those that make a record."""
    batches: tuple[ActId, ...]
    """The acts that carry them; none after a dry run."""
    flaws: tuple[Flaw, ...]
    """What is wrong with other lines, the first hundred."""


def open(  # noqa: A001, PLR0913, PLR0917 - the word of the act, which has these parts
    bureau: Bureau, reader: Reader,
    record: Annotated[RecordKind, about("what it holds records of")],
    to: Annotated[tuple[BureauId, ...], about("a bureau whose node keeps a copy; repeat it for several")],
    shard: Annotated[str, about("a name for this part of the records, where there are several")] = "",
    months: Annotated[int | None, about("how long they rest before they are reviewed; by default the longest")] = None,
    tells: Annotated[Tells, about("whether we hear of hits: always, on-confirmation, silently")] = Tells.ALWAYS,
    purpose: Annotated[Purpose, about("purpose for which the records are processed (RPD 10)")] = Purpose.LOCATE,
    law: Annotated[str, about("legal basis, as lawyers cite it")] = "",
    handling: Code = None, confidentiality: Level = None, onward: Passing = None, audience: Audience = (),
) -> Said:  # fmt: skip
    """Open a list of records to those whose nodes shall keep copies; its label is the floor for all that is in it.

    Example: comity records open --record travel-document --to no --to et --shard "stolen 2026"
    """
    label = _changed(Label(), handling, confidentiality, onward, among(bureau, audience))
    act = made(RecordList, record=record, shard=shard, months=months or RETENTION[record].months, tells=tells)
    basis = made(Basis, law=law) if law else None
    return told(bureau.say(act, to, reader=reader, purpose=purpose, label=label, basis=basis))


def publish(  # noqa: PLR0913, PLR0917 - a file, how it is read, and a label
    bureau: Bureau, reader: Reader, which: About,
    file: Annotated[Path, about("CSV or JSON lines, one record a line", file=True, positional=True)],
    mapping: Annotated[Path | None, about("which column is which field; a file that is kept", file=True)] = None,
    until: Annotated[Millis | None, about("when they are reviewed; by default as late as the list allows")] = None,
    dry_run: Annotated[bool, about("only say what would come of it")] = False,  # noqa: FBT002
    skip_bad: Annotated[bool, about("publish the other lines though some are wrong")] = False,  # noqa: FBT002
    handling: Code = None, confidentiality: Level = None, onward: Passing = None, audience: Audience = (),
) -> Published:  # fmt: skip
    """Publish the records of a file in a list of ours; one whose key is there already is revised by it.

    Each line has the key by which we call the record, and its fields. If a line is wrong, nothing is published.

    Example: comity records publish 3fa2 passports.csv --mapping sltd.json --dry-run
    """
    listed, columns = own_list(bureau, reader, which), mapping_of(mapping)
    kind = listed.act.record if isinstance(listed.act, RecordList) else RecordKind.NOMINAL
    months = listed.act.months if isinstance(listed.act, RecordList) else 0
    checked = _checked(file, kind, columns)
    if dry_run:
        return checked
    if checked.flaws and not skip_bad:
        told_of = "; ".join(f"line {flaw.line}: {flaw.what}" for flaw in checked.flaws[:10])
        raise Misused(f"{checked.lines - checked.rows} lines are wrong, nothing was published: {told_of}")
    end = until // DAY * DAY if until is not None else months_after(bureau.now(), months)
    label = _changed(listed.label, handling, confidentiality, onward, among(bureau, audience))
    said = tuple(
        _put(bureau, reader, listed, rows, replace(label, expires=Millis(end)))
        for rows in _batches(_good(file, kind, columns))
    )
    return replace(checked, batches=said)


def restrict(  # noqa: PLR0913, PLR0917 - which rows, and a label
    bureau: Bureau, reader: Reader, which: About, key: Keys = (), reach: Everything = Reach.ROWS,
    handling: Code = None, confidentiality: Level = None, onward: Passing = None, audience: Audience = (),
) -> Said:  # fmt: skip
    """Give records of ours another label; whoever is left out of its audience drops them and says so.

    What is not named is as the list says. No record is used more freely than its list.

    Example: comity records restrict 3fa2 --key 2026-17 --audience no
    """
    listed, keys = own_list(bureau, reader, which), keys_of(reach, key)
    label = _changed(replace(listed.label, expires=None), handling, confidentiality, onward, among(bureau, audience))
    return say_next(
        bureau, reader, listed, lambda serial: made(Restriction, serial=serial, reach=reach, keys=keys, label=label),
        lane=Lane.URGENT,
    )  # fmt: skip


def withdraw(  # noqa: PLR0913, PLR0917 - which rows, and why
    bureau: Bureau, reader: Reader, which: About,
    why: Annotated[Cause, about("why; the holders read it")],
    key: Keys = (), reach: Everything = Reach.ROWS,
    deadline: Annotated[Millis | None, about("until when holders state that it is gone; by default an hour")] = None,
) -> Said:  # fmt: skip
    """Take records of ours back from everybody: the holders' nodes drop them by themselves, and say so.

    Ours go too. That a node has dropped its copy can be attested, not proven; what people read, they have read.

    Example: comity records withdraw 3fa2 --key 2026-17 --why purpose-reached
    """
    listed, keys = own_list(bureau, reader, which), keys_of(reach, key)
    end = deadline if deadline is not None else Millis(bureau.now() + WITHIN)
    return say_next(
        bureau, reader, listed,
        lambda serial: made(Withdrawal, serial=serial, reach=reach, keys=keys, why=why, deadline=end), lane=Lane.URGENT,
    )  # fmt: skip


def among(bureau: Bureau, audience: tuple[BureauId, ...]) -> tuple[BureauId, ...]:
    """Return an audience with the source itself in it."""
    return tuple(sorted({*audience, bureau.me})) if audience else ()


def _checked(file: Path, kind: RecordKind, mapping: Mapping) -> Published:
    """Read the whole file once before anything is said of it."""
    lines, rows, keys = 0, 0, set()
    flaws: list[Flaw] = []
    for line, found in read(file, kind, mapping):
        lines += 1
        if isinstance(found, Row) and found.key not in keys:
            rows += 1
            keys.add(found.key)
            continue
        flaw = found if isinstance(found, Flaw) else Flaw(line=line, what="the key of an earlier line")
        if len(flaws) < MOST_ERRORS:
            flaws.append(flaw)
    return Published(lines=lines, rows=rows, batches=(), flaws=tuple(flaws))


def _good(file: Path, kind: RecordKind, mapping: Mapping) -> Iterator[Row]:
    keys = set()
    for _, found in read(file, kind, mapping):
        if isinstance(found, Row) and found.key not in keys:
            keys.add(found.key)
            yield found


def _batches(rows: Iterable[Row]) -> Iterator[tuple[Row, ...]]:
    batch: list[Row] = []
    size = 0
    for row in rows:
        length = len(encode(row))
        if batch and (len(batch) == MOST_ROWS or size + length > MOST_BYTES):
            yield tuple(batch)
            batch, size = [], 0
        batch.append(row)
        size += length
    if batch:
        yield tuple(batch)


def _put(bureau: Bureau, reader: Reader, listed: Glimpse, rows: tuple[Row, ...], label: Label) -> ActId:
    packed = pack(rows)
    said = say_next(
        bureau, reader, listed, lambda serial: made(Batch, serial=serial, count=len(rows), rows=packed), label=label,
        lane=Lane.BULK, to=tuple(party for party in listed.recipients if party in label.audience),
    )  # fmt: skip
    return said.id


def _changed(
    label: Label, handling: Handling | None, confidentiality: Confidentiality | None, onward: Onward | None,
    audience: tuple[BureauId, ...],
) -> Label:  # fmt: skip
    return made(
        Label, handling=handling or label.handling, source=label.source, information=label.information,
        confidentiality=confidentiality or label.confidentiality, onward=onward or label.onward,
        audience=audience or label.audience, expires=label.expires,
    )  # fmt: skip
