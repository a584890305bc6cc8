"""Federations for tests of desks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulator import Federation, federation


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    """Give a federation to tests that change nothing in it, which is what they are about."""
    made = federation(tmp_path_factory.mktemp("still"), ["ma", "no"])
    yield made
    made.close()


@pytest.fixture
def fed(tmp_path: Path) -> Iterator[Federation]:
    """Give three bureaus with real nodes."""
    made = federation(tmp_path, ["ma", "no", "et"])
    yield made
    made.close()
