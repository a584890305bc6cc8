"""One keeper per subject: who numbers what is said, so that every node computes the same state (decision 0014).

What others say about a subject is a proposal until the keeper's *entry* gives it a number in a hash chain. Nodes fold
along that chain only, whatever the order of arrival. A keeper that forks its chain has signed the proof of it.

>>> first = Entry(subject=ActId(bytes(32)), number=1, previous=ActId(bytes(32)), act=ActId(b"a" * 32))
>>> second = Entry(subject=ActId(bytes(32)), number=2, previous=ActId(b"e" * 32), act=ActId(b"b" * 32))
>>> known = {1: (ActId(b"e" * 32), first), 2: (ActId(b"f" * 32), second)}
>>> [number for number, _ in chain(ActId(bytes(32)), known)]
[1, 2]
>>> list(chain(ActId(bytes(32)), {2: known[2]}))
[]
"""

from collections.abc import Iterator, Mapping

import msgspec

from comity.core.act import Act, Said
from comity.core.errors import Malformed
from comity.core.ids import ActId, BureauId
from comity.core.ruling import ALLOWED, Refusal, Ruling


class Entry(Act, frozen=True, kw_only=True, tag="keeping.entry/1"):
    """The keeper gives an act about a subject its number."""

    subject: ActId
    number: int
    """Counts from 1; the opening act is number 0."""
    previous: ActId
    """The entry before this one; for number 1, the opening act."""
    act: ActId


class Handover(Act, frozen=True, kw_only=True, tag="keeping.handover/1"):
    """The keeper hands the subject to another keeper; counts once it is entered itself."""

    kept = True

    subject: ActId
    to: BureauId


class Entered(msgspec.Struct, frozen=True, kw_only=True):
    """An act with its number in its subject's chain: what `fold` takes."""

    number: int
    said: Said


class Fork(msgspec.Struct, frozen=True, kw_only=True):
    """Two entries of one keeper with one number: evidence that anybody can check."""

    subject: ActId
    number: int
    entries: tuple[ActId, ActId]


def chain(subject: ActId, known: Mapping[int, tuple[ActId, Entry]]) -> Iterator[tuple[int, Entry]]:
    """Walk the entries from number 1 on, as far as the hash chain is whole.

    `known` maps each number to the entry's own act id and the entry.
    """
    previous = subject
    for number in range(1, len(known) + 1):
        if number not in known:
            return
        entry_id, entry = known[number]
        if entry.previous != previous or entry.subject != subject:
            return
        yield number, entry
        previous = entry_id


def may_enter(entry: Entry, sender: BureauId, keeper: BureauId) -> Ruling:
    """Rule whether `sender` may number acts of a subject whose keeper is `keeper`."""
    if sender != keeper:
        return Refusal("keeping.keeper", f"only {keeper} enters acts about this subject", "decision 0014")
    if entry.number < 1:
        return Refusal("keeping.number", "entries count from 1", "decision 0014")
    return ALLOWED


def fork(one: tuple[ActId, Entry], other: tuple[ActId, Entry]) -> Fork:
    """Return the evidence that a keeper numbered two acts alike.

    Raises:
        Malformed: the two entries do not contradict each other.

    """
    (one_id, first), (other_id, second) = sorted((one, other), key=lambda pair: pair[0])
    if one_id == other_id or first.subject != second.subject or first.number != second.number:
        raise Malformed("two entries contradict each other only with one subject, one number and two ids")
    return Fork(subject=first.subject, number=first.number, entries=(one_id, other_id))
