"""The suite for implementations: ours passes it whole, one that lies is found out, and one that breaks is told how."""

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from comity.faces.cli import main
from comity.faces.conformance import answer, protocol, reading, suite, vectors

OURS = (sys.executable, "-m", "comity.faces", "under-test")
ROOT = Path(__file__).parents[2]
GROUPS = ("vectors/[a-a]*", "vectors/[!a]*", "exchange/*", "attacks/*", "registry/*", "proofs/*")

LIAR = """\
import sys
import msgspec
from comity.faces.conformance import answer, protocol

class Liar(answer.Answering):
    def answer(self, line):
        told, asked = super().answer(line), msgspec.json.decode(line)
        {lie}
        return told

answer.Answering = Liar
answer.serve(sys.stdin.buffer, sys.stdout.buffer)
"""
LIES = {
    "says yes to every delivery": (
        "attacks/[fo]*",
        "if isinstance(told, protocol.Received): told = protocol.Received(outcomes=('accepted',) * len(told.outcomes))",
    ),
    "gives back what it was given": (
        "vectors/bad/*",
        "if asked['do'] == 'decode': told = {'raw': asked['raw']}",
    ),
    "takes whatever registry is offered": (
        "registry/[rt]*",
        "if asked['do'] == 'refresh': told = protocol.Refreshed(version=9, taken=True)",
    ),
    "believes every file": (
        "proofs/[fs]*",
        "if asked['do'] == 'verify': told = protocol.Verdict(what='proof', bureau='peer')",
    ),
    "keeps what it refused": (
        "attacks/[ft][lor]*",
        """kept = self.__dict__.setdefault('kept', {}).setdefault(asked.get('home'), [])
        if isinstance(told, protocol.Received): kept += [code for code in told.outcomes if code != 'accepted']
        if isinstance(told, protocol.State):
            more = tuple(protocol.Held(act=bytes(32), code=code) for code in kept)
            told = msgspec.structs.replace(told, acts=told.acts + more)""",
    ),
    "forgets what it holds": (
        "exchange/hear*",
        "if isinstance(told, protocol.State): told = msgspec.structs.replace(told, acts=())",
    ),
}


def conformance(*arguments: str | Path) -> int:
    """Run the command as it is typed."""
    return main(["conformance", *map(str, arguments)])


def reported(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, dict[str, Any]]:
    """Run the command for programs, and return its exit code and what it says of each case."""
    code = conformance("--json", *arguments)
    whole = json.loads(capsys.readouterr().out)
    return code, {each["case"]: each for each in whole["cases"]}


def script(text: str) -> tuple[str, ...]:
    """Return the command that starts an implementation of these lines."""
    return sys.executable, "-c", text


# ---------------------------------------------------------------------------------------------------------------- ours


@pytest.mark.parametrize("group", GROUPS)
def test_our_implementation_passes_every_case(capsys: pytest.CaptureFixture[str], group: str) -> None:
    code, cases = reported(capsys, "--only", group, *OURS)
    assert {name: each for name, each in cases.items() if each["result"] != "passed"} == {}
    assert code == 0
    assert cases


def test_the_groups_above_are_all_cases() -> None:
    known = suite.every(vectors.folder())
    assert {case.name for group in GROUPS for case in suite.chosen(known, [group])} == {case.name for case in known}


def test_every_vector_that_can_be_read_alone_is_a_case() -> None:
    names = {case.name for case in suite.every(vectors.folder())}
    place = ROOT / "tests" / "vectors"
    bad = {f"vectors/bad/{path.name.rpartition('.')[0].rpartition('.')[0]}" for path in (place / "bad").glob("*.json")}
    acts = {f"vectors/{path.parent.name}/{path.stem}" for path in place.glob("[af]*s/*.json")}
    good = {f"vectors/structures/{path.stem}" for path in (place / "structures").glob("*.json")}
    # A channel is the start of a digest, and sealed-two is asked for by each of its recipients.
    good -= {"vectors/structures/channel", "vectors/structures/sealed-two"}
    assert bad | acts | good <= names


# ------------------------------------------------------------------------------------------------------ one that lies


@pytest.mark.parametrize("lie", LIES)
def test_an_implementation_that_lies_is_found_out(capsys: pytest.CaptureFixture[str], lie: str) -> None:
    group, line = LIES[lie]
    code, cases = reported(capsys, "--only", group, *script(LIAR.format(lie=line)))
    honest = {name for name, each in cases.items() if each["result"] == "passed"}
    assert honest == set()
    assert code == 1


