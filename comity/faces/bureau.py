"""What a bureau does with its own keys: apply, rotate, revoke, obey the word of a peer, refresh the registry.

The offline role key signs each of these papers. It is a file under a passphrase of its own, opened for one signature,
and belongs on no machine that is on a network: what it signs can be carried there and back as a file.
"""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from comity import app as composition
from comity.capabilities.membership import desk
from comity.core import registry
from comity.core.errors import Malformed, Misused, Unreachable
from comity.core.handling import Purpose
from comity.core.ids import BureauId, Millis, OrgId, bureau_id, org_name
from comity.core.registry import KeyUse, Profile
from comity.faces import terminal
from comity.node import admission, anchor, clock, disk, home, keyfile, metadata, officers, papers, relayhome
from comity.node.admission import Say
from comity.node.bureau import Bureau
from comity.node.keyfile import OfflineKey
from comity.node.trust import Trust

ROLE = "COMITY_ROLE_PASSPHRASE"

USES = (KeyUse.SIGN, KeyUse.SEAL, KeyUse.LOG, KeyUse.WITNESS)
"""The keys of a node; officers' keys are their own."""

RELAY_USES = (KeyUse.SIGN,)
"""A relay signs what it promises, and opens nothing."""

RoleKey = Annotated[
    Path | None, typer.Option(help="The offline role key; by default BUREAU-role.key.", show_default=False)
]
To = Annotated[Path | None, typer.Option(help="File for what the role key signed.")]


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of one organisation after a refresh."""

    org: OrgId
    version: int
    freshness: registry.Freshness
    expires: Millis
    members: int
    problems: tuple[str, ...]
    alarms: tuple[str, ...]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    for function in (apply, refresh, rotate, revoke, obey):
        app.command(function.__name__)(function)


@terminal.takes("home", "passphrase_file", "json")
def apply(  # noqa: PLR0913, PLR0917 - an application has these parts
    anchor_file: Annotated[Path, typer.Option("--anchor", help="The organisation's anchor, compared by telephone.")],
    bureau: Annotated[str, typer.Option(help="The bureau's name, for example ma.")],
    name: Annotated[str, typer.Option(help="Its name in words.")],
    address: Annotated[list[str] | None, typer.Option(help="Where peers reach the node; repeat it.")] = None,
    language: Annotated[list[str] | None, typer.Option(help="A language the bureau reads; English by default.")] = None,
    role_key: RoleKey = None,
    database: Annotated[str, typer.Option(help="URL of a PostgreSQL database; a file in the folder by default.")] = "",
    es256: Annotated[bool, typer.Option("--es256", help="Sign acts with ES256.")] = False,  # noqa: FBT002 - a switch
    classical: Annotated[bool, typer.Option("--classical", help="Also a sealing key of X25519 alone.")] = False,  # noqa: FBT002
    relay: Annotated[bool, typer.Option("--relay", help="A relay: it carries, and opens nothing.")] = False,  # noqa: FBT002
    to: To = None,
) -> None:
    """Make this node a bureau of an organisation: its folder if there is none, its keys, and the application.

    Example: comity apply --anchor anchor.json --bureau ma --name "NCB Rabat" --address https://ma.example --home node
    """
    say, folder = terminal.narrator(), terminal.home_folder()
    held, who = anchor.read(anchor_file), _named(bureau)
    file = to or Path(f"application-{who}.json")
    _check_free(folder, held.org, file)
    new = not (folder / "node.json").exists()
    secret = terminal.passphrase("passphrase of the node", confirm=new)
    role = _role_key(role_key or Path(f"{who}-role.key"), who, say)
    if new:
        (relayhome if relay else home).create(folder, secret, database=database, address=(address or [""])[0])
        say(f"made a node in {folder}; its private keys rest there under the node's passphrase")
    opened = relayhome.open_relay(folder, secret) if relay else home.open_home(folder, secret)
    try:
        chosen = papers.Choice(es256=es256, classical=classical)
        addresses = tuple(address or filter(None, [opened.settings.address]))
        profile = Profile(
            bureau=who, name=name, version=1, addresses=addresses, languages=tuple(language or ["en"]),
            keys=papers.new_keys(opened.keyring, RELAY_USES if relay else USES, chosen), witness=not relay,
        )  # fmt: skip
        paper = admission.application(held.org, profile, role, clock.now(), say)
        admission.write_submission(file, paper)
        opened.join(held, who)
    finally:
        opened.close()
    say(f"the node in {folder} is now {who} of {org_name(held.org)}; compare the 32 digits of its id by telephone")
    say(f"hand {file} to the secretariat; once the custodians have accredited it: comity refresh --home {folder}")
    named = metadata.name_of(metadata.tuf_key(role.public))
    terminal.show({"org": held.org, "bureau": who, "application": str(file), "role key": named})


@terminal.takes("home", "org", "json")
def refresh() -> None:
    """Fetch and verify the registry now; a running node does it by itself. Needs no passphrase.

    Example: comity refresh --home node
    """
    folder = terminal.home_folder()
    settings = home.read(folder)
    orgs = [membership.org for membership in settings.memberships]
    if terminal.given().org or not orgs:
        orgs = [home.chosen(settings, terminal.given().org)]
    found = []
    for org in orgs:
        trust = home.trust_in(folder, org)
        now = clock.now()
        found.append(_told(trust, trust.refresh(now), now))
    say = terminal.narrator()
    for use in found:
        for line in (*use.problems, *use.alarms):
            say(line)
    terminal.show(found if len(found) > 1 else found[0])


def _told(trust: Trust, seen: registry.Registry, now: Millis) -> Seen:
    return Seen(
        org=seen.org,
        version=seen.version,
        freshness=seen.freshness(now),
        expires=seen.expires,
        members=len(seen.accreditations),
        problems=tuple(f"problem: {each.bureau or 'the registry'}: {each.text}" for each in trust.problems),
        alarms=tuple(f"ALARM: {each.bureau}, version {each.version}: {each.text}" for each in trust.alarms),
    )


@terminal.takes("home", "org", "passphrase_file", "yes", "json")
def rotate(  # noqa: PLR0913, PLR0917 - a profile has these parts
    use: Annotated[
        list[KeyUse] | None, typer.Option(help="Keys to make anew: sign, seal, log, witness; all by default.")
    ] = None,
    approver: Annotated[list[str] | None, typer.Option(help="List this officer as one who approves.")] = None,
    address: Annotated[list[str] | None, typer.Option(help="Where the node answers from now on; repeat it.")] = None,
    role_key: RoleKey = None,
    es256: Annotated[bool, typer.Option("--es256", help="Sign acts with ES256.")] = False,  # noqa: FBT002 - a switch
    classical: Annotated[bool, typer.Option("--classical", help="Also a sealing key of X25519 alone.")] = False,  # noqa: FBT002
    to: To = None,
) -> None:
    """Give the node new keys, or change its approvers or addresses, by a new profile under the role key.

    Old keys are retired: what they signed stays good, and what was sealed to them is still opened. With --approver or
    --address and no --use the keys stay.

    Example: comity rotate --use sign --home node
    """
    say = terminal.narrator()
    kept = bool(approver or address) and not use
    uses = () if kept else tuple(use or USES)
    node = composition.open_node(terminal.home_folder(), terminal.passphrase("passphrase of the node"))
    try:
        bureau = node.bureau(terminal.given().org)
        trust = node.home.trusts[bureau.org]
        _refreshed(trust, say)
        wish = papers.Wish(
            uses=uses, choice=papers.Choice(es256=es256, classical=classical), approvers=tuple(approver or ()),
            addresses=tuple(address or ()),
        )  # fmt: skip
        terminal.agreed(_question(bureau, uses))
        after = papers.rotated(bureau, wish)
        for line in papers.changes(bureau.registry().profile(bureau.me), after):
            say(line)
        role = _open_role(role_key or Path(f"{bureau.me}-role.key"))
        paper = admission.submission(bureau.org, after, role, clock.now(), say)
        if role.public.public not in bureau.registry().role_keys.get(bureau.me, ()):
            say("the registry does not name this role key yet: the custodians decide, with registry replace-role-key")
            to = to or Path(f"profile-{bureau.me}-{after.version}.json")
        if to is not None:
            admission.write_submission(to, paper)
            say(f"hand {to} to the secretariat; the new keys count from the refresh after it is published")
            terminal.show({"bureau": bureau.me, "profile": after.version, "file": str(to)})
            return
        version = papers.hand_in(trust.anchor, paper)
        say(f"the secretariat has published it: the registry is at version {version}")
        _refreshed(trust, say)
        terminal.show({"bureau": bureau.me, "profile": after.version, "version": version})
    finally:
        node.close()


def _question(bureau: Bureau, uses: tuple[KeyUse, ...]) -> str:
    what = f"new keys for {', '.join(uses)}; the present ones are retired" if uses else "a new profile, the keys stay"
    return f"{bureau.me}: {what}. Go on?"


@terminal.takes("home", "org", "officer", "passphrase_file", "yes", "json")
def revoke(
    key: Annotated[str, typer.Argument(help="The key, by the first digits of its id.")],
    size: Annotated[int | None, typer.Option(help="Leaves of the log that stay good; the last witnessed ones.")] = None,
    say_it: Annotated[bool, typer.Option("--say", help="Also say it to all peers, as an act.")] = False,  # noqa: FBT002 - a switch
    role_key: RoleKey = None,
    to: To = None,
) -> None:
    """Say under the role key that one of the bureau's keys is dead; peers obey it before the registry does.

    Example: comity revoke 3fa2b1 --say --as k7 --home node
    """
    say = terminal.narrator()
    node = composition.open_node(terminal.home_folder(), terminal.passphrase("passphrase of the node"))
    try:
        bureau = node.bureau(terminal.given().org)
        good = papers.last_good(bureau, size)
        decided = papers.own_revocation(bureau, key, good)
        terminal.agreed(
            f"The key {decided.kid.hex()[:8]} of {bureau.me} is dead beyond leaf {good[0]} of the log, for ever. Go on?"
        )
        role = _open_role(role_key or Path(f"{bureau.me}-role.key"))
        raw = registry.to_json(admission.self_revocation(bureau.org, decided, role, say))
        file = to or Path(f"revocation-{bureau.me}-{decided.kid.hex()[:8]}.json")
        disk.write(file, raw)
        result: dict[str, object] = {"bureau": bureau.me, "key": decided.kid, "size": good[0], "file": str(file)}
        if say_it:
            # Before this node obeys it: the act may be signed with the very key that dies.
            officer = officers.chosen(bureau, terminal.given().officer)
            said = desk.revoke(bureau, officers.reader(bureau, officer, Purpose.ADMINISTRATION), file)
            say(f"said to {', '.join(said.to)}: their nodes obey it when it arrives")
            result["act"] = said.id
        node.home.trusts[bureau.org].obey(raw)
        say("this node obeys it from now on")
        if (use := papers.in_use(bureau.registry().profile(bureau.me), decided.kid)) is not None:
            say(f"no other {use} key is in use: make a new one at once with comity rotate --use {use}")
    finally:
        node.close()
    say(f"hand {file} to whoever cannot be reached (comity obey {file}), and to the custodians for the registry")
    terminal.show(result)


@terminal.takes("home", "org", "json")
def obey(file: Annotated[Path, typer.Argument(help="What the peer handed over, by whatever road.")]) -> None:
    """Verify a peer's word that one of its keys is dead, and act on it from now on. Needs no passphrase.

    Example: comity obey revocation-no-3fa2b1c4.json --home node
    """
    folder = terminal.home_folder()
    org = home.chosen(home.read(folder), terminal.given().org)
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise Misused(f"cannot read {file}: {error.strerror}") from None
    said = home.trust_in(folder, org).obey(raw)
    terminal.narrator()(
        f"the role key of {said.bureau} signed it: acts under its key {said.kid.hex()[:8]} count only as far as leaf "
        f"{said.size} of its log"
    )
    terminal.show({"bureau": said.bureau, "key": said.kid, "size": said.size})


def _check_free(folder: Path, org: OrgId, file: Path) -> None:
    if file.exists():
        raise Misused(f"{file} exists already: name another file with --to")
    if (folder / "node.json").exists() and any(each.org == org for each in home.read(folder).memberships):
        raise Misused(f"the node in {folder} belongs to {org_name(org)} already")


def _role_key(file: Path, label: str, say: Say) -> OfflineKey:
    if file.exists():
        return _open_role(file)
    secret = terminal.passphrase(f"passphrase for {file}", variable=ROLE, confirm=True)
    keyfile.new_offline_key(file, secret, label)
    say(f"made the role key {file}: move it to a stick in a safe when this is done; it speaks for the bureau")
    return keyfile.open_offline_key(file, secret)


def _open_role(file: Path) -> OfflineKey:
    return keyfile.open_offline_key(file, terminal.passphrase(f"passphrase of {file}", variable=ROLE))


def _refreshed(trust: Trust, say: Say) -> None:
    try:
        trust.refresh(clock.now())
    except Unreachable as problem:
        say(f"going on with the registry as last seen: {problem}")


def _named(text: str) -> BureauId:
    try:
        return bureau_id(text)
    except Malformed as problem:
        raise Misused(str(problem)) from None
