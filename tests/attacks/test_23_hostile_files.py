"""Attack 23: attachments that are bombs, or several kinds of file at once: nothing on the way looks into them."""

import ast
import asyncio
import io
import zipfile
import zlib
from pathlib import Path

import comity
from comity.node.carrier import session
from tests.attacks.federation import ET, MA, R1, R2, Attacked
from tests.attacks.means import inbox_of
from tests.relayed import enclose

UNPACKERS = {
    "zipfile", "tarfile", "gzip", "bz2", "lzma", "zlib", "shutil.unpack_archive", "xml", "html.parser", "PIL", "csv",
    "pickle", "marshal", "shelve", "yaml", "email", "plistlib",
}  # fmt: skip


def _bomb() -> bytes:
    """Return a zip archive of archives: 20 kB that become a gigabyte when somebody unpacks them all."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("zeros", bytes(8 << 20))
    outer = io.BytesIO()
    with zipfile.ZipFile(outer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(128):
            archive.writestr(f"{number}.zip", inner.getvalue())
    return outer.getvalue()


HOSTILE = {
    "a bomb": _bomb(),
    "a stream that swells a thousandfold": zlib.compress(bytes(8 << 20), 9),
    "two kinds at once": b"%PDF-1.7\n<script>alert(1)</script>\nGIF89a" + _bomb()[:2000],
    "entities": b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>',
    "a formula": b'=cmd|"/c calc"!A1,2,3\n',
}


def test_hostile_files_go_through_as_the_bytes_that_they_are(fed: Attacked) -> None:
    fed.only(MA, ET)
    for content in HOSTILE.values():
        kept = enclose(fed.bureaus[MA], ET, content)
        fed.carry()
        assert kept.id in inbox_of(fed, ET)
        (blob,) = kept.head.blobs
        assert fed.bureaus[ET].blobs.complete(blob)
        held = sum(file.stat().st_size for file in (fed.folder / "et" / "blobs").rglob("*") if file.is_file())
        assert held < 2 * sum(map(len, HOSTILE.values())) + 100_000
    for name in (R1, R2):
        assert not any(content[:60] in _all(fed.folder / name) for content in HOSTILE.values() if len(content) > 60)


def test_no_module_of_a_node_or_a_relay_unpacks_or_parses_foreign_files() -> None:
    root = Path(comity.__file__).parent
    # The first two unpack what this node itself has packed, from its own database; the third wants a checksum. The last
    # reads files that an officer of this house names at the desk: the next test sees that nothing else comes to it.
    own = {name: {"zlib"} for name in ("rowchanges.py", "segments.py", "lexicon.py")} | {"lines.py": {"csv"}}
    found = {}
    for file in sorted(
        [*(root / "node").rglob("*.py"), *(root / "core").rglob("*.py"), *(root / "faces").glob("*.py")]
    ):
        names = {name for node in ast.walk(ast.parse(file.read_text())) for name in _imported(node)}
        bad = {name for name in names if name in UNPACKERS or name.split(".")[0] in UNPACKERS}
        if bad != own.get(file.name, set()):
            found[file.name] = bad
    assert found == {}


def test_lists_are_read_for_desks_alone() -> None:
    root = Path(comity.__file__).parent
    using = {
        str(file.relative_to(root))
        for file in root.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if "comity.node.lines" in _imported(node)
        or (isinstance(node, ast.ImportFrom) and any(each.name == "lines" for each in node.names))
    }
    desks = {name for name in using if name.startswith("capabilities/") and "/desk/" in name}
    assert using - desks == {"faces/mentioning.py"}
    assert desks


async def _decompresses() -> bool:
    async with session() as made:
        return made.auto_decompress


def test_an_answer_of_a_peer_is_not_unpacked_either() -> None:
    assert not asyncio.run(_decompresses())


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []


def _all(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
