"""What the custodians can decide about an organisation that exists, a command for each; each writes a proposal.

A decision names the body that took it; to suspend or restrict needs an article and an end date (RPD 131, text not seen;
decision 0027). Whether a decision is sound `node/proposals.py` says, and each custodian is shown it before signing.
"""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from comity.core.errors import Malformed, Misused
from comity.core.ids import BureauId, Digest, Millis, bureau_id
from comity.core.registry import Accreditation, Revocation, Role, Standing
from comity.faces import rounds
from comity.faces.commands import moment
from comity.faces.rounds import Round
from comity.node import admission, metadata, papers, proposals
from comity.node.admission import Say
from comity.node.draft import Ceremony
from comity.node.repository import State

By = Annotated[str, typer.Option(help="The body that decided: secretariat, executive-committee, assembly.")]
Article = Annotated[str, typer.Option(help="The article that the decision rests on.")]
Who = Annotated[str, typer.Argument(metavar="BUREAU", help="The bureau, for example no.")]
Until = Annotated[str, typer.Option(help="When it ends, UTC: 2026-11-30 or 2026-11-30T18:00.")]
Paper = Annotated[Path, typer.Argument(metavar="APPLICATION", help="What the bureau handed over.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    for name, function in {
        "accredit": accredit,
        "suspend": suspend,
        "restrict": restrict,
        "reinstate": reinstate,
        "eject": eject,
        "revoke-key": revoke_key,
        "replace-role-key": replace_role_key,
        "replace-custodian": replace_custodian,
        "online-keys": online_keys,
        "policy": policy,
        "renew": renew,
    }.items():
        app.command(name)(function)


@rounds.options()
def accredit(
    round_: Round, paper: Paper, decided_by: By, article: Article = "",
    role: Annotated[Role, typer.Option(help="What the party is.")] = Role.BUREAU,
    until: Annotated[str, typer.Option(help="When the accreditation ends, UTC; open by default.")] = "",
) -> None:  # fmt: skip
    """Propose to admit a bureau, the secretariat or a commission, from its application.

    Example: comity registry accredit application-ma.json --decided-by assembly --article "C 4"
    """
    held = admission.read_submission(paper)

    def make(state: State, now: Millis, say: Say) -> Ceremony:
        decided = Accreditation(
            bureau=bureau_id(held.bureau), role=role, since=now, until=moment(until) if until else None,
            decided_by=decided_by, article=article,
        )  # fmt: skip
        return proposals.accreditation(state, held, decided, now, say)

    rounds.propose(round_, f"accredit-{bureau_id(held.bureau)}", make)


@rounds.options()
def suspend(round_: Round, bureau: Who, until: Until, decided_by: By, article: Article) -> None:
    """Propose to suspend a bureau: it says nothing new and is told nothing new until the end date.

    Example: comity registry suspend no --until 2026-11-30 --decided-by executive-committee --article "RPD 131"
    """
    _measure(round_, "suspend", bureau, Standing.SUSPENDED, decided_by, article=article, until=moment(until))


@rounds.options()
def restrict(
    round_: Round,
    bureau: Who,
    until: Until,
    decided_by: By,
    article: Article,
    function: Annotated[list[str], typer.Option(help="A function that the bureau keeps; repeat it.")],
) -> None:
    """Propose to restrict a bureau to named functions until the end date.

    Example: comity registry restrict no --function messages --until 2026-11-30 --decided-by secretariat
    --article "RPD 131"
    """
    _measure(
        round_, "restrict", bureau, Standing.RESTRICTED, decided_by, article=article, until=moment(until),
        functions=tuple(sorted(set(function))),
    )  # fmt: skip


@rounds.options()
def reinstate(round_: Round, bureau: Who, decided_by: By, article: Article = "") -> None:
    """Propose that a bureau is a full member again.

    Example: comity registry reinstate no --decided-by executive-committee
    """
    _measure(round_, "reinstate", bureau, Standing.MEMBER, decided_by, article=article)


@rounds.options()
def eject(round_: Round, bureau: Who, decided_by: By, article: Article) -> None:
    """Propose that a bureau is out for good; what it said before stays verifiable.

    Example: comity registry eject no --decided-by assembly --article "C 4"
    """
    _measure(round_, "eject", bureau, Standing.EJECTED, decided_by, article=article)


def _measure(  # noqa: PLR0913 - as the decision
    round_: Round, name: str, bureau: str, standing: Standing, decided_by: str, *, article: str,
    until: Millis | None = None, functions: tuple[str, ...] = (),
) -> None:  # fmt: skip
    who = _named(bureau)

    def make(state: State, now: Millis, say: Say) -> Ceremony:
        present = state.content.accreditations.get(who)
        decided = Accreditation(
            bureau=who, role=present.role if present else Role.BUREAU, standing=standing, functions=functions,
            since=now, until=until, decided_by=decided_by, article=article,
        )  # fmt: skip
        return proposals.measure(state, decided, now, say)

    rounds.propose(round_, f"{name}-{who}", make)


@rounds.options()
def revoke_key(  # noqa: PLR0913, PLR0917 - a revocation has these parts
    round_: Round,
    bureau: Who,
    key: Annotated[str, typer.Argument(help="The key, by the first digits of its id.")],
    decided_by: By,
    checkpoint: Annotated[
        Path | None, typer.Option(help="The last good checkpoint of the bureau's log, as a note; else size and root.")
    ] = None,
    size: Annotated[int | None, typer.Option(help="Leaves of the bureau's log that stay good.")] = None,
    root: Annotated[str, typer.Option(help="Root of the log at that size, 64 hexadecimal digits.")] = "",
) -> None:
    """Propose that a bureau's key is dead from a checkpoint of its log on.

    Example: comity registry revoke-key no 3fa2b1 --checkpoint last-good.txt --decided-by secretariat
    """
    who = _named(bureau)

    def make(state: State, now: Millis, say: Say) -> Ceremony:
        good = _good(state, who, checkpoint, say) if checkpoint is not None else (size, _root(root))
        if good[0] is None or good[1] is None:
            raise Misused("say up to where the key counts: --checkpoint FILE, or --size with --root")
        if who not in state.profiles:
            raise Misused(f"the registry lists no profile of {who}")
        kid = papers.key_named(state.profiles[who], key).kid
        decided = Revocation(bureau=who, kid=kid, size=good[0], root=good[1], decided_by=decided_by)
        return proposals.revocation(state, decided, now, say)

    rounds.propose(round_, f"revoke-key-{who}", make)


def _good(state: State, who: BureauId, file: Path, say: Say) -> tuple[int, Digest]:
    try:
        note = file.read_bytes()
    except OSError as error:
        raise Misused(f"cannot read the checkpoint {file}: {error.strerror}") from None
    found, witnesses = papers.good_by(state, who, note)
    say(f"the checkpoint has {found.size} leaves, is signed by the log of {who} and cosigned by {witnesses} witnesses")
    if witnesses < state.content.policy.witness_quorum:
        quorum = state.content.policy.witness_quorum
        raise Malformed(f"a checkpoint with {witnesses} cosignatures, the policy asks for {quorum}")
    return found.size, found.root


def _root(digits: str) -> Digest | None:
    try:
        return Digest(bytes.fromhex(digits)) if digits else None
    except ValueError:
        raise Misused("a root has 64 hexadecimal digits") from None


@rounds.options()
def replace_role_key(round_: Round, paper: Paper) -> None:
    """Propose another role key for a bureau, from a profile that the new key signed; every node will sound an alarm.

    Example: comity registry replace-role-key profile-no-3.json
    """
    held = admission.read_submission(paper)
    rounds.propose(
        round_, f"replace-role-key-{bureau_id(held.bureau)}",
        lambda state, now, say: proposals.role_key(state, held, now, say),
    )  # fmt: skip


@rounds.options()
def replace_custodian(
    round_: Round,
    leaving: Annotated[list[str] | None, typer.Option(help="Who leaves, by label or first digits of the key.")] = None,
    joining: Annotated[list[Path] | None, typer.Option(help="Public half of the key of who joins.")] = None,
    threshold: Annotated[int | None, typer.Option(help="How many decide together from then on.")] = None,
) -> None:
    """Propose other custodians; those of today and those of tomorrow both sign.

    Example: comity registry replace-custodian --leaving "Lars, Oslo" --joining ingrid.key.pub
    """
    keys = tuple(papers.read_public(path) for path in joining or [])
    rounds.propose(
        round_, "replace-custodian",
        lambda state, now, say: proposals.custodians(state, leaving or [], keys, threshold, now, say),
    )  # fmt: skip


@rounds.options()
def online_keys(round_: Round) -> None:
    """Propose the online keys named by --timestamp-key and --snapshot-key in place of the present ones.

    Publish with the old ones as --retiring, for nodes that do not know the new root yet.

    Example: comity registry online-keys --timestamp-key new/timestamp.key --snapshot-key new/snapshot.key
    """
    files = round_.online
    timestamp, snapshot = papers.read_public(files.timestamp), papers.read_public(files.snapshot)
    rounds.propose(
        round_, "online-keys",
        lambda state, now, say: proposals.online_keys(state, timestamp, snapshot, now, say),
    )  # fmt: skip


@rounds.options()
def policy(
    round_: Round,
    language: Annotated[list[str] | None, typer.Option(help="A working language; repeat it.")] = None,
    witness_quorum: Annotated[int | None, typer.Option(help="Cosignatures that make a witnessed checkpoint.")] = None,
    grace_days: Annotated[int | None, typer.Option(help="Days that a stale registry may still be acted on.")] = None,
) -> None:
    """Propose what the organisation settles for all; what is not named stays.

    Example: comity registry policy --witness-quorum 2
    """

    def make(state: State, now: Millis, say: Say) -> Ceremony:
        present = state.content.policy
        decided = msgspec.structs.replace(
            present,
            languages=tuple(language) if language else present.languages,
            witness_quorum=present.witness_quorum if witness_quorum is None else witness_quorum,
            grace=present.grace if grace_days is None else Millis(grace_days * metadata.DAY),
        )
        if decided == present:
            raise Misused("this is the policy that holds: name what changes")
        return proposals.policy(state, decided, now, say)

    rounds.propose(round_, "policy", make)


@rounds.options()
def renew(round_: Round) -> None:
    """Propose to sign the membership again before it expires, and the root when half its year is over.

    Example: comity registry renew
    """
    rounds.propose(round_, "renew", proposals.renewal)


def _named(text: str) -> BureauId:
    try:
        return bureau_id(text)
    except Malformed as problem:
        raise Misused(str(problem)) from None
