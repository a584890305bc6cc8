"""One round of the custodians, as commands share it: a proposal is shown, written, signed and published.

A round can be spread over days and machines, a command for each step, or be played in one command where all keys lie on
one machine (``--sign-with``, ``--publish``), as in an exercise. Whoever signs is shown first what changes.
"""

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from comity.core.errors import Misused
from comity.core.ids import Millis
from comity.faces import terminal
from comity.node import ceremony, clock, keyfile, metadata, secretariat
from comity.node.admission import Say
from comity.node.draft import Ceremony
from comity.node.metadata import Root, Targets
from comity.node.repository import State

Make = Callable[[State, Millis, Say], Ceremony]
"""Makes a proposal on top of a registry."""

KEY = "COMITY_KEY_PASSPHRASE"
"""The variable for passphrases of custodians' keys; where several sign in one command, it is one for all of them."""


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """What a person gave of the options that rounds share."""

    at: Path
    to: Path | None
    sign_with: list[Path]
    publish: bool
    timestamp_key: Path | None
    snapshot_key: Path | None
    retiring: list[Path]

    @property
    def online(self) -> secretariat.OnlineFiles:
        """Where the online keys lie."""
        default = secretariat.online_files(self.at)
        return secretariat.OnlineFiles(
            timestamp=self.timestamp_key or default.timestamp,
            snapshot=self.snapshot_key or default.snapshot,
            retiring=tuple(self.retiring),
        )


At = Annotated[Path, typer.Option(help="Folder of the registry.", envvar="COMITY_REGISTRY")]

_OPTIONS: dict[str, tuple[Any, Any]] = {
    "at": (At, Path("registry")),
    "to": (Annotated[Path | None, typer.Option(help="File for the proposal; by default named after it.")], None),
    "sign_with": (Annotated[list[Path], typer.Option(help="Sign at once with this custodian's key; repeat it.")], []),
    "publish": (Annotated[bool, typer.Option("--publish", help="Publish at once.")], False),
    "timestamp_key": (
        Annotated[Path | None, typer.Option(help="Online key; by default timestamp.key in FOLDER-online.")],
        None,
    ),
    "snapshot_key": (
        Annotated[Path | None, typer.Option(help="Online key; by default snapshot.key in FOLDER-online.")],
        None,
    ),
    "retiring": (Annotated[list[Path], typer.Option(help="An old online key that signs along, once.")], []),
}


def options(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of a round, all or those named; it gets them as a `Round`, its first argument."""
    wanted = names or tuple(_OPTIONS)

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        own = list(inspect.signature(function).parameters.values())[1:]
        extra = [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, annotation=_OPTIONS[name][0], default=_OPTIONS[name][1]
            )
            for name in wanted
        ]

        @functools.wraps(function)
        def command(**given: Any) -> None:  # noqa: ANN401 - Typer hands over what it parsed
            chosen = {name: given.pop(name, default) for name, (_, default) in _OPTIONS.items()}
            function(Round(**chosen), **given)

        # As in `terminal.takes`: Typer reads the signature from this name.
        command.__signature__ = inspect.Signature([*own, *extra])  # type: ignore[attr-defined]
        return terminal.takes("passphrase_file", "yes", "json")(command)

    return decorate


def propose(round_: Round, name: str, make: Make) -> None:
    """Make a proposal on top of the registry, and take the round as far as was asked."""
    say = once(terminal.narrator())
    state = secretariat.repository(round_.at).read()
    proposed = make(state, clock.now(), say)
    finish(round_, proposed, state, name, say)


def finish(round_: Round, proposed: Ceremony, state: State | None, name: str, say: Say) -> None:
    """Write a proposal, and sign and publish it if that was asked.

    Raises:
        Misused: there is a proposal of that name already.
        Refused: signatures are missing.

    """
    # With the organisation's name: who is a custodian of two would overwrite one proposal with the other.
    file = round_.to or Path(f"{proposed.name}-{name}-{_version(proposed)}.json")
    if file.exists():
        raise Misused(f"{file} exists already: sign that one, or name another file with --to")
    ceremony.write(file, proposed)
    if round_.sign_with:
        terminal.agreed(f"Sign this with {len(round_.sign_with)} of the custodians' keys?")
    for path in round_.sign_with:
        proposed = ceremony.sign(proposed, state, opened(path), clock.now(), say)
        ceremony.write(file, proposed)
    if round_.publish:
        publish(round_, proposed, say)
        return
    say(f"next, each custodian: comity registry sign {file} --key THEIR-KEY --at {round_.at}")
    told(file, proposed, state, counted=bool(round_.sign_with))


def publish(round_: Round, proposed: Ceremony, say: Say) -> None:
    """Publish a signed proposal, after a question, and show what the registry is then."""
    state = None if founding(proposed) else secretariat.repository(round_.at).read()
    # What lacks signatures is refused below, with the count; asking about it first would only mislead.
    if all(count.have >= count.need for count in ceremony.counts(proposed, state)):
        terminal.agreed("Publish this? Every node will act on it from its next refresh on.")
    online = secretariat.open_online(round_.online, terminal.passphrase("passphrase of the online keys"))
    if founding(proposed):
        round_.at.mkdir(parents=True, exist_ok=True)
        with secretariat.alone(round_.at):
            made = ceremony.create_organisation(round_.at, proposed, online, clock.now(), say)
    else:
        kept = secretariat.repository(round_.at)
        with secretariat.alone(round_.at):
            made = ceremony.publish(kept, proposed, online, clock.now(), say)
    result: dict[str, object] = {"org": made.anchor.org, "version": made.version}
    # A person has just read the changes.
    terminal.show(result | ({"changes": made.changes} if terminal.given().json else {}))


def told(file: Path, proposed: Ceremony, state: State | None, *, counted: bool = False) -> None:
    """Show where a proposal lies, and how many have signed it, unless a person has just read that (`counted`)."""
    result: dict[str, object] = {"ceremony": str(file), "org": proposed.org}
    if terminal.given().json or not counted:
        result["signatures"] = [str(count) for count in ceremony.counts(proposed, state)]
    terminal.show(result)


def opened(path: Path) -> keyfile.OfflineKey:
    """Open a custodian's key."""
    return keyfile.open_offline_key(path, terminal.passphrase(f"passphrase of {path}", variable=KEY))


def founding(proposed: Ceremony) -> bool:
    """Tell whether a proposal is the one that an organisation begins with."""
    if proposed.root is None:
        return False
    return metadata.parse(proposed.root.encode(), Root, "the proposed root").signed.version == 1


def once(say: Say) -> Say:
    """Return a narrator that says each sentence once: signing and publishing explain the same changes again."""
    heard: set[str] = set()

    def told_once(line: str) -> None:
        if line not in heard:
            heard.add(line)
            say(line)

    return told_once


def _version(proposed: Ceremony) -> int:
    """Return the version that the membership gets, or the root where only that changes: it makes names differ."""
    if proposed.targets is not None:
        return int(metadata.parse(proposed.targets.encode(), Targets, "the proposed membership").signed.version)
    return int(metadata.parse((proposed.root or "").encode(), Root, "the proposed root").signed.version)
