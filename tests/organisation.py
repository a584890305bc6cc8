"""An organisation that is ready for use: a registry in a folder, and nodes as `comity apply` would have made them.

For tests of faces, which need nodes in folders and real ceremonies but not the ceremonies themselves. One custodian
decides alone here, and passphrases cost little.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from comity.app import Node, answer_for_looks, correlate, open_node
from comity.core.ids import BureauId
from comity.core.registry import Accreditation, KeyUse, Policy, Profile, Role, Suite
from comity.node import (
    admission,
    ceremony,
    clock,
    disk,
    home,
    jobs,
    keyfile,
    officers,
    proposals,
    relayhome,
    secretariat,
    witness,
)
from comity.node import anchor as anchors
from comity.node.anchor import Anchor
from comity.node.bureau import Bureau
from comity.node.draft import Ceremony
from comity.node.repository import Repository
from tests.node.founding import offline, silent
from tests.simulator import Federation

PASSPHRASE = "a passphrase for tests"
NAME = "exercise.example"
KEYS = ((KeyUse.SIGN, Suite.ED25519), (KeyUse.SEAL, Suite.HYBRID), (KeyUse.LOG, Suite.ED25519))


def found(  # noqa: PLR0913 - an organisation has these parts
    folder: Path, names: Sequence[str], *, passphrase: str = PASSPHRASE, addresses: Mapping[str, str] | None = None,
    url: str = "", roles: Mapping[str, Role] | None = None, databases: Mapping[str, str] | None = None,
) -> Anchor:  # fmt: skip
    """Found an organisation in `folder`/registry, and make each bureau a node in a folder of its name, with an officer.

    `url` is where nodes read the registry, ``{org}`` standing for the organisation's id; by default from the folder.
    `databases` are the addresses of those that have another database than SQLite in their folder.
    """
    now, registry, custodian = clock.now(), folder / "registry", offline("custodian")
    files = secretariat.online_files(registry)
    for path, label in ((files.timestamp, "timestamp"), (files.snapshot, "snapshot")):
        keyfile.new_offline_key(path, passphrase, label, work=4)
    online = secretariat.open_online(files, passphrase)
    founders = proposals.Founders(
        custodians=(custodian.public,), timestamp=online.timestamp.public, snapshot=online.snapshot.public
    )
    policy = Policy(name=NAME, custodians=1, threshold=1, languages=("en",), witness_quorum=1)
    proposed = proposals.organisation(policy, founders, (), now, silent)
    proposed = replace(proposed, urls=(url.replace("{org}", proposed.org) or registry.resolve().as_uri(),))
    proposed = ceremony.sign(proposed, None, custodian, now, silent)
    anchor = ceremony.create_organisation(registry, proposed, online, now, silent).anchor
    for name in names:
        address = (addresses or {}).get(name, "http://127.0.0.1:1")
        role, database = (roles or {}).get(name, Role.BUREAU), (databases or {}).get(name, "")
        admit(folder, anchor, name, passphrase=passphrase, address=address, role=role, database=database)
    if not url:
        for name in names:
            home.trust_in(folder / name, anchor.org).refresh(now)
    return anchor


def admit(  # noqa: PLR0913 - a bureau has these parts
    folder: Path, anchor: Anchor, name: str, *, passphrase: str = PASSPHRASE, address: str, role: Role = Role.BUREAU,
    database: str = "",
) -> None:  # fmt: skip
    """Make the node of a bureau, and accredit it."""
    now, bureau, registry = clock.now(), BureauId(name), folder / "registry"
    home.create(folder / name, passphrase, database=database, address=address, work=4)
    node = home.open_home(folder / name, passphrase)
    try:
        keys = tuple(node.keyring.new(use, suite) for use, suite in (*KEYS, (KeyUse.WITNESS, Suite.ED25519)))
        node.join(anchor, bureau)
    finally:
        node.close()
    profile = Profile(bureau=bureau, name=f"NCB {name}", version=1, keys=keys, witness=True, addresses=(address,))
    paper = admission.application(anchor.org, profile, offline(f"role of {name}"), now, silent)
    decided = Accreditation(bureau=bureau, role=role, since=now, decided_by="assembly", article="C 4")
    repository = Repository(registry, anchor)
    proposed = proposals.accreditation(repository.read(), paper, decided, now, silent)
    decide(folder, anchor, proposed, passphrase=passphrase)
    with opened(folder, name, passphrase) as made:
        officers.add(made.bureau(), "duty", officer=f"{name}-1")


def role_file(folder: Path, name: str, *, passphrase: str = PASSPHRASE) -> Path:
    """Write the offline role key of a bureau to a file, as it lies in a safe."""
    seed, path = hashlib.sha256(f"role of {name}".encode()).digest(), folder / f"{name}-role.key"
    header = {"use": "offline", "label": name, "public": offline(f"role of {name}").public.public.hex()}
    disk.write_new(path, keyfile.seal(seed, passphrase, header, work=4), mode=disk.PRIVATE)
    return path


def station(folder: Path, anchor: Anchor, name: str, *, passphrase: str = PASSPHRASE, address: str) -> None:
    """Make a relay, and accredit it."""
    now, relay = clock.now(), BureauId(name)
    relayhome.create(folder / name, passphrase, address=address)
    made = relayhome.open_relay(folder / name, passphrase)
    try:
        keys = (made.keyring.new(KeyUse.SIGN, Suite.ED25519),)
        made.join(anchor, relay)
    finally:
        made.close()
    profile = Profile(bureau=relay, name=name, version=1, keys=keys, addresses=(address,))
    paper = admission.application(anchor.org, profile, offline(f"role of {name}"), now, silent)
    decided = Accreditation(bureau=relay, role=Role.RELAY, since=now, decided_by="assembly", article="C 4")
    state = Repository(folder / "registry", anchor).read()
    decide(folder, anchor, proposals.accreditation(state, paper, decided, now, silent), passphrase=passphrase)
    home.trust_in(folder / name, anchor.org).refresh(now)


def stations(folder: Path, names: Sequence[str], *, passphrase: str = PASSPHRASE) -> None:
    """Make relays, each at an address of its own that nobody listens at, and let every node know of them."""
    anchor = anchor_of(folder)
    for number, name in enumerate(names, 2):
        station(folder, anchor, name, passphrase=passphrase, address=f"http://127.0.0.1:{number}")
    learn(folder)


def renew(folder: Path, *, passphrase: str = PASSPHRASE) -> None:
    """Sign the registry's timestamp anew, as a running secretariat does, and let everybody fetch it."""
    online = secretariat.open_online(secretariat.online_files(folder / "registry"), passphrase)
    ceremony.refresh(Repository(folder / "registry", anchor_of(folder)), online, clock.now(), silent)
    learn(folder)


