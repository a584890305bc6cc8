"""The property behind every veil: the view of a reader equals the view over a store that never held anything else."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comity.core import cose
from comity.core.act import Act, Author, Head, Relation, Said, Unknown, body_digest, encode_body, kind_of
from comity.core.capability import HIDDEN, SHOWN, Capability, Masked, Reader, Seen, Sight
from comity.core.codec import encode
from comity.core.envelope import HEAD, Signed
from comity.core.handling import Basis, Confidentiality, Label, Purpose
from comity.core.ids import ActId, BureauId, Millis, act_id
from comity.core.keeping import Entered, Entry
from comity.node.bureau import Bureau
from comity.node.database import Transaction
from comity.node.home import BUILT_IN
from comity.node.store import Fate, Store, kinds_of
from comity.node.view import Direction, Glimpse, Ruled, View, Wanted
from tests.simulator import ORG, START, Federation, federation, reader

NO, MA, ET = BureauId("no"), BureauId("ma"), BureauId("et")
SECRET = Label(confidentiality=Confidentiality.CONFIDENTIAL)


@pytest.fixture
def fed(tmp_path: Path) -> Iterator[Federation]:
    made = federation(tmp_path, ["no"])
    yield made
    made.close()


class Note(Act, frozen=True, kw_only=True, tag="example.note/1"):
    opens = True
    text: str


class Remark(Act, frozen=True, kw_only=True, tag="example.remark/1"):
    text: str


class Move(Act, frozen=True, kw_only=True, tag="example.move/1"):
    kept = True
    text: str


STRANGE = "example.strange/1"


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was ever folded: a state that tells all."""

    lines: tuple[tuple[int, ActId, str], ...] = ()


def tally(state: Tally | None, entered: Entered) -> Tally:
    """Add a line; the body is in it, so that a masked one would show."""
    act = entered.said.act
    text = act.text if isinstance(act, Note | Remark | Move) else ""
    lines = state.lines if state else ()
    return Tally(lines=tuple(sorted({*lines, (entered.number, entered.said.id, text)})))


def by_law(said: Said, _reader: Reader, _seen: Seen) -> Sight:
    """Rule as the head's legal basis says, so that each act brings its own ruling."""
    match said.head.basis.law if said.head.basis else "shown":
        case "shown":
            return SHOWN
        case "masked":
            return Masked(("text",))
        case _:
            return HIDDEN


EXAMPLE = Capability(
    name="example", acts=(Note, Remark, Move), veils=(by_law,), fold=tally, state=Tally
)  # fmt: skip


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One act to be kept."""

    kind: str
    about: int
    """Which of the earlier notes."""
    thread: int | None
    sender: BureauId
    law: str
    accepted: bool


PLANS = st.lists(
    st.builds(
        Plan,
        kind=st.sampled_from(["note", "remark", "move", "strange"]),
        about=st.integers(0, 2),
        thread=st.none() | st.integers(0, 5),
        sender=st.sampled_from([NO, MA]),
        law=st.sampled_from(["shown", "masked", "hidden"]),
        accepted=st.sampled_from([True, True, True, False]),
    ),
    min_size=1,
    max_size=9,
)


@dataclass(frozen=True)
class Made:
    """An act as it is kept, and how the reader may see it."""

    said: Said
    signed: Signed
    fate: Fate
    law: str


def made(bureau: Bureau, plans: list[Plan]) -> list[Made]:
    """Return the acts of these plans, and the entries with which the keeper numbers the moves."""
    found: list[Made] = []
    notes: list[Said] = []
    ends: dict[ActId, tuple[int, ActId]] = {}
    for plan in plans:
        kind = plan.kind if notes or plan.kind == "strange" else "note"
        opening = notes[plan.about % len(notes)] if notes and kind in {"remark", "move"} else None
        act = {"note": Note, "remark": Remark, "move": Move}[kind](text=f"{len(found)}") if kind != "strange" else None
        refs = () if plan.thread is None or not found else (found[plan.thread % len(found)].said.id,)
        fate = Fate() if plan.accepted and act else Fate(code="exchange.unknown-kind" if act is None else "example.no")
        one = signed(bureau, act, plan, len(found) + 1, refs, opening)
        found.append(Made(*one, fate, plan.law))
        if kind == "note":
            notes.append(one[0])
        if opening is not None and kind == "move" and plan.accepted:
            number, last = ends.get(opening.id, (0, opening.id))
            entry = Entry(subject=opening.id, number=number + 1, previous=last, act=one[0].id)
            two = signed(bureau, entry, msgspec.structs.replace(plan, sender=NO), len(found) + 1, (), opening)
            ends[opening.id] = (number + 1, two[0].id)
            found.append(Made(*two, Fate(), plan.law))
    return found


def signed(
    bureau: Bureau, act: Act | None, plan: Plan, seq: int, thread: tuple[ActId, ...], opening: Said | None
) -> tuple[Said, Signed]:
    """Return an act as if it had been verified."""
    kind = STRANGE if act is None else kind_of(act)
    body = encode({"kind": STRANGE}) if act is None else encode_body(act)
    head = Head(
        kind=kind, org=ORG, sender=plan.sender, author=Author(officer="o-1", unit="duty"),
        to=(MA,) if plan.sender == NO else (NO,), said=Millis(START + seq), registry=1, channel=bytes(16), epoch=1,
        seq=seq, purpose=Purpose.LOCATE, basis=Basis(law=plan.law),
        refs=tuple(Relation(rel="thread", act=each) for each in thread),
        subject=opening.id if opening else None, keeper=NO if isinstance(act, Note) else None,
        body=body_digest(bytes(32), body), size=len(body),
    )  # fmt: skip
    payload = encode(head)
    said = Said(id=act_id(payload), head=head, act=Unknown(tag=kind, body=body) if act is None else act)
    return said, Signed(head=cose.sign1(payload, HEAD, bureau.signer()), body=body, salt=bytes(32))


def holding(bureau: Bureau, member: int, acts: list[Made]) -> View:
    """Return the reader's view over a store that holds these acts."""
    store = Store(
        member, bureau.me, kinds_of((EXAMPLE,), BUILT_IN), (EXAMPLE,), bureau.store.bodies, bureau.store.entropy
    )

    def keep(tx: Transaction) -> None:
        for each in acts:
            store.keep(tx, each.said, each.signed, fate=each.fate, at=START, leaf=each.said.head.seq)

    bureau.database.write(keep)
    seen_from = replace(bureau, member=member, store=store, capabilities=(EXAMPLE,))
    return View(seen_from, reader(seen_from))


