"""What reading an identifier yields: never a yes or no, since "valid" hides what was repaired and what nobody checked.

By the house rule that verifying raises or tells, and never returns a bool (decision 0007, for rulings). The words are
shared by all families; what a code of a problem means stands in docs/identifiers.md. It does not say whether a number
was issued: only its issuer knows.
"""

from enum import StrEnum

import msgspec


class Kind(StrEnum):
    """What an identifier names; ``date`` and ``name`` are readings of the search box alone."""

    MRZ = "mrz"
    DOCUMENT = "document"
    PLATE = "plate"
    VIN = "vin"
    IMEI = "imei"
    IBAN = "iban"
    PHONE = "phone"
    EMAIL = "email"
    DOMAIN = "domain"
    WALLET = "wallet"
    FIREARM = "firearm"
    SHIP = "ship"
    MMSI = "mmsi"
    AIRCRAFT_ADDRESS = "aircraft-address"
    AIRCRAFT_MARK = "aircraft-mark"
    DATE = "date"
    NAME = "name"


class Proof(StrEnum):
    """How far the text vouches for itself."""

    CHECKED = "checked"
    """A check digit or checksum agrees."""
    FORM = "form"
    """The form is right, and the scheme has no check digit, or need not keep it."""
    FAILED = "failed"
    """A check digit that must agree does not, and no repair was certain enough to be taken."""


class Why(StrEnum):
    """By what right a character was changed."""

    FIELD = "field"
    """The field takes letters only, or digits only, and the character has one look-alike among them."""
    CHECK = "check"
    """The check digits leave no other character for this place, if one place alone was misread."""
    LOOK_ALIKE = "look-alike"
    """One look-alike satisfies the check digits; changes of other kinds do too, and are told as candidates."""
    FILLER = "filler"
    """Fillers that were dropped or doubled at the end of a line."""
    SCRIPT = "script"
    """A letter of another script that has the same shape."""


class Repair(msgspec.Struct, frozen=True, kw_only=True):
    """One character, or run of fillers, that was taken for another; ``place`` counts from 0 in the repaired text."""

    place: int
    read: str
    taken: str
    why: Why


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong or unsure, by code; ``candidates`` are whole readings, likeliest first."""

    code: str
    field: str = ""
    candidates: tuple[str, ...] = ()


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One reading of a text as one kind of identifier.

    ``key`` is the canonical spelling, equal for all ways to write the same thing. ``folded`` is what an index is asked:
    the key with look-alikes folded where the kind has no checksum that would tell them apart; otherwise the key.
    ``country`` is ISO 3166-1 alpha-2 in capitals, or empty where the text does not say. ``scheme`` tells apart what has
    one kind but several forms (``TD3``, ``IMEISV``, ``bitcoin``).
    """

    kind: Kind
    key: str
    folded: str
    shown: str
    proof: Proof
    scheme: str = ""
    country: str = ""
    repairs: tuple[Repair, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the problems, in order."""
        return tuple(problem.code for problem in self.problems)
