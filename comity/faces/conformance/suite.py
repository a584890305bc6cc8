"""Runs the cases against a command and reports each: what was expected, and what came (decision 0044).

After tuf-conformance: an implementation keeps a list of the cases that it is known to fail, its `.xfails`, and the
run is good when exactly these fail. A case that passes although it is listed makes the run fail too, so that the list
tells the truth; so does one that is not supported and not listed.
"""

import difflib
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from comity.core.errors import ComityError, Misused, Unreachable
from comity.faces.conformance import attacks, proofs, registries, scenarios, vectors
from comity.faces.conformance.cases import Case
from comity.faces.conformance.protocol import Unsupported
from comity.faces.conformance.session import Denial, Differs, Session
from comity.faces.conformance.world import Stage


class Result(StrEnum):
    """How a case ended."""

    PASSED = "passed"
    FAILED = "failed"
    EXPECTED = "expected failure"
    UNEXPECTED = "unexpectedly passed"
    UNSUPPORTED = "not supported"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One case that was run."""

    case: str
    promise: str
    result: Result
    good: bool
    """Whether that is as it must be, or as the list of known failures says."""
    expected: str = ""
    came: str = ""


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """All cases that were run."""

    implementation: str
    good: bool
    counts: dict[str, int]
    cases: tuple[Report, ...]


def every(place: Path) -> list[Case]:
    """Return every case, in the order in which they are run."""
    found = [*vectors.cases(place), *scenarios.cases(), *attacks.cases(), *registries.cases(), *proofs.cases()]
    if len({case.name for case in found}) != len(found):
        raise Misused("two cases bear one name")
    return found


def chosen(known: Iterable[Case], patterns: Iterable[str]) -> list[Case]:
    """Return the cases whose names fit one of the patterns; all when there is none.

    Raises:
        Misused: a pattern fits no case.

    """
    known, patterns = list(known), list(patterns)
    for pattern in patterns:
        if not any(fnmatchcase(case.name, pattern) for case in known):
            raise Misused(f"no case fits {pattern!r}{_near(pattern, known)}; all names: comity conformance --list")
    return [case for case in known if not patterns or any(fnmatchcase(case.name, each) for each in patterns)]


def listed(file: Path | None, known: Iterable[Case]) -> frozenset[str]:
    """Return the names of the cases that a file of known failures names, by name or pattern, one in a line.

    Raises:
        Misused: the file cannot be read, or a line fits no case.

    """
    if file is None:
        return frozenset()
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "it is not UTF-8"
        raise Misused(f"cannot read {file}: {reason}") from None
    known, found = list(known), set[str]()
    for number, line in enumerate(text.splitlines(), start=1):
        pattern = line.partition("#")[0].strip()
        if not pattern:
            continue
        fitting = {case.name for case in known if fnmatchcase(case.name, pattern)}
        if not fitting:
            raise Misused(f"{file}, line {number}: no case fits {pattern!r}{_near(pattern, known)}")
        found |= fitting
    return frozenset(found)


def run(
    session: Session, known: Iterable[Case], xfails: frozenset[str], place: Path, say: Callable[[Report], None]
) -> Whole:
    """Run cases one after the other, telling of each; the implementation is started first, and ended.

    Raises:
        Unreachable: it cannot be started, does not answer, or was given up.

    """
    reports: list[Report] = []
    try:
        name = session.start().name
        with tempfile.TemporaryDirectory(prefix="comity-conformance-") as folder:
            stage = Stage(Path(folder), session, place)
            for case in known:
                reports.append(_run(stage, case, case.name in xfails))
                say(reports[-1])
            session.stop()
    finally:
        session.stop()
    counts = Counter(report.result.value for report in reports)
    return Whole(
        implementation=name, good=all(report.good for report in reports),
        counts={result.value: counts[result.value] for result in Result if counts[result.value]}, cases=tuple(reports),
    )  # fmt: skip


def _run(stage: Stage, case: Case, known: bool) -> Report:  # noqa: FBT001 - whether the case is listed
    try:
        case.run(stage)
    except Unsupported as problem:
        return _report(case, Result.UNSUPPORTED, known, "an answer", f"none: {problem}")
    except (Differs, Denial) as problem:
        result = Result.EXPECTED if known else Result.FAILED
        expected, came = (
            (problem.expected, problem.came) if isinstance(problem, Differs) else ("an answer", str(problem))
        )
        return _report(case, result, known, expected, came)
    except Unreachable:
        raise
    except ComityError as problem:
        # Ours could not go on with what it was given: keys that no registry takes, mail that does not open.
        return _report(
            case, Result.EXPECTED if known else Result.FAILED, known, "what our nodes can go on with", str(problem)
        )
    return _report(case, Result.UNEXPECTED if known else Result.PASSED, not known)


def _report(case: Case, result: Result, good: bool, expected: str = "", came: str = "") -> Report:  # noqa: FBT001
    return Report(case=case.name, promise=case.promise, result=result, good=good, expected=expected, came=came)


def _near(pattern: str, known: Iterable[Case]) -> str:
    found = difflib.get_close_matches(pattern, [case.name for case in known], n=1)
    return f", did you mean {found[0]!r}" if found else ""
