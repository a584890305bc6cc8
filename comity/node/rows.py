"""The row store: does to rows what accepted acts say, in the transaction that accepts them (decision 0050).

A capability says by pure functions what an act does to rows (`core/rows.py`); this module does it, in any order of
arrival: for each row the highest serial counts, for what is put, restricted or dropped, and a row that was dropped
leaves its digest and serial behind, so that a batch that comes later cannot bring it back. What rows say rests in
segments (`node/segments.py`). What changes is noted for a search index (`node/rowchanges.py`).

The body of a batch holds every row of it. Once one of them must not rest here, the body goes too (`node/rowwork.py`),
as soon as every recipient has it; the other rows stay in their segments, and the digests of all rows are kept, so that
each can still be proven against the signed head.

Nothing here decides who may see a row: `node/rowview.py` does, which is the only road to rows for desks and faces.
"""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, and_, func, select, update

from comity.core.act import Said, row_salt
from comity.core.capability import Capability
from comity.core.codec import decode, encode
from comity.core.handling import Label
from comity.core.ids import BureauId
from comity.core.rows import DropRows, Gone, Policy, PutRows, RestrictRows, RowOperation
from comity.node import segments
from comity.node.database import Transaction
from comity.node.query import Query
from comity.node.rowchanges import What, note
from comity.node.rowtables import row_batches, row_lists, row_policies, row_statements, rows
from comity.node.segments import Resting
from comity.node.store import Kept

if TYPE_CHECKING:
    from comity.node.bureau import Bureau  # The bureau imports this module.

AT_ONCE = 500
"""Rows that are asked for by one statement; SQLite takes some thousand values."""

_r, _l, _b, _p = rows.c, row_lists.c, row_batches.c, row_policies.c
_POLICY = Query(
    lambda member, source, label: select(_p.policy).where(_p.member == member, _p.source == source, _p.label == label)
)


def apply_rows(bureau: "Bureau", tx: Transaction, said: Said, kept: Kept, salt: bytes) -> None:
    """Do to rows what an act says that was accepted just now; `salt` is its body's."""
    capability = capability_of(bureau, said.head.capability)
    if capability is None or capability.rows is None or said.head.subject is None:
        return
    operations = operations_of(bureau, tx, capability, said)
    if not operations:
        return
    change = Change(bureau, tx, said, kept)
    if not change.list:
        return
    for operation in operations:
        match operation:
            case PutRows():
                change.put(operation, salt)
            case RestrictRows():
                change.restrict(operation)
            case DropRows():
                change.owe(change.drop(operation))


def operations_of(bureau: "Bureau", tx: Transaction, capability: Capability, said: Said) -> tuple[RowOperation, ...]:
    """Return what an act of a capability does to rows here, by the state of its subject."""
    if capability.rows is None:
        return ()
    state = None
    if capability.state is not None and said.head.subject is not None:
        state = bureau.store.state(tx, said.head.subject, capability.state)
    return capability.rows.operations(said, bureau.me, state)


def capability_of(bureau: "Bureau", name: str) -> Capability | None:
    """Return a capability of this node by its name."""
    return next((each for each in bureau.capabilities if each.name == name), None)


def row_id(bureau: "Bureau", number: int, key: str) -> bytes:
    """Return the digest under which a row of a list is found; without the keyring's secret nobody can guess keys."""
    return hmac.digest(bureau.keyring.secret("rows"), number.to_bytes(8) + key.encode(), hashlib.sha256)[:16]


