"""Forwarding with attachments: the third bureau gets the same bytes, and carriers cannot tell so."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.capabilities.messages import desk
from comity.capabilities.messages.acts import Decided, Information
from comity.capabilities.messages.acts import Why as Ground
from comity.capabilities.messages.desk import Sent
from comity.core.errors import Malformed, Misused, Refused
from tests.capabilities.desks import ET, MA, NO, at, files, send
from tests.simulator import Federation, federation, received


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """Give a file of two chunks and a bit."""
    file = tmp_path / "plan.pdf"
    file.write_bytes(os.urandom(1000) * 2100)  # noqa: TID251 - bytes of no meaning
    return file


def consented(fed: Federation, *attach: Path) -> Sent:
    """Let ``ma`` send files to ``no``, and consent to their going to ``et``."""
    news = send(fed, attach=attach)
    fed.carry()
    asked = desk.ask_consent(*at(fed, NO), act=news.id.hex(), whom=(ET,), reason="it is bound for there")
    fed.carry()
    desk.consent(*at(fed, MA), act=asked.id.hex(), decision=Decided.GRANTED)
    fed.carry()
    return news


def test_attachments_go_along_under_another_key(fed: Federation, plan: Path, tmp_path: Path) -> None:
    """Same name, type and content; another root, so that nothing on the way shows that it is the same file."""
    empty = tmp_path / "empty.txt"
    empty.write_bytes(b"")
    news = consented(fed, plan, empty)
    passed = desk.forward(*at(fed, NO), act=news.id.hex(), to=("et",))
    fed.carry()
    saved = desk.save(*at(fed, ET), act=passed.id.hex(), folder=tmp_path / "et")
    assert [Path(each).read_bytes() for each in saved] == [plan.read_bytes(), b""]
    first, second = (desk.read(*at(fed, NO), act=each.id.hex()).act for each in (news, passed))
    assert isinstance(first, Information)
    assert isinstance(second, Information)
    for one, other in zip(first.attachments, second.attachments, strict=True):
        assert (one.name, one.media_type, one.size, one.digest) == (
            other.name, other.media_type, other.size, other.digest,
        )  # fmt: skip
        assert (one.blob != other.blob, one.key != other.key) == (True, True)


def test_a_recall_of_the_original_leaves_what_was_passed_on_with_consent(
    fed: Federation, plan: Path, tmp_path: Path
) -> None:
    """It is another act, under a word of the source; its own copy at the middle bureau stays whole."""
    news = consented(fed, plan)
    passed = desk.forward(*at(fed, NO), act=news.id.hex(), to=("et",))
    desk.recall(*at(fed, MA), act=news.id.hex(), why=Ground.PURPOSE)
    fed.carry()
    for number, name in enumerate((ET, NO)):
        (saved,) = desk.save(*at(fed, name), act=passed.id.hex(), folder=tmp_path / str(number))
        assert Path(saved).read_bytes() == plan.read_bytes()
    with pytest.raises(Misused, match="the body of this message is not here"):
        desk.save(*at(fed, NO), act=news.id.hex(), folder=tmp_path)


def test_an_attachment_can_be_left_out_by_its_name(fed: Federation, plan: Path, tmp_path: Path) -> None:
    """A name that is none is a slip of the pen."""
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"jpg")
    news = consented(fed, plan, photo)
    with pytest.raises(Misused, match="carries no attachment of that name"):
        desk.forward(*at(fed, NO), act=news.id.hex(), to=("et",), without=("foto.jpg",))
    passed = desk.forward(*at(fed, NO), act=news.id.hex(), to=("et",), without=("plan.pdf",))
    found = desk.read(*at(fed, NO), act=passed.id.hex()).act
    assert isinstance(found, Information)
    assert [each.name for each in found.attachments] == ["photo.jpg"]


def test_what_is_refused_leaves_no_copy(fed: Federation, plan: Path) -> None:
    """Without consent nothing is said, and nothing rests."""
    news = send(fed, attach=(plan,))
    fed.carry()
    blobs = fed.folder / NO / "blobs"
    before = files(blobs)
    with pytest.raises(Refused):
        desk.forward(*at(fed, NO), act=news.id.hex(), to=("et",))
    assert files(blobs) == before


def test_a_chunk_that_rotted_is_not_passed_on(fed: Federation, plan: Path) -> None:
    """What is not as its sender described goes nowhere."""
    news = consented(fed, plan)
    (whole,) = (fed.folder / NO / "blobs").rglob("content")
    whole.write_bytes(whole.read_bytes()[:-1] + b"\0")
    before = files(fed.folder / NO / "blobs")
    with pytest.raises(Malformed):
        desk.forward(*at(fed, NO), act=news.id.hex(), to=("et",))
    # It counts as whole no more, so that the chunk is asked for again; and no copy rests.
    assert not whole.exists()
    assert len(files(fed.folder / NO / "blobs")) == len(before)
    fed.carry()
    assert received(fed.bureaus[ET]) == []


SIZES = st.sampled_from([0, 1, 2**20 - 1, 2**20, 2**20 + 1, 2**21])


@settings(max_examples=6, deadline=None)
@given(sizes=st.lists(SIZES, min_size=1, max_size=3))
def test_whatever_its_size_it_arrives_as_it_was(sizes: list[int], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Pieces are cut again where chunks end."""
    folder = tmp_path_factory.mktemp("sizes")
    fed = federation(folder / "fed", ["ma", "no", "et"])
    try:
        paths = []
        for number, size in enumerate(sizes):
            paths.append(folder / f"{number}.bin")
            paths[-1].write_bytes((b"%d" % number) * size)
        news = consented(fed, *paths)
        passed = desk.forward(*at(fed, NO), act=news.id.hex(), to=("et",))
        fed.carry()
        saved = desk.save(*at(fed, ET), act=passed.id.hex(), folder=folder / "et")
        assert [Path(each).read_bytes() for each in saved] == [each.read_bytes() for each in paths]
    finally:
        fed.close()
