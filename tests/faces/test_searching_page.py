"""docs/searching.md tells how an officer searches; what the commands print is real, for all of it is typed again here.

As on the page of a duty officer's night (`test_night_page.py`): COMITY_GUIDE=write writes the page again.
"""

import os
from pathlib import Path

import pytest

from tests.faces.test_night_page import DIGITS, NIGHT, Night, night

__all__ = ["night"]

PAGE = Path(__file__).parents[2] / "docs" / "searching.md"

pytestmark = pytest.mark.timeout(400)
"""Each command opens the index anew, as a person's would: some three seconds on an idle machine for each search."""


def test_searching_goes_as_the_page_tells_it(night: Night) -> None:
    page = PAGE.read_text()
    (then,) = NIGHT.findall(page)
    now = night.told(then)
    if os.environ.get("COMITY_GUIDE") == "write":
        PAGE.write_text(page.replace(then, now))
    assert DIGITS.sub("#" * 12, now) == DIGITS.sub("#" * 12, then)
