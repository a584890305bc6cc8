"""A federation in one process: real nodes, real databases, a clock in the hand, a carrier that can be interfered with.

Nothing is mocked: each bureau has its own keyring, database, body keys and ledger; what moves between them are the
bytes of deliveries. Only the registry is made here directly, because its ceremonies have tests of their own.
"""

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Row, Table, insert, select

from comity.app import answering
from comity.capabilities import ALL
from comity.capabilities.messages.acts import Information
from comity.core.act import Act, Head, body_digest, channel_of, encode_body, kind_of
from comity.core.capability import Capability, OfficerRole, Reader
from comity.core.codec import decode, encode
from comity.core.cose import Signer, sign1
from comity.core.envelope import CONTENT_KEY, HEAD, NONCE, Delivery, Lane, Signed, frame_of, seal
from comity.core.errors import ComityError, Unreachable
from comity.core.handling import Purpose
from comity.core.ids import ActId, BureauId, Digest, Millis, OrgId, act_id
from comity.core.receipt import rows_root
from comity.core.registry import (
    Accreditation,
    Approver,
    Key,
    KeyUse,
    Policy,
    Profile,
    Registry,
    Revocation,
    Role,
    Standing,
    Suite,
)
from comity.node import due, inbox, jobs, offers, post, recovery, rowwork, schema
from comity.node.blobs import Blobs
from comity.node.bodies import BodyKeys
from comity.node.bureau import Bureau
from comity.node.chunks import ID
from comity.node.clock import entropy
from comity.node.database import Database, sqlite_url
from comity.node.finding import Finder
from comity.node.home import BUILT_IN
from comity.node.inbox import Outcome
from comity.node.keyring import Keyring
from comity.node.ledger import Ledger
from comity.node.post import Parcel
from comity.node.store import Kept, Store, kinds_of

START = Millis(1_763_978_400_000)
"""2025-11-24T10:00:00Z, the opening of the 93rd General Assembly."""

DAY = 86_400_000

ORG = OrgId("exercise.example-" + "0" * 32)

Interfere = Callable[[BureauId, BureauId, list[bytes]], list[bytes]]
"""(sender, recipient, deliveries) -> what arrives; may raise Unreachable."""


