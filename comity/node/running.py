"""Which clocks run, or have run out, for a reader: by the steps that `node/due.py` plans and does (decision 0037).

Each step has its line from the moment it is planned, so what is not yet due is found without looking at every subject.
Whether it is still owed is for the subject's state to say. Subjects pass the veils here, as everything that is read.
"""

from sqlalchemy import and_, select

from comity.core.capability import Reader
from comity.core.ids import ActId, BureauId
from comity.node import schema
from comity.node.bureau import Bureau
from comity.node.view import View


def running(bureau: Bureau, reader: Reader, what: str) -> tuple[tuple[ActId, BureauId], ...]:
    """Return subject and bureau of each step of this name, done or still to come; only of subjects for this reader."""
    d = schema.due.c
    with bureau.database.read() as tx:
        ours = and_(d.member == bureau.member, d.what == what)
        rows = tx.all(select(d.subject, d.bureau).where(ours).order_by(d.subject, d.bureau))
    found = [(ActId(bytes(row.subject)), BureauId(row.bureau)) for row in rows]
    view = View(bureau, reader)
    shown = {subject for subject in {subject for subject, _ in found} if view.act(subject) is not None}
    return tuple(each for each in found if each[0] in shown)
