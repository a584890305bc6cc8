"""Withdrawal in an organisation of thirty, under cut lines, stopped machines and restores (issue 5).

`withdrawing.py` says how it is moved and what is asserted after each step; here is what must be true in the end.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from comity.core import cose
from comity.core.envelope import HEAD
from comity.core.ids import BureauId
from comity.core.registry import KeyUse
from comity.node.bodies import State
from tests import organisation
from tests.node import remains
from tests.node.recovering import MINUTE
from tests.node.withdrawing import HOUR, STATEMENT, Play, closed, found
from tests.simulator import held

NAMES = tuple(BureauId(f"b{number:02}") for number in range(30))
FIRST, SECOND = NAMES[:2]
"""The sources."""