def anchor_of(folder: Path) -> Anchor:
    """Return the anchor of the organisation in a folder, as one of its nodes holds it."""
    return anchors.read(next(folder.glob("*/anchors/*.json")))


def learn(folder: Path) -> None:
    """Let every node and relay fetch the registry."""
    for held in folder.glob("*/anchors/*.json"):
        home.trust_in(held.parents[1], anchors.read(held).org).refresh(clock.now())


def decide(folder: Path, anchor: Anchor, proposed: Ceremony, *, passphrase: str = PASSPHRASE) -> int:
    """Let the custodian sign and publish a proposal; returns the version that the registry has then."""
    repository = Repository(folder / "registry", anchor)
    online = secretariat.open_online(secretariat.online_files(folder / "registry"), passphrase)
    signed = ceremony.sign(proposed, repository.read(), offline("custodian"), clock.now(), silent)
    return ceremony.publish(repository, signed, online, clock.now(), silent).version


class opened:  # noqa: N801 - used like a function
    """A node of the organisation, open for as long as the block lasts."""

    def __init__(self, folder: Path, name: str, passphrase: str = PASSPHRASE) -> None:
        self._node = open_node(folder / name, passphrase)

    def __enter__(self) -> Node:
        """Give the node."""
        return self._node

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self._node.close()


def carry(folder: Path, names: Iterable[str], passphrase: str = PASSPHRASE) -> None:
    """Let these nodes do what is due and move what leaves, without HTTP; other bureaus do not answer meanwhile.

    Then each cosigns the logs of the others.
    """
    nodes = [open_node(folder / name, passphrase) for name in names]
    try:
        carrier = Federation(folder)
        carrier.bureaus = {bureau.me: bureau for node in nodes for bureau in node.bureaus().values()}
        some = next(iter(carrier.bureaus.values()))
        carrier.away = set(some.registry().accreditations) - set(carrier.bureaus)
        carrier.carry()
        # What the service does beside the exchange: answer for looks, compare rows that are new.
        if sum(answer_for_looks(bureau) + correlate(bureau) for bureau in carrier.bureaus.values()):
            carrier.carry()
        for bureau in carrier.bureaus.values():
            cosign(bureau, carrier.bureaus)
    finally:
        for node in nodes:
            node.close()


def cosign(bureau: Bureau, witnesses: Mapping[BureauId, Bureau]) -> None:
    """Let the newest checkpoint of a bureau be cosigned by those of its witnesses that answer."""
    jobs.checkpoint(bureau)
    for ask in witness.requests(bureau):
        if ask.witness in witnesses:
            answer = witness.add_checkpoint(witnesses[ask.witness], ask.body)
            witness.record(bureau, ask, answer.status, answer.body)
