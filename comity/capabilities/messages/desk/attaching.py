"""Files to attachments and back: nothing stays of what was not said, and nothing is written that is not whole."""

import io
import mimetypes
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from msgspec.structs import replace

from comity.capabilities.messages.acts import MAX_SIZE, Attachment, Message
from comity.capabilities.messages.desk.parts import About, made
from comity.core.act import Erased
from comity.core.capability import Reader
from comity.core.desk import about
from comity.core.errors import ComityError, Misused
from comity.node.bureau import Bureau
from comity.node.view import View


def save(
    bureau: Bureau,
    reader: Reader,
    act: About,
    folder: Annotated[Path, about("folder to put the files into")] = Path(),
) -> list[str]:
    """Write the attachments of a message to a folder; each is checked against what the sender signed.

    All of them are written or none, and no file that is there already is overwritten.

    Example: comity save 3fa2 --folder harbour
    """
    found = View(bureau, reader).find(act)
    if isinstance(found.act, Erased) and found.blobs:
        raise Misused("the body of this message is not here, and with it the keys of its attachments")
    if not isinstance(found.act, Message) or not found.act.attachments:
        raise Misused("this act carries no attachments, or none that you may see")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Beside their places first: what is not what the sender described must never stand under its name.
        with TemporaryDirectory(prefix=".comity-", dir=folder) as beside:
            staged = [(Path(beside) / str(number), each) for number, each in enumerate(found.act.attachments)]
            for file, each in staged:
                write(bureau, each, file)
            return [str(_placed(file, folder, each.name)) for file, each in staged]
    except OSError as problem:
        raise Misused(f"cannot write to {folder}: {problem.strerror}") from None


@contextmanager
def attached(bureau: Bureau, paths: tuple[Path, ...]) -> Iterator[tuple[Attachment, ...]]:
    """Encrypt the files of an act that is about to be said; if it is not said, nothing of them stays here."""
    for path in paths:
        _check_file(path)
    files, kept = [], []
    try:
        for path in paths:
            with path.open("rb") as stream:
                blob = bureau.blobs.put(stream, bureau.entropy)
            kept.append(blob.root)
            files.append(
                made(
                    Attachment, name=path.name, media_type=_media_type(path), size=blob.size, digest=blob.digest,
                    blob=blob.root, chunks=blob.chunks, key=blob.key,
                )
            )  # fmt: skip
        yield tuple(files)
    except ComityError:
        for root in kept:
            bureau.blobs.drop(root)
        raise


@contextmanager
def passed_on(bureau: Bureau, files: tuple[Attachment, ...]) -> Iterator[tuple[Attachment, ...]]:
    """Encrypt attachments of another bureau's message again, for an act of ours that is about to be said.

    Under a new key: by one root in two frames carriers would see that two messages hold the same file, and a recall of
    the original would take the copy with it. The plain content is never written to the disk.
    """
    made_, kept = [], []
    try:
        for each in files:
            plain = bureau.blobs.open(each.blob, each.key, each.size, each.digest)
            blob = bureau.blobs.put(io.BufferedReader(_Plain(plain)), bureau.entropy)
            kept.append(blob.root)
            made_.append(replace(each, digest=blob.digest, blob=blob.root, chunks=blob.chunks, key=blob.key))
        yield tuple(made_)
    except ComityError:
        for root in kept:
            bureau.blobs.drop(root)
        raise


class _Plain(io.RawIOBase):
    """Pieces of content as a stream."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        super().__init__()
        self._pieces, self._left = pieces, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:  # noqa: ANN401 - the library's own type is private
        while not self._left:
            try:
                self._left = memoryview(next(self._pieces))
            except StopIteration:
                # Only here the whole has been compared with what its sender described.
                return 0
        size = min(len(into), len(self._left))
        into[:size], self._left = self._left[:size], self._left[size:]
        return size


def _check_file(path: Path) -> None:
    """Refuse what cannot be attached before anything is encrypted."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise Misused(f"{path} is not a file")
        path.open("rb").close()
    except OSError as problem:
        raise Misused(f"cannot read {path}: {problem.strerror}") from None
    if found.st_size > MAX_SIZE:
        raise Misused(f"{path} has {found.st_size:,} bytes; an attachment has at most {MAX_SIZE:,}")


def _media_type(path: Path) -> str:
    named, packed = mimetypes.guess_type(path.name)
    return "application/octet-stream" if named is None or packed is not None else named.lower()


def write(bureau: Bureau, attachment: Attachment, file: Path) -> None:
    """Write the content of an attachment; when this returns it is what the sender described."""
    with file.open("xb") as out:
        for piece in bureau.blobs.open(attachment.blob, attachment.key, attachment.size, attachment.digest):
            out.write(piece)


def _placed(file: Path, folder: Path, name: str) -> Path:
    """Move a file to its name, or to one beside it that is free."""
    for number in range(1000):
        target = folder / (f"{Path(name).stem}-{number}{Path(name).suffix}" if number else name)
        try:
            # Taken first, then replaced: a stick's file system knows no links.
            target.open("xb").close()
        except FileExistsError:
            continue
        return file.replace(target)
    raise Misused(f"{folder} holds a thousand files of that name; choose another folder")
