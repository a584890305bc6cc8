"""The folder of a node: what is where, how it is made, and how it is opened (decision 0030).

    home/                       0700
        node.json               database, address, memberships
        keyring/                private keys under one passphrase (node/keyring.py)
        bodies.keys             the keys of bodies (node/bodies.py)
        node.db                 acts, ledger, outbox (SQLite); elsewhere when `database` names a PostgreSQL server
        blobs/                  attachments, encrypted
        index/                what rows are found by (node/searching.py); made anew of them where it is lost
        trust/<organisation>/   what was verified of its registry (node/trust.py)
        anchors/<organisation>.json

A node may belong to several organisations. Each membership has its own number in the database, its own keys in its own
profile, its own log and channels; an act belongs to exactly one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import msgspec
from sqlalchemy import insert, select

from comity.core.capability import Capability
from comity.core.codec import NO_JSON, from_json
from comity.core.epoch import Epoch, Held, origin
from comity.core.errors import Misused
from comity.core.ids import BureauId, Millis, OrgId, org_name
from comity.core.keeping import Entry, Handover
from comity.core.receipt import Gap, Nondelivery, Receipts
from comity.node import anchor as anchors
from comity.node import clock, disk, keyfile, proof, schema
from comity.node.anchor import Anchor
from comity.node.blobs import Blobs
from comity.node.bodies import BodyKeys
from comity.node.bureau import Bureau
from comity.node.database import Database, Transaction, sqlite_url
from comity.node.finding import Finder
from comity.node.keyring import Keyring
from comity.node.ledger import Ledger
from comity.node.store import Store, kinds_of
from comity.node.trust import Trust

BUILT_IN = (Receipts, Gap, Nondelivery, Epoch, Held, Entry, Handover)
"""Kinds that belong to the exchange itself, and so to no capability."""

NODE, RELAY = "node/1", "relay/1"
"""What `node.json` says that the folder is; a relay's is opened by `node/relayhome.py`."""


