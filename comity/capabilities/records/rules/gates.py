"""The gates of records: who opens, fills, restricts and withdraws, and who states that a copy is gone.

Authority: RPD 7 and 58 (GK-text: the source remains master of its data and restricts whom it likes at any time), 10
(purposes), 49 and 50 (retention). One bureau is the source of a list, for good: nobody revises or withdraws another's.
"""

from comity.capabilities.records.acts import (
    STRUCTS,
    Batch,
    LookDigest,
    RecordKind,
    RecordList,
    Restriction,
    Withdrawal,
    Withdrawn,
    unpack_rows,
)
from comity.capabilities.records.rules.lists import Listed, shut_out, withdraws
from comity.capabilities.records.tables import DAY, RETENTION, months_after
from comity.core.act import Said
from comity.core.capability import Seen
from comity.core.errors import Malformed
from comity.core.handling import Label, Purpose, may_derive
from comity.core.ids import Millis
from comity.core.ruling import ALLOWED, Refusal, Ruling

LONGEST_DIGEST = 1_000
"""Milliseconds of looks under one root: a second, so that a look is provable a second later."""

AHEAD = DAY
"""How far a serial may run ahead of its act, milliseconds: one that lies years ahead could never be outdone."""


def may_open_list(said: Said, _seen: Seen, _now: Millis) -> Ruling:
    """Rule that the source opens its list itself, for a police purpose, and keeps records no longer than the table."""
    if not isinstance(said.act, RecordList):
        return ALLOWED
    head, kept = said.head, RETENTION[said.act.record]
    if head.keeper != head.sender or head.subject is not None:
        return Refusal("records.keeper", "a list is opened by its source, which keeps it", "decision 0050")
    if head.purpose is Purpose.ADMINISTRATION:
        return Refusal("records.purpose", "records are processed for a police purpose, not administration", "RPD 10")
    if said.act.months > kept.months:
        reason = f"records of this kind rest for at most {kept.months} months"
        return Refusal("records.retention", reason, kept.article)
    return ALLOWED


def may_publish(said: Said, seen: Seen, _now: Millis) -> Ruling:
    """Rule on a batch: by the source, in time and under the floor of its list, with rows that are of its kind."""
    batch = said.act
    if not isinstance(batch, Batch):
        return ALLOWED
    listed = _own_list(said, seen)
    if not isinstance(listed, Listed):
        return listed
    for ruling in (
        _in_order(said, batch.serial, listed, seen),
        may_derive(listed.label, said.head.label),
        _in_time(said, listed),
        _of_its_kind(batch, listed.record),
    ):
        if isinstance(ruling, Refusal):
            return ruling
    return ALLOWED


def may_restrict(said: Said, seen: Seen, _now: Millis) -> Ruling:
    """Rule on a restriction: by the source, not looser than its list, without shutting out the source itself."""
    restriction = said.act
    if not isinstance(restriction, Restriction):
        return ALLOWED
    listed = _own_list(said, seen)
    if not isinstance(listed, Listed):
        return listed
    label = restriction.label
    if label.audience and said.head.sender not in label.audience:
        return Refusal("records.label", "a source stays in the audience of its own records", "RPD 58 (GK-text)")
    if label.expires is not None:
        reason = "when rows end, their batch says: withdraw them, or put them anew with another end"
        return Refusal("records.label", reason, "decision 0050")
    # The floor may have an end of its own; the rows have theirs, which is not later.
    ruling = may_derive(_endless(listed.label), label)
    return ruling if isinstance(ruling, Refusal) else _in_order(said, restriction.serial, listed, seen)


def may_withdraw(said: Said, seen: Seen, _now: Millis) -> Ruling:
    """Rule on a withdrawal: by the source alone, with a deadline that is not over when it is said."""
    withdrawal = said.act
    if not isinstance(withdrawal, Withdrawal):
        return ALLOWED
    listed = _own_list(said, seen)
    if not isinstance(listed, Listed):
        return listed
    if withdrawal.deadline < said.head.said:
        return Refusal("records.deadline", "holders have until a moment that is still to come", "decision 0050")
    return _in_order(said, withdrawal.serial, listed, seen)


