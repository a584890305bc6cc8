"""How the names of an index rest on the disk: arrays in pieces, so that a million of them are read again in a second.

What was computed once, sounds and keys of words, is kept and not computed again; so an index that was made with other
tables or rules than those at hand cannot be read on, and `fingerprint` tells (decision 0049). Policies are not kept
here: they are the rows'. The bytes are sealed by `shelf.py`, which knows nothing of them.
"""

import hashlib
from collections.abc import Iterator
from typing import Any, Self

import msgspec
import numpy as np
import numpy.typing as npt

from comity.core.errors import Misused
from comity.engines.match.alignment import Words
from comity.engines.match.blocking import joined_neighbours, word_keys
from comity.engines.match.models import Model
from comity.engines.match.name import analyse
from comity.node.index.kernels import I64, U32
from comity.node.index.lexicon import Lexicon, picked
from comity.node.index.persons import Names, Persons

AT_ONCE = 1 << 18
"""Words, and names, of one piece."""

_PROBES = (
    "Abdulrahman al-Harbi", "Jean-Luc de la Croix", "Dr J. Smith Jr", "Юрий Александрович Щукин", "Γεώργιος Παππάς",
    "محمد عبد الله الحسن", "יוסף כהן", "张小明", "歐陽娜", "やまだ たろう", "ヤマダ タロウ", "김철수", "राम कुमार",
    "สมชาย ใจดี", "Գևորգ Պետրոսյան", "გიორგი", "Nguyễn Văn An", "Mohd Bob Liz", "Xochitl Szczepański",
)  # fmt: skip
"""Common names in all scripts, nobody's in particular."""

_TYPES = {
    "symbols": np.uint8, "lengths": np.uint8, "families": np.uint8, "bits": np.float32, "roles": np.uint8,
    "tags": np.uint32, "digests": np.uint64, "bones": np.uint32, "ends": np.int64, "values": np.uint32,
    "numbers": np.int64, "ties": np.uint64, "places": np.int32, "tokens": np.uint32, "more_ends": np.int64,
    "more": np.uint32,
}  # fmt: skip


class _Arrays(msgspec.Struct, frozen=True, kw_only=True):
    """Arrays by their names, as bytes."""

    @classmethod
    def of(cls, **arrays: npt.NDArray[Any]) -> Self:
        """Put arrays into bytes."""
        return cls(**{name: array.astype(_TYPES[name]).tobytes() for name, array in arrays.items()})

    def array(self, name: str) -> npt.NDArray[Any]:
        """Return one of them."""
        return np.frombuffer(getattr(self, name), _TYPES[name])


class WordsPiece(_Arrays, frozen=True, kw_only=True):
    """Words, prepared."""

    symbols: bytes
    lengths: bytes
    families: bytes
    bits: bytes
    roles: bytes
    tags: bytes
    digests: bytes
    bones: bytes
    ends: bytes
    values: bytes


class NamesPiece(_Arrays, frozen=True, kw_only=True):
    """Names, each as the numbers of its words."""

    numbers: bytes
    ties: bytes
    places: bytes
    ends: bytes
    tokens: bytes
    more_ends: bytes
    more: bytes


def fingerprint(model: Model) -> bytes:
    """Return 16 bytes that differ when words are taken apart, sounded, found or weighed in another way."""
    hashed = hashlib.blake2b(digest_size=16, person=b"comity names/1")
    for probe in _PROBES:
        words = (*analyse(probe).words, *joined_neighbours(analyse(probe)))
        for array in model.words(words):
            hashed.update(array.tobytes())
        for word in words:
            hashed.update(repr((word, sorted(word_keys(word)))).encode())
    return hashed.digest()


def words_of(lexicon: Lexicon) -> Iterator[bytes]:
    """Yield the words in pieces, in the order of their numbers."""
    for first in range(0, lexicon.size, AT_ONCE):
        last = min(first + AT_ONCE, lexicon.size)
        ends, values = lexicon.keys_of(first, last)
        symbols, lengths, families, bits, roles, tags = picked(lexicon.words, slice(first, last))
        piece = WordsPiece.of(
            symbols=symbols, lengths=lengths, families=families, bits=bits, roles=roles, tags=tags,
            digests=lexicon.digests[first:last], bones=lexicon.bones[first:last], ends=ends, values=values,
        )  # fmt: skip
        yield msgspec.msgpack.encode(piece)


def names_of(persons: Persons) -> Iterator[bytes]:
    """Yield the names in pieces, in their order."""
    names = persons.names
    for first in range(0, persons.size, AT_ONCE):
        last = min(first + AT_ONCE, persons.size)
        low, high = int(names.ends[first]), int(names.ends[last])
        more_low, more_high = int(names.more_ends[first]), int(names.more_ends[last])
        piece = NamesPiece.of(
            numbers=names.numbers[first:last], ties=names.ties[first:last], places=names.places[first:last],
            ends=names.ends[first + 1 : last + 1] - low, tokens=names.tokens[low:high],
            more_ends=names.more_ends[first + 1 : last + 1] - more_low, more=names.more[more_low:more_high],
        )  # fmt: skip
        yield msgspec.msgpack.encode(piece)


def read(model: Model, words: Iterator[bytes], names: Iterator[bytes], policies: U32) -> Persons:
    """Return the names of these pieces, under the policies that their rows have now.

    Raises:
        Misused: the pieces do not belong together.

    """
    lexicon = Lexicon(model)
    for raw in words:
        one = msgspec.msgpack.decode(raw, type=WordsPiece)
        symbols = one.array("symbols").reshape(len(one.lengths), -1)
        parts = (one.array(name) for name in ("lengths", "families", "bits", "roles", "tags"))
        keys = (one.array("ends"), one.array("values"))
        lexicon.append(Words(symbols, *parts), one.array("digests"), one.array("bones"), *keys)
    lexicon.know()
    held, starts, more_starts = list[NamesPiece](), [0], [0]
    for raw in names:
        held.append(msgspec.msgpack.decode(raw, type=NamesPiece))
        starts.append(starts[-1] + len(held[-1].tokens) // 4)
        more_starts.append(more_starts[-1] + len(held[-1].more) // 4)
    numbers, tokens, more = (_joined(held, name) for name in ("numbers", "tokens", "more"))
    if max(tokens.max(initial=0), more.max(initial=0)) >= max(lexicon.size, 1) or numbers.max(initial=0) >= len(
        policies
    ):
        raise Misused("the words or the rows of the index do not belong to its names: rebuild it from the store")
    found = Names(
        numbers, _joined(held, "ties"), _joined(held, "places"), policies[numbers], np.zeros(0, np.float32),
        _ends(held, "ends", starts), tokens.astype(np.int32), _ends(held, "more_ends", more_starts),
        more.astype(np.int32),
    )  # fmt: skip
    persons = Persons(model)
    persons.fill(lexicon, found)
    return persons


def _joined(held: list[NamesPiece], name: str) -> npt.NDArray[Any]:
    return np.concatenate([np.zeros(0, _TYPES[name]), *(each.array(name) for each in held)])


def _ends(held: list[NamesPiece], name: str, starts: list[int]) -> I64:
    parts = (each.array(name) + start for each, start in zip(held, starts, strict=False))
    return np.concatenate([np.zeros(1, np.int64), *parts])
