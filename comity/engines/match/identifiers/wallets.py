"""Addresses of crypto-assets, each with the checksum of its chain: Base58Check, Bech32, Bech32m, EIP-55, Monero's.

By BIP 173 and BIP 350, EIP-55, the parameters of each chain's reference client. The arithmetic of Base58 and Bech32 is
python-stdnum's, Keccak-256 pycryptodome's (decision 0048); here is which prefix belongs to which chain, and what a
misread letter may have been. An address says nothing of its holder, and one key may have addresses on many chains.
"""

import hashlib
import re
from collections.abc import Callable
from itertools import islice, product

from Crypto.Hash import keccak
from stdnum.bitcoin import b58decode, bech32_checksum

from comity.core.errors import Malformed
from comity.engines.match.identifiers.choices import one_change, repairs_between
from comity.engines.match.identifiers.reading import Kind, Problem, Proof, Reading, Why

LONGEST = 128
"""Characters that are looked at; Monero's integrated addresses have 106."""
TRIES = 256
"""Spellings that are tried for one address with letters that its alphabet lacks."""

BASE58 = re.compile(r"[1-9A-HJ-NP-Za-km-z]+\Z")
BASE58_LENGTHS = range(25, 37)
BASE58_CHAINS = {
    b"\x00": "bitcoin",
    b"\x05": "bitcoin",
    b"\x30": "litecoin",
    b"\x32": "litecoin",
    b"\x1e": "dogecoin",
    b"\x16": "dogecoin",
    b"\x4c": "dash",
    b"\x10": "dash",
    b"\x41": "tron",
    b"\x1c\xb8": "zcash",
    b"\x1c\xbd": "zcash",
}
"""Version bytes before the 20 bytes of the hash (chainparams of each reference client; Tron: java-tron)."""
PAYLOAD, SUM = 20, 4
"""Bytes of the hash, and of the checksum behind it."""

BECH32_LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
BECH32_CHAINS = {"bc": "bitcoin", "ltc": "litecoin"}
BECH32_SHORTEST, BECH32_LONGEST = 14, 90
BECH32M = 0x2BC830A3
"""The constant of BIP 350; that of BIP 173 is 1, and belongs to witness version 0 alone."""

ETHEREUM = re.compile(r"0[xX][0-9a-fA-F]{40}\Z")
MONERO_LENGTHS = (95, 106)
MONERO_PREFIXES = (18, 19, 42)
"""Standard, integrated, sub-address (monero: cryptonote_config.h)."""
MONERO_BLOCKS = {11: 8, 7: 5, 6: 4}
"""Base58 characters of a block, and the bytes that they stand for; 106 characters end in a block of 7, 95 too."""

LIKE = {"0": "oDQ", "O": "oQD", "I": "1Li", "l": "1iL", "o": "0", "b": "68", "i": "lj", "1": "l"}
"""What a letter that an alphabet lacks may have been."""


def read(text: str) -> Reading:
    """Return an address; where a checksum fails, look-alikes are tried and taken if one agrees.

    Raises: Malformed if it has the form of no chain that is known here.
    """
    written = "".join(text[: LONGEST * 2].split())
    if not 14 <= len(written) <= LONGEST or not written.isascii() or not written.isalnum():  # noqa: PLR2004
        raise Malformed(f"{len(written)} characters are no address of a chain that is known here")
    found = exact(written)
    if found:
        return found
    if ETHEREUM.match(written):
        plain = written[2:].lower()
        problem = Problem(code="wallet.check", candidates=(f"0x{capitals(plain)}",))
        return reading("ethereum", f"0x{plain}", written, Proof.FAILED, (problem,))
    right = [each for each in spellings(written) if exact(each)]
    if len(right) == 1:
        taken = exact(right[0])
        if taken:
            return repaired(taken, written, right[0])
    if not plausible(written):
        raise Malformed(f"{len(written)} characters are no address of a chain that is known here")
    problem = Problem(code="wallet.check", candidates=tuple(right))
    return reading("", written, written, Proof.FAILED, (problem,))


def exact(text: str) -> Reading | None:
    """Return the address as it is written, None if no checksum agrees; cheap enough for every word of a text."""
    if ETHEREUM.match(text):
        digits = text[2:]
        if digits in {digits.lower(), digits.upper()}:
            return reading("ethereum", f"0x{digits.lower()}", f"0x{capitals(digits.lower())}", Proof.FORM)
        agrees = digits == capitals(digits.lower())
        return reading("ethereum", f"0x{digits.lower()}", text, Proof.CHECKED) if agrees else None
    chain = bech32_chain(text)
    if chain:
        return reading(chain, text.lower(), text.lower(), Proof.CHECKED)
    if BASE58.match(text):
        chain = base58_chain(text) if len(text) in BASE58_LENGTHS else monero_chain(text)
        return reading(chain, text, text, Proof.CHECKED) if chain else None
    return None


def reading(chain: str, key: str, shown: str, proof: Proof, problems: tuple[Problem, ...] = ()) -> Reading:
    """Return a reading; the checksum tells look-alikes apart, so nothing is folded."""
    return Reading(kind=Kind.WALLET, key=key, folded=key, shown=shown, proof=proof, scheme=chain, problems=problems)


