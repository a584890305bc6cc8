"""What the attacks ask for: an organisation of their own, founded once in a process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.federation import Attacked, copied, found


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Attacked:
    """Give an organisation that was founded and closed."""
    made = found(tmp_path_factory.mktemp("attacked") / "org")
    made.close()
    return made


@pytest.fixture
def fed(template: Attacked, tmp_path: Path) -> Iterator[Attacked]:
    """Give a copy of it."""
    made = copied(template, tmp_path / "org")
    yield made
    made.close()
