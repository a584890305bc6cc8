"""Take out each defence in turn and see that the test that guards it fails: a test that cannot fail guards nothing.

Each ``*.patch`` beside this file says in its first lines what it takes out and which test must fail; README.md says
how to write one. For each patch the tree is copied, the patch applied to the copy, and only that test is run there.
Before that, all the tests that are named run once in an unchanged copy, where they must pass; with ``--passed`` they
do not, for a caller that has just seen every test pass. What became of each is printed as soon as it is known.

    python tests/bites/run.py [--jobs N] [--passed] [NAME ...]
"""

import argparse
import importlib
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

FORKS = multiprocessing.get_context("forkserver")
"""Processes that have loaded the libraries already, and nothing of ours: half of what a short test costs."""
LIBRARIES = [
    "pytest", "hypothesis", "xdist", "sybil", "sqlalchemy.orm", "alembic.command", "msgspec", "cbor2",
    "cryptography.hazmat.primitives.asymmetric.ed25519", "aiohttp", "litestar", "uvicorn", "typer", "rich.console",
    "tuf.api.metadata",
]  # fmt: skip

STRANGE = 77
"""The code of a process that would have tested something else than the copy."""

SECONDS = 600
"""How long the tests of one copy may take: five times what one test may."""

HEADER = re.compile(r"^(Takes out|Must fail): *(\S.*?) *$", re.MULTILINE)
TEST = re.compile(r"tests/[\w/]+\.py::\w[\w:]*")
RESULT = re.compile(r"^(PASSED|FAILED|ERROR) (tests/[^\s\[]+)", re.MULTILINE)
"""A line of pytest's short summary; of a test with parameters only the name is kept."""


class BadPatch(Exception):
    """A patch does not say what it must say, or does not apply."""


@dataclass(frozen=True, kw_only=True)
class Bite:
    """One patch: what it takes out, and the tests of which each must then fail."""

    path: Path
    takes_out: str
    must_fail: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What pytest said of one run: the tests that passed, failed and broke; a test with parameters can be in each."""

    passed: frozenset[str]
    failed: frozenset[str]
    broken: frozenset[str]
    exit_code: int
    output: str


def read(path: Path) -> Bite:
    """Return the bite that a patch file describes.

    Raises:
        BadPatch: its first lines do not say what it takes out and which test must fail.

    """
    head = re.split(r"^(?:diff --git |--- )", path.read_text(), maxsplit=1, flags=re.MULTILINE)[0]
    said: dict[str, list[str]] = {"Takes out": [], "Must fail": []}
    for key, value in HEADER.findall(head):
        said[key].append(value)
    wrong = [test for test in said["Must fail"] if not TEST.fullmatch(test)]
    if len(said["Takes out"]) != 1 or not said["Must fail"] or wrong:
        raise BadPatch("it begins with one line 'Takes out: ...' and lines 'Must fail: tests/.../test_x.py::test_name'")
    return Bite(path=path, takes_out=said["Takes out"][0], must_fail=tuple(said["Must fail"]))


def copy_tree(target: Path) -> None:
    """Copy what git tracks, and what it would track, to `target`."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    for name in filter(None, listing.split("\0")):
        if (ROOT / name).is_file():  # A file that is deleted and not yet committed is still listed.
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    # Kernels that were compiled of the same source are good for the copy too, and take a minute to compile again.
    for kernel in (*(ROOT / "comity").rglob("*.nbi"), *(ROOT / "comity").rglob("*.nbc")):
        beside = target / kernel.parent.relative_to(ROOT)
        if beside.parent.is_dir():
            beside.mkdir(exist_ok=True)
            shutil.copy2(kernel, beside / kernel.name)
    foreign = ROOT / ".foreign"
    if foreign.exists():
        (target / ".foreign").symlink_to(foreign)


def apply(patch: Path, tree: Path) -> None:
    """Apply the patch to a copy.

    Raises:
        BadPatch: it does not apply: the code that it changes has changed.

    """
    # A repository further up, or named by a hook, would make git skip paths in silence; so none is looked for.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment["GIT_CEILING_DIRECTORIES"] = str(tree.parent)
    command = ["git", "apply", str(patch.resolve())]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BadPatch(f"it does not apply:\n{_tail(done.stderr)}")


def run_tests(tests: Iterable[str], tree: Path) -> Outcome:
    """Run the tests in a copy, importing the copy, and return what became of each.

    Raises:
        BadPatch: the copy cannot be imported, or its tests do not come to an end.

    """
    told = tree.parent / f"{tree.name}.told"
    process = FORKS.Process(target=_in_the_copy, args=(sorted(set(tests)), tree, told))
    process.start()
    process.join(SECONDS)
    if process.exitcode is None:
        process.kill()
        process.join()
    output = told.read_text(errors="replace") if told.exists() else ""
    told.unlink(missing_ok=True)
    if process.exitcode == STRANGE:
        raise BadPatch(f"the copy is not what would be imported:\n{_tail(output)}")
    if process.exitcode is None or process.exitcode < 0:
        raise BadPatch(f"the tests did not come to an end in {SECONDS} s, or their process died:\n{_tail(output)}")
    found = RESULT.findall(output)
    return Outcome(
        passed=frozenset(name for result, name in found if result == "PASSED"),
        failed=frozenset(name for result, name in found if result == "FAILED"),
        broken=frozenset(name for result, name in found if result == "ERROR"),
        exit_code=process.exitcode,
        output=output,
    )