def repaired(right: Reading, written: str, taken: str) -> Reading:
    """Return a reading with what was changed to get it; a checksum of 30 bits or more leaves no doubt."""
    return Reading(
        kind=right.kind,
        key=right.key,
        folded=right.folded,
        shown=right.shown,
        proof=right.proof,
        scheme=right.scheme,
        repairs=repairs_between(written, taken, Why.CHECK),
    )


def capitals(digits: str) -> str:
    """Return forty hexadecimal digits with the capitals of EIP-55."""
    mask = keccak.new(digest_bits=256, data=digits.encode()).hexdigest()
    return "".join(each.upper() if int(bit, 16) >= 8 else each for each, bit in zip(digits, mask, strict=False))  # noqa: PLR2004


def base58_chain(text: str) -> str:
    """Return the chain of an address in Base58Check, empty if the checksum fails or the version is unknown."""
    raw = b58decode(text)
    version = raw[: -PAYLOAD - SUM]
    if len(raw) < PAYLOAD + SUM or version not in BASE58_CHAINS:
        return ""
    digest = hashlib.sha256(hashlib.sha256(raw[:-SUM]).digest()).digest()
    return BASE58_CHAINS[version] if digest[:SUM] == raw[-SUM:] else ""


def bech32_chain(text: str) -> str:
    """Return the chain of a segregated-witness address, empty if it is none.

    Version 0 has the checksum of BIP 173, every later one that of BIP 350; capitals and small letters are not mixed.
    """
    if text not in {text.lower(), text.upper()} or not BECH32_SHORTEST <= len(text) <= BECH32_LONGEST:
        return ""
    prefix, _, data = text.lower().rpartition("1")
    if prefix not in BECH32_CHAINS or len(data) < 8 or any(each not in BECH32_LETTERS for each in data):  # noqa: PLR2004
        return ""
    values = [BECH32_LETTERS.index(each) for each in data]
    expanded = [ord(each) >> 5 for each in prefix] + [0] + [ord(each) & 31 for each in prefix]
    version, program = values[0], (len(values) - 7) * 5
    if bech32_checksum(expanded + values) != (1 if version == 0 else BECH32M):
        return ""
    filling = values[-7] & ((1 << program % 8) - 1) if program % 8 else 0
    long_enough = program // 8 in {20, 32} if version == 0 else 2 <= program // 8 <= 40  # noqa: PLR2004
    return BECH32_CHAINS[prefix] if version <= 16 and program % 8 < 5 and not filling and long_enough else ""  # noqa: PLR2004


def monero_chain(text: str) -> str:
    """Return ``monero`` if blocks, network and checksum agree, else nothing."""
    if len(text) not in MONERO_LENGTHS or text[0] not in "48":
        return ""
    raw = b""
    for start in range(0, len(text), 11):
        block = text[start : start + 11]
        value = int.from_bytes(b58decode(block))
        if len(block) not in MONERO_BLOCKS or value >= 256 ** MONERO_BLOCKS[len(block)]:
            return ""
        raw += value.to_bytes(MONERO_BLOCKS[len(block)])
    digest = keccak.new(digest_bits=256, data=raw[:-SUM]).digest()
    return "monero" if raw[0] in MONERO_PREFIXES and digest[:SUM] == raw[-SUM:] else ""


def spellings(text: str) -> tuple[str, ...]:
    """Return what a text may have been: with letters that the alphabet lacks replaced, or one look-alike changed."""
    lowered = text.lower()
    if lowered.partition("1")[0] in BECH32_CHAINS or lowered[:2] in {"bc", "lt"}:
        return choose(lowered, lambda each: each in BECH32_LETTERS + "bc1lt")
    return choose(text, lambda each: bool(BASE58.match(each)))


def choose(text: str, allowed: Callable[[str], bool]) -> tuple[str, ...]:
    """Return the spellings of a text in an alphabet; a number of them that does not depend on the text."""
    choices = [each if allowed(each) else LIKE.get(each, each) for each in text]
    if any(not allowed(each) for each in text):
        return tuple("".join(letters) for letters in islice(product(*choices), TRIES))
    return tuple(islice(one_change(text, similar), TRIES))


def similar(character: str) -> str:
    """Return what a letter of Base58 is misread for: itself in the other case, and the usual look-alikes."""
    pairs = {"5": "S", "S": "5s", "8": "B", "B": "8b", "2": "Z", "Z": "2z", "6": "Gb", "G": "6g", "1": "i", "9": "g"}
    return pairs.get(character, character.swapcase() if character.isalpha() else "")


def plausible(text: str) -> bool:
    """Tell whether a text looks so much like an address that a failed checksum is worth telling."""
    lowered = text.lower()
    if lowered.startswith(("bc1", "ltc1")):
        return BECH32_SHORTEST <= len(text) <= BECH32_LONGEST
    mixed = (
        any(each.isdigit() for each in text)
        and any(each.islower() for each in text)
        and any(each.isupper() for each in text)
    )
    return mixed and text[0] in "13LMDATXt48" and len(text) in {*BASE58_LENGTHS, *MONERO_LENGTHS}
