"""Fuzz the decoders, guided by coverage (atheris): `make fuzz`, and for a few seconds each in `make check`.

Each target runs in a process of its own, so that a crash of an extension module ends it alone. What breaks is written
as a line to the target's corpus, where every later run of the tests tries it, and the run fails.
"""

import argparse
import importlib
import os
import shlex
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

SLOWEST = 10
"""Seconds that one input may take before it counts as broken, on a machine that does something else too."""

MEMORY = 2_048
"""Mebibytes that a process may take, what the interpreter, its libraries and the fuzzer need included."""

LONGEST = 1 << 16
"""Bytes of an input."""


def fuzz(target: str, seconds: int, place: Path) -> None:
    """Fuzz one target in this process; ends the process."""
    atheris = importlib.import_module("atheris")  # It is in no environment that type-checks this file.

    with atheris.instrument_imports(include=["comity"], enable_loader_override=False):
        from tests.fuzz import corpus, targets  # noqa: PLC0415 - what is to be watched is loaded here
    for number, raw in enumerate(corpus.everything(target)):
        (place / f"seed-{number:04}").write_bytes(raw)
    options = [
        f"-max_total_time={seconds}", f"-timeout={SLOWEST}", f"-rss_limit_mb={MEMORY}", f"-max_len={LONGEST}",
        f"-artifact_prefix={place}/broken-", "-print_final_stats=1", "-verbosity=1",
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *options, str(place)], targets.TARGETS[target])
    atheris.Fuzz()


def merge(target: str, *options: str) -> None:
    """Find the few inputs that reach all that those of a folder reach; ends the process.

    The fuzzer starts itself anew for it, by a line for the shell, so that an input that ends a process ends only one.
    """
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["comity"], enable_loader_override=False):
        from tests.fuzz import targets  # noqa: PLC0415 - see `fuzz`
    atheris.Setup([shlex.join(_command("merge", target)), *options], targets.TARGETS[target])
    atheris.Fuzz()


def _command(step: str, target: str, *more: str) -> list[str]:
    return [sys.executable, __file__, step, target, *more]


def _surroundings() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}


def whole(target: str, seconds: int, *, keep: bool) -> str:
    """Fuzz one target in a process of its own; return what is wrong, or nothing."""
    with tempfile.TemporaryDirectory(prefix="comity-fuzz-") as folder:
        place = Path(folder) / "corpus"
        place.mkdir()
        done = subprocess.run(
            _command("one", target, str(seconds), str(place)), cwd=ROOT, capture_output=True, text=True, check=False,
            env=_surroundings(),
        )  # fmt: skip
        units = [line.split()[-1] for line in done.stderr.splitlines() if "number_of_executed_units" in line]
        broken = sorted(place.glob("broken-*"))
        print(f"{target}: {units[0] if units else '?'} inputs in {seconds} s{'; BROKEN' if done.returncode else ''}")
        sys.stdout.flush()
        if done.returncode:
            _remember(target, [each.read_bytes() for each in broken])
            return f"{target}: {done.stderr[-4000:]}"
        if keep:
            _keep(target, place)
    return ""


def _remember(target: str, broken: list[bytes]) -> None:
    from tests.fuzz import corpus  # noqa: PLC0415 - loads what is fuzzed

    for raw in broken:
        print(f"    breaks {target}: {raw.hex()}")
    corpus.keep(target, [*corpus.kept(target), *broken])


def _keep(target: str, place: Path) -> None:
    from tests.fuzz import corpus  # noqa: PLC0415 - loads what is fuzzed

    seeds, into = place.parent / "seeds", place.parent / "merged"
    seeds.mkdir()
    into.mkdir()
    for number, raw in enumerate(corpus.seeds(target)):
        (seeds / f"{number:04}").write_bytes(raw)
    # The seeds are merged first, into a folder that is not kept: only what adds to them is.
    for source in (seeds, place):
        command = _command("merge", target, "-merge=1", str(into), str(source))
        subprocess.run(command, cwd=ROOT, capture_output=True, check=False, env=_surroundings())
    known = {each.read_bytes() for each in seeds.iterdir()}
    found = [each.read_bytes() for each in into.iterdir()]
    corpus.keep(target, [*corpus.kept(target), *(each for each in found if each not in known)])


def main() -> int:
    """Fuzz the targets that are named, or all; return 0 when nothing broke."""
    if len(sys.argv) > 4 and sys.argv[1] == "one":
        fuzz(sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
    if len(sys.argv) > 3 and sys.argv[1] == "merge":
        merge(*sys.argv[2:])
    from tests.fuzz.targets import TARGETS  # noqa: PLC0415 - see `fuzz`

    parser = argparse.ArgumentParser(description="fuzz every decoder, guided by coverage")
    parser.add_argument("names", nargs="*", help=f"targets; all if none is given: {', '.join(TARGETS)}")
    parser.add_argument("--seconds", type=int, default=600, help="for each (default 600)")
    parser.add_argument("--jobs", type=int, default=1, help="how many at a time (default 1)")
    parser.add_argument("--keep", action="store_true", help="keep in the corpus what reaches further")
    asked = parser.parse_args()
    with ThreadPoolExecutor(max_workers=asked.jobs) as pool:
        names = asked.names or list(TARGETS)
        wrong = [told for told in pool.map(lambda name: whole(name, asked.seconds, keep=asked.keep), names) if told]
    for told in wrong:
        print(told, file=sys.stderr)
    print(f"{len(names)} targets, {len(wrong)} broken")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