class Change:
    """One act at work on the rows of its list."""

    def __init__(self, bureau: "Bureau", tx: Transaction, said: Said, kept: Kept) -> None:
        """Find the list that the act is about."""
        self.bureau, self.tx, self.said, self.kept = bureau, tx, said, kept
        self.member = bureau.member
        subject = said.head.subject or said.id
        opening = bureau.store.find(tx, subject)
        self.list = opening.number if opening is not None else 0
        self.secret = bureau.keyring.secret("rows")
        row = tx.one(select(row_lists).where(self._here()))
        self.dropped = int(row.dropped) if row is not None else 0
        self.restricted = int(row.restricted) if row is not None else 0
        self.policy = int(row.policy) if row is not None else 0
        self.subject = subject

    # Operations.

    def put(self, operation: PutRows, salt: bytes) -> None:
        """Put the rows of a batch, but those that a later act has dropped or put anew."""
        policy = policy_of(self.bureau, self.tx, self.said.head.sender, operation.label, quiet=operation.quiet)
        resting = [Resting(place, row_salt(salt, place), row) for place, (_, row) in enumerate(operation.rows)]
        self.lay([key for key, _ in operation.rows], resting, operation.serial, policy, operation.until)

    def lay(
        self, keys: Sequence[str], resting: Sequence[Resting], serial: int, policy: int, until: int | None,
        leaves: bytes | None = None,
    ) -> None:  # fmt: skip
        """Lay rows of one batch into segments, number them, and let go those whose place they take."""
        ids = [self._id(key) for key in keys]
        held = self._held(ids)
        ours = [place for place, each in enumerate(ids) if each not in held or int(held[each].serial) < serial]
        if serial < self.dropped or until is None:
            ours = []
        batch, first = self.kept.number, self.tx.count("rows", len(ours)) if ours else 0
        lines = []
        for number, at in enumerate(ours, first):
            seen_as, restricted = self._restricted(held.get(ids[at]), serial, policy)
            values = {"number": number, "serial": serial, "batch": batch, "place": resting[at].place}
            lines.append(self._line(ids[at], **values, policy=seen_as, restricted=restricted))
        line = {"member": self.member, "batch": batch, "list": self.list, "serial": serial, "policy": policy}
        line |= {"first": first, "count": len(ours), "stale": int(len(ours) < len(ids))}
        self.tx.put(row_batches, [{**line, "until": until if ours else None, "leaves": leaves}])
        segments.write(self.bureau.store, self.tx, batch, (resting[at] for at in ours))
        self._let_go([held[ids[at]] for at in ours if ids[at] in held])
        self.tx.put(rows, lines)
        self._note(What.PUT, range(first, first + len(ours)))

    def restrict(self, operation: RestrictRows) -> None:
        """Give rows another policy; what comes later with a lower serial gets it when it comes."""
        serial = operation.serial
        policy = policy_of(self.bureau, self.tx, self.said.head.sender, operation.label, quiet=operation.quiet)
        if operation.keys is None:
            self._restrict_all(serial, policy)
            return
        ids = [self._id(key) for key in operation.keys]
        held, lines, numbers = self._held(ids), [], []
        for each in ids:
            found = held.get(each)
            if found is None:
                lines.append(self._line(each, restricted=serial, policy=policy))
            elif int(found.restricted) < serial:
                counts = int(found.serial) < serial and (found.number is None or serial > self.restricted)
                lines.append(
                    self._as_it_is(found) | {"restricted": serial, "policy": policy if counts else found.policy}
                )
                if counts and found.number is not None:
                    numbers.append(int(found.number))
        self.tx.put(rows, lines)
        self._note(What.RESTRICT, numbers, policy)

    def drop(self, operation: DropRows) -> Gone:
        """Drop rows; what comes later with a lower serial is dropped when it comes."""
        if operation.keys is None:
            return self._gone(self._drop_all(operation.serial), 0)
        ids = [self._id(key) for key in operation.keys]
        held, lines, live = self._held(ids), [], []
        for each in ids:
            found = held.get(each)
            if found is not None and int(found.serial) >= operation.serial:
                continue
            if found is not None and found.number is not None:
                live.append(found)
            # What was said of its label stays, for a row that comes later with a serial above this one.
            label = {}
            if found is not None and found.restricted:
                label = {"restricted": int(found.restricted), "policy": int(found.policy)}
            lines.append(self._line(each, serial=operation.serial, **label))
        self._let_go(live)
        self.tx.put(rows, lines)
        return self._gone(len(live), len(ids) - len(live))

    def owe(self, gone: Gone) -> None:
        """Note what is to be stated to the source; another's word about its own list needs none."""
        if self.said.head.sender == self.bureau.me:
            return
        line = {"member": self.member, "act": self.said.id, "dropped": gone.dropped, "absent": gone.absent}
        self.tx.put(row_statements, [{**line, "leaf": gone.leaf, "next_at": self.bureau.now()}])

    # Parts.

    def _note(self, what: What, numbers: Sequence[int], policy: int = 0) -> None:
        note(self.bureau.store, self.tx, what, numbers, policy)

    def _here(self) -> Any:  # noqa: ANN401 - a condition
        return and_(_l.member == self.member, _l.list == self.list)

    def _id(self, key: str) -> bytes:
        return hmac.digest(self.secret, self.list.to_bytes(8) + key.encode(), hashlib.sha256)[:16]

    def _held(self, ids: Sequence[bytes]) -> dict[bytes, Row[Any]]:
        found: dict[bytes, Row[Any]] = {}
        for at in range(0, len(ids), AT_ONCE):
            some = and_(_r.member == self.member, _r.list == self.list, _r.row.in_(ids[at : at + AT_ONCE]))
            found |= {bytes(row.row): row for row in self.tx.all(select(rows).where(some))}
        return found

    def _line(self, row: bytes, **values: object) -> dict[str, Any]:
        line = {"member": self.member, "list": self.list, "row": row, "number": None, "serial": 0, "batch": 0}
        return line | {"place": 0, "policy": 0, "restricted": 0} | values

    def _as_it_is(self, found: Row[Any]) -> dict[str, Any]:
        names = ("number", "serial", "batch", "place", "policy", "restricted")
        return self._line(bytes(found.row), **{name: getattr(found, name) for name in names})

    def _restricted(self, found: Row[Any] | None, serial: int, policy: int) -> tuple[int, int]:
        """Return the policy of a row that is put, and the serial of the last restriction that was said of it."""
        own = int(found.restricted) if found is not None else 0
        if found is not None and own > max(serial, self.restricted):
            return int(found.policy), own
        return (self.policy if self.restricted > serial else policy), own

    def _let_go(self, found: Iterable[Row[Any]]) -> None:
        """Let rows out of their segments; their batches' bodies hold what must not rest here."""
        places: dict[int, list[int]] = {}
        numbers = []
        for row in found:
            if row.number is not None:
                places.setdefault(int(row.batch), []).append(int(row.place))
                numbers.append(int(row.number))
        for batch, gone in places.items():
            segments.drop(self.bureau.store, self.tx, batch, gone)
            self.tx.run(update(row_batches).where(_b.member == self.member, _b.batch == batch).values(stale=1))
        self._note(What.DROP, numbers)

    def _drop_all(self, serial: int) -> int:
        live = and_(_r.member == self.member, _r.list == self.list, _r.serial < serial, _r.number.is_not(None))
        numbers = tuple(int(row.number) for row in self.tx.all(select(_r.number).where(live)))
        self.tx.run(update(rows).where(live).values(number=None, serial=serial))
        earlier = and_(_b.member == self.member, _b.list == self.list, _b.serial < serial, _b.until.is_not(None))
        for row in self.tx.all(select(_b.batch).where(earlier)):
            segments.drop_all(self.bureau.store, self.tx, int(row.batch))
        self.tx.run(update(row_batches).where(earlier).values(until=None, stale=1))
        self._note(What.DROP, numbers)
        self._mark(dropped=max(self.dropped, serial))
        return len(numbers)

    def _restrict_all(self, serial: int, policy: int) -> None:
        if serial <= self.restricted:
            return
        earlier = and_(_r.member == self.member, _r.list == self.list, _r.serial < serial, _r.restricted < serial)
        live = and_(earlier, _r.number.is_not(None))
        numbers = tuple(int(row.number) for row in self.tx.all(select(_r.number).where(live)))
        self.tx.run(update(rows).where(live).values(policy=policy))
        self._note(What.RESTRICT, numbers, policy)
        self._mark(restricted=serial, policy=policy)

    def _mark(self, **values: int) -> None:
        line: dict[str, Any] = {"member": self.member, "list": self.list, "subject": self.subject}
        kept = {"dropped": self.dropped, "restricted": self.restricted, "policy": self.policy} | values
        self.tx.put(row_lists, [line | kept])
        self.dropped, self.restricted, self.policy = kept["dropped"], kept["restricted"], kept["policy"]

    def _gone(self, dropped: int, absent: int) -> Gone:
        return Gone(dropped=dropped, absent=absent, leaf=self.kept.leaf)


