"""Attack 29: whoever carries envelopes, or answers questions, learns from sizes what was looked for and what was found.

What lane, moments and receipts still tell is measured and stated in docs/security.md, and not asserted here.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from comity.capabilities.keylists import desk as keylists
from comity.capabilities.keylists.acts import KeyKind
from comity.core.codec import decode
from comity.core.cose import parse_sealed, payload_of
from comity.core.envelope import Delivery, Frame, bucket
from comity.core.handling import Purpose
from comity.core.ids import BureauId
from tests.capabilities.hitting import MA, NO, SALMA, answered, at, find, listed
from tests.simulator import Federation, federation

TAG = 16
"""Bytes that AES-GCM adds."""

NOBODY: dict[str, Any] = {"name": "kari nordmann", "born": "1961-01-01"}


class Line:
    """What a carrier sees: who sends how much to whom."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.seen: list[tuple[BureauId, int, int]] = []

    def __call__(self, sender: BureauId, _recipient: BureauId, deliveries: list[bytes]) -> list[bytes]:
        """Note sizes, and let everything pass."""
        for raw in deliveries:
            delivery = decode(raw, Delivery)
            frame = decode(payload_of(delivery.frame), Frame)
            self.seen.append((sender, frame.size, len(parse_sealed(delivery.sealed).ciphertext)))
        return deliveries

    def since(self, sender: BureauId) -> list[int]:
        """Return the sizes that this bureau has sent since this was asked last."""
        sizes, self.seen = [size for who, size, _ in self.seen if who == sender], []
        return sizes


@pytest.fixture
def line() -> Line:
    """Give somebody who listens."""
    return Line()


@pytest.fixture
def fed(tmp_path: Path, line: Line) -> Iterator[Federation]:
    """Give a source and a holder, whose every envelope is seen."""
    made = federation(tmp_path / "org", ["ma", "no"])
    made.interfere = line
    yield made
    made.close()


def test_everything_that_is_carried_has_the_size_of_a_bucket(fed: Federation, tmp_path: Path, line: Line) -> None:
    for count in (1, 7, 60):
        rows = [(f"a-{number}", SALMA | {"note": "x" * 37 * number}) for number in range(count)]
        listed(fed, tmp_path, *rows)
        find(fed)
        answered(fed)
    seen = line.seen
    assert len(seen) > 10
    assert all(size == carried == TAG + bucket(size - TAG) for _, size, carried in seen)


def test_a_search_that_meets_nobody_leaves_nothing_on_the_line(fed: Federation, tmp_path: Path, line: Line) -> None:
    listed(fed, tmp_path, ("a-1", SALMA))
    answered(fed)
    line.since(NO)
    assert not find(fed, **NOBODY).hit
    answered(fed)
    fed.later(120_000)
    answered(fed)
    assert line.since(NO) == []


def test_how_much_was_met_does_not_show_in_what_its_source_is_told(fed: Federation, tmp_path: Path, line: Line) -> None:
    counts, sizes = {"XX0000021": 1, "XX0000035": 2, "XX0000049": 5}, []
    rows = [
        (f"{number}-{n}", SALMA | {"documents": [number]}) for number, count in counts.items() for n in range(count)
    ]
    listed(fed, tmp_path, *rows)
    for number, count in counts.items():
        fed.later(120_000)
        answered(fed)
        line.since(NO)
        assert len(find(fed, identifier=number).candidates) == count
        answered(fed)
        sizes.append(line.since(NO))
    # One word about the list to its source, whether one record of it was met or five.
    assert sizes == [sizes[0]] * 3
    assert len(sizes[0]) == 1


def test_an_answer_to_a_private_lookup_is_as_long_with_hits_as_without(
    fed: Federation, tmp_path: Path, line: Line
) -> None:
    numbers = [f"+2126612345{number:02}" for number in range(40)]
    opened = keylists.open(*at(fed, MA), of=KeyKind.PHONE, to=(NO,), size=1_000, most=50, daily=9, days=18)
    fed.carry()
    kept = tmp_path / "kept.txt"
    kept.write_text("\n".join(numbers[:20]) + "\n")
    keylists.fill(*at(fed, MA), which=opened.id.hex(), file=kept)
    fed.carry()
    sizes = []
    for part in (numbers[:20], numbers[20:]):
        asked = tmp_path / f"asked-{part[0]}.txt"
        asked.write_text("\n".join(part) + "\n")
        line.seen.clear()
        keylists.ask(*at(fed, NO), which=opened.id.hex(), file=asked, purpose=Purpose.INVESTIGATE, law="RPD 8")
        for _ in range(4):
            fed.carry()
        sizes.append(sorted((who, size) for who, size, _ in line.seen))
    asked_ids = [each.question.hex() for each in keylists.answers(*at(fed, NO))]
    met = [len(keylists.answers(*at(fed, NO), which=each)[0].in_list) for each in asked_ids]
    assert sorted(met) == [0, 20]
    assert sizes[0] == sizes[1]
