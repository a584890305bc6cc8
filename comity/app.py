"""The composition root: the only place that hands the list of capabilities to a node (decision 0008)."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from comity.capabilities import ALL
from comity.capabilities.keylists import desk as keylists
from comity.capabilities.membership.acts import Revocation
from comity.core.act import Act, kind_of
from comity.core.ids import OrgId
from comity.node import attending, home, obedience, shedding
from comity.node.bureau import Bureau
from comity.node.home import Home

CAPABILITIES = ALL


@dataclass
class Node:
    """An opened node and the bureaus that it is."""

    home: Home

    def bureau(self, org: str = "") -> Bureau:
        """Return this node as a bureau of the organisation that is meant: by id, by name, or the only one."""
        return self.home.bureau(self.home.choose(org), CAPABILITIES)

    def bureaus(self) -> dict[OrgId, Bureau]:
        """Return this node as each of its bureaus."""
        ids = [membership.org for membership in self.home.settings.memberships]
        return {org: self.home.bureau(org, CAPABILITIES) for org in ids}

    def chores(self, org: OrgId) -> tuple[Callable[[], object], ...]:
        """Return what capabilities ask of the node: to obey the word that a key is dead, to erase, to answer."""
        bureau, trust = self.home.bureau(org, CAPABILITIES), self.home.trusts[org]
        return (
            obedience.watch(bureau, trust, kind_of(Revocation), _statement),
            shedding.watch(bureau),
            answering(bureau),
        )

    def close(self) -> None:
        """Commit what waits and close everything."""
        self.home.close()


def answering(bureau: Bureau) -> Callable[[], int]:
    """Return what a node answers by itself: questions to its lists of keys (decision 0053)."""
    return attending.watch(bureau, keylists.ATTENDED, keylists.attend)


def open_node(folder: Path, passphrase: str) -> Node:
    """Unlock and open the node in a folder.

    Raises:
        Misused: there is none, or the passphrase is not the one.
        Unreachable: its database does not answer.

    """
    return Node(home.open_home(folder, passphrase))


def _statement(act: Act) -> bytes:
    return act.statement if isinstance(act, Revocation) else b""
