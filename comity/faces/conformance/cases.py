"""What a case is: a name, a promise, and what is played to see whether it is kept.

A case raises `Differs` with what was expected and what came. It asserts nothing about how an implementation works,
only about its answers.
"""

from collections.abc import Callable
from dataclasses import dataclass

from comity.faces.conformance.protocol import Decode, Decoded, Unsupported
from comity.faces.conformance.session import Denial, Differs, Session
from comity.faces.conformance.world import Play, Stage


@dataclass(frozen=True)
class Case:
    """One case, by its name: ``vectors/...``, ``exchange/...``, ``attacks/...``, ``registry/...``, ``proofs/...``."""

    name: str
    promise: str
    """What must hold, in a sentence."""
    run: Callable[[Stage], None]


Scene = Callable[[Play], None]


def played(name: str, scene: Scene, needs: str = "init") -> Case:
    """Return a case that is played in an organisation of its own; its promise is the docstring's first line.

    What it needs is the command without which it cannot be played at all: to be a bureau, or to check files.
    """

    def run(stage: Stage) -> None:
        if not stage.session.does(needs):
            raise Unsupported(f"the command {needs}")
        with stage.play() as play:
            scene(play)

    return Case(name, promise(scene), run)


def promise(scene: Callable[..., object]) -> str:
    """Return the first line of a scene's docstring."""
    return (scene.__doc__ or "").strip().splitlines()[0]


def same(what: str, expected: object, came: object) -> None:
    """Compare.

    Raises:
        Differs: they are not the same.

    """
    if expected != came:
        raise Differs(f"{what}: {spelled(expected)}", spelled(came))


def holds(what: str, *, came: bool) -> None:
    """Let something be so.

    Raises:
        Differs: it is not.

    """
    same(what, "yes", "yes" if came else "no")


def reads(session: Session, command: Decode, expected: bytes) -> None:
    """Let a structure be decoded, to these bytes."""
    try:
        came = session.ask(command, Decoded).raw
    except Denial as problem:
        raise Differs("the structure to be read", str(problem)) from None
    same(f"the {command.structure}", expected, came)


def refuses(session: Session, command: Decode, code: str = "malformed") -> None:
    """Let a structure be refused with this code."""
    try:
        session.ask(command, Decoded)
    except Denial as problem:
        same(f"the {command.structure}", code, problem.code)
    else:
        raise Differs(f"the {command.structure}: {code}", "it was read")


def spelled(value: object) -> str:
    """Return a value for the report: bytes in hexadecimal, cut.

    >>> spelled((b"abc", 7))
    '(616263, 7)'
    """
    match value:
        case bytes():
            return value[:32].hex() + (f"... ({len(value)} bytes)" if len(value) > 32 else "")  # noqa: PLR2004
        case tuple() | list():
            return f"({', '.join(map(spelled, value))})"
        case set() | frozenset():
            return f"{{{', '.join(sorted(map(spelled, value)))}}}"
        case _:
            return str(value)
