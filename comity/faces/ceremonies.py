"""The commands of ceremonies: keys, the founding of an organisation, signing, publishing, and keeping it fresh.

Every step says what it does as it runs (stderr) and prints its result (stdout). What custodians can decide stands in
`faces/decisions.py`, what a bureau does with its own keys in `faces/bureau.py`; `docs/ceremonies.md` walks through all.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from comity.core.ids import Millis
from comity.core.registry import Policy
from comity.faces import bureau, decisions, rounds, terminal
from comity.faces.rounds import Round
from comity.node import admission, ceremony, clock, keyfile, metadata, papers, proposals, secretariat

app = typer.Typer(
    help="The registry: who is a member, decided by its custodians together.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


class Purpose(StrEnum):
    """What an offline key is for; it decides which passphrase it gets."""

    CUSTODIAN = "custodian"
    ONLINE = "online"
    ROLE = "role"


VARIABLES = {
    Purpose.CUSTODIAN: rounds.KEY,
    Purpose.ONLINE: "COMITY_PASSPHRASE",
    Purpose.ROLE: "COMITY_ROLE_PASSPHRASE",
}
"""Where the passphrase of a new key comes from, if not from a prompt."""


def add_to(main: typer.Typer) -> None:
    """Register the commands of ceremonies: a group `registry`, and what a bureau does beside it."""
    decisions.add_to(app)
    main.add_typer(app, name="registry")
    bureau.add_to(main)


@app.command("key")
@terminal.takes("passphrase_file", "json")
def key(
    file: Annotated[Path, typer.Argument(help="The key file to be made; FILE.pub is its public half.")],
    label: Annotated[str, typer.Option(help="The name under which people know the key.")],
    purpose: Annotated[Purpose, typer.Option("--for", help="Whose key it is.")] = Purpose.CUSTODIAN,
) -> None:
    """Make an offline key under its own passphrase, and its public half to hand over.

    Example: comity registry key amina.key --label "Amina, Rabat"
    """
    secret = terminal.passphrase(f"passphrase for {file}", variable=VARIABLES[purpose], confirm=True)
    public = keyfile.new_offline_key(file, secret, label)
    handed = file.with_name(f"{file.name}.pub")
    papers.write_public(handed, public)
    say = terminal.narrator()
    named = metadata.name_of(metadata.tuf_key(public))
    say(f"made the {purpose} key {named}; whoever gets {handed} should hear these 8 digits from you by another road")
    if purpose is not Purpose.ONLINE:
        say(f"keep {file} off every network: on a stick in a safe, with its passphrase elsewhere")
    terminal.show({"key": str(file), "public": str(handed), "name": named})


@app.command("found")
@rounds.options()
def found(  # noqa: PLR0913, PLR0917 - what an organisation begins with
    round_: Round,
    name: Annotated[
        str, typer.Argument(help="Name of the organisation, like a domain: letters, digits, dots, hyphens.")
    ],
    custodian: Annotated[list[Path], typer.Option(help="Public half of a custodian's key; repeat it for each.")],
    threshold: Annotated[int, typer.Option(help="How many custodians decide together.")] = 3,
    url: Annotated[
        list[str] | None,
        typer.Option(help="Address of the registry; {org} stands for the organisation's id. The folder by default."),
    ] = None,
    language: Annotated[
        list[str] | None, typer.Option(help="A working language; repeat it. English by default.")
    ] = None,
    witness_quorum: Annotated[int, typer.Option(help="Cosignatures that make a checkpoint a witnessed one.")] = 0,
    grace_days: Annotated[int, typer.Option(help="Days that a stale registry may still be acted on.")] = 7,
) -> None:
    """Propose a new organisation; its custodians sign it, then it is published.

    Example: comity registry found demo.example --custodian amina.key.pub --custodian lars.key.pub
    --custodian abebe.key.pub --threshold 2 --url "https://node.example/o/{org}/registry"
    """
    say = rounds.once(terminal.narrator())
    policy = Policy(
        name=name,
        custodians=len(custodian),
        threshold=threshold,
        languages=tuple(language or ["en"]),
        witness_quorum=witness_quorum,
        grace=Millis(grace_days * metadata.DAY),
    )
    founders = proposals.Founders(
        custodians=tuple(papers.read_public(path) for path in custodian),
        timestamp=papers.read_public(round_.online.timestamp),
        snapshot=papers.read_public(round_.online.snapshot),
    )
    proposed = proposals.organisation(policy, founders, (), clock.now(), say)
    urls = tuple(each.replace("{org}", proposed.org) for each in url or [round_.at.resolve().as_uri()])
    say(f"bureaus will read the registry at {' or '.join(urls)}")
    rounds.finish(round_, msgspec.structs.replace(proposed, urls=urls), None, "found", say)


@app.command("sign")
@rounds.options("at", "to")
def sign(
    round_: Round,
    file: Annotated[Path, typer.Argument(metavar="CEREMONY", help="The proposal.")],
    key_file: Annotated[Path, typer.Option("--key", help="Your key file.")],
) -> None:
    """Sign a proposal as a custodian, after being shown what it changes.

    Example: comity registry sign demo.example-accredit-ma-2.json --key amina.key --at registry
    """
    say = rounds.once(terminal.narrator())
    proposed = ceremony.read(file)
    state = None if rounds.founding(proposed) else secretariat.repository(round_.at).read()
    for line in ceremony.explain(proposed, state, clock.now()):
        say(line)
    terminal.agreed("Sign this?")
    signed = ceremony.sign(proposed, state, rounds.opened(key_file), clock.now(), say)
    target = round_.to or file
    ceremony.write(target, signed)
    rounds.told(target, signed, state, counted=True)


@app.command("join")
@rounds.options("at", "to")
def join(
    round_: Round,
    files: Annotated[list[Path], typer.Argument(metavar="CEREMONY...", help="Copies that were signed side by side.")],
) -> None:
    """Join the signatures of copies that custodians signed side by side; into the first one, or --to.

    Example: comity registry join from-rabat.json from-oslo.json --to demo.example-accredit-ma-2.json
    """
    first, *others = (ceremony.read(file) for file in files)
    joined = ceremony.joined(first, *others)
    state = None if rounds.founding(joined) else secretariat.repository(round_.at).read()
    target = round_.to or files[0]
    ceremony.write(target, joined)
    rounds.told(target, joined, state)


@app.command("publish")
@rounds.options("at", "timestamp_key", "snapshot_key", "retiring")
def publish(
    round_: Round, file: Annotated[Path, typer.Argument(metavar="CEREMONY", help="The signed proposal.")]
) -> None:
    """Publish a proposal that enough custodians have signed; from then on every node acts on it.

    Example: comity registry publish demo.example-accredit-ma-2.json --at registry
    """
    say = rounds.once(terminal.narrator())
    proposed = ceremony.read(file)
    state = None if rounds.founding(proposed) else secretariat.repository(round_.at).read()
    for line in ceremony.explain(proposed, state, clock.now()):
        say(line)
    rounds.publish(round_, proposed, say)


@app.command("accept")
@rounds.options("at", "timestamp_key", "snapshot_key", "retiring")
def accept(
    round_: Round, file: Annotated[Path, typer.Argument(metavar="PROFILE", help="What a bureau handed over.")]
) -> None:
    """Publish the new profile of a bureau that brought it as a file; a running secretariat takes it by itself.

    Example: comity registry accept profile-ma-2.json --at registry
    """
    paper = admission.read_submission(file)
    kept = secretariat.repository(round_.at)
    online = secretariat.open_online(round_.online, terminal.passphrase("passphrase of the online keys"))
    with secretariat.alone(round_.at):
        version = admission.accept_profile(kept, paper, online, clock.now(), terminal.narrator())
    terminal.show({"org": kept.anchor.org, "bureau": paper.bureau, "version": version})


@app.command("stamp")
@rounds.options("at", "timestamp_key", "snapshot_key", "retiring")
def stamp(round_: Round) -> None:
    """Sign the timestamp anew; a running secretariat does it by itself, else do it several times a day.

    Example: comity registry stamp --at registry
    """
    kept = secretariat.repository(round_.at)
    online = secretariat.open_online(round_.online, terminal.passphrase("passphrase of the online keys"))
    with secretariat.alone(round_.at):
        version = ceremony.refresh(kept, online, clock.now(), terminal.narrator())
    terminal.show({"org": kept.anchor.org, "version": version})


@app.command("status")
@rounds.options("at")
def status(round_: Round) -> None:
    """Show what the registry holds: versions, members, custodians, what expires when and what falls due.

    Example: comity registry status --at registry
    """
    terminal.show(secretariat.status(secretariat.repository(round_.at), clock.now()))
