"""Makes proof files from what a node keeps, and checks them without a node (decision 0031).

`make` gathers an act's signed head, its leaf with the proof up to a witnessed checkpoint, the receipts of its
recipients, and the files of the registry that show whose keys these are. `verify` needs the file alone, and the
anchor or at least the organisation's id from a source that is trusted: no node, no database, no network, no clock.

The registry's files are checked here, since that needs python-tuf; all the rest is `core/evidence.py`. Beyond what TUF
asks, nothing may stand in them that nobody signed: a file for outsiders has one spelling.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import and_, select

from comity.core import cose, evidence, registry
from comity.core.codec import decode, encode
from comity.core.envelope import Signed
from comity.core.epoch import origin_in
from comity.core.errors import Malformed, Misused
from comity.core.evidence import Answered, Findings, Logged, Membership, ProofFile, Registered, Shown, Spoken
from comity.core.ids import ActId, BureauId, KeyId, OrgId
from comity.core.note import Note, Use, VerifierKey, format_note, parse_note, witness_name
from comity.core.receipt import Receipts, prove_row
from comity.core.registry import Profile
from comity.node import admission, jobs, metadata, schema, witness
from comity.node import anchor as anchors
from comity.node.anchor import Anchor
from comity.node.bureau import Bureau
from comity.node.database import Transaction
from comity.node.evidence import Evidence
from comity.node.metadata import Metadata, Root, S, Targets
from comity.node.store import Kept
from comity.node.trust import Trust

# Making.


def make(bureau: Bureau, trust: Trust, act: ActId, *, with_text: bool = False) -> bytes:
    """Return a proof file about an act that this bureau said or received; its text is left out unless asked for.

    Signs a checkpoint first when none covers the act yet. Takes one that the quorum cosigned if there is one. What the
    maker cannot verify does not leave.

    Raises:
        Misused: this node holds no such act, its text was erased or never kept, or a key is in no registry it saw.

    """
    with bureau.database.read() as tx:
        kept = bureau.store.find(tx, act)
    if kept is None:
        raise Misused("this node holds no such act")
    size, note = witness.witnessed(bureau, kept.leaf + 1) or _newest(bureau, kept)
    shelf, version = Shelf(trust), kept.head.registry
    with bureau.database.read() as tx:
        shelf.need(kept.head.sender, version, _lists(cose.key_id(kept.signed_head)))
        for approval in kept.approvals:
            shelf.need(kept.head.sender, version, _lists(cose.key_id(approval)))
        signed = bureau.store.signed(tx, kept) if with_text else None
        proven = bureau.ledger.prove(tx, kept.leaf, size)
        receipts = tuple(_receipts(bureau, tx, kept, shelf))
        known = bureau.registry().profiles
        logged = Logged(
            leaf=encode(proven.leaf), salt=proven.salt, index=kept.leaf, path=proven.inclusion.path,
            checkpoint=shelf.note(note, bureau.org, bureau.me, known, trust.current().version),
        )  # fmt: skip
    body, salt = (signed.body, signed.salt) if signed is not None else (None, None)
    spoken = Spoken(head=kept.signed_head, approvals=kept.approvals, body=body, salt=salt)
    file = ProofFile(
        comity=evidence.FORM, org=bureau.org, by=bureau.me, act=spoken, logged=logged, receipts=receipts,
        registry=shelf.registered(),
    )  # fmt: skip
    raw = evidence.format_proof(file)
    verify(raw, trust.anchor)
    return raw


def _newest(bureau: Bureau, kept: Kept) -> tuple[int, bytes]:
    jobs.checkpoint(bureau)
    with bureau.database.read() as tx:
        found = bureau.ledger.witnessed_checkpoint(tx, 0, kept.leaf + 1)
    if found is None:
        raise Misused("the log holds no checkpoint over this act")
    return found


def _receipts(bureau: Bureau, tx: Transaction, kept: Kept, shelf: "Shelf") -> Iterable[Answered]:
    """Yield the receipts for an act of ours, as far as the acts that brought them are still whole."""
    r = schema.receipts.c
    about = and_(r.member == bureau.member, r.act == kept.id)
    for row in tx.all(select(r.batch, r.row).where(about).order_by(r.signer, r.rung)):
        batch = bureau.store.by_number(tx, row.batch)
        if batch.erased:
            continue
        signed = bureau.store.signed(tx, batch)
        body = decode(signed.body, Receipts)
        # A receipt can name sealed bytes, which the peer could not open: nothing here ties them to the act.
        if body.receipts[row.row].act == kept.id:
            yield _answered(batch, signed, body, row.row, shelf)


def _answered(batch: Kept, signed: Signed, body: Receipts, place: int, shelf: "Shelf") -> Answered:
    head = batch.head
    shelf.need(head.sender, head.registry, _lists(cose.key_id(batch.signed_head)))
    shown = evidence.smallest(prove_row(signed.salt, body.row_bytes(), place), head.rows)
    return Answered(
        head=batch.signed_head, row=shown.row, salt=shown.salt, index=shown.inclusion.index,
        size=shown.inclusion.size, path=shown.inclusion.path,
        checkpoint=shelf.note(body.mine.encode(), head.org, head.sender, (), head.registry),
    )  # fmt: skip


def _lists(kid: KeyId) -> Callable[[Profile], bool]:
    def listed(profile: Profile) -> bool:
        return any(key.kid == kid for key in (*profile.keys, *(each.key for each in profile.approvers)))

    return listed


@dataclass
class Shelf:
    """The profiles that a proof file needs, each from the newest registry that lists the key in question."""

    trust: Trust
    taken: dict[tuple[int, BureauId], Evidence] = field(default_factory=dict)

    def need(self, bureau: BureauId, version: int, listed: Callable[[Profile], bool]) -> None:
        """Take the bureau's profile that lists a key: from the registry of now, or else from that version.

        Raises:
            Misused: neither lists it.

        """
        if any(owner == bureau and listed(_profile(held)) for (_, owner), held in self.taken.items()):
            return
        for at in (self.trust.current().version, version):
            try:
                found = self.trust.evidence(at, bureau)
            except Misused:
                continue
            if listed(_profile(found)):
                self.taken[at, bureau] = found
                return
        raise Misused(f"no registry that this node saw lists the key of {bureau} that is to be shown")

    def note(self, raw: bytes, org: OrgId, log: BureauId, witnesses: Iterable[BureauId], version: int) -> str:
        """Return a checkpoint with those signature lines whose keys can be shown, and take their profiles."""
        names = {witness_name(org, other): (other, Use.WITNESS) for other in witnesses if other != log}
        parsed, lines = parse_note(raw), []
        names[origin_in(parsed.text, org, log)] = (log, Use.LOG)
        for line in parsed.signatures:
            if line.name not in names:
                continue
            bureau, use = names[line.name]
            try:
                self.need(bureau, version, partial(_signs, name=line.name, use=use, key_id=line.key_id))
            except Misused:
                continue
            lines.append(line)
        return format_note(Note(parsed.text, tuple(lines))).decode()

    def registered(self) -> Registered:
        """Return what was taken, each file once."""
        roots = max((held.roots for held in self.taken.values()), key=len)
        by_targets: dict[str, list[Evidence]] = {}
        for _, held in sorted(self.taken.items()):
            by_targets.setdefault(held.targets, []).append(held)
        memberships = tuple(
            Membership(
                targets=targets,
                profiles=tuple(Shown(bureau=held.bureau, role=held.role, profile=held.profile) for held in shown),
            )
            for targets, shown in by_targets.items()
        )
        return Registered(name=self.trust.anchor.name, roots=roots, memberships=memberships)


def _profile(held: Evidence) -> Profile:
    return registry.profile_from(held.profile.encode())


def _signs(profile: Profile, name: str, use: Use, key_id: bytes) -> bool:
    wanted = registry.KeyUse.LOG if use is Use.LOG else registry.KeyUse.WITNESS
    keys = (VerifierKey(name, use, key.public) for key in profile.keys if key.use is wanted)
    return any(key.key_id == key_id for key in keys)


# Checking.


def verify(raw: bytes, anchor: Anchor | None = None) -> Findings:
    """Check a proof file and say what it proves; without an anchor, the reader must know the organisation's id.

    Raises:
        Malformed: it is none, or something in it does not hold; the sentence says what.

    """
    file = evidence.parse_proof(raw)
    if anchor is not None and anchors.checked(anchor).org != file.org:
        raise Malformed("a proof file of another organisation than the anchor's")
    return evidence.check(file, profiles_in(file.org, file.registry), anchored=anchor is not None)


def profiles_in(org: OrgId, shown: Registered) -> tuple[Profile, ...]:
    """Verify the registry's files in a file for outsiders, from the first root to each profile.

    Raises:
        Malformed: a signature is missing on the way, or something stands there that nobody signed.

    """
    roots, found = _roots(org, shown), []
    for membership in shown.memberships:
        targets = metadata.parse(membership.targets.encode(), Targets, "the membership in the file")
        # A later root may have other custodians than those who signed this membership in their time.
        signer = next((root for root in reversed(roots) if _enough(root, targets)), roots[-1])
        metadata.verify(signer, "targets", targets)
        metadata.check_targets(targets.signed, org)
        _whole(membership.targets, targets, (signer, "targets"))
        for each in membership.profiles:
            bureau = metadata.checked_bureau(each.bureau)
            role = metadata.parse(each.role.encode(), Targets, f"the profile metadata of {bureau}")
            metadata.verify(targets.signed, bureau, role)
            _whole(each.role, role, (targets.signed, bureau))
            found.append(admission.profile_in(role.signed, each.profile.encode(), bureau, org))
    return tuple(found)


def _roots(org: OrgId, shown: Registered) -> list[Root]:
    """Verify the roots, each by its predecessor and by itself."""
    texts = shown.roots
    if not texts:
        raise Malformed("a proof file without the root of its registry")
    anchors.checked(Anchor(org=org, name=shown.name, urls=(), root=texts[0]))
    roots: list[Root] = []
    for text in texts:
        coming = metadata.parse(text.encode(), Root, f"root {len(roots) + 1}")
        before = roots[-1] if roots else coming.signed
        metadata.check_root(coming.signed, org, shown.name)
        if coming.signed.version != len(roots) + 1:
            raise Malformed(f"registry: root {len(roots) + 1} is missing")
        for delegator in (before, coming.signed):
            metadata.verify(delegator, "root", coming)
        _whole(text, coming, (before, "root"), (coming.signed, "root"))
        roots.append(coming.signed)
    return roots


def _enough(root: Root, targets: Metadata[Targets]) -> bool:
    signed, needed = metadata.signers(root, "targets", targets)
    return len(signed) >= needed


def _whole(text: str, made: Metadata[S], *delegators: tuple[Root | Targets, str]) -> None:
    """Check that nothing stands in metadata that nobody signed: no other layout, no signature that does not count."""
    counted = {keyid for delegator, role in delegators for keyid in metadata.signers(delegator, role, made)[0]}
    beside = [made.unrecognized_fields, *(signature.unrecognized_fields for signature in made.signatures.values())]
    plain = all(signature.signature == signature.signature.lower() for signature in made.signatures.values())
    if made.to_bytes() != text.encode() or set(made.signatures) != counted or any(beside) or not plain:
        raise Malformed("registry: metadata that hold something which nobody signed")
