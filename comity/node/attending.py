"""Acts that a node itself attends to, without an officer: a question that its capability answers, an end that it keeps.

Authority: decision 0053. Which kinds these are and what is done, `app.py` says, for a node knows no capability. What is
done may take seconds and happens outside of any transaction. Each act is handed over until what attends to it returns;
after a start all of them are handed over again, so what attends must see by itself what is done already.

It is no queue: what was done stands in acts, and nothing is kept here that a restart would lose.
"""

from collections.abc import Callable, Sequence

from sqlalchemy import and_, select

from comity.core.act import Act, Said
from comity.core.errors import Refused
from comity.node import epochs, schema
from comity.node.bureau import Bureau
from comity.node.store import ACCEPTED

Attend = Callable[[Bureau, Said], bool]
"""``attend(bureau, said)``: does what there is to do about an act, and returns whether there was anything."""


def watch(bureau: Bureau, kinds: Sequence[str], attend: Attend) -> Callable[[], int]:
    """Return a job that hands accepted acts of these kinds to `attend`, ours too; it returns how many needed it."""
    read = 0
    waiting: list[int] = []

    def work() -> int:
        nonlocal read
        with bureau.database.read() as tx:
            if epochs.closed(bureau, tx):
                return 0
        done, later = 0, []
        for number in [*waiting, *_since(bureau, kinds, read)]:
            read = max(read, number)
            said = _said(bureau, number)
            try:
                done += said is not None and attend(bureau, said)
            except Refused:
                # A gate or the registry forbids it now; that may change.
                later.append(number)
        waiting[:] = later
        return done

    return work


def _since(bureau: Bureau, kinds: Sequence[str], read: int) -> list[int]:
    a = schema.acts.c
    new = and_(a.number > read, a.member == bureau.member, a.kind.in_(kinds), a.code == ACCEPTED, a.body.is_not(None))
    with bureau.database.read() as tx:
        return [int(row.number) for row in tx.all(select(a.number).where(new).order_by(a.number))]


def _said(bureau: Bureau, number: int) -> Said | None:
    with bureau.database.read() as tx:
        said = bureau.store.said(tx, bureau.store.by_number(tx, number))
    return said if isinstance(said.act, Act) else None
