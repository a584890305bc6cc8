"""The parties of the exercise: their keys, their accreditation by the real ceremonies, and their processes."""

import contextlib
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from msgspec.structs import replace
from rich.console import Console
from rich.markup import escape

from comity.core.capability import OfficerRole
from comity.core.errors import Misused, Unreachable
from comity.core.ids import BureauId, OrgId, org_name
from comity.core.registry import Accreditation, Policy, Profile, Role
from comity.faces.bureau import RELAY_USES, USES
from comity.faces.wire import Wire, free_port
from comity.node import (
    admission,
    anchor,
    ceremony,
    clock,
    home,
    keyfile,
    papers,
    proposals,
    relayhome,
    secretariat,
)
from comity.node.repository import Repository

PASSPHRASE = "exercise only, never in service"  # noqa: S105 - it protects nothing, see below
"""The passphrase of every key of the exercise; it protects nothing and is told to everybody."""

NAME = "exercise.example"
SECRETARIAT = BureauId("secretariat")
CONTROL = BureauId("control")
"""The independent commission, which alone may be shown a message by a party to it."""
RELAYS = (BureauId("relay-1"), BureauId("relay-2"))
MA, NO, ET, SN, DE, GB = BUREAUS = tuple(map(BureauId, ("ma", "no", "et", "sn", "de", "gb")))
WITNESSES = (MA, NO, ET)
NAMES = {
    SECRETARIAT: "the secretariat", RELAYS[0]: "a relay", RELAYS[1]: "another relay", MA: "NCB Rabat", NO: "NCB Oslo",
    ET: "NCB Addis Ababa", SN: "NCB Dakar", DE: "NCB Wiesbaden", GB: "NCB Manchester", CONTROL: "the commission",
}  # fmt: skip
PARTIES = (SECRETARIAT, *RELAYS, *BUREAUS, CONTROL)

SHIPPED = Path(__file__).parent.parent
PRESS = SHIPPED / "press"
"""Press texts about two general assemblies, which the bureaus send each other."""

PATIENCE = 30.0
"""Seconds that something may take before the exercise gives it up."""

Claim = tuple[str, bool]
"""A sentence on the screen, and whether it was so."""


