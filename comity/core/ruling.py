"""What a rule answers: allowed, or a refusal with code, reason and article (decision 0007).

A boolean cannot say why, and a person who is refused has a right to know why.

>>> print(Refusal("handling.audience", "1 recipient is outside the audience", "RPD 58"))
handling.audience: 1 recipient is outside the audience (RPD 58)
"""

import msgspec

from comity.core.errors import Refused


class Allowed(msgspec.Struct, frozen=True, tag="allowed"):
    """The rule has no objection."""


class Refusal(msgspec.Struct, frozen=True, tag="refused"):
    """The rule objects: ``code`` is stable and for machines, ``reason`` is for people, ``article`` is the authority."""

    code: str
    reason: str
    article: str = ""

    def __str__(self) -> str:
        """Return ``code: reason (article)``."""
        return f"{self.code}: {self.reason}" + (f" ({self.article})" if self.article else "")


Ruling = Allowed | Refusal

ALLOWED = Allowed()


def require(ruling: Ruling) -> None:
    """Raise `Refused` when the ruling is a refusal."""
    if isinstance(ruling, Refusal):
        raise Refused(ruling)
