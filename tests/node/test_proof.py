"""Proof files: an outsider with the anchor sees what was said, logged and answered, and every changed byte shows."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import select

from comity.core.errors import Malformed, Misused
from comity.core.evidence import ProofFile, format_proof, parse_proof
from comity.core.handling import Label
from comity.core.ids import ActId, Millis
from comity.core.registry import KeyUse, Suite
from comity.node import admission, jobs, proof, proposals, schema
from tests.node.founding import START, Founded, offline, silent
from tests.node.proving import ET, MA, NO, TEXT, Provable, provable
from tests.simulator import DAY

Place = tuple[str | int, ...]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provable]:
    made = provable(tmp_path_factory.mktemp("world"))
    yield made
    made.federation.close()


@pytest.fixture(scope="module")
def act(world: Provable) -> ActId:
    for _ in range(3):
        world.say()
    said = world.say()
    world.witness(world.bureau(MA))
    return said


@pytest.fixture(scope="module")
def raw(world: Provable, act: ActId) -> bytes:
    return world.made(act, with_text=True)


def statements(world: Provable, raw: bytes, *, proven: bool = True) -> list[str]:
    """Return what a file says, proven or not shown."""
    return [each.statement for each in proof.verify(raw, world.founded.anchor).findings if each.proven is proven]


# ------------------------------------------------------------------------------------------------------ what is shown


def test_an_outsider_with_the_anchor_sees_the_whole_story(world: Provable, act: ActId, raw: bytes) -> None:
    found = proof.verify(raw, world.founded.anchor)
    assert (found.verdict, found.act, found.org) == ("proven", act.hex(), world.founded.anchor.org)
    said = "\n".join(each.statement for each in found.findings)
    at = "2026-01-01T00:00:00.000Z by its own clock"
    for sentence in (
        f"ma said messages.information/1 {act.hex()} to et, no, signed with its key ",
        f"et accepted it at leaf 6 of its log, at {at}",
        f"no accepted it at leaf 6 of its log, at {at}",
        "ma signed the checkpoint that holds it, of size ",
        f"et cosigned that checkpoint of size {parse_proof(raw).logged.checkpoint.split()[1]}, at {at}",
    ):
        assert sentence in said


def test_the_text_is_shown_only_when_asked_for(world: Provable, act: ActId, raw: bytes) -> None:
    shown = proof.verify(raw, world.founded.anchor).text
    assert isinstance(shown, dict)
    assert shown["text"] == TEXT
    without = world.made(act)
    assert base64.b64encode(TEXT.encode()[:30])[4:20] not in without
    assert parse_proof(without).act.body is None
    assert proof.verify(without, world.founded.anchor).text is None


def test_a_receipt_is_shown_without_its_neighbours(world: Provable) -> None:
    acts = [world.tell(to=(NO,)) for _ in range(3)]
    world.federation.carry()
    (receipt,) = parse_proof(world.made(acts[1])).receipts
    shown = receipt.head + receipt.row
    assert bytes(acts[1]) in shown
    assert bytes(acts[0]) not in shown
    assert bytes(acts[2]) not in shown
    assert (receipt.index, receipt.size, len(receipt.path)) == (1, 3, 2)


def test_without_an_anchor_the_organisation_is_not_proven(raw: bytes) -> None:
    found = proof.verify(raw)
    assert [each.statement for each in found.findings if not each.proven] == [
        "that is the organisation you mean: no anchor was given, so compare its id"
    ]
    assert found.verdict == "proven: 9 of 10 statements"


def test_a_recipient_proves_what_it_received(world: Provable, act: ActId) -> None:
    assert any(each.startswith("no logged it as received at leaf 6") for each in statements(world, world.made(act, NO)))


def test_what_is_not_there_is_said_and_not_claimed(world: Provable) -> None:
    said = world.tell(ET, (MA, NO))
    assert statements(world, world.made(said, ET), proven=False) == [
        "another bureau cosigned that checkpoint: no cosignature is in this file",
        "ma ruled on it: no receipt that says so is in this file",
        "no ruled on it: no receipt that says so is in this file",
    ]


def test_a_refusal_is_shown_as_one(world: Provable) -> None:
    said = world.tell(to=(NO,), label=Label(expires=Millis(world.federation.now() + 1_000)))
    world.federation.later(2_000)
    world.federation.carry()
    refused = [each for each in statements(world, world.made(said)) if each.startswith("no refused it")]
    assert len(refused) == 1
    assert "(handling.expired)" in refused[0]


def test_silence_is_shown_by_the_statement_about_it(world: Provable) -> None:
    said = world.tell(to=(NO,))
    world.federation.later(4 * DAY)
    bureau = world.bureau(MA)
    assert jobs.state_silence(bureau)
    with bureau.database.read() as tx:
        c = schema.acts.c
        row = tx.one(select(c.id).where(c.kind == "exchange.nondelivery/1").order_by(c.number.desc()))
    assert row is not None
    shown = statements(world, world.made(ActId(bytes(row.id)), with_text=True))
    assert any(each.startswith(f"ma states that no was silent on {said.hex()} until 2026-01-0") for each in shown)


def test_what_is_not_here_cannot_be_proven(world: Provable, act: ActId) -> None:
    with pytest.raises(Misused, match="holds no such act"):
        world.made(ActId(bytes(32)))
    bureau, erased = world.bureau(MA), world.say(to=(NO,))
    bureau.database.write(lambda tx: bureau.store.erase(tx, erased))
    with pytest.raises(Misused):
        world.made(erased, with_text=True)
    assert statements(world, world.made(erased))
    assert act != erased


# ------------------------------------------------------------------------------------------------------ the registry


@pytest.fixture
def young(tmp_path: Path) -> Iterator[Provable]:
    made = provable(tmp_path)
    yield made
    made.federation.close()


def test_a_key_that_was_replaced_still_proves_what_it_signed(young: Provable) -> None:
    said = young.say()
    profile = young.federation.registry.profile(MA)
    old = profile.current(KeyUse.SIGN)
    new = young.bureau(MA).keyring.new(KeyUse.SIGN, Suite.ED25519)
    young.founded.submit(admission.rotated(profile, [new], [old.kid]))
    young.refresh()
    assert young.made(said).count(b'"bureau": "ma"') == 1
    # Then the bureau drops the old key altogether.
    rotated = young.federation.registry.profile(MA)
    keys = tuple(key for key in rotated.keys if key.kid != old.kid)
    young.founded.submit(replace(rotated, version=rotated.version + 1, keys=keys))
    young.refresh()
    young.say(NO, (MA,))
    young.witness(young.bureau(MA))
    assert statements(young, young.made(said))


def test_the_road_leads_over_every_root(young: Provable) -> None:
    before = young.say()
    joining = offline("exercise custodian 6").public
    state = young.founded.state()
    proposed = proposals.custodians(state, ["exercise custodian 1"], [joining], None, START, silent)
    young.founded.decide(proposed, signers=young.founded.custodians[1:4])
    young.refresh()
    raw = young.made(before)
    assert len(parse_proof(raw).registry.roots) == 2
    assert statements(young, raw)
    short = parse_proof(raw)
    registered = replace(short.registry, roots=short.registry.roots[1:])
    with pytest.raises(Malformed):
        proof.verify(format_proof(replace(short, registry=registered)), young.founded.anchor)


def test_a_file_of_another_organisation_is_refused(young: Provable, raw: bytes) -> None:
    namesake = Founded(young.founded.folder.parent / "namesake", custodians=3, threshold=2)
    with pytest.raises(Malformed, match="another organisation"):
        proof.verify(raw, namesake.anchor)
    file = parse_proof(raw)
    foreign = replace(file.registry, roots=(namesake.anchor.root,))
    with pytest.raises(Malformed):
        proof.verify(format_proof(replace(file, registry=foreign)))


# ------------------------------------------------------------------------------------------------------------- lies


def values(part: Any, place: Place = ()) -> Iterator[Place]:  # noqa: ANN401 - JSON
    """Yield the way to every value in a document."""
    if isinstance(part, (str, int)):
        yield place
        return
    for key, item in part.items() if isinstance(part, dict) else enumerate(part):
        yield from values(item, (*place, key))


def value_at(document: Any, place: Place) -> Any:  # noqa: ANN401 - JSON
    """Return the value at this place."""
    for key in place:
        document = document[key]
    return document


def changed(document: Any, place: Place, value: str | int) -> bytes:  # noqa: ANN401 - JSON
    """Return the file with another value at this place."""
    document = msgspec.json.decode(msgspec.json.encode(document))
    value_at(document, place[:-1])[place[-1]] = value
    return msgspec.json.encode(document)


def flipped(value: str | int, at: int, bit: int) -> str | int:
    """Return the value with one bit of one of its characters changed."""
    if isinstance(value, int):
        return value ^ (1 << bit)
    at %= len(value)
    return value[:at] + chr(ord(value[at]) ^ (1 << bit)) + value[at + 1 :]


def refuses(world: Provable, document: Any, place: Place, at: int, bit: int) -> None:  # noqa: ANN401 - JSON
    """Check that the file does not survive this change."""
    lie = changed(document, place, flipped(value_at(document, place), at, bit))
    with pytest.raises(Malformed):
        proof.verify(lie, world.founded.anchor)


def test_every_value_counts(world: Provable, raw: bytes) -> None:
    document = msgspec.json.decode(raw)
    for place in values(document):
        for at in (0, 1, 45, -1):
            refuses(world, document, place, at, 0)


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_flipped_byte_survives(world: Provable, raw: bytes, data: st.DataObject) -> None:
    document = msgspec.json.decode(raw)
    place = data.draw(st.sampled_from(sorted(values(document), key=str)))
    length = len(str(value_at(document, place)))
    refuses(world, document, place, data.draw(st.integers(0, length - 1)), data.draw(st.integers(0, 6)))


def test_white_space_is_free_and_nothing_else(world: Provable, raw: bytes) -> None:
    plain = msgspec.json.decode(raw)
    compact = msgspec.json.encode(plain)
    assert proof.verify(compact, world.founded.anchor).verdict == "proven"
    with pytest.raises(Malformed, match="no proof file"):
        proof.verify(msgspec.json.encode({**plain, "note": ""}))
    with pytest.raises(Malformed, match="another version"):
        proof.verify(changed(plain, ("comity",), "proof/2"))
    salt = plain["logged"]["salt"]
    spare = salt[:-2] + chr(ord(salt[-2]) + 1) + "="
    for lie in (
        msgspec.json.encode(plain, order="sorted"),
        compact.replace(b'"by":', b'"by":"no","by":', 1),
        compact.replace(b'"by":"ma"', b'"by":"m\\u0061"', 1),
        compact.replace(salt.encode(), spare.encode(), 1),
    ):
        assert lie != compact
        with pytest.raises(Malformed):
            proof.verify(lie, world.founded.anchor)


WAYS: dict[str, Place] = {
    "roots": ("registry", "roots", 0),
    "targets": ("registry", "memberships", 0, "targets"),
    "role": ("registry", "memberships", 0, "profiles", 0, "role"),
    "profile": ("registry", "memberships", 0, "profiles", 0, "profile"),
}


@pytest.mark.parametrize("place", ["roots", "targets", "role"])
def test_nothing_stands_beside_what_is_signed(world: Provable, raw: bytes, place: str) -> None:
    document = msgspec.json.decode(raw)
    text = value_at(document, WAYS[place])
    signature = msgspec.json.decode(text)["signatures"][0]["sig"]
    stranger = '{"keyid":"00","sig":"00"},'
    for lie in (
        text.replace("{", "{ ", 1),
        text.replace(signature, signature.upper()),
        text.replace('"signatures":[', f'"signatures":[{stranger}'),
        text.replace('"signatures":', '"note":"","signatures":'),
        text.replace('"sig":', '"note":"","sig":', 1),
    ):
        assert lie != text
        with pytest.raises(Malformed):
            proof.verify(changed(document, WAYS[place], lie), world.founded.anchor)


@pytest.mark.parametrize("lie", [b"", b"{}", b"[]", b"\xff", b'{"comity": "proof/1"}', b"[" * 100_000])
def test_what_is_no_proof_file_is_malformed(lie: bytes) -> None:
    with pytest.raises(Malformed, match="no proof file"):
        proof.verify(lie)


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"signed": 1, "signatures": []}', "\N{SNOWMAN}"])
@pytest.mark.parametrize("place", ["roots", "targets", "role", "profile"])
def test_registry_files_that_are_none_are_malformed(raw: bytes, place: str, text: str) -> None:
    with pytest.raises(Malformed):
        proof.verify(changed(msgspec.json.decode(raw), WAYS[place], text))


def test_a_file_cannot_prove_the_wrong_act(world: Provable, act: ActId, raw: bytes) -> None:
    other = parse_proof(world.made(world.say(), with_text=True))
    file = parse_proof(raw)
    mixed: list[ProofFile] = [replace(file, **{part: getattr(other, part)}) for part in ("act", "logged", "receipts")]
    mixed.append(replace(file, act=replace(file.act, body=other.act.body, salt=other.act.salt)))
    mixed.append(replace(file, by=NO))
    for lie in mixed:
        with pytest.raises(Malformed):
            proof.verify(format_proof(lie), world.founded.anchor)
    assert file.act.head != other.act.head
    assert act
