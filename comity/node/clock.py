"""The only module that asks the time and draws entropy, so that a test replaces both in one place (decision 0006).

Everything else takes `now` and `entropy` as arguments. Key encapsulation (HPKE) is the one exception: the library
draws its own randomness there.
"""

import os
import time

from comity.core.ids import Millis


def now() -> Millis:
    """Return the time of this machine, in milliseconds UTC."""
    return Millis(time.time_ns() // 1_000_000)


def entropy(count: int) -> bytes:
    """Return `count` random bytes from the operating system."""
    return os.urandom(count)
