"""How data may be used: purposes, handling codes, evaluation, confidentiality, labels; law as tables (decision 0012).

Authority, row by row in the tables: INTERPOL's Rules on the Processing of Data (RPD), the handling and evaluation
codes of European law-enforcement exchange (Statewatch, EU law enforcement information exchange guidelines, 2018).
`GK-text` marks an article whose text was not seen; correct the row when it is.

Only the source of data loosens its label (attack: silent downgrade per hop). A label is compared, joined and
enforced here and nowhere else.

>>> asked = Label(handling=Handling.H2, onward=Onward.NONE)
>>> answered = Label(handling=Handling.H0, onward=Onward.NONE)
>>> loosened(asked, answered)
('handling',)
>>> join(asked, answered).handling
<Handling.H2: 'H2'>
"""

from enum import StrEnum
from typing import TypeVar

import msgspec

from comity.core.errors import Refused
from comity.core.ids import BureauId, Millis
from comity.core.ruling import ALLOWED, Refusal, Ruling

E = TypeVar("E", bound=StrEnum)


class Purpose(StrEnum):
    """Why data are processed: RPD 10, eight purposes, and border control since 2023."""

    LOCATE = "locate-wanted"
    IDENTIFY = "identify"
    INVESTIGATE = "investigate"
    ALERT = "alert"
    BODIES = "identify-bodies"
    FORENSICS = "forensics"
    SECURITY = "security-checks"
    ANALYSIS = "analysis"
    BORDER = "border-control"
    ADMINISTRATION = "administration"
    """Running the organisation itself: measures, receipts, meetings; carries no police data."""


class Handling(StrEnum):
    """Limits on use, set by the source (handling codes H0 to H3 of European law-enforcement exchange)."""

    H0 = "H0"
    """Only to prevent and combat crime."""
    H1 = "H1"
    """Not as evidence in court without the source's permission."""
    H2 = "H2"
    """Not passed on without the source's permission."""
    H3 = "H3"
    """Other limits, written in the body as `terms`."""


class Source(StrEnum):
    """How far the source of information can be relied on (4x4 evaluation)."""

    A = "A"
    """No doubt about authenticity, trustworthiness and competence, or reliable in all instances so far."""
    B = "B"
    """Reliable in most instances."""
    C = "C"
    """Unreliable in most instances."""
    X = "X"
    """Cannot be assessed."""


class Confidentiality(StrEnum):
    """Three levels, RPD 112 (GK-text)."""

    OFFICIAL = "official-use-only"
    RESTRICTED = "restricted"
    CONFIDENTIAL = "confidential"


class Onward(StrEnum):
    """Whether a recipient may pass the data on: RPD 65 (GK-text)."""

    AUDIENCE = "audience"
    """To any member of the audience."""
    ASK = "ask"
    """Only with the source's consent, asked and given each time."""
    NONE = "none"
    """Not at all."""


_ORDER: dict[type[StrEnum], tuple[StrEnum, ...]] = {
    Confidentiality: (Confidentiality.OFFICIAL, Confidentiality.RESTRICTED, Confidentiality.CONFIDENTIAL),
    Onward: (Onward.AUDIENCE, Onward.ASK, Onward.NONE),
    # H1 and H2 limit different things; a label has one code, so the order says which counts as the stricter.
    Handling: (Handling.H0, Handling.H1, Handling.H2, Handling.H3),
}
"""From the loosest to the strictest."""


class Label(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the source allows; part of the signed head, so that it survives the erasure of the body."""

    handling: Handling = Handling.H0
    source: Source = Source.X
    information: int = 4
    """1 known to be true without reservation ... 4 cannot be corroborated."""
    confidentiality: Confidentiality = Confidentiality.OFFICIAL
    onward: Onward = Onward.ASK
    audience: tuple[BureauId, ...] = ()
    """Bureaus that may see the data, sorted; empty means: the recipients and nobody else."""
    expires: Millis | None = None
    """After this moment nothing may be done on the data, and the body is erased."""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        if not 1 <= self.information <= 4:  # noqa: PLR2004 - the scale of the 4x4 evaluation
            raise ValueError("information is evaluated from 1 to 4")
        if list(self.audience) != sorted(set(self.audience)):
            raise ValueError("an audience is sorted and names each bureau once")


class Basis(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The law under which an act is said."""

    law: str
    """The article as lawyers cite it: ``Dir. (EU) 2023/977 Art. 4``."""
    until: Millis | None = None
    """When the basis ends: a warrant, an agreement or an order with an end date."""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        if not 1 <= len(self.law) <= 200:  # noqa: PLR2004 - a citation, not an essay
            raise ValueError("a legal basis is cited in 1 to 200 characters")


def loosened(source: Label, derived: Label) -> tuple[str, ...]:
    """Return the names of the fields in which `derived` allows more than `source`; empty when it allows no more."""
    fields = []
    for name in ("handling", "confidentiality", "onward"):
        order = _ORDER[type(getattr(source, name))]
        if order.index(getattr(derived, name)) < order.index(getattr(source, name)):
            fields.append(name)
    if source.audience and not (derived.audience and set(derived.audience) <= set(source.audience)):
        fields.append("audience")
    if source.expires is not None and (derived.expires is None or derived.expires > source.expires):
        fields.append("expires")
    return tuple(fields)


def join(first: Label, second: Label) -> Label:
    """Return the label of something derived from both: in every field the stricter of the two.

    Raises:
        Refused: the two audiences have nobody in common. An empty one would allow more than either of them.

    """

    def stricter(one: E, other: E) -> E:
        order = _ORDER[type(one)]
        return max(one, other, key=order.index)

    ends = [label.expires for label in (first, second) if label.expires is not None]
    if first.audience and second.audience:
        audience = tuple(sorted(set(first.audience) & set(second.audience)))
        if not audience:
            reason = "the audiences of the two sources have nobody in common, so nothing may be derived from both"
            raise Refused(Refusal("handling.disjoint", reason, "RPD 58 (GK-text)"))
    else:
        audience = first.audience or second.audience
    return Label(
        handling=stricter(first.handling, second.handling),
        source=max(first.source, second.source),
        information=max(first.information, second.information),
        confidentiality=stricter(first.confidentiality, second.confidentiality),
        onward=stricter(first.onward, second.onward),
        audience=audience,
        expires=min(ends, default=None),
    )


def may_carry(label: Label, basis: Basis | None, parties: tuple[BureauId, ...], now: Millis) -> Ruling:
    """Rule whether data under this label may go to `parties` (recipients, and the sender) at `now`."""
    outside = sorted(set(parties) - set(label.audience)) if label.audience else []
    if outside:
        reason = f"{', '.join(outside)} is outside the audience that the label names"
        return Refusal("handling.audience", reason, "RPD 58 (GK-text)")
    if label.expires is not None and label.expires <= now:
        return Refusal("handling.expired", "the label has expired, so nothing may be done on the data", "RPD 50")
    if basis is not None and basis.until is not None and basis.until <= now:
        return Refusal("handling.basis", "the legal basis has ended; name one that is in force", "RPD 10")
    return ALLOWED


def may_derive(source: Label, derived: Label) -> Ruling:
    """Rule whether something derived from data under `source` may carry the label `derived`."""
    fields = loosened(source, derived)
    if fields:
        reason = f"the label is looser than its source's in {', '.join(fields)}; only the source loosens a label"
        return Refusal("handling.loosened", reason, "RPD 65 (GK-text)")
    return ALLOWED
