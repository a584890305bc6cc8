"""Attachments of messages between real nodes: as they were or not at all, under a name that does no harm."""

import dataclasses
import os
from pathlib import Path

import msgspec
import pytest

from comity.capabilities.messages import desk
from comity.capabilities.messages.acts import Attachment, Information
from comity.core.act import Said
from comity.core.errors import Malformed, Misused
from comity.core.ids import Digest
from comity.core.receipt import Rung
from comity.node.database import Transaction
from comity.node.store import Kept, Store
from tests.capabilities.desks import (
    MA,
    NO,
    SECRET,
    at,
    files,
    lawless,
    say,
    send,
)
from tests.simulator import Federation, code_of, rungs

# --------------------------------------------------------------------------------------------------------- attachments


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """Give a file of two chunks and a bit."""
    file = tmp_path / "plan of the house.pdf"
    file.write_bytes(os.urandom(1000) * 2100)  # noqa: TID251 - bytes of no meaning
    return file


def test_attachments_arrive_as_they_were(fed: Federation, plan: Path, tmp_path: Path) -> None:
    other = tmp_path / "صورة.tar.gz"
    other.write_bytes(b"")
    said = send(fed, attach=(plan, other))
    fed.carry()
    folder = tmp_path / "new" / "folder"
    saved = desk.save(*at(fed, NO), act=said.id.hex(), folder=folder)
    assert saved == [str(folder / plan.name), str(folder / other.name)]
    assert (folder / plan.name).read_bytes() == plan.read_bytes()
    assert (folder / other.name).read_bytes() == b""
    assert files(folder) == [plan.name, other.name]
    found = desk.read(*at(fed, NO), act=said.id.hex()).act
    assert isinstance(found, Information)
    assert [each.media_type for each in found.attachments] == ["application/pdf", "application/octet-stream"]


def test_nothing_that_lies_there_is_overwritten(fed: Federation, plan: Path, tmp_path: Path) -> None:
    said = send(fed, attach=(plan,))
    fed.carry()
    folder = tmp_path / "desk"
    folder.mkdir()
    (folder / plan.name).write_text("mine")
    (folder / "plan of the house-1.pdf").symlink_to(tmp_path / "elsewhere")
    (saved,) = desk.save(*at(fed, NO), act=said.id.hex(), folder=folder)
    assert saved == str(folder / "plan of the house-2.pdf")
    assert (folder / plan.name).read_text() == "mine"
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("folder", ["file", "file/below", "/proc/nothing"])
def test_a_folder_that_cannot_be_is_told(fed: Federation, plan: Path, tmp_path: Path, folder: str) -> None:
    said = send(fed, attach=(plan,))
    (tmp_path / "file").touch()
    with pytest.raises(Misused, match="cannot write to"):
        desk.save(*at(fed, MA), act=said.id.hex(), folder=tmp_path / folder)


@pytest.mark.parametrize("name", [".hidden", "a:b", "b\\c", "gpj\u202eexe"])
def test_a_file_whose_name_a_peer_would_refuse_is_not_sent(still: Federation, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text("x")
    with pytest.raises(Misused, match="a file's name"):
        send(still, attach=(file,))
    assert files(still.folder / MA / "blobs") == []


def test_two_attachments_of_one_name_are_not_sent(fed: Federation, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "plan.txt").write_text(folder)
    with pytest.raises(Misused, match="no two of one name"):
        send(fed, attach=(tmp_path / "a" / "plan.txt", tmp_path / "b" / "plan.txt"))


class Careless(Store):
    """A store that never looks at what it keeps."""

    def fold(self, tx: Transaction, said: Said, number: int) -> None:
        """Leave the state as it is."""


def hostile(fed: Federation, plan: Path, **lies: object) -> Kept:
    """Let a lawless node send one good attachment, and one that is described as it is not."""
    bureau, described = lawless(fed, MA), []
    store = Careless(**{field.name: getattr(bureau.store, field.name) for field in dataclasses.fields(Store)})
    bureau = dataclasses.replace(bureau, store=store)
    for name in ("good.pdf", "bad.pdf"):
        with plan.open("rb") as stream:
            blob = bureau.blobs.put(stream, bureau.entropy)
        described.append(
            Attachment(
                name=name, media_type="application/pdf", size=blob.size, digest=blob.digest, blob=blob.root,
                chunks=blob.chunks, key=blob.key,
            )
        )  # fmt: skip
    for field, value in lies.items():
        msgspec.structs.force_setattr(described[1], field, value)
    act = Information(title="a plan", text=SECRET, language="en")
    msgspec.structs.force_setattr(act, "attachments", tuple(described))
    said = say(bureau, act, (NO,), blobs=tuple(each.blob for each in described))
    fed.carry()
    return said


@pytest.mark.parametrize(
    "name",
    ["../up", "a/b", "/etc/passwd", "a\\b", "C:x", "", ".", "..", ".hidden", "gpj\u202eexe", "a\nb", "a\0b", "x" * 201],
)
def test_a_name_that_could_do_harm_never_reaches_a_folder(
    fed: Federation, plan: Path, tmp_path: Path, name: str
) -> None:
    said = hostile(fed, plan, name=name)
    assert code_of(fed.bureaus[NO], said.id) == "exchange.malformed"
    assert rungs(fed.bureaus[MA], said.id) == [("no", Rung.RULED, "exchange.malformed")]
    with pytest.raises((Misused, Malformed)):
        desk.save(*at(fed, NO), act=said.id.hex(), folder=tmp_path / "desk")
    assert not (tmp_path / "desk").exists()


@pytest.mark.parametrize(
    "lies",
    [
        {"size": 2_100_001},
        {"size": 2_099_999},
        {"size": 0},
        {"size": 2**31},
        {"digest": Digest(bytes(32))},
        {"key": bytes(32)},
    ],
    ids=str,
)
def test_an_attachment_that_is_not_what_was_described_is_not_written(
    fed: Federation, plan: Path, tmp_path: Path, lies: dict[str, object]
) -> None:
    said = hostile(fed, plan, **lies)
    assert code_of(fed.bureaus[NO], said.id) == "accepted"
    folder = tmp_path / "desk"
    with pytest.raises(Malformed):
        desk.save(*at(fed, NO), act=said.id.hex(), folder=folder)
    assert list(folder.iterdir()) == []


def test_one_attachment_under_two_names_is_written_twice(fed: Federation, plan: Path, tmp_path: Path) -> None:
    bureau = lawless(fed, MA)
    with plan.open("rb") as stream:
        blob = bureau.blobs.put(stream, bureau.entropy)
    both = tuple(
        Attachment(
            name=name, media_type="application/pdf", size=blob.size, digest=blob.digest, blob=blob.root,
            chunks=blob.chunks, key=blob.key,
        )
        for name in ("one.pdf", "two.pdf")
    )  # fmt: skip
    act = Information(title="a plan", text=SECRET, language="en", attachments=both)
    said = say(bureau, act, (NO,), blobs=(blob.root, blob.root))
    fed.carry()
    desk.save(*at(fed, NO), act=said.id.hex(), folder=tmp_path / "desk")
    assert files(tmp_path / "desk") == ["one.pdf", "two.pdf"]
