"""Attack 12: somebody has the key with which a bureau opens its mail."""

import pytest

from comity.core.codec import decode
from comity.core.envelope import Delivery, open_sealed
from comity.core.errors import Malformed, Misused
from comity.core.registry import KeyUse, Suite
from comity.node import admission
from tests.attacks.federation import ET, MA, Attacked
from tests.attacks.means import disk_of, frame_in, inbox_of, say


def _resealed(fed: Attacked) -> None:
    """Give Addis Ababa a new opening key, by its own profile."""
    profile = fed.founded.state().profiles[ET]
    new = fed.bureaus[ET].keyring.new(KeyUse.SEAL, Suite.HYBRID)
    fed.founded.submit(admission.rotated(profile, [new], [profile.current(KeyUse.SEAL).kid]), fed.now())
    fed.refresh()


def test_a_stolen_opening_key_opens_nothing_that_is_sealed_after_the_rotation(fed: Attacked) -> None:
    fed.only(MA, ET)
    thief = fed.bureaus[ET].openers()
    say(fed, MA, ET, text="before")
    fed.carry()
    _resealed(fed)
    after = say(fed, MA, ET, text="after")
    fed.carry()
    heard = [raw for raw in fed.middle.deliveries() if frame_in(raw).to == ET]
    opened = []
    for raw in heard:
        try:
            open_sealed(decode(raw, Delivery).sealed, thief)
            opened.append(True)
        except Malformed:
            opened.append(False)
    assert opened[0], "what it could open before is lost: past mail is exposed to whoever recorded it"
    assert not opened[-1]
    assert after in inbox_of(fed, ET)


def test_a_destroyed_opening_key_is_gone_from_the_disk_and_opens_nothing(fed: Attacked) -> None:
    et = fed.bureaus[ET]
    old = fed.registry.profile(ET).current(KeyUse.SEAL)
    raw = (fed.folder / "et" / "keyring" / f"{old.kid.hex()}.key").read_bytes()
    et.keyring.destroy(old.kid)
    assert raw[100:180] not in disk_of(fed.folder / "et")
    with pytest.raises(Misused, match="no key"):
        et.keyring.private(old.kid)
