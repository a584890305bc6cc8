"""The folder of a relay: what is where, how it is made, and how it is opened (decisions 0030, 0033).

    home/                       0700
        node.json               database, address, memberships; says that this is a relay
        keyring/                the signing key of each membership; nothing that opens an envelope
        relay.db                mail (SQLite); elsewhere when `database` names a PostgreSQL server
        blobs/                  attachments, encrypted, as they came
        trust/, anchors/        as at a node (node/home.py)
        limits.json             what it takes at most, if other than usual (node/mailboxes.py: Limits)

There are no keys of bodies, no log and no officers: a relay is party to nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from comity.core.codec import NO_JSON, from_json
from comity.core.errors import Misused
from comity.core.ids import BureauId, Millis, OrgId, org_name
from comity.node import anchor as anchors
from comity.node import clock, disk, home
from comity.node.anchor import Anchor
from comity.node.blobs import Blobs
from comity.node.database import Database, sqlite_url
from comity.node.home import RELAY, Membership, Settings
from comity.node.keyring import Keyring
from comity.node.mailboxes import Limits
from comity.node.relay import Relay, Status, free_bytes, status
from comity.node.trust import Trust


def create(folder: Path, passphrase: str, *, database: str = "", address: str = "") -> None:
    """Make the folder of a new relay, with an empty keyring.

    Raises:
        Misused: there is a node or relay in the folder already, or the passphrase is too short.

    """
    if (folder / "node.json").exists():
        raise Misused(f"{folder} holds a node already; choose another folder")
    disk.private_folder(folder)
    Keyring.create(folder / "keyring", passphrase)
    disk.private_folder(folder / "blobs")
    disk.private_folder(folder / "anchors")
    home.write(folder, Settings(comity=RELAY, database=database, address=address))


@dataclass
class RelayHome:
    """An opened relay: `open_relay` makes one."""

    folder: Path
    settings: Settings
    keyring: Keyring
    database: Database
    blobs: Blobs
    trusts: dict[OrgId, Trust]

    def join(self, anchor: Anchor, relay: BureauId) -> None:
        """Note that this is the relay `relay` in the organisation of `anchor`.

        Raises:
            Misused: it is one there already.

        """
        if any(membership.org == anchor.org for membership in self.settings.memberships):
            raise Misused(f"this relay belongs to {org_name(anchor.org)} already")
        anchors.write(self.folder / "anchors" / f"{anchor.org}.json", anchor)
        memberships = (*self.settings.memberships, Membership(org=anchor.org, bureau=relay))
        self.settings = msgspec.structs.replace(self.settings, memberships=memberships)
        home.write(self.folder, self.settings)
        self.trusts[anchor.org] = Trust(self.folder / "trust", anchor)

    def relays(self, *, now: Callable[[], Millis] = clock.now) -> dict[OrgId, Relay]:
        """Return this relay as it is in each of its organisations; the limits are those of all together."""
        free, limits = partial(free_bytes, self.folder), limits_of(self.folder)
        return {
            member.org: Relay(
                org=member.org, me=member.bureau, database=self.database, blobs=self.blobs, keyring=self.keyring,
                registry=self.trusts[member.org].current, now=now, free=free, limits=limits,
            )
            for member in self.settings.memberships
        }  # fmt: skip

    def close(self) -> None:
        """Commit what waits and close the database."""
        self.database.close()


def open_relay(folder: Path, passphrase: str) -> RelayHome:
    """Unlock and open the relay in a folder.

    Raises:
        Misused: there is none, or the passphrase is not the one.
        Unreachable: its database does not answer.

    """
    settings = _settings(folder)
    keyring = Keyring.open(folder / "keyring", passphrase)
    trusts = {membership.org: home.trust_in(folder, membership.org) for membership in settings.memberships}
    return RelayHome(folder, settings, keyring, _database(folder, settings), Blobs(folder / "blobs"), trusts)


def limits_of(folder: Path) -> Limits:
    """Return what the relay in a folder takes at most: the usual, unless `limits.json` says otherwise.

    Raises:
        Misused: the file is damaged.

    """
    path = folder / "limits.json"
    try:
        return from_json(path.read_bytes(), Limits)
    except FileNotFoundError:
        return Limits()
    except NO_JSON as problem:
        raise Misused(f"{path} is damaged: {problem}") from None


def looked_at(folder: Path) -> Status:
    """Count what the relay in a folder holds, whether it runs or not; needs no passphrase.

    Raises:
        Misused: there is none.
        Unreachable: its database does not answer.

    """
    database = _database(folder, _settings(folder))
    try:
        return status(database, limits_of(folder), free_bytes(folder))
    finally:
        database.close()


def _settings(folder: Path) -> Settings:
    settings = home.read(folder)
    if settings.comity != RELAY:
        raise Misused(f"{folder} holds a node and no relay; start it with: comity serve")
    return settings


def _database(folder: Path, settings: Settings) -> Database:
    return Database(settings.database or sqlite_url(folder / "relay.db"))
