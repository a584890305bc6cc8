"""Bureaus in folders, as `comity apply` makes them, whose clock is in the hand: they are saved, lost and restored."""

from collections.abc import Sequence
from pathlib import Path

from comity.app import CAPABILITIES
from comity.core.ids import BureauId, OrgId
from comity.core.registry import Role
from comity.node import backup, clock, home, restoring
from comity.node.backup import Made
from comity.node.bureau import Bureau
from comity.node.home import Home
from comity.node.keyfile import OfflineKey
from comity.node.restoring import Restored
from tests import organisation
from tests.node.founding import offline
from tests.simulator import Federation

PASSPHRASE = organisation.PASSPHRASE
MINUTE = 60_000


class World(Federation):
    """An organisation whose bureaus lie in folders; what moves between them moves as in `Federation`."""

    def __init__(self, folder: Path, names: Sequence[str], *, roles: dict[str, Role] | None = None) -> None:
        """Found it, and open each node."""
        super().__init__(folder)
        self.clock = clock.now()
        self.anchor = organisation.found(folder, names, roles=roles)
        self.homes: dict[BureauId, Home] = {}
        for name in names:
            self.start(name)

    def start(self, name: str, folder: Path | None = None) -> Bureau:
        """Open a node, as its service does when it starts."""
        opened = home.open_home(folder or self.folder / name, PASSPHRASE)
        bureau = opened.bureau(OrgId(self.anchor.org), CAPABILITIES, now=self.now)
        opened.trusts[OrgId(self.anchor.org)].refresh(clock.now())
        self.homes[bureau.me], self.bureaus[bureau.me] = opened, bureau
        return bureau

    def stop(self, name: str) -> None:
        """Close a node."""
        del self.bureaus[BureauId(name)]
        self.homes.pop(BureauId(name)).close()

    def back_up(self, name: str, to: str = "saved") -> Made:
        """Make a backup of a node that is at work."""
        return backup.write(self.homes[BureauId(name)], self.folder / to, now=self.clock)

    def lose(self, name: str) -> Path:
        """Take a node's machine away; its folder is left aside, as it was at the end."""
        self.stop(name)
        return (self.folder / name).rename(self.folder / f"{name}-lost-{self.clock}")

    def restore(self, name: str, saved: str = "saved", *, erased: Path | None = None, database: str = "") -> Restored:
        """Make the node again from a backup; it is not started yet."""
        return restoring.restore(
            self.folder / saved, self.folder / name, PASSPHRASE, (role_of(name),), now=self.clock, erased=erased,
            database=database,
        )  # fmt: skip

    def cosign(self, *names: str) -> None:
        """Let the logs of these bureaus be cosigned by all others."""
        for name in names:
            organisation.cosign(self.bureaus[BureauId(name)], self.bureaus)

    def close(self) -> None:
        """Close every node."""
        for name in list(self.bureaus):
            self.stop(name)


def role_of(name: str) -> OfflineKey:
    """Return the offline role key of a bureau."""
    return offline(f"role of {name}")
