"""What one act costs the machine alone: bare calls of the libraries, one after the other, on one core, and commits.

No codec, no rules, no HTTP, no Python of ours but the calls themselves. Each primitive that the protocol performs is
counted as often as it performs it for one act (docs/spec, decision 0019): once on the sender's or recipient's side, or
at its share of a batch of receipts. Sizes are those of a short message (`bench/exchange.py`).
"""

import hashlib
import sqlite3
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import mlkem, x25519
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap

from comity.node.clock import entropy

HEAD, FRAME, SEALED, BODY = 560, 280, 2_048, 800
"""Bytes that are signed as head and as frame, encrypted for the recipient, and encrypted where they rest."""

ROW = 3_000
"""Bytes that one act takes in the tables of one node: head, frame, body, leaf, a line of the outbox or a receipt."""

LEVELS = 2
"""Nodes of the Merkle tree that are hashed for each leaf, on average, and the leaf itself."""

ROUNDS, CALLS = 5, 200


@dataclass(frozen=True, kw_only=True)
class Step:
    """One primitive: how long one call takes, and how often an act needs it."""

    name: str
    micros: float
    times: float

    @property
    def share(self) -> float:
        """Microseconds for one act."""
        return self.micros * self.times


def cryptography(batch: float) -> list[Step]:
    """Measure every primitive; `batch` is how many receipts travel in one act."""
    key = Ed25519PrivateKey.generate()
    public = key.public_key()
    head, sealed, body = entropy(HEAD), entropy(SEALED), entropy(BODY)
    signature = key.sign(head)
    suite = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
    lattice, curve = mlkem.MLKEM768PrivateKey.generate(), x25519.X25519PrivateKey.generate()
    private = hpke.MLKEM768X25519PrivateKey(lattice, curve)
    theirs = hpke.MLKEM768X25519PublicKey(lattice.public_key(), curve.public_key())
    secret, info, nonce = entropy(32), b"HPKE Recipient", bytes(12)
    wrapped = suite.encrypt(secret, theirs, info)
    cipher = AESGCM(secret)
    hidden, rested = cipher.encrypt(nonce, sealed, None), cipher.encrypt(nonce, body, None)
    slot = aes_key_wrap(secret, secret)
    # An act of receipts is signed, framed, sealed, opened, verified and kept like any other; so is a checkpoint in it.
    acts = 1 + 1 / batch
    return [
        _step("sign (head, frame, checkpoint)", lambda: key.sign(head), 2 * acts + 1 / batch),
        _step("verify (frame, head, checkpoints)", lambda: public.verify(signature, head), 2 * acts + 2 / batch),
        _step("encapsulate, ML-KEM-768 + X25519", lambda: suite.encrypt(secret, theirs, info), acts),
        _step("decapsulate", lambda: suite.decrypt(wrapped, private, info), acts),
        _step("encrypt what is sent", lambda: AESGCM(secret).encrypt(nonce, sealed, None), acts),
        _step("decrypt it", lambda: AESGCM(secret).decrypt(nonce, hidden, None), acts),
        _step("encrypt a body at rest, wrap its key", lambda: _rest(secret, nonce, body), 2 * acts),
        _step("open it again to send it", lambda: _wake(secret, slot, nonce, rested), acts),
        _step("SHA-256: ids, bodies, envelopes, tree", lambda: hashlib.sha256(head).digest(), 2 * acts * (4 + LEVELS)),
    ]


def commits(folder: Path, acts: int) -> float:
    """Return the seconds of one commit that carries the rows of so many acts, on the disk that `folder` is on."""
    database = sqlite3.connect(folder / "floor.db", isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=16384"):
        database.execute(f"PRAGMA {pragma}")
    database.execute("CREATE TABLE kept (number INTEGER PRIMARY KEY, id BLOB UNIQUE, raw BLOB)")
    took = []
    for _ in range(60):
        rows = [(entropy(32), entropy(ROW)) for _ in range(max(acts, 1))]
        began = time.perf_counter()
        database.execute("BEGIN IMMEDIATE")
        database.executemany("INSERT INTO kept (id, raw) VALUES (?, ?)", rows)
        database.execute("COMMIT")
        took.append(time.perf_counter() - began)
    database.close()
    return statistics.median(took)


def _step(name: str, call: Callable[[], object], times: float) -> Step:
    """Measure one primitive: the best of some rounds, as whatever else runs only adds."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(CALLS):
            call()
        best = min(best, time.perf_counter() - began)
    return Step(name=name, micros=best / CALLS * 1e6, times=times)


def _rest(secret: bytes, nonce: bytes, body: bytes) -> None:
    AESGCM(secret).encrypt(nonce, body, None)
    aes_key_wrap(secret, secret)


def _wake(secret: bytes, slot: bytes, nonce: bytes, rested: bytes) -> None:
    AESGCM(aes_key_unwrap(secret, slot)).decrypt(nonce, rested, None)