@dataclass
class Exercise:
    """One exercise from founding to end."""

    folder: Path
    console: Console
    wire: Wire
    command: Callable[[list[str]], int]
    first_port: int
    org: OrgId = field(init=False)
    processes: dict[BureauId, subprocess.Popen[bytes]] = field(default_factory=dict)
    ports: dict[BureauId, int] = field(default_factory=dict)
    public: dict[BureauId, int] = field(default_factory=dict)
    """Where peers reach a party: a port of the wire."""
    claims: list[Claim] = field(default_factory=list)
    acts: dict[str, str] = field(default_factory=dict)

    # Speaking.

    def title(self, text: str) -> None:
        """Begin a part."""
        self.console.print(f"\n[bold]{escape(text)}[/bold]", soft_wrap=True)

    def tell(self, text: str) -> None:
        """Say a sentence."""
        self.console.print(f"  {escape(text)}", soft_wrap=True)

    def claim(self, text: str, holds: Callable[[], bool]) -> None:
        """Say a sentence that is checked before it is said; ``--check`` ends with status 1 if one failed."""
        good = held(holds)
        self.claims.append((text, good))
        shown = "[green]holds:[/green]" if good else "[red]FAILS:[/red]"
        self.console.print(f"  {shown} {escape(text)}", soft_wrap=True)

    # Commands.

    def environment(self, party: BureauId) -> dict[str, str]:
        """Return what a command needs to work as this party."""
        own = {"COMITY_HOME": str(self.folder / party), "COMITY_PASSPHRASE": PASSPHRASE, "COLUMNS": "118"}
        return {**os.environ, **own}

    def comity(self, bureau: BureauId, *arguments: str, shown: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the command line as an officer of a bureau, and show what was typed and what came back."""
        if shown:
            words = [Path(word).name if word.startswith(str(SHIPPED)) else word for word in arguments]
            spelled = " ".join(f'"{word}"' if " " in word else word for word in words)
            self.console.print(f"  [cyan]{bureau}$[/cyan] comity {escape(spelled)}", soft_wrap=True, highlight=False)
        done = self._typed(bureau, arguments)
        if shown:
            for line in (done.stdout + done.stderr).splitlines():
                self.console.print(f"     [dim]{escape(line)}[/dim]", soft_wrap=True, highlight=False)
        return done

    def json(self, bureau: BureauId, *arguments: str) -> object:
        """Run a command and return its result."""
        done = self.comity(bureau, *arguments, "--json", shown=False)
        if done.returncode != 0:
            raise Unreachable(f"comity {arguments[0]} as {bureau} ended with {done.returncode}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def _typed(self, bureau: BureauId, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        """Run the command line in this process, as if it had been typed; starting Python each time only costs time."""
        out, err, before = io.StringIO(), io.StringIO(), dict(os.environ)
        os.environ.update(self.environment(bureau))
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = self.command(list(arguments))
        finally:
            os.environ.clear()
            os.environ.update(before)
        return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())

    # Processes.

    def start(self, party: BureauId) -> None:
        """Start the process of a party."""
        if party in RELAYS:
            arguments = ["relay", "--every", "30"]
        elif party == SECRETARIAT:
            arguments = ["serve", "--every", "30", "--registry", str(self.folder / "registry")]
        else:
            arguments = ["serve", "--every", "30"]
        with (self.folder / f"{party}.log").open("ab") as log:
            self.processes[party] = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", "comity.faces", *arguments], env=self.environment(party), stdout=log, stderr=log,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip

    def answers(self, party: BureauId) -> None:
        """Wait until the process of a party answers."""
        until(f"{party} answers", partial(self.wire.answers, self.ports[party]))

    def end(self, party: BureauId, *, kill: bool = False) -> None:
        """End the process of a party, as an operator or as a power cut would."""
        process = self.processes.pop(party)
        if kill:
            process.kill()
        else:
            process.terminate()
        process.wait(15)

    def stop(self) -> None:
        """End every process that was started."""
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            if process.poll() is None:
                process.kill()


def found(played: Exercise) -> None:
    """Found the organisation and accredit everybody, by the real ceremonies, with all keys on one machine."""
    played.title("1. Five custodians found the organisation; three of them must agree")
    folder, now = played.folder, clock.now()
    custodians = [_offline(folder / "custodians" / f"custodian-{n}.key", f"custodian {n}") for n in range(1, 6)]
    for place, name in enumerate(PARTIES):
        played.ports[name] = played.first_port + place if played.first_port else free_port()
        played.public[name] = played.wire.open(played.ports[name])
    registry = folder / "registry"
    files = secretariat.online_files(registry)
    for path, label in ((files.timestamp, "timestamp"), (files.snapshot, "snapshot")):
        _offline(path, label)
    online = secretariat.open_online(files, PASSPHRASE)
    founders = proposals.Founders(
        custodians=tuple(key.public for key in custodians), timestamp=online.timestamp.public,
        snapshot=online.snapshot.public,
    )  # fmt: skip
    policy = Policy(name=NAME, custodians=5, threshold=3, languages=("en", "fr", "es", "ar"), witness_quorum=2)
    proposed = proposals.organisation(policy, founders, (), now, _quiet)
    proposed = replace(proposed, urls=(f"{_url(played, SECRETARIAT)}/o/{proposed.org}/registry",))
    for key in custodians[:3]:
        proposed = ceremony.sign(proposed, None, key, now, _quiet)
    made = ceremony.create_organisation(registry, proposed, online, now, _quiet)
    played.org = made.anchor.org
    played.tell(f"{org_name(played.org)} is founded; its id ends in {played.org[-8:]}, the digest of its first root")
    played.title("2. Each party makes its own keys, applies, and is accredited by three custodians")
    repository = Repository(registry, made.anchor)
    for name in PARTIES:
        paper = _apply(played, made.anchor, name)
        decided = Accreditation(bureau=name, role=_role(name), since=now, decided_by="assembly", article="C 4")
        proposed = proposals.accreditation(repository.read(), paper, decided, now, _quiet)
        for key in custodians[:3]:
            proposed = ceremony.sign(proposed, repository.read(), key, now, _quiet)
        ceremony.publish(repository, proposed, online, now, _quiet)
        witness = ", and cosigns the logs of the others" if name in WITNESSES else ""
        played.tell(f"{name}: {NAMES[name]}{witness}")


def start(played: Exercise) -> None:
    """Start all processes; the secretariat first, as the others fetch the registry from it."""
    played.title("3. Ten processes start, verify the registry over HTTP, and find each other")
    played.start(SECRETARIAT)
    played.answers(SECRETARIAT)
    for name in PARTIES[1:]:
        if name not in RELAYS:
            introduce(played, name)
        played.start(name)
    for name in PARTIES[1:]:
        played.answers(name)
    shown = ", ".join(f"{name} {played.ports[name]}" for name in PARTIES)
    played.tell(f"all answer at 127.0.0.1: {shown}")


def introduce(played: Exercise, name: BureauId) -> None:
    """Let a node verify the registry once, and take on an officer."""
    from comity.app import open_node  # noqa: PLC0415 - after the nodes exist
    from comity.node import officers  # noqa: PLC0415

    node = open_node(played.folder / name, PASSPHRASE)
    try:
        node.home.trusts[played.org].refresh(clock.now())
        # In Manchester a supervisor sits at the desk, who may report abuse.
        role = OfficerRole.SUPERVISOR if name == GB else OfficerRole.OFFICER
        officers.add(node.bureau(), "duty", role, officer=f"{name}-duty-1")
    finally:
        node.close()


def until(what: str, holds: Callable[[], bool]) -> None:
    """Wait until something is so.

    Raises:
        Unreachable: it is not, for longer than the exercise's patience.

    """
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if held(holds):
            return
        time.sleep(0.3)
    raise Unreachable(f"after {PATIENCE:.0f} s it is still not so that {what}; see the .log files in the folder")


def held(claim: Callable[[], bool]) -> bool:
    """Tell whether a claim holds; what cannot be looked at does not hold."""
    try:
        return claim()
    except (Unreachable, Misused, OSError, ValueError):
        return False


def _apply(played: Exercise, organisation: anchor.Anchor, name: BureauId) -> admission.Submission:
    """Make a party's keys, in its own folder, and its application under its own role key."""
    folder, carries = played.folder / name, name in RELAYS
    (relayhome if carries else home).create(folder, PASSPHRASE, address=f"http://127.0.0.1:{played.ports[name]}")
    opened = relayhome.open_relay(folder, PASSPHRASE) if carries else home.open_home(folder, PASSPHRASE)
    try:
        keys = papers.new_keys(opened.keyring, RELAY_USES if carries else USES, papers.Choice())
        opened.join(organisation, name)
    finally:
        opened.close()
    role = _offline(folder / "role.key", f"role key of {name}")
    profile = Profile(
        bureau=name, name=NAMES[name], version=1, keys=keys, witness=name in WITNESSES, addresses=(_url(played, name),)
    )
    return admission.application(organisation.org, profile, role, clock.now(), _quiet)


def _role(name: BureauId) -> Role:
    if name in RELAYS:
        return Role.RELAY
    return {SECRETARIAT: Role.SECRETARIAT, CONTROL: Role.COMMISSION}.get(name, Role.BUREAU)


def _url(played: Exercise, name: BureauId) -> str:
    return f"http://127.0.0.1:{played.public[name]}"


def _offline(path: Path, label: str) -> keyfile.OfflineKey:
    # The exercise's passphrase is public, so the usual slow derivation would protect nothing.
    keyfile.new_offline_key(path, PASSPHRASE, label, work=12)
    return keyfile.open_offline_key(path, PASSPHRASE)


def _quiet(_line: str) -> None:
    """Let the ceremony speak to nobody; `comity registry` shows every step."""