def _in_the_copy(tests: list[str], tree: Path, told: Path) -> None:
    """Run the tests, in a process that has loaded libraries and nothing of ours; all that it prints goes to a file."""
    os.chdir(tree)
    os.environ.update(PYTHONPATH=str(tree), PYTHONDONTWRITEBYTECODE="1")
    sys.path.insert(0, str(tree))
    # Children of the tests go with it, whatever becomes of it.
    os.setsid()
    with told.open("wb") as file, Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    try:
        comity = importlib.import_module("comity")
    except Exception:  # noqa: BLE001 - whatever a patch breaks
        traceback.print_exc()
        _leave(STRANGE)
    if not Path(str(comity.__file__)).is_relative_to(tree):
        print(comity.__file__)
        _leave(STRANGE)
    import pytest  # noqa: PLC0415 - loaded before the fork

    _leave(int(pytest.main(["-q", "-rpfE", "-p", "no:cacheprovider", "--durations=0", *tests])))


def _leave(code: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # Threads that a broken node left behind must not keep the process.


def _tail(text: str) -> str:
    return "\n".join(f"        {line}" for line in text.strip().splitlines()[-25:])


def bite(one: Bite) -> str:
    """Apply one patch to a copy and run the tests that it names; return why that is not as it should be, or nothing."""
    with tempfile.TemporaryDirectory(prefix="comity-bite-") as place:
        tree = Path(place).resolve()
        try:
            copy_tree(tree)
            apply(one.path, tree)
            outcome = run_tests(one.must_fail, tree)
        except BadPatch as trouble:
            return str(trouble)
    if outcome.exit_code not in {0, 1} or outcome.broken:
        return f"the test did not fail but broke (pytest ended with {outcome.exit_code}):\n{_tail(outcome.output)}"
    unmoved = sorted(set(one.must_fail) - outcome.failed)
    return f"nothing noticed; these still pass: {', '.join(unmoved)}" if unmoved else ""


def untouched(bites: Iterable[Bite]) -> Outcome:
    """Run all the tests that are named, once, in an unchanged copy."""
    with tempfile.TemporaryDirectory(prefix="comity-bite-") as place:
        tree = Path(place).resolve()
        copy_tree(tree)
        return run_tests({test for one in bites for test in one.must_fail}, tree)


def unfit(bites: Iterable[Bite]) -> dict[str, str]:
    """Return the bites whose tests do not pass without the patch either, and say so of each."""
    before = untouched(bites)
    good = before.passed - before.failed - before.broken
    verdicts = {
        one.path.stem: f"it does not pass without the patch either: {', '.join(sorted(set(one.must_fail) - good))}"
        for one in bites
        if not good.issuperset(one.must_fail)
    }
    if verdicts:
        print(f"the unchanged copy:\n{_tail(before.output)}")
    return verdicts


def judged(bites: Iterable[Bite], jobs: int) -> Iterator[tuple[Bite, str]]:
    """Give each bite, in order and as soon as it is known, with why it fails, or nothing where its tests guard."""
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        waiting = [(one, pool.submit(bite, one)) for one in bites]
        for one, verdict in waiting:
            yield one, verdict.result()


def tell(name: str, takes_out: str, verdict: str) -> None:
    """Print what became of one bite."""
    print(f"{'FAILED' if verdict else 'bites'} {name}: {takes_out}", flush=True)
    if verdict:
        print(f"    {verdict}", flush=True)


def main() -> int:
    """Run the bites that are named, or all; return 0 when each test that is named fails as it should."""
    parser = argparse.ArgumentParser(description="take out each defence in turn; the test that guards it must fail")
    parser.add_argument("names", nargs="*", help="names of patches, without .patch; all if none is given")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time (default 2)")
    parser.add_argument("--passed", action="store_true", help="every test has just passed; do not try them unchanged")
    parser.add_argument("--patches", type=Path, default=Path(__file__).parent, help="the folder that holds them")
    asked = parser.parse_args()
    paths = sorted(path for path in asked.patches.glob("*.patch") if not asked.names or path.stem in asked.names)
    bites: list[Bite] = []
    verdicts = dict.fromkeys(asked.names, "there is no such patch")
    for path in paths:
        try:
            bites.append(read(path))
            verdicts.pop(path.stem, None)
        except BadPatch as trouble:
            verdicts[path.stem] = str(trouble)
    FORKS.set_forkserver_preload(LIBRARIES)
    if bites and not asked.passed:
        verdicts |= unfit(bites)
    for name, verdict in sorted(verdicts.items()):
        tell(name, "", verdict)
    for one, verdict in judged([one for one in bites if one.path.stem not in verdicts], asked.jobs):
        verdicts[one.path.stem] = verdict
        tell(one.path.stem, one.takes_out, verdict)
    failed = sum(map(bool, verdicts.values()))
    print(f"{len(verdicts) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
