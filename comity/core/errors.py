"""The one tree of errors, so that a face can turn each into a clear sentence and an exit code (house style, point 6).

    ComityError
    |-- Refused      a rule said no: show it, with its code and article      exit 1
    |-- Misused      our own caller asked for what cannot be done            exit 2
    |-- Malformed    the bytes of somebody else are not what they claim      exit 1
    `-- Unreachable  nobody answered, or not in time: try again              exit 3

Verifying raises; it never returns a bool. A message says what came and what was expected, in lower case and
without a full stop, and holds no name, no document number and no text of a message.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from comity.core.ruling import Refusal


class ComityError(Exception):
    """The root of the tree; only its children are raised."""

    exit_code = 1


class Refused(ComityError):
    """A rule refused an act; carries the refusal with its code, reason and article."""

    def __init__(self, refusal: "Refusal") -> None:
        """Keep the refusal and spell it: ``code: reason (article)``."""
        super().__init__(str(refusal))
        self.refusal = refusal


class Malformed(ComityError):
    """Bytes from outside are not in the form that they claim, or do not verify."""


class Misused(ComityError):
    """The caller inside this process, or the person at the keyboard, asked for what cannot be done."""

    exit_code = 2


class Unreachable(ComityError):
    """A peer, a registry or a store did not answer in time; trying again later may help."""

    exit_code = 3
