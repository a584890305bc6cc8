"""The page that specifies the wire says what the code does: its bytes, its fields, its numbers."""

import re
from enum import StrEnum
from pathlib import Path

import msgspec
import pytest

from comity.core import act, carriage, codec, envelope, exchange, handling, keeping, leaf, log, receipt
from comity.core.registry import KeyUse
from tests.vectors import annotate

PAGE = annotate.PAGE.read_text()
CDDL = "\n".join(re.findall(r"```cddl\n(.*?)```", PAGE, re.DOTALL))
STRUCTS: dict[str, type[msgspec.Struct]] = {
    "head": act.Head,
    "author": act.Author,
    "relation": act.Relation,
    "basis": handling.Basis,
    "label": handling.Label,
    "signed-act": envelope.Signed,
    "approval": envelope.Approval,
    "frame": envelope.Frame,
    "delivery": envelope.Delivery,
    "receipts": receipt.Receipts,
    "continued": receipt.Continued,
    "receipt": receipt.Receipt,
    "gap": receipt.Gap,
    "nondelivery": receipt.Nondelivery,
    "entry": keeping.Entry,
    "handover": keeping.Handover,
    "leaf": leaf.Leaf,
    "proof": exchange.Proof,
    "inclusion": log.Inclusion,
    "row-proof": receipt.RowProof,
    "carried": carriage.Carried,
    "returned": carriage.Returned,
    "collect": carriage.Collect,
}


def test_the_bytes_of_the_page_are_those_of_the_vectors() -> None:
    """`python -m tests.vectors.annotate` writes them again."""
    assert annotate.BLOCK.findall(PAGE)
    assert annotate.filled(PAGE) == PAGE, "run python -m tests.vectors.annotate"


@pytest.mark.parametrize("rule", STRUCTS)
def test_a_structure_of_the_page_has_the_fields_of_the_code(rule: str) -> None:
    """Each name, and whether it may be left out."""
    found = re.search(rf"^{rule} = \{{(.*?)\}}", CDDL, re.MULTILINE | re.DOTALL)
    assert found, "the page lacks the structure"
    text = re.sub(r";.*", "", found[1])
    said = {name: bool(optional) for optional, name in re.findall(r"(\? )?([a-z_]+): ", text)}
    struct = STRUCTS[rule]
    leaves_out = struct.__struct_config__.omit_defaults
    fields = {field.name: leaves_out and not field.required for field in msgspec.structs.fields(struct)}
    tag = struct.__struct_config__.tag
    assert said == fields | ({"kind": False} if tag else {})
    assert not tag or f'"{tag}"' in text


LISTS: list[type[StrEnum]] = [
    handling.Purpose,
    handling.Handling,
    handling.Source,
    handling.Confidentiality,
    handling.Onward,
    leaf.Way,
    envelope.Lane,
]


@pytest.mark.parametrize("listed", LISTS)
def test_a_list_of_values_is_complete(listed: type[StrEnum]) -> None:
    """In the order of the code."""
    assert " / ".join(f'"{value.value}"' for value in listed) in re.sub(r"\s+", " ", CDDL)


def test_every_code_of_the_judge_is_on_the_page() -> None:
    """A sender reads them in receipts."""
    codes = set(re.findall(r'"(exchange\.[a-z-]+)"', Path(exchange.__file__).read_text()))
    assert len(codes) >= 11
    assert not [code for code in codes if f"`{code}`" not in PAGE]


def test_the_limits_of_the_page_are_those_of_the_code() -> None:
    """Each number with its unit."""
    said = {
        "8 MiB": codec.MAX_BYTES == 8 * 1024 * 1024,
        "| 16 |": codec.MAX_DEPTH == 16,
        "| 400 |": act.MAX_RECIPIENTS == 400,
        "| 64 each |": act.MAX_REFS == 64,
        "| 256 |": receipt.BATCH == 256,
        "256 or 50 ms": receipt.BATCH_MILLIS == 50,
        "| 10 minutes |": exchange.SKEW == 600_000,
    }
    assert not [text for text, true in said.items() if not (true and text in PAGE)]
    media = {envelope.HEAD, envelope.SEALED, carriage.CARRIED, carriage.COLLECT}
    assert not [kind for kind in media if kind not in PAGE]
    assert {KeyUse.SIGN.value, KeyUse.SEAL.value, KeyUse.OFFICER.value} <= set(re.findall(r'"([a-z]+)"', CDDL))