@dataclass
class Federation:
    """Bureaus of one organisation, and everything between them."""

    folder: Path
    org: OrgId = ORG
    capabilities: tuple[Capability, ...] = ALL
    clock: Millis = START
    registry: Registry = field(init=False)
    bureaus: dict[BureauId, Bureau] = field(default_factory=dict)
    interfere: Interfere = field(default=lambda _sender, _recipient, deliveries: deliveries)
    away: set[BureauId] = field(default_factory=set)
    """Bureaus whose nodes neither work nor answer."""
    _answering: dict[BureauId, tuple[Bureau, Callable[[], int]]] = field(default_factory=dict)
    """What each node answers by itself; anew for one that was opened again."""

    def __post_init__(self) -> None:
        """Begin with an empty registry."""
        policy = Policy(name="Exercise", custodians=5, threshold=3, languages=("en",))
        expires = Millis(START + 365 * DAY)
        self.registry = Registry(
            org=self.org, version=1, expires=expires, policy=policy, accreditations={}, profiles={}
        )

    def now(self) -> Millis:
        """Return the federation's time."""
        return self.clock

    def later(self, millis: int) -> None:
        """Let time pass."""
        self.clock = Millis(self.clock + millis)

    def join(
        self, name: str, *, role: Role = Role.BUREAU, url: str = "", sealing: Suite = Suite.HYBRID,
        signing: Suite = Suite.ED25519,
    ) -> Bureau:  # fmt: skip
        """Make a bureau and accredit it."""
        me, home = BureauId(name), self.folder / name
        keyring = Keyring.create(home / "keyring", "a passphrase for tests", work=4)
        keys = (
            keyring.new(KeyUse.SIGN, signing),
            keyring.new(KeyUse.SEAL, sealing),
            keyring.new(KeyUse.LOG, Suite.ED25519),
            keyring.new(KeyUse.WITNESS, Suite.ED25519),
        )
        profile = Profile(bureau=me, name=f"NCB {name}", version=1, keys=keys, witness=True)
        accreditation = Accreditation(bureau=me, role=role, since=START, decided_by="exercise")
        self.change(profiles={me: profile}, accreditations={me: accreditation})
        self.bureaus[me] = self.open(name, keyring, url, create=True)
        return self.bureaus[me]

    def open(
        self, name: str, keyring: Keyring, url: str = "", *, create: bool = False, folder: Path | None = None
    ) -> Bureau:
        """Open a bureau's database, body keys and blobs, as a node does when it starts."""
        me, home = BureauId(name), (folder or self.folder) / name
        database = Database(url or sqlite_url(home / "node.db"))
        keys = home / "bodies.keys"
        bodies = (BodyKeys.create if create else BodyKeys)(keys, keyring.secret("bodies"))
        if create:
            row = {"member": 1, "org": self.org, "bureau": name, "epoch": 1, "size": 0}
            database.write(lambda tx: tx.run(insert(schema.memberships).values(**row)))
        kinds = kinds_of(self.capabilities, BUILT_IN)
        return Bureau(
            org=self.org, me=me, member=1, epoch=1, database=database, keyring=keyring, capabilities=self.capabilities,
            store=Store(1, me, kinds, self.capabilities, bodies, entropy), ledger=Ledger(1, f"{self.org}/{name}"),
            blobs=Blobs(home / "blobs"), registry=lambda: self.registry, now=self.now, entropy=entropy,
            finder=Finder(home / "index", self.org),
        )  # fmt: skip

    def restart(self, name: str) -> Bureau:
        """Close a bureau and open it again from what is on its disk."""
        old = self.bureaus[BureauId(name)]
        url = old.database.url
        close(old)
        self.bureaus[BureauId(name)] = self.open(name, old.keyring, url)
        return self.bureaus[BureauId(name)]

    def change(self, **parts: dict[BureauId, object]) -> None:
        """Publish a new version of the registry with these entries changed."""
        merged = {name: getattr(self.registry, name) | entries for name, entries in parts.items()}
        self.registry = replace(self.registry, version=self.registry.version + 1, **merged)

    def renew(self) -> None:
        """Publish the registry again with a year to go."""
        registry = self.registry
        self.registry = replace(registry, version=registry.version + 1, expires=Millis(self.clock + 365 * DAY))

    def rotate(self, name: str) -> Key:
        """Give a bureau a new signing key and retire the old one, which is returned."""
        return self._replace(name, KeyUse.SIGN, Suite.ED25519)

    def reseal(self, name: str) -> Key:
        """Give a bureau a new key to which envelopes are sealed, and retire the old one, which is returned."""
        return self._replace(name, KeyUse.SEAL, Suite.HYBRID)

    def _replace(self, name: str, use: KeyUse, suite: Suite) -> Key:
        me = BureauId(name)
        profile = self.registry.profile(me)
        old, new = profile.current(use), self.bureaus[me].keyring.new(use, suite)
        kept = tuple(replace(key, retired=True) if key == old else key for key in profile.keys)
        self.change(profiles={me: replace(profile, version=profile.version + 1, keys=(new, *kept))})
        return old

    def revoke(self, name: str, key: Key, size: int) -> None:
        """Revoke a key of a bureau: the first `size` leaves of its log are still good."""
        bureau = self.bureaus[BureauId(name)]
        with bureau.database.read() as tx:
            root = bureau.ledger.root(tx, size)
        one = Revocation(bureau=bureau.me, kid=key.kid, size=size, root=root, decided_by="exercise")
        registry = self.registry
        self.registry = replace(registry, version=registry.version + 1, revocations=(*registry.revocations, one))

    def measure(self, name: str, standing: Standing, **more: Any) -> None:  # noqa: ANN401 - fields of an accreditation
        """Change where a bureau stands."""
        me = BureauId(name)
        self.change(accreditations={me: replace(self.registry.accreditations[me], standing=standing, **more)})

    def twin(self, name: str, folder: Path) -> Bureau:
        """Open a copy of a bureau on SQLite as it lies on the disk now: what is left if the machine stops here."""
        bureau = self.bureaus[BureauId(name)]
        database = Path(bureau.database.url.removeprefix("sqlite:///"))
        shutil.copytree(self.folder / name, folder / name)
        for file in database.parent.glob(f"{database.name}*"):
            shutil.copy(file, folder / file.name.replace(database.name, "twin.db"))
        return self.open(name, bureau.keyring, sqlite_url(folder / "twin.db"), folder=folder)

    def approver(self, name: str, officer: str, unit: str) -> Approver:
        """List an officer who may approve, and return the entry; the key is in the bureau's keyring."""
        me = BureauId(name)
        key = self.bureaus[me].keyring.new(KeyUse.OFFICER, Suite.ED25519)
        approver = Approver(officer=officer, unit=unit, key=key)
        profile = self.registry.profiles[me]
        self.change(profiles={me: replace(profile, approvers=(*profile.approvers, approver))})
        return approver

    # Moving.

    def carry(self, *, rounds: int = 6) -> None:
        """Let every node do what is due, and move what leaves, until nothing moves or the rounds are over."""
        for _ in range(rounds):
            moved = sum(self.step(bureau) for bureau in self.bureaus.values() if bureau.me not in self.away)
            if not moved:
                return

    def pass_time(self, millis: int, *, every: int) -> None:
        """Let time pass, and every node work `every` so many milliseconds."""
        for _ in range(millis // every):
            self.later(every)
            self.carry()

    def step(self, bureau: Bureau) -> int:
        """Let one node do what is due, once; returns how much happened."""
        done = self.chores(bureau)
        for recipient, parcels in post.collect(bureau).items():
            try:
                for parcel in parcels:
                    self.attach(bureau, parcel)
                outcomes = self.hand_over(bureau.me, recipient, [parcel.delivery for parcel in parcels])
                post.record(bureau, parcels, outcomes)
            except ComityError as problem:
                post.failed(bureau, parcels, str(problem))
            done += len(parcels)
        return done

    def chores(self, bureau: Bureau) -> int:
        """Let one node do what time makes due, and nothing that needs a network."""
        done = jobs.pay_receipts(bureau) + jobs.ask_gaps(bureau) + jobs.judge_parked(bureau)
        done += jobs.state_silence(bureau) + due.fall_due(bureau) + recovery.work(bureau)
        if self._answering.get(bureau.me, (None, None))[0] is not bureau:
            self._answering[bureau.me] = (bureau, answering(bureau))
        return done + rowwork.work(bureau) + self._answering[bureau.me][1]()

    def attach(self, sender: Bureau, parcel: Parcel) -> None:
        """Bring the chunks that the recipient lacks, as `node/carrier.py` does over HTTP."""
        if not parcel.blobs:
            return
        recipient = self._open(parcel.recipient)
        lacking = offers.offered(recipient, decode(parcel.delivery, Delivery).frame)
        for blob in parcel.blobs:
            chunks = lacking.get(blob.hex(), [])
            if chunks == [b""]:
                manifest = sender.blobs.manifest(blob)
                offers.take_manifest(recipient, blob, manifest)
                chunks = [manifest[at : at + ID] for at in range(0, len(manifest), ID)]
            for chunk in chunks:
                offers.take_chunk(recipient, blob, Digest(chunk), sender.blobs.chunk(blob, Digest(chunk)))

    def hand_over(self, sender: BureauId, recipient: BureauId, deliveries: list[bytes]) -> list[Outcome]:
        """Carry deliveries, with whatever interferes; what gets lost is answered as accepted, as a relay might."""
        bureau = self._open(recipient)
        arrived = self.interfere(sender, recipient, deliveries)
        answers = dict(zip(arrived, inbox.receive(bureau, arrived), strict=True))
        return [answers.get(delivery, Outcome(code="accepted")) for delivery in deliveries]

    def _open(self, recipient: BureauId) -> Bureau:
        if recipient in self.away:
            raise Unreachable(f"{recipient} does not answer")
        return self.bureaus[recipient]

    def close(self) -> None:
        """Close every node."""
        for bureau in self.bureaus.values():
            close(bureau)


def close(bureau: Bureau) -> None:
    """Close everything that a bureau has open."""
    if bureau.finder is not None:
        bureau.finder.close()
    bureau.database.close()
    bureau.store.bodies.close()


def reader(bureau: Bureau, officer: str = "o-1", unit: str = "duty", role: OfficerRole = OfficerRole.OFFICER) -> Reader:
    """Return somebody at a desk."""
    return Reader(bureau=bureau.me, officer=officer, unit=unit, role=role)


def federation(folder: Path, names: Iterable[str]) -> Federation:
    """Return a federation of these bureaus."""
    made = Federation(folder)
    for name in names:
        made.join(name)
    return made


# Looking.


def rows(bureau: Bureau, table: Table) -> list[Row[Any]]:
    """Return all rows of a table that belong to this membership, by the table's key."""
    with bureau.database.read() as tx:
        ours = [table.c.member == bureau.member] if "member" in table.c else []
        return tx.all(select(table).where(*ours).order_by(*table.primary_key.columns))


def held(bureau: Bureau, act: ActId) -> Kept | None:
    """Return an act as a bureau holds it."""
    with bureau.database.read() as tx:
        return bureau.store.find(tx, act)


def code_of(bureau: Bureau, act: ActId) -> str:
    """Return what a bureau ruled on an act; ``absent`` when it holds no head of it."""
    kept = held(bureau, act)
    return "absent" if kept is None else kept.code


def rungs(bureau: Bureau, act: ActId) -> list[tuple[str, int, str]]:
    """Return the receipts that a bureau has for an act of its own: signer, rung, code."""
    return [(row.signer, row.rung, row.code) for row in rows(bureau, schema.receipts) if bytes(row.act) == act]


def lines(bureau: Bureau, act: ActId) -> dict[str, Row[Any]]:
    """Return the lines of the outbox about an act, by recipient."""
    return {row.recipient: row for row in rows(bureau, schema.outbox) if bytes(row.id) == act}


def received(bureau: Bureau, *kinds: str) -> list[Kept]:
    """Return what others said to a bureau and it accepted, in the order of its log; receipts and the like left out."""
    with bureau.database.read() as tx:
        every = [bureau.store.by_number(tx, row.number) for row in rows(bureau, schema.acts)]
    others = [kept for kept in every if kept.head.sender != bureau.me and kept.code == "accepted"]
    return [kept for kept in others if (kept.head.kind in kinds if kinds else kept.head.capability != "exchange")]


# Saying.


def information(text: str = "good evening") -> Information:
    """Return a piece of information."""
    return Information(title="exercise", text=text, language="en")


def tell(bureau: Bureau, *to: str, text: str = "good evening", **how: object) -> Kept:
    """Say a piece of information, as an officer would."""
    act = information(text)
    recipients = tuple(BureauId(name) for name in to)
    return bureau.say(act, recipients, reader=reader(bureau), **{"purpose": Purpose.INVESTIGATE, **how})


def parcels(bureau: Bureau, recipient: str) -> list[Parcel]:
    """Return what is due for a recipient now, sealed anew."""
    return post.collect(bureau).get(BureauId(recipient), [])


def deliveries(bureau: Bureau, recipient: str) -> list[bytes]:
    """Return the bytes of what is due for a recipient now, sealed anew."""
    return [parcel.delivery for parcel in parcels(bureau, recipient)]


def codes(outcomes: Iterable[Outcome]) -> list[str]:
    """Return the codes of what was answered."""
    return [outcome.code for outcome in outcomes]


def signed_past_the_rules(
    bureau: Bureau, act: Act, *to: str, signer: Signer | None = None, **changes: object
) -> tuple[ActId, Signed]:
    """Sign an act of a bureau without asking any rule, with these fields of the head changed; no store knows of it."""
    body, salt = encode_body(act), entropy(32)
    recipients = tuple(sorted(BureauId(name) for name in to))
    head = Head(
        kind=kind_of(act), org=bureau.org, sender=bureau.me, to=recipients, said=bureau.now(),
        registry=bureau.registry().version, channel=channel_of(bureau.org, bureau.me, recipients), epoch=1, seq=1,
        purpose=Purpose.INVESTIGATE, keeper=bureau.me if act.opens else None, body=body_digest(salt, body),
        size=len(body), rows=rows_root(salt, act.row_bytes()) if act.row_bytes() else None,
    )  # fmt: skip
    payload = encode(replace(head, **changes))
    return act_id(payload), Signed(head=sign1(payload, HEAD, signer or bureau.signer()), body=body, salt=salt)


def sealed(
    bureau: Bureau, recipient: str, signed: Signed, *, signer: Signer | None = None, blobs: tuple[Digest, ...] = ()
) -> bytes:
    """Seal a signed act to a recipient and frame it, as a bureau's node would."""
    key = bureau.registry().profile(BureauId(recipient)).current(KeyUse.SEAL)
    return encode(
        frame_of(
            seal(signed, [key], entropy(CONTENT_KEY + NONCE)), key, signer or bureau.signer(), org=bureau.org,
            sender=bureau.me, to=BureauId(recipient), lane=Lane.NORMAL, said=bureau.now(), blobs=blobs,
        )
    )  # fmt: skip
