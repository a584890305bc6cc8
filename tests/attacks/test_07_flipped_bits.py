"""Attack 7: any byte of anything is changed on its way, outside by a stranger and inside by a member."""

import os
from collections import Counter
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from comity.core.codec import decode, encode
from comity.core.envelope import CONTENT_KEY, NONCE, Delivery, Lane, Signed, frame_of, seal, sha256
from comity.core.errors import Malformed
from comity.core.registry import KeyUse
from comity.node import inbox, schema
from comity.node.bureau import Bureau
from tests.attacks.federation import ET, MA, NO, Attacked
from tests.attacks.means import digest, reframed, say
from tests.simulator import deliveries, information, rows, sealed, signed_past_the_rules

MUTATIONS, SOAKED = 2_000, int(os.environ.get("COMITY_MUTATIONS", "100000"))


def _mutated(fed: Attacked, raw: bytes, count: int) -> Iterator[bytes]:
    """Yield a text with one byte changed, at every place in turn; then with bytes left out, doubled and swapped."""
    for number in range(count):
        place, made = number % len(raw), bytearray(raw)
        match number // len(raw) % 4:
            case 0:
                made[place] ^= 1 << fed.chance.below(8)
            case 1:
                del made[place : place + 1 + fed.chance.below(8)]
            case 2:
                made[place:place] = fed.chance(1 + fed.chance.below(8))
            case _:
                made[place] = fed.chance.below(256)
        if bytes(made) != raw:
            yield bytes(made)


def _on_the_line(fed: Attacked, count: int) -> None:
    et = fed.bureaus[ET]
    act = say(fed, MA, ET)
    (raw,) = deliveries(fed.bureaus[MA], "et")
    before, seen = digest(et, fed.folder / "et"), Counter[str]()
    for mutant in _mutated(fed, raw, count):
        seen[inbox.receive(et, [mutant])[0].code] += 1
    assert set(seen) == {"malformed"}
    assert digest(et, fed.folder / "et") == before, "nothing at all was kept"
    assert inbox.receive(et, [raw])[0].code == "accepted"
    assert [bytes(row.id) for row in rows(et, schema.acts)] == [act]


def test_a_line_that_changes_any_byte_leaves_no_trace(fed: Attacked) -> None:
    _on_the_line(fed, MUTATIONS)


@pytest.mark.slow
def test_a_hundred_thousand_changes_on_the_line_leave_no_trace(fed: Attacked) -> None:
    _on_the_line(fed, SOAKED)


INSIDE = {"exchange.sealed", "exchange.signature", "exchange.malformed", "exchange.recipient", "malformed"}


def _by_a_member(fed: Attacked, count: int) -> None:
    """Let a member who holds somebody's signed act change it and frame it as it likes."""
    ma, et = fed.bureaus[MA], fed.bureaus[ET]
    key = fed.registry.profile(ET).current(KeyUse.SEAL)
    _, signed = signed_past_the_rules(ma, information(), "et")
    whole, seen = encode(signed), Counter[str]()
    for mutant in _mutated(fed, whole, count):
        try:
            content = decode(mutant, Signed)
        except Malformed:
            continue
        box = seal(content, [key], fed.chance(CONTENT_KEY + NONCE))
        made = frame_of(
            box, key, ma.signer(), org=fed.org, sender=MA, to=ET, lane=Lane.NORMAL, said=fed.now()
        )  # fmt: skip
        seen[inbox.receive(et, [encode(made)])[0].code] += 1
    assert sum(seen.values()) > count // 10
    # What is refused takes its number, as only its own sender can frame it; the same head once more is the same act.
    assert set(seen) <= {*INSIDE, "again"}, seen
    _kept_nothing(et)


def _kept_nothing(et: Bureau) -> None:
    """Check that no act was accepted, folded or shown: only refusals stand in the log."""
    assert {row.code for row in rows(et, schema.acts)} <= INSIDE
    assert rows(et, schema.subjects) == []
    assert all(row.body is None for row in rows(et, schema.acts))


def test_a_member_that_changes_a_signed_act_is_refused_by_name(fed: Attacked) -> None:
    _by_a_member(fed, 400)


@pytest.mark.slow
def test_ten_thousand_changes_of_a_signed_act_are_refused(fed: Attacked) -> None:
    _by_a_member(fed, SOAKED // 10)


def test_sealed_bytes_that_a_member_changed_and_framed_anew_do_not_open(fed: Attacked) -> None:
    ma, no = fed.bureaus[MA], fed.bureaus[NO]
    _, signed = signed_past_the_rules(ma, information(), "no")
    delivery = decode(sealed(ma, "no", signed), Delivery)
    seen = Counter[str]()
    for mutant in _mutated(fed, delivery.sealed, 150):
        changed = encode(replace(delivery, sealed=mutant))
        seen[inbox.receive(no, [reframed(changed, ma.signer(), sealed=sha256(mutant))])[0].code] += 1
    assert set(seen) == {"exchange.sealed"}
    _kept_nothing(no)