# ---------------------------------------------------------------------------------------------------- known failures


def known(folder: Path, text: str) -> Path:
    """Write a list of known failures."""
    (folder / "ours.xfails").write_text(text)
    return folder / "ours.xfails"


def odd() -> tuple[str, ...]:
    """Return an implementation that decodes values alone, and takes null for one."""
    text = LIAR.format(
        lie="if asked.get('structure', 'value') != 'value': told = {'unsupported': 'structures'}\n"
        "        if asked.get('raw') == '9g==': told = {'raw': '9g=='}"
    )
    return script(text)


NULL, TRUE = "vectors/bad/null", "vectors/bad/false"
HEAD = "vectors/bad/head-seq-zero"


def test_exactly_the_listed_cases_may_fail(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    listed = known(tmp_path, f"# a comment\n\n{NULL}  # null for absent\nvectors/bad/head-*\n")
    only = [part for name in (NULL, TRUE, HEAD) for part in ("--only", name)]
    code, cases = reported(capsys, "--xfails", listed, *only, *odd())
    assert {name: each["result"] for name, each in cases.items()} == {
        NULL: "expected failure", TRUE: "passed", HEAD: "not supported",
    }  # fmt: skip
    assert code == 0


def test_a_failure_that_is_not_listed_says_what_came(capsys: pytest.CaptureFixture[str]) -> None:
    assert conformance("--only", NULL, "--only", HEAD, *odd()) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        f"not supported        {HEAD}", "    expected an answer", "    came     none: structures",
        f"failed               {NULL}", "    expected the value: malformed", "    came     it was read",
        lines[-1],
    ]  # fmt: skip
    assert lines[-1].endswith("not as expected: 1 failed, 1 not supported")


def test_what_is_not_supported_must_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    code, cases = reported(capsys, "--only", HEAD, *odd())
    assert (code, cases[HEAD]["result"]) == (1, "not supported")


def test_a_listed_case_that_passes_fails_the_run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, cases = reported(capsys, "--xfails", known(tmp_path, TRUE), "--only", TRUE, *OURS)
    assert (code, cases[TRUE]["result"]) == (1, "unexpectedly passed")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--only", "vectors/bad/nul"), "no case fits 'vectors/bad/nul', did you mean 'vectors/bad/null'?"),
        (("--xfails", "missing"), "cannot read missing: No such file or directory"),
        (("--vectors", "."), "no vectors in .; name their folder with --vectors"),
        ((), "name the implementation to be asked"),
    ],
)
def test_what_is_typed_wrong_is_told(
    capsys: pytest.CaptureFixture[str], arguments: Sequence[str], told: str
) -> None:  # fmt: skip
    command = () if not arguments else OURS
    assert conformance(*arguments, *command) == 2
    assert told.rstrip("?") in capsys.readouterr().err


def test_a_line_that_fits_no_case_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    listed = known(tmp_path, f"{NULL}\nexchange/say\n")
    assert conformance("--xfails", listed, *OURS) == 2
    assert "line 2: no case fits 'exchange/say', did you mean 'exchange/says'" in capsys.readouterr().err


def test_the_cases_can_be_listed_without_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert conformance("--list", "--json", "--only", "exchange/sa*") == 0
    assert json.loads(capsys.readouterr().out) == {
        "exchange/says": "What it says is accepted by a peer.",
        "exchange/says-to-older-hardware": "What it says is accepted by a bureau with X25519 and ES256 alone.",
    }


# ------------------------------------------------------------------------------------------------------ one that breaks

GREETING = json.dumps({"protocol": "conformance/1", "name": "odd", "does": ["decode"]})


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("/nowhere/at-all",), "cannot be started: No such file or directory"),
        ((sys.executable, "-c", ""), "does not answer hello: expected an answer to hello, came the end of the process"),
        ((sys.executable, "-c", "import time; time.sleep(60)"), "expected an answer to hello within 1 s, came nothing"),
        ((sys.executable, "-c", "print('ready', flush=True); input()"), "as the protocol has it, came ready"),
        (
            (sys.executable, "-c", f"print('{GREETING.replace('/1', '/7')}', flush=True); input()"),
            "speaks another protocol than conformance/1",
        ),
    ],
)
def test_a_command_that_does_not_answer_is_unreachable(
    capsys: pytest.CaptureFixture[str], command: Sequence[str], told: str
) -> None:  # fmt: skip
    assert conformance("--patience", "1" if "sleep" in command[-1] else "20", "--only", NULL, *command) == 3
    assert told in capsys.readouterr().err