def told(view: View, acts: list[Made]) -> object:
    """Return everything that a view answers, without the numbers that only order it."""
    pages, before = [], None
    for _ in acts:
        page = view.acts(limit=2, before=before)
        pages.append(([plain(found) for found in page.items], page.older is None))
        before = page.older
        if before is None:
            break
    subjects = [(plain(found.opened), found.state) for found in view.states(Tally).items]
    counts = [view.count(Wanted(ruled=ruled, direction=way)) for ruled in (None, *Ruled) for way in (None, *Direction)]
    each = [
        (
            [plain(found) for found in view.thread(made.said.id)], view.state(made.said.id, Tally),
            view.kept(made.said.id) is None, view.receipts(made.said.id) == (),
            view.count(Wanted(subject=made.said.id)), view.count(Wanted(thread=made.said.id)),
        )
        for made in acts
    ]  # fmt: skip
    return pages, subjects, counts, each


def plain(found: Glimpse) -> Glimpse:
    """Return it without its number."""
    return msgspec.structs.replace(found, number=0)


MEMBERS = itertools.count(100)


@given(plans=PLANS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_view_equals_one_over_a_store_that_only_ever_held_what_the_reader_may_see(
    fed: Federation, plans: list[Plan]
) -> None:
    compare(fed.bureaus[NO], plans)


@pytest.fixture
def on_postgresql(tmp_path: Path, postgres_database: str) -> Iterator[Federation]:
    made = Federation(tmp_path)
    made.join("no", url=postgres_database)
    yield made
    made.close()


@pytest.mark.services
@given(plans=PLANS)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_view_on_postgresql_equals_one_over_what_the_reader_may_see(
    on_postgresql: Federation, postgres_database: str, plans: list[Plan]
) -> None:
    assert on_postgresql.bureaus[NO].database.url == postgres_database
    compare(on_postgresql.bureaus[NO], plans)


def compare(bureau: Bureau, plans: list[Plan]) -> None:
    """Keep all acts in one store and the visible ones in another, and compare what the reader is told."""
    acts = made(bureau, plans)
    visible = [each for each in acts if each.law != "hidden"]
    whole = holding(bureau, next(MEMBERS), acts)
    only = holding(bureau, next(MEMBERS), visible)
    assert told(whole, acts) == told(only, acts)


def test_a_hidden_act_does_not_make_digits_ambiguous(fed: Federation) -> None:
    bureau = fed.bureaus[NO]
    plan = Plan(kind="note", about=0, thread=None, sender=NO, law="shown", accepted=True)
    groups: dict[str, dict[bytes, Made]] = {"shown": {}, "hidden": {}}
    for seq in range(1, 1001):  # Among a thousand and a thousand, 15 pairs share their first four digits.
        for law, group in groups.items():
            number = 2 * seq + (law == "hidden")
            said, whole = signed(bureau, Note(text=law), msgspec.structs.replace(plan, law=law), number, (), None)
            group[said.id[:2]] = Made(said, whole, Fate(), law)
    digits = next(each for each in groups["shown"] if each in groups["hidden"])
    pair = [group[digits] for group in groups.values()]
    assert holding(bureau, next(MEMBERS), pair).find(digits.hex()).id == pair[0].said.id
