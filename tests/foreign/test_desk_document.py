"""What others make of the document of the desk's interface: schemathesis tries it, a generated client speaks it."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from comity.capabilities import ALL
from comity.node.tokens import verb_of
from tests.faces.programs import Programs, serving, staff
from tests.simulator import Federation

pytestmark = pytest.mark.foreign

ORACLE = Path(__file__).with_name("client_oracle.py")

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,negative_data_rejection,missing_required_header,unsupported_method,"
    "allow_header_conformance,ignored_auth"
)
"""All but those about resources, which this interface has none of, and `positive_data_acceptance`: a schema cannot say
that an act of this id is there, so what it allows may still be misused (422)."""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programs]:
    federation = Federation(tmp_path_factory.mktemp("federation"))
    for name in ("ma", "no"):
        staff(federation.join(name))
    bureau = federation.bureaus[next(iter(federation.bureaus))]
    with serving(bureau, federation.folder / bureau.me) as programs:
        yield programs
    federation.close()


PATHS = [f"/{each.name}/{verb_of(function.__name__)}" for each in ALL for function in each.desk]
SOME = 4
"""Operations of one run: to start it and to read the document takes six seconds, one operation four."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("paths", [tuple(PATHS[at : at + SOME]) for at in range(0, len(PATHS), SOME)], ids=" ".join)
def test_schemathesis_finds_nothing(
    desk: Programs, foreign_python: Path, tmp_path: Path, paths: tuple[str, ...]
) -> None:
    chosen = [word for path in paths for word in ("--include-path", path)]
    command = [
        str(foreign_python.with_name("st")), "run", f"{desk.url}/openapi.json", "--url", desk.url,
        "-H", f"Authorization: Bearer {desk.token()}", *chosen, "--phases", "coverage,fuzzing",
        "--checks", CHECKS, "--max-examples", "6", "--seed", "1", "--no-color", "--continue-on-failure",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-8_000:]
    assert re.search(rf"Tested: +{len(paths)}\b", done.stdout), done.stdout


def test_the_document_is_sound_by_the_rules_of_openapi(desk: Programs, foreign_python: Path, tmp_path: Path) -> None:
    (tmp_path / "document.json").write_bytes(desk.send("GET", f"{desk.path}/openapi.json").raw)
    script = (
        "import json, sys; import openapi_python_client.schema as s; "
        "print(type(s.OpenAPI.model_validate(json.load(open(sys.argv[1])))).__name__)"
    )
    done = subprocess.run(
        [str(foreign_python), "-c", script, str(tmp_path / "document.json")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "OpenAPI", done.stderr[-2_000:]


def test_a_client_that_others_generate_works(desk: Programs, foreign_python: Path, tmp_path: Path) -> None:
    (tmp_path / "document.json").write_bytes(desk.send("GET", f"{desk.path}/openapi.json").raw)
    generate = [str(foreign_python.with_name("openapi-python-client")), "generate", "--path", "document.json"]
    made = subprocess.run(
        [*generate, "--output-path", "made", "--meta", "none"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    assert "Unable to" not in made.stdout
    told = {"url": desk.url, "token": desk.token(), "folder": str(tmp_path)}
    done = subprocess.run([foreign_python, ORACLE], input=json.dumps(told), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4_000:]
    answer = json.loads(done.stdout)
    assert answer == {
        "sent": "messages.information/1",
        "said": "2025-11-24T10:00:00+00:00",
        "text": "made elsewhere",
        "act": "MessagesInformation",
        "handling": "H0",
        "saved": ["foreign.txt", "a foreign file"],
        "refused": [403, "handling.audience", answer["refused"][2]],
        "bureaus": ["ma", "no"],
    }
    assert answer["refused"][2].startswith("RPD 58")
