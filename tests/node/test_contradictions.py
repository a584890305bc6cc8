"""Evidence files: golden ones hold for ever, and nothing in them can be taken from another one or left away."""

import json
from pathlib import Path
from typing import Any

import pytest

from comity.core import contradiction
from comity.core.errors import Malformed
from comity.node import anchor as anchors
from comity.node import contradictions

PLACE = Path(__file__).parents[1] / "vectors" / "evidence"
NAMES = ["equivocation", "rewritten", "split-view"]
LAST = {
    "equivocation": "ma said two things under one number",
    "rewritten": "ma has rewritten its log, or shows two faces",
    "split-view": "ma has rewritten its log, or shows two faces",
}


def raw(name: str) -> bytes:
    return (PLACE / f"{name}.json").read_bytes()


def changed(name: str, **parts: Any) -> bytes:  # noqa: ANN401 - parts of a JSON document
    """Return a golden file with other parts; None leaves one away."""
    plain = json.loads(raw(name)) | parts
    return json.dumps({key: value for key, value in plain.items() if value is not None}).encode()


@pytest.mark.parametrize("name", NAMES)
def test_a_golden_file_convicts(name: str) -> None:
    found = contradictions.verify(raw(name), anchors.read(PLACE / "anchor.json"))
    assert (found.against, found.verdict, found.findings[-1].statement) == ("ma", "proven", LAST[name])
    assert contradiction.is_evidence(raw(name))


@pytest.mark.parametrize("name", NAMES)
def test_a_golden_file_is_written_as_it_was_read(name: str) -> None:
    assert contradiction.format_evidence(contradiction.parse_evidence(raw(name))) == raw(name)


def test_one_thing_twice_convicts_nobody() -> None:
    for name in NAMES:
        with pytest.raises(Malformed):
            contradictions.verify(changed(name, other=json.loads(raw(name))["one"]))


def test_parts_that_do_not_belong_together_are_refused() -> None:
    """Each of these would let an accuser make evidence against a log that only grew, or against somebody else."""
    rewritten, other = json.loads(raw("rewritten")), json.loads(raw("split-view"))
    wrong: tuple[dict[str, Any], ...] = (
        {"against": "no"},
        {"org": other["org"].replace("-", "-0")[: len(other["org"])]},
        {"root": other["root"]},
        {"root": None},
        {"path": []},
        {"one": rewritten["other"], "other": rewritten["one"]},
        {"other": json.loads(raw("equivocation"))["other"]},
        {"registry": rewritten["registry"] | {"memberships": []}},
        {"registry": rewritten["registry"] | {"roots": []}},
        {"what": "equivocation"},
        {"comity": "evidence/2"},
        {"zebra": 1},
    )
    for parts in wrong:
        with pytest.raises(Malformed):
            contradictions.verify(changed("rewritten", **parts))


def test_evidence_of_a_namesake_is_refused(tmp_path: Path) -> None:
    plain = json.loads((PLACE / "anchor.json").read_text())
    (tmp_path / "anchor.json").write_text(json.dumps(plain | {"org": plain["org"][:-1] + "0"}))
    with pytest.raises(Malformed):
        contradictions.verify(raw("rewritten"), anchors.read(tmp_path / "anchor.json"))
