"""What a relay and a bureau sign to each other: that envelopes are carried, and that a mailbox is to be emptied.

Authority: decision 0033; R0 is the lowest rung of decision 0018, after the "relay acceptance" of ETSI EN 319 522. A
relay reads frames and nothing inside them. `Carried` is its word for a batch: these sealed bytes are on my disk. With
it and the frame, which names the same digest under the sender's signature, anybody can tell which relay lost what.
`Returned` takes such a word back, and says why: the recipient is out, and nobody will fetch these bytes.
`Collect` is a bureau's word to a relay: give me what waits, and forget these numbers, I have committed them. It is
signed, since whoever could say it in another's name could empty that mailbox.

Pure: the time is an argument, and so is the number of the last poll, which the relay remembers.

>>> said = Collect(org=OrgId("o"), relay=BureauId("r1"), bureau=BureauId("no"), at=Millis(0), serial=7, taken=(3, 5))
>>> encode(said).hex()[:40]
'a662617400636f7267616f6572656c6179627231'
"""

import msgspec

from comity.core import cose
from comity.core.codec import decode, encode
from comity.core.cose import Signer
from comity.core.errors import Malformed, Refused
from comity.core.exchange import SKEW
from comity.core.ids import BureauId, Digest, Millis, OrgId
from comity.core.registry import Key, KeyUse, Registry
from comity.core.ruling import Refusal

CARRIED = "application/vnd.comity.carried.v1"
COLLECT = "application/vnd.comity.collect.v1"
RETURNED = "application/vnd.comity.returned.v1"
"""Media types: none passes for another, nor for a frame or a head that the same key signs."""

MOST_CARRIED = 1024
"""Digests in one statement, and so deliveries in one request to a relay; our own post puts 128 into one."""

MOST_CODE = 64
"""Characters of a code."""

MOST_TAKEN = 4096
"""Numbers in one poll; a relay hands out 256 at a time, and those set aside come on top."""


class Carried(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A relay's signed word that sealed envelopes are on its disk: the rung R0."""

    org: OrgId
    relay: BureauId
    at: Millis
    """The relay's clock, after the commit."""
    sealed: tuple[Digest, ...]
    """SHA-256 of the sealed bytes of each, as in their frames."""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        if not 1 <= len(self.sealed) <= MOST_CARRIED or any(len(digest) != 32 for digest in self.sealed):  # noqa: PLR2004
            raise ValueError(f"a statement names 1 to {MOST_CARRIED} digests of 32 bytes")


class Returned(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A relay's signed word that it has let go of sealed envelopes that nobody will fetch any more."""

    org: OrgId
    relay: BureauId
    to: BureauId
    """Whose mailbox they lay in."""
    at: Millis
    """The relay's clock."""
    code: str
    """Why: the code by which the registry refuses that party, ``registry.ejected``."""
    sealed: tuple[Digest, ...]
    """As in the relay's promises."""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        if not 1 <= len(self.sealed) <= MOST_CARRIED or any(len(digest) != 32 for digest in self.sealed):  # noqa: PLR2004
            raise ValueError(f"a statement names 1 to {MOST_CARRIED} digests of 32 bytes")
        if not 1 <= len(self.code) <= MOST_CODE:
            raise ValueError(f"a code has 1 to {MOST_CODE} characters")


class Collect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A bureau's signed poll of its mailbox at one relay."""

    org: OrgId
    relay: BureauId
    bureau: BureauId
    at: Millis
    """The bureau's clock; the relay refuses what is more than ten minutes off."""
    serial: int
    """Grows with each poll of this mailbox, so that an old poll does nothing when it is shown again."""
    taken: tuple[int, ...] = ()
    """Numbers of mail that the bureau has committed; the relay may forget them."""
    left: tuple[int, ...] = ()
    """Numbers that the bureau cannot commit yet, since an attachment is still coming or a key is not known to it: they
    stay, and are not handed out for a while."""

    def __post_init__(self) -> None:
        """Check what the types cannot say."""
        if self.serial < 1:
            raise ValueError("serials count from 1")
        if len(self.taken) + len(self.left) > MOST_TAKEN or min((*self.taken, *self.left), default=1) < 1:
            raise ValueError(f"a poll names at most {MOST_TAKEN} numbers, from 1")


def carry(said: Carried, signer: Signer) -> bytes:
    """Return a relay's statement, signed."""
    return cose.sign1(encode(said), CARRIED, signer)


def read_carried(raw: bytes, registry: Registry, relay: BureauId) -> Carried:
    """Verify the statement of the relay that was asked, and return it.

    Raises:
        Malformed: it does not verify under a good key of this relay, or speaks for another one or elsewhere.

    """
    said = decode(cose.verify1(raw, CARRIED, _key(raw, registry, relay)), Carried)
    if (said.org, said.relay) != (registry.org, relay):
        raise Malformed("a statement of a relay that names another relay or organisation")
    return said


def give_back(said: Returned, signer: Signer) -> bytes:
    """Return a relay's word that it gives mail back, signed."""
    return cose.sign1(encode(said), RETURNED, signer)


def read_returned(raw: bytes, registry: Registry, relay: BureauId) -> Returned:
    """Verify what a relay gives back, and return it.

    Raises:
        Malformed: it does not verify under a good key of this relay, or speaks for another one or elsewhere.

    """
    said = decode(cose.verify1(raw, RETURNED, _key(raw, registry, relay)), Returned)
    if (said.org, said.relay) != (registry.org, relay):
        raise Malformed("a statement of a relay that names another relay or organisation")
    return said


def ask(said: Collect, signer: Signer) -> bytes:
    """Return a bureau's poll, signed."""
    return cose.sign1(encode(said), COLLECT, signer)


def read_collect(raw: bytes, registry: Registry, relay: BureauId, now: Millis) -> Collect:
    """Verify a poll that arrived at `relay` and return it; whether its serial is new, `fresh` says.

    Raises:
        Malformed: it does not verify, or is for another relay, or of another organisation.
        Refused: its time is too far from ours (``relay.stale``).

    """
    bureau = registry.owner(cose.key_id(raw))
    said = decode(cose.verify1(raw, COLLECT, _key(raw, registry, bureau)), Collect)
    if said.bureau != bureau:
        raise Malformed("a poll in the name of another bureau than the owner of the key that signed it")
    if (said.org, said.relay) != (registry.org, relay):
        raise Malformed("a poll of another relay or organisation")
    if abs(now - said.at) > SKEW:
        reason = f"the poll was made {now - said.at} ms before our time, at most {SKEW} either way are taken"
        raise Refused(Refusal("relay.stale", reason, "decision 0033"))
    return said


def fresh(said: Collect, last: int) -> None:
    """Let a poll pass whose serial is larger than that of the last one.

    Raises:
        Refused: it is not (``relay.serial``): an old poll shown again, or two nodes of one bureau.

    """
    if said.serial <= last:
        raise Refused(Refusal("relay.serial", f"the serial {said.serial} is not above {last}", "decision 0033"))


def _key(raw: bytes, registry: Registry, party: BureauId) -> Key:
    key_id = cose.key_id(raw)
    if registry.revocation(party, key_id) is not None:
        # Carriage needs no past: whoever lost a key polls and promises under the next one.
        raise Malformed(f"the key {key_id.hex()[:8]} of {party} is revoked")
    return registry.key(party, key_id, KeyUse.SIGN)
