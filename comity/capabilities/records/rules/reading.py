"""What acts do to rows, and who may see acts and rows (decisions 0016 and 0050).

An act of records is listed for its parties, without keys and rows: rows are read one by one, each under its own label,
or whoever saw the batch would see what the label of one row of it keeps back.
"""

from comity.capabilities.records.acts import Batch, Reach, Restriction, Row, Tells, Withdrawal, Withdrawn
from comity.capabilities.records.acts.rows import spelled_rows, unpack_rows
from comity.capabilities.records.rules.lists import Listed, shut_out
from comity.capabilities.records.tables import LOOKS_AFTER, OPEN_TO, TOLD_OF
from comity.core.act import Act, Said
from comity.core.capability import HIDDEN, SHOWN, Masked, Reader, Seen, Sight
from comity.core.codec import decode
from comity.core.handling import Purpose
from comity.core.ids import BureauId
from comity.core.rows import DropRows, Gone, Policy, PutRows, RestrictRows, RowOperation


def operations(said: Said, me: BureauId, state: Listed | None) -> tuple[RowOperation, ...]:
    """Return what an accepted act does to the rows at bureau `me`, of a list that stands so.

    Where the words of the opening act are gone, nobody knows any more whether its hits are silent: then they are.
    """
    head, quiet = said.head, state is not None and (state.record is None or state.tells is Tells.SILENTLY)
    match said.act:
        case Batch(serial=serial, rows=rows, count=count) if head.label.expires is not None:
            keys = (row.key for row in unpack_rows(rows, count))
            put = tuple(zip(keys, spelled_rows(rows, count), strict=True))
            return (PutRows(serial=serial, rows=put, label=head.label, until=head.label.expires, quiet=quiet),)
        case Withdrawal(serial=serial, reach=reach, keys=keys):
            return (DropRows(serial=serial, keys=keys if reach is Reach.ROWS else None),)
        case Restriction(serial=serial, reach=reach, keys=keys) as restriction:
            named = keys if reach is Reach.ROWS else None
            if me in shut_out(restriction, head):
                return (DropRows(serial=serial, keys=named),)
            return (RestrictRows(serial=serial, keys=named, label=restriction.label, quiet=quiet),)
        case _:
            return ()


def key_of(row: bytes) -> str:
    """Return the key of a row.

    Raises:
        Malformed: these bytes are no row.

    """
    return decode(row, Row).key


def states(_said: Said, gone: Gone) -> Act | None:
    """Return the statement of a holder that what an act took back is gone."""
    return Withdrawn(dropped=gone.dropped, absent=gone.absent, leaf=gone.leaf)


def veil(said: Said, reader: Reader, _seen: Seen) -> Sight:
    """Rule on reading an act of records: parties only, and never what it says of single rows."""
    head = said.head
    if head.capability != "records":
        return SHOWN
    if reader.bureau not in {head.sender, *head.to}:
        return HIDDEN
    match said.act:
        case Batch():
            return Masked(("rows",))
        case Withdrawal() | Restriction():
            return Masked(("keys",))
        case _:
            return SHOWN


def row_veil(policy: Policy, reader: Reader) -> Sight:
    """Rule on reading a row: inside its audience, for a police purpose, by a role to which its level is open.

    A quiet one is read at its source alone.

    >>> from comity.core.handling import Confidentiality, Label
    >>> policy = Policy(source=BureauId("ma"), label=Label(confidentiality=Confidentiality.RESTRICTED))
    >>> row_veil(policy, Reader(bureau=BureauId("no"), officer="o-1", unit="duty"))
    Masked(fields=('record',))
    """
    label = policy.label
    if policy.quiet and reader.bureau != policy.source:
        return HIDDEN
    if reader.purpose is Purpose.ADMINISTRATION or reader.role in LOOKS_AFTER:
        return HIDDEN
    if label.audience and reader.bureau not in {policy.source, *label.audience}:
        return HIDDEN
    if reader.role in OPEN_TO[label.confidentiality]:
        return SHOWN
    return Masked(("record",)) if reader.role in TOLD_OF[label.confidentiality] else HIDDEN
