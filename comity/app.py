"""The composition root: the only place that hands the list of capabilities to a node (decision 0008)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from comity.capabilities import ALL
from comity.capabilities.hits.acts import Glimpsed, Looked
from comity.capabilities.keylists import desk as keylists
from comity.capabilities.membership.acts import Revocation
from comity.capabilities.records.acts import LookDigest
from comity.core.act import Act, kind_of
from comity.core.ids import Digest, Millis, OrgId
from comity.node import attending, home, looks, obedience, rowpairs, shedding
from comity.node.bureau import Bureau
from comity.node.home import Home
from comity.node.looks import Told

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
        """Return what capabilities ask of the node.

        To obey the word that a key is dead, to erase what is spent, to answer for looks and for key lists, to
        compare new rows.
        """
        bureau, trust = self.home.bureau(org, CAPABILITIES), self.home.trusts[org]
        return (
            obedience.watch(bureau, trust, kind_of(Revocation), _statement),
            shedding.watch(bureau),
            partial(answer_for_looks, bureau),
            partial(correlate, bureau),
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


def answer_for_looks(bureau: Bureau) -> int:
    """Bind the looks of each second that is over, and tell the sources; returns how many acts that made."""
    return looks.bind(bureau, _bound) + looks.tell(bureau, _told)


def correlate(bureau: Bureau) -> int:
    """Compare the rows that are new at a bureau; returns how many hits that made."""
    if not rowpairs.behind(bureau):
        return 0
    from comity.capabilities.hits.desk.correlating import correlate as compare  # noqa: PLC0415 - it loads the engine

    return compare(bureau)


def _bound(root: Digest, count: int, since: Millis, until: Millis) -> LookDigest:
    return LookDigest(root=root, count=count, since=since, until=until)


def _told(since: Millis, until: Millis, told: tuple[Told, ...]) -> Looked:
    looked = tuple(Glimpsed(key=each.key, found=each.found, opened=each.opened) for each in told)
    return Looked(since=since, until=until, looks=looked)


def _statement(act: Act) -> bytes:
    return act.statement if isinstance(act, Revocation) else b""
