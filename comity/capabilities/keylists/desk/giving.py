"""What a source does with its lists of keys: open one for an epoch, fill it from a file (decision 0053).

The numbers of the file are folded, concealed under a key for each asker, and forgotten: neither they nor their hashes
rest on the node. The next epoch is filled from the source's own register again.
"""

from pathlib import Path
from typing import Annotated

import msgspec

from comity.capabilities.keylists.acts import MOST_POINTS, KeyKind, KeyList, Secret, Setup
from comity.capabilities.keylists.desk.filling import Flaw, complaint, numbers_of
from comity.capabilities.keylists.desk.parts import About, Said, found_list, secrets, told
from comity.capabilities.keylists.rules import FOLDING, Keylist
from comity.capabilities.keylists.tables import DAILY, DAY, MOST_ASKED
from comity.core.act import Relation
from comity.core.capability import Reader
from comity.core.desk import about, made
from comity.core.envelope import Lane
from comity.core.errors import Misused
from comity.core.handling import Basis, Purpose
from comity.core.ids import ActId, BureauId, Millis
from comity.engines import psi
from comity.node.bureau import Bureau
from comity.node.view import Glimpse

WORK = "concealing keys"
"""What the bar on the terminal is called."""


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file of numbers."""

    lines: int
    """Lines with something on them."""
    keys: int
    """Different keys among them."""
    flaws: tuple[Flaw, ...]
    """What is wrong with other lines, the first hundred."""
    handed: tuple[ActId, ...] = ()
    """The acts that carry the set to the askers; none after a dry run."""


def open(  # noqa: A001, PLR0913, PLR0917 - the word of the act, which has these parts
    bureau: Bureau, reader: Reader,
    of: Annotated[KeyKind, about("what its keys name: document, plate, iban, phone")],
    to: Annotated[tuple[BureauId, ...], about("a bureau that may ask; repeat it for several")],
    size: Annotated[int, about("at most so many keys: 1000, 10000, 100000 or 1000000; askers read it")] = 10_000,
    most: Annotated[int, about("keys of one question at most")] = MOST_ASKED,
    daily: Annotated[int, about("questions of one bureau on one day at most")] = DAILY,
    days: Annotated[int, about("how long the epoch lasts")] = 30,
    name: Annotated[str, about("a name, where there are several lists of this kind")] = "",
    after: Annotated[str, about("the list whose next epoch this is, by the first digits of its id")] = "",
    purpose: Annotated[Purpose, about("purpose for which keys are compared (RPD 10)")] = Purpose.INVESTIGATE,
    law: Annotated[str, about("legal basis, as lawyers cite it")] = "",
) -> Said:  # fmt: skip
    """Open a list of keys without records: who may ask learns which of its own numbers are in it, and no more.

    Example: comity keylists open --of phone --to no --size 10000 --days 30
    """
    before, state = found_list(bureau, reader, after) if after else (None, None)
    act = made(
        KeyList, of=of, name=name, folding=FOLDING, size=size, most=most, daily=daily,
        epoch=state.epoch + 1 if state is not None else 1, until=Millis(bureau.now() + days * DAY),
    )  # fmt: skip
    refs = (Relation(rel="follows", act=before.id),) if before is not None else ()
    basis = made(Basis, law=law) if law else None
    return told(bureau.say(act, to, reader=reader, purpose=purpose, basis=basis, refs=refs))


def fill(  # noqa: PLR0913, PLR0917 - a file, and how it is read
    bureau: Bureau, reader: Reader, which: About,
    file: Annotated[Path, about("numbers, one a line", file=True, positional=True)],
    country: Annotated[str, about("where plates, and phones without +, were written: two letters")] = "",
    dry_run: Annotated[bool, about("only say what would come of it")] = False,  # noqa: FBT002
    skip_bad: Annotated[bool, about("fill in the other lines though some are wrong")] = False,  # noqa: FBT002
) -> Filled:  # fmt: skip
    """Fill a list of ours from a file of numbers; what it held before is replaced. The numbers do not leave the node.

    For each asker it takes a third of a second for a thousand numbers. If a line is wrong, nothing is filled in.

    Example: comity keylists fill 3fa2 stolen.txt --country ma --dry-run
    """
    opened, state = found_list(bureau, reader, which)
    if state.source != bureau.me or state.of is None:
        raise Misused("only its source fills a list; this one is another bureau's")
    found = numbers_of(file, state.of, country)
    said = Filled(lines=found.lines, keys=len(found.keys), flaws=found.flaws)
    if dry_run:
        return said
    if found.flaws and not skip_bad:
        raise complaint(found.flaws, "nothing was filled in")
    if not 1 <= len(found.keys) <= state.size:
        raise Misused(f"{len(found.keys):,} keys for a list that is said to hold 1 to {state.size:,}")
    if state.ended or bureau.now() >= state.until:
        raise Misused("the epoch of this list is over; open the next one with --after")
    keys = list(found.keys)
    handed = [act for asker in state.askers for act in _hand(bureau, reader, opened, state, asker, keys)]
    return msgspec.structs.replace(said, handed=tuple(handed))


def _hand(
    bureau: Bureau, reader: Reader, opened: Glimpse, state: Keylist, asker: BureauId, keys: list[str]
) -> list[ActId]:
    """Conceal the set for one asker, and say it part by part."""
    key = _key_for(bureau, reader, opened, asker)
    slices = []
    for at in range(0, len(keys), psi.SLICE):
        slices.append(psi.conceal(key, keys[at : at + psi.SLICE]))
        if bureau.blobs.watch is not None:
            done = min(at + psi.SLICE, len(keys))
            bureau.blobs.watch(WORK, done * psi.POINT, len(keys) * psi.POINT)
    whole, step = psi.merged(slices), MOST_POINTS * psi.POINT
    pieces = [whole[at : at + step] for at in range(0, len(whole), step)]
    serial = max(state.last() + 1, bureau.now())
    return [
        bureau.say(
            Setup(serial=serial, part=part, parts=len(pieces), concealed=piece), (asker,), reader=reader,
            purpose=opened.purpose, subject=opened.id, lane=Lane.BULK,
        ).id
        for part, piece in enumerate(pieces, 1)
    ]  # fmt: skip


def _key_for(bureau: Bureau, reader: Reader, opened: Glimpse, asker: BureauId) -> bytes:
    """Return the key of this pair and epoch; drawn when the list is filled first, and kept before it is used."""
    held = next((secret.key for _, secret in secrets(bureau, opened.id) if secret.peer == asker), None)
    if held is not None:
        return held
    key = psi.source_key()
    secret = Secret(peer=asker, key=key)
    bureau.say(secret, (bureau.me,), reader=reader, purpose=opened.purpose, subject=opened.id)
    return key
