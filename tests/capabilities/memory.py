"""A bureau's memory in a dictionary: `Seen` for tests of rules, and acts that are said without a wire."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from comity.core.act import Act, Head, Relation, Said, body_digest, channel_of, encode_body, kind_of
from comity.core.capability import Fold
from comity.core.codec import encode
from comity.core.errors import Malformed
from comity.core.evidence import Findings
from comity.core.handling import Purpose
from comity.core.ids import ActId, BureauId, Millis, OrgId, act_id
from comity.core.keeping import Entered
from comity.core.registry import Role
from comity.core.ruling import ALLOWED, Refusal, Ruling

ORG = OrgId("exercise-" + "0" * 32)
MA, NO, ET, SECRETARIAT, CONTROL = (BureauId(name) for name in ("ma", "no", "et", "secretariat", "control"))
NOW = Millis(1_800_000_000_000)

S = TypeVar("S", bound=msgspec.Struct)


class Memory:
    """What one bureau has seen: acts in the order of its log, and the folded state of each subject."""

    def __init__(
        self, me: BureauId, acts: Iterable[Said] = (), fold: Fold | None = None,
        verify: Callable[[bytes], Findings] | None = None,
    ) -> None:  # fmt: skip
        """Remember the acts; fold those about a subject at once, numbered as they come, if a fold is given."""
        self.me = me
        self._verify = verify
        self._acts = {said.id: said for said in acts}
        self._states: dict[ActId, msgspec.Struct] = {}
        counts: dict[ActId, int] = {}
        for said in self._acts.values():
            subject = said.head.subject or said.id
            if fold is not None:
                number = counts.get(subject, 0)
                self._states[subject] = fold(self._states.get(subject), Entered(number=number, said=said))
                counts[subject] = number + 1

    def act(self, act: ActId) -> Said | None:
        """Return an act by its id."""
        return self._acts.get(act)

    def every(self, kind: str, subject: ActId) -> tuple[Said, ...]:
        """Return the acts of a kind about a subject."""
        return tuple(
            said for said in self._acts.values() if said.head.kind == kind and subject in {said.head.subject, said.id}
        )

    def latest(self, kind: str, subject: ActId) -> Said | None:
        """Return the newest act of a kind about a subject."""
        return next(reversed(self.every(kind, subject)), None)

    def state(self, subject: ActId, kind: type[S]) -> S | None:
        """Return the folded state of a subject, if it is of this kind."""
        state = self._states.get(subject)
        return state if isinstance(state, kind) else None

    def accredited(self, bureau: BureauId, function: str, now: Millis) -> Ruling:
        """Allow everybody everything: accreditation has tests of its own."""
        del bureau, function, now
        return ALLOWED

    def role(self, bureau: BureauId) -> Role | None:
        """Return what the party is: secretariat and commission by their names, everybody else a bureau."""
        return {SECRETARIAT: Role.SECRETARIAT, CONTROL: Role.COMMISSION}.get(bureau, Role.BUREAU)

    def proven(self, file: bytes) -> Findings:
        """Check a proof file as it was told how; without that, none holds."""
        if self._verify is None:
            raise Malformed("a proof file where no anchor is known to check it by")
        return self._verify(file)


def head_of(act: Act, sender: BureauId, to: Iterable[BureauId], *, salt: bytes = bytes(32)) -> Head:
    """Return a plain head for an act; a test replaces in it what the test is about."""
    body, recipients = encode_body(act), tuple(sorted(to))
    return Head(
        kind=kind_of(act),
        org=ORG,
        sender=sender,
        to=recipients,
        said=NOW,
        registry=1,
        channel=channel_of(ORG, sender, recipients),
        epoch=1,
        seq=1,
        purpose=Purpose.INVESTIGATE,
        keeper=sender if act.opens else None,
        body=body_digest(salt, body),
        size=len(body),
    )


def say(act: Act, sender: BureauId, to: Iterable[BureauId], **changes: object) -> Said:
    """Return an act as rules see it, with these fields of the head changed."""
    head = msgspec.structs.replace(head_of(act, sender, to), **changes)
    return Said(id=act_id(encode(head)), head=head, act=act)


def refs(**relations: Said) -> tuple[Relation, ...]:
    """Return references by relation: ``refs(thread=first, answers=request)``."""
    return tuple(Relation(rel=rel, act=said.id) for rel, said in relations.items())


def code_of(ruling: Ruling) -> str:
    """Return the code of a refusal, or ``allowed``."""
    return ruling.code if isinstance(ruling, Refusal) else "allowed"
