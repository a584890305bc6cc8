"""A bureau's word that one of its keys is dead, when it comes as an act: obeyed without waiting for anybody.

Authority: decision 0020. The act only carries the statement; what counts is the signature of the bureau's offline role
key, which `Trust.obey` verifies, so who said the act does not matter. Which kind carries statements, `app.py` says, for
a node knows no capability. Obeying twice changes nothing, so it is enough to remember how far this process has read.
"""

import logging
from collections.abc import Callable

from sqlalchemy import and_, select

from comity.core.act import Act
from comity.core.errors import Malformed
from comity.core.registry import Registry, Revocation, statement_from
from comity.node import schema
from comity.node.bureau import Bureau
from comity.node.store import ACCEPTED
from comity.node.trust import Trust

log = logging.getLogger("comity.obedience")


def watch(bureau: Bureau, trust: Trust, kind: str, statement_of: Callable[[Act], bytes]) -> Callable[[], int]:
    """Return a job that obeys the statements in acts of a kind, its own bureau's too, and returns how many were new."""
    read, version = 0, 0

    def obey() -> int:
        nonlocal read, version
        # A newer registry may name the role key under which a statement did not verify before.
        if version != (present := trust.current().version):
            read, version = 0, present
        obeyed = 0
        for number, raw in _since(bureau, kind, read, statement_of):
            obeyed += _obey(trust, raw)
            read = number
        return obeyed

    return obey


def known(registry: Registry, said: Revocation) -> bool:
    """Tell whether the registry, or a statement that came before, says as much already."""
    return any(
        (each.bureau, each.kid) == (said.bureau, said.kid) and each.size <= said.size for each in registry.revocations
    )


def _since(bureau: Bureau, kind: str, read: int, statement_of: Callable[[Act], bytes]) -> list[tuple[int, bytes]]:
    a = schema.acts.c
    with bureau.database.read() as tx:
        new = and_(a.number > read, a.member == bureau.member, a.kind == kind, a.code == ACCEPTED, a.body.is_not(None))
        numbers = [int(row.number) for row in tx.all(select(a.number).where(new).order_by(a.number))]
        acts = [(number, bureau.store.said(tx, bureau.store.by_number(tx, number)).act) for number in numbers]
    return [(number, statement_of(act)) for number, act in acts if isinstance(act, Act)]


def _obey(trust: Trust, raw: bytes) -> int:
    try:
        said = trust.current().obeyed(statement_from(raw))
        if known(trust.current(), said):
            return 0
        trust.obey(raw)
    except Malformed as problem:
        log.warning("a revocation that was said is not obeyed: %s", problem)
        return 0
    log.warning("%s has revoked its key %s: obeyed", said.bureau, said.kid.hex()[:8])
    return 1
