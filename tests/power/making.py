"""A process that is recorded: a node is made, joins an organisation, and changes its keys and passphrase.

What it has been told to have done stands in the recording as marks, as in `traffic.py`. The folder that it is given
holds a registry with its anchor, and `machine`, which is the new node's disk.
"""

import sys
from pathlib import Path

from comity.core.ids import BureauId
from comity.core.registry import KeyUse, Suite
from comity.node import anchor, clock, home, keyfile, keyring
from comity.node.bodies import BodyKeys
from tests.faults.victim import NEW, NEXT_PASSPHRASE, OLD
from tests.organisation import PASSPHRASE
from tests.power.traffic import mark

BODIES = dict.fromkeys(range(1, 60), b"a body")
ERASED = 7


def play(folder: Path) -> None:
    """Make a node and change all that it keeps in files."""
    known, machine = anchor.read(folder / "anchor.json"), folder / "machine"
    place = machine / "site" / "node"
    home.create(place, PASSPHRASE)
    mark("made", "machine")
    node = home.open_home(place, PASSPHRASE)
    try:
        mark("key", "machine", node.keyring.new(KeyUse.SIGN, Suite.ED25519).kid.hex())
        node.join(known, BureauId("sn"))
        mark("joined", "machine")
        node.trusts[known.org].refresh(clock.now())
        mark("known", "machine")
        gone = node.keyring.new(KeyUse.SEAL, Suite.HYBRID).kid
        node.keyring.destroy(gone)
        mark("destroyed", "machine", gone.hex())
    finally:
        node.close()
    keyring.change_passphrase(place / "keyring", PASSPHRASE, NEXT_PASSPHRASE, work=4)
    mark("passphrase", "machine")
    keyfile.new_offline_key(machine / "safe" / "role.key", PASSPHRASE, "role", work=4)
    mark("offline", "machine")
    with BodyKeys.create(machine / "bodies.keys", OLD) as keys:
        keys.seal_all(BODIES, clock.entropy)
        keys.sync()
        mark("sealed", "machine")
        keys.erase([ERASED])
        mark("erased", "machine")
        keys.rewrap(NEW)
        mark("rewrapped", "machine")


if __name__ == "__main__":
    play(Path(sys.argv[1]))