class Membership(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """This node as one bureau of one organisation."""

    org: OrgId
    bureau: BureauId


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `node.json` says."""

    comity: str = NODE
    database: str = ""
    """A URL; empty for the SQLite file in the folder."""
    address: str = ""
    """Where peers reach this node: ``http://127.0.0.1:8701``."""
    memberships: tuple[Membership, ...] = ()


def create(folder: Path, passphrase: str, *, database: str = "", address: str = "", work: int = keyfile.WORK) -> None:
    """Make the folder of a new node, with an empty keyring and database.

    Raises:
        Misused: there is a node in the folder already, or the passphrase is too short.

    """
    if (folder / "node.json").exists():
        raise Misused(f"{folder} holds a node already; choose another folder")
    disk.private_folder(folder)
    keyring = Keyring.create(folder / "keyring", passphrase, work=work)
    BodyKeys.create(folder / "bodies.keys", keyring.secret("bodies")).close()
    disk.private_folder(folder / "blobs")
    disk.private_folder(folder / "anchors")
    write(folder, Settings(database=database, address=address))


def read(folder: Path) -> Settings:
    """Return the settings of the node in a folder.

    Raises:
        Misused: there is none, or the file is damaged.

    """
    path = folder / "node.json"
    try:
        return from_json(path.read_bytes(), Settings)
    except FileNotFoundError:
        raise Misused(
            f"{folder} holds no node; name its folder with --home or COMITY_HOME, or make one: comity apply"
        ) from None
    except NO_JSON as problem:
        raise Misused(f"{path} is damaged: {problem}") from None


def write(folder: Path, settings: Settings) -> None:
    """Write the settings of the node in a folder."""
    disk.write(folder / "node.json", msgspec.json.format(msgspec.json.encode(settings)) + b"\n", mode=disk.PRIVATE)


def chosen(settings: Settings, org: str = "") -> OrgId:
    """Return the organisation that a person means: by id, by name, or the only one.

    Raises:
        Misused: none or several fit.

    """
    ids = [membership.org for membership in settings.memberships]
    fitting = [id_ for id_ in ids if org in {"", id_, org_name(id_)}]
    if len(fitting) == 1:
        return fitting[0]
    known = ", ".join(sorted(org_name(id_) for id_ in ids)) or "none yet"
    raise Misused(f"say which organisation is meant with --org; this node belongs to: {known}")


def trust_in(folder: Path, org: OrgId) -> Trust:
    """Return what the node in a folder knows of an organisation's registry; needs no passphrase."""
    return Trust(folder / "trust", anchors.read(folder / "anchors" / f"{org}.json"))


@dataclass
class Home:
    """An opened node: `open_home` makes one."""

    folder: Path
    settings: Settings
    keyring: Keyring
    database: Database
    bodies: BodyKeys
    blobs: Blobs
    trusts: dict[OrgId, Trust]
    finders: dict[OrgId, Finder] = field(default_factory=dict)
    """Shared by all who ask for the same bureau: an index is opened once."""

    def join(self, anchor: Anchor, bureau: BureauId) -> None:
        """Note that this node is `bureau` in the organisation of `anchor`.

        Raises:
            Misused: it is a member of that organisation already.

        """
        if any(membership.org == anchor.org for membership in self.settings.memberships):
            raise Misused(f"this node belongs to {org_name(anchor.org)} already")
        anchors.write(self.folder / "anchors" / f"{anchor.org}.json", anchor)

        def enrol(tx: Transaction) -> None:
            # A crash before the settings were written leaves the row; the same bureau may try again.
            held = tx.one(select(schema.memberships).where(schema.memberships.c.org == anchor.org))
            if held is not None and held.bureau == bureau:
                return
            member = tx.count("memberships")
            row = {"member": member, "org": anchor.org, "bureau": bureau, "epoch": 1, "size": 0}
            tx.run(insert(schema.memberships).values(**row))

        self.database.write(enrol)
        memberships = (*self.settings.memberships, Membership(org=anchor.org, bureau=bureau))
        self.settings = msgspec.structs.replace(self.settings, memberships=memberships)
        write(self.folder, self.settings)
        self.trusts[anchor.org] = Trust(self.folder / "trust", anchor)

    def choose(self, org: str = "") -> OrgId:
        """Return the organisation that a person means: by id, by name, or the only one.

        Raises:
            Misused: none or several fit.

        """
        return chosen(self.settings, org)

    def bureau(
        self, org: OrgId, capabilities: tuple[Capability, ...], *, now: Callable[[], Millis] = clock.now
    ) -> Bureau:
        """Return this node as a bureau of one organisation."""
        with self.database.read() as tx:
            m = schema.memberships.c
            row = tx.one(select(schema.memberships).where(m.org == org))
        if row is None:
            raise Misused(f"this node does not belong to {org_name(org)}")
        me, trust = BureauId(row.bureau), self.trusts[org]
        kinds = kinds_of(capabilities, BUILT_IN)
        store = Store(row.member, me, kinds, capabilities, self.bodies, clock.entropy)
        return Bureau(
            org=org, me=me, member=row.member, epoch=row.epoch, database=self.database, store=store,
            ledger=Ledger(row.member, origin(org, me, row.epoch)), blobs=self.blobs, keyring=self.keyring,
            capabilities=capabilities, registry=trust.current, now=now, entropy=clock.entropy, trust=trust,
            finder=self.finders.setdefault(org, Finder(self.folder / "index", org)),
            verify=partial(proof.verify, anchor=trust.anchor),
        )  # fmt: skip

    def close(self) -> None:
        """Commit what waits and close everything."""
        for finder in self.finders.values():
            finder.close()
        self.database.close()
        self.bodies.close()


def open_home(folder: Path, passphrase: str) -> Home:
    """Unlock and open the node in a folder.

    Raises:
        Misused: there is none, or the passphrase is not the one.
        Unreachable: its database does not answer.

    """
    settings = read(folder)
    if settings.comity == RELAY:
        raise Misused(f"{folder} holds a relay, which says nothing and reads nothing; start it with: comity relay")
    keyring = Keyring.open(folder / "keyring", passphrase)
    database = Database(settings.database or sqlite_url(folder / "node.db"))
    trusts = {membership.org: trust_in(folder, membership.org) for membership in settings.memberships}
    bodies = BodyKeys(folder / "bodies.keys", keyring.secret("bodies"))
    return Home(folder, settings, keyring, database, bodies, Blobs(folder / "blobs"), trusts)
