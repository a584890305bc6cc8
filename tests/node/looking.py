"""What tests look at of a node from outside: every byte of its files, and the ways of its log."""

from pathlib import Path

from sqlalchemy import select

from comity.core.leaf import Way
from comity.node import schema
from comity.node.bureau import Bureau


def everything(bureau: Bureau, folder: Path) -> bytes:
    """Return all that a node has on its disk and in its database, one after the other."""
    found = [file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()]
    if bureau.database.url.startswith("sqlite:///"):
        place = Path(bureau.database.url.removeprefix("sqlite:///"))
        found += [file.read_bytes() for file in place.parent.glob(f"{place.name}*")]
    for table in schema.metadata.sorted_tables:
        with bureau.database.read() as tx:
            for row in tx.all(select(table)):
                found += [value if isinstance(value, bytes) else str(value).encode() for value in row]
    return b"|".join(found)


def leaves(bureau: Bureau) -> list[Way]:
    with bureau.database.read() as tx:
        size = bureau.ledger.size(tx)
        return [bureau.ledger.prove(tx, position, size).leaf.way for position in range(size)]