def may_state_withdrawn(said: Said, seen: Seen, _now: Millis) -> Ruling:
    """Rule that only a holder that was asked states that its copies are gone, to the source, about one act."""
    if not isinstance(said.act, Withdrawn):
        return ALLOWED
    head, named = said.head, withdraws(said.head)
    if len(named) != 1 or head.subject is None:
        return Refusal("records.statement", "a statement names the one act that it answers", "decision 0050")
    asked = seen.act(named[0])
    if asked is None:
        return Refusal("records.unseen", "this bureau has not seen the act that is answered", "decision 0050")
    if head.to != (asked.head.sender,) or asked.head.subject != head.subject:
        return Refusal("records.statement", "a statement goes to the source, about its list", "decision 0050")
    match asked.act:
        case Withdrawal():
            holders = asked.head.to
        case Restriction() as restriction:
            holders = shut_out(restriction, asked.head)
        case _:
            holders = ()
    if head.sender not in holders or head.sender == asked.head.sender:
        return Refusal("records.statement", "only a holder that was asked states what is gone", "decision 0050")
    return ALLOWED


def may_digest(said: Said, _seen: Seen, _now: Millis) -> Ruling:
    """Rule that a bureau binds itself to its looks before nobody else, second by second."""
    if not isinstance(said.act, LookDigest):
        return ALLOWED
    if said.head.to != (said.head.sender,) or said.head.subject is not None:
        return Refusal("records.looks", "who looked at what is said to one's own log alone", "decision 0050")
    if said.act.until - said.act.since > LONGEST_DIGEST:
        return Refusal("records.looks", f"one digest covers at most {LONGEST_DIGEST} ms of looks", "decision 0050")
    return ALLOWED


def _own_list(said: Said, seen: Seen) -> Listed | Refusal:
    """Return the list that an act of its source is about, or why it is not to be had."""
    head = said.head
    listed = seen.state(head.subject, Listed) if head.subject is not None else None
    if head.subject is None or (listed is None and seen.act(head.subject) is not None):
        return Refusal("records.list", "the act is about no list of records", "decision 0050")
    if listed is None:
        return Refusal("records.unseen", "this bureau has not seen the list that the act is about", "decision 0050")
    if head.sender != listed.source:
        reason = "only its source puts, restricts and withdraws what is in a list"
        return Refusal("records.source", reason, "RPD 7 (GK-text)")
    if not set(head.to) <= {*listed.holders, listed.source}:
        reason = "a list reaches those to whom it was opened; open another one for others"
        return Refusal("records.addressee", reason, "RPD 58 (GK-text)")
    if head.purpose is Purpose.ADMINISTRATION:
        return Refusal("records.purpose", "records are processed for a police purpose, not administration", "RPD 10")
    return listed


def _in_order(said: Said, serial: int, listed: Listed, seen: Seen) -> Ruling:
    """Rule on the serial: higher than the last one where it is said, elsewhere in any order of arrival."""
    if seen.me == said.head.sender and serial <= listed.last:
        return Refusal("records.serial", "the source has said a later serial of this list", "decision 0050")
    if serial > max(said.head.said, listed.last) + AHEAD:
        return Refusal("records.serial", "a serial is the moment at which it is said", "decision 0050")
    return ALLOWED


def _in_time(said: Said, listed: Listed) -> Ruling:
    until, kept = said.head.label.expires, RETENTION[listed.record] if listed.record is not None else None
    article = kept.article if kept is not None else "RPD 49"
    if until is None or until % DAY:
        reason = "the label says on which day the rows end, at midnight UTC, unless the source keeps them"
        return Refusal("records.retention", reason, article)
    if listed.months and until > months_after(said.head.said, listed.months):
        reason = f"rows of this list rest for at most {listed.months} months before the source is asked again"
        return Refusal("records.retention", reason, article)
    return ALLOWED


def _of_its_kind(batch: Batch, record: RecordKind | None) -> Ruling:
    try:
        rows = unpack_rows(batch.rows, batch.count)
    except Malformed as problem:
        return Refusal("records.rows", str(problem), "decision 0050")
    strange = sum(record is not None and type(row.record) is not STRUCTS[record] for row in rows)
    if strange:
        reason = f"{strange} of {len(rows)} rows are not of the kind that the list holds"
        return Refusal("records.rows", reason, "decision 0050")
    if len({row.key for row in rows}) != len(rows):
        return Refusal("records.rows", "two rows of one batch have the same key", "decision 0050")
    return ALLOWED


def _endless(label: Label) -> Label:
    return Label(
        handling=label.handling, source=label.source, information=label.information, onward=label.onward,
        confidentiality=label.confidentiality, audience=label.audience,
    )  # fmt: skip