class _Spelled(Label, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How the label of a policy is kept: as the label alone, unless its rows are quiet."""

    quiet: int = 0


def policy_of(bureau: "Bureau", tx: Transaction, source: BureauId, label: Label, *, quiet: bool = False) -> int:
    """Return the number of the policy of rows of a source under a label; who may see them, `Rows.veil` rules."""
    fields = {name: getattr(label, name) for name in Label.__struct_fields__}
    spelled = encode(_Spelled(**fields | {"expires": None}, quiet=int(quiet)))
    found = tx.one(_POLICY, member=bureau.member, source=source, label=spelled)
    if found is not None:
        return int(found.policy)
    number = tx.count("policies")
    tx.add(row_policies, [{"member": bureau.member, "policy": number, "source": source, "label": spelled}])
    return number


def policy_in(row: Row[Any]) -> Policy:
    """Return the policy of a row of the table of policies."""
    kept = decode(bytes(row.label), _Spelled)
    label = Label(**{name: getattr(kept, name) for name in Label.__struct_fields__})
    return Policy(source=BureauId(row.source), label=label, quiet=bool(kept.quiet))


def live(bureau: "Bureau", tx: Transaction, number: int) -> int:
    """Return how many rows of a list rest here."""
    here = and_(_r.member == bureau.member, _r.list == number, _r.number.is_not(None))
    row = tx.one(select(func.count().label("resting")).select_from(rows).where(here))
    return int(row.resting) if row is not None else 0