BROKEN = """\
import json, sys, time
print('{greeting}', flush=True)
for line in sys.stdin:
    if json.loads(line)["do"] == "decode":
        {then}
"""


@pytest.mark.parametrize(
    ("then", "came"),
    [
        ("sys.exit(7)", "the end of the process, with the code 7"),
        ("print('Traceback', flush=True)", "Traceback (JSON is malformed"),
        ("print('[1]', flush=True)", "[1] (Expected `object`"),
        ("print('{}', flush=True)", "{} (Object missing required field `raw`)"),
        ("print('{\"malformed\": 1}', flush=True)", '{"malformed": 1} (Expected `str | null`'),
        ('print(\'{"error": "disk full"}\', flush=True)', "the error: disk full"),
        ('print(\'{"malformed": "a"}\\\\n{}\', flush=True)', "more behind it: {}"),
    ],
)
def test_an_answer_that_is_none_fails_its_case_and_no_other(
    capsys: pytest.CaptureFixture[str], then: str, came: str
) -> None:
    text = BROKEN.replace("{greeting}", GREETING).replace("{then}", then.replace("\\\\n", "\\n"))
    code, cases = reported(capsys, "--only", NULL, "--only", TRUE, *script(text))
    assert [each["result"] for each in cases.values()] == ["failed", "failed"]
    assert all(each["came"].startswith(came) for each in cases.values()), cases
    assert code == 1


def test_a_command_that_hangs_again_is_given_up(capsys: pytest.CaptureFixture[str]) -> None:
    text = BROKEN.replace("{greeting}", GREETING).replace("{then}", "time.sleep(60)")
    assert conformance("--patience", "0.5", "--only", "vectors/bad/*", *script(text)) == 3
    assert "left 3 questions without an answer; given up" in capsys.readouterr().err


# --------------------------------------------------------------------------------------------------------- installed


def test_an_installed_package_carries_the_vectors(tmp_path: Path) -> None:
    """A wheel is built, unpacked elsewhere, and asked to list the cases."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "built")]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=100)
    (wheel,) = (tmp_path / "built").glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(tmp_path / "installed")
    asked = (
        "from comity.faces.conformance import suite, vectors\n"
        "print(vectors.folder(), len(suite.every(vectors.folder())))"
    )
    environment = {"PYTHONPATH": str(tmp_path / "installed"), "PATH": ""}
    command = [sys.executable, "-c", asked]
    done = subprocess.check_output(command, cwd=tmp_path, env=environment, text=True, timeout=60)
    place, count = done.split()
    assert Path(place) == tmp_path / "installed" / "comity" / "vectors"
    assert int(count) == len(suite.every(vectors.folder()))
    assert not list(Path(place).rglob("*.py"))


# ------------------------------------------------------------------------------------------------------------- the page

PAGE = (ROOT / "docs" / "spec" / "cli-protocol.md").read_text()


def test_the_session_of_the_page_is_what_our_implementation_answers() -> None:
    (lines,) = re.findall(r"<!-- session -->\n```text\n(.*?)```", PAGE, re.DOTALL)
    spoken = re.findall(r"^> (.*)\n< (.*)$", lines, re.MULTILINE)
    assert len(spoken) == lines.count("\n") / 2
    answering = answer.Answering()
    for question, told in spoken:
        said = json.loads(msgspec.json.encode(answering.answer(question.encode())))
        assert said | {"name": ""} == json.loads(told) | {"name": ""}


@pytest.mark.parametrize("command", protocol.COMMANDS, ids=lambda command: str(command.__struct_config__.tag))
def test_the_page_names_every_field_of_a_command_and_its_answer(command: type[protocol.Asked]) -> None:
    name = str(command.__struct_config__.tag)
    section = PAGE.partition(f"### `{name}`")[2].partition("\n### ")[0].partition("\n## ")[0]
    shared = set(protocol.Node.__struct_fields__) if issubclass(command, protocol.Node) else set()
    fields = set(command.__struct_fields__) - shared | set(protocol.ANSWER_TO[command].__struct_fields__)
    assert {field for field in fields if f"`{field}`" not in section} == set()
    listed = set(re.findall(r"^\| `(\w+)` \| (?:text|bytes|integer|list|key|time|object|true)", section, re.MULTILINE))
    assert listed <= fields


def test_the_page_names_every_structure_and_every_result() -> None:
    assert {name for name in reading.STRUCTURES if f"`{name}`" not in PAGE} == set()
    assert {result.value for result in suite.Result if f"| `{result.value}` |" not in PAGE} == set()
