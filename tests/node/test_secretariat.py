"""A registry as a secretariat's node keeps it: profiles taken in, timestamps signed, what falls due."""

import logging
from pathlib import Path

import msgspec
import pytest

from comity.core.errors import Malformed, Misused, Refused
from comity.core.ids import BureauId, Millis
from comity.core.registry import Freshness
from comity.node import admission, home, keyfile, secretariat
from comity.node.home import Membership, Settings
from comity.node.secretariat import Secretariat
from tests.node.founding import MA, NO, Founded, after, profile_of, silent


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    made = Founded(tmp_path / "registry")
    made.admit(MA)
    return made


def keeper(founded: Founded, days: float = 0) -> Secretariat:
    return Secretariat(founded.repository, founded.online, lambda: after(days))


def paper(founded: Founded, version: int, bureau: BureauId = MA) -> bytes:
    profile = profile_of(bureau, version)
    made = admission.submission(founded.anchor.org, profile, founded.roles[bureau], after(0), silent)
    return msgspec.json.encode(made)


def test_a_profile_that_comes_over_the_network_is_published_as_it_was_signed(founded: Founded) -> None:
    assert keeper(founded).accept(paper(founded, 2)) == 3
    assert founded.state().profiles[MA].version == 2


def test_a_profile_that_skips_a_version_is_refused(founded: Founded) -> None:
    with pytest.raises(Refused) as refused:
        keeper(founded).accept(paper(founded, 3))
    assert refused.value.refusal.code == "registry.version"


def test_a_profile_of_a_bureau_that_nobody_accredited_is_refused(founded: Founded) -> None:
    founded.apply(NO)
    with pytest.raises(Refused) as refused:
        keeper(founded).accept(paper(founded, 1, NO))
    assert refused.value.refusal.code == "registry.unknown"


@pytest.mark.parametrize("raw", [b"", b"{}", b"\xff\xfe", b"[" * 100_000, b" " * (secretariat.MAX_SUBMISSION + 1)])
def test_what_is_no_submission_is_malformed_and_changes_nothing(founded: Founded, raw: bytes) -> None:
    with pytest.raises(Malformed):
        keeper(founded).accept(raw)
    assert founded.state().snapshot == 2


def test_a_timestamp_is_signed_anew_and_what_falls_due_is_warned_of(
    founded: Founded, caplog: pytest.LogCaptureFixture
) -> None:
    before = founded.state().timestamp
    with caplog.at_level(logging.WARNING):
        keeper(founded, 61).stamp()
    assert founded.state().timestamp > before
    assert "membership expires in 29 days" in caplog.text


@pytest.mark.parametrize(("days", "freshness"), [(0.5, Freshness.FRESH), (2, Freshness.GRACE), (9, Freshness.STOPPED)])
def test_the_status_says_how_fresh_the_registry_is(founded: Founded, days: float, freshness: Freshness) -> None:
    found = secretariat.status(founded.repository, after(days))
    assert found.freshness is freshness
    assert [(member.bureau, member.profile) for member in found.members] == [(MA, 1)]
    assert (found.threshold, len(found.custodians)) == (3, 5)


def test_the_status_names_what_the_custodians_must_renew(founded: Founded) -> None:
    assert not secretariat.status(founded.repository, after(30)).falls_due
    assert secretariat.status(founded.repository, after(61)).falls_due == ("the membership expires on 2026-04-01",)


def node_with_keys(founded: Founded, tmp_path: Path, labels: tuple[str, str] = ("timestamp", "snapshot")) -> Path:
    files = secretariat.online_files(founded.folder)
    for path, label in zip((files.timestamp, files.snapshot), labels, strict=True):
        seed = {"n": 0}

        def entropy(count: int, label: str = label, seed: dict[str, int] = seed) -> bytes:
            # The first 32 bytes are the seed: those of the key that the root names.
            seed["n"] += 1
            named = {"timestamp": founded.online.timestamp, "snapshot": founded.online.snapshot}.get(label)
            if seed["n"] == 1 and named is not None:
                return named._private.private_bytes_raw()
            return bytes(count)

        keyfile.new_offline_key(path, "the node's passphrase", label, work=4, entropy=entropy)
    folder = tmp_path / "node"
    folder.mkdir(mode=0o700)
    home.write(folder, Settings(memberships=(Membership(org=founded.anchor.org, bureau=BureauId("sg")),)))
    return folder


def test_a_secretariats_node_opens_the_online_keys_with_its_own_passphrase(founded: Founded, tmp_path: Path) -> None:
    folder = node_with_keys(founded, tmp_path)
    opened = secretariat.open_registry(folder, founded.folder, "the node's passphrase", now=lambda: Millis(after(0)))
    assert opened.org == founded.anchor.org
    assert opened.stamp() == 2


def test_online_keys_that_the_root_does_not_name_are_not_opened_for_work(founded: Founded, tmp_path: Path) -> None:
    folder = node_with_keys(founded, tmp_path, ("timestamp", "another"))
    with pytest.raises(Misused, match="not the snapshot key"):
        secretariat.open_registry(folder, founded.folder, "the node's passphrase")


def test_a_node_keeps_no_registry_of_an_organisation_that_it_does_not_belong_to(
    founded: Founded, tmp_path: Path
) -> None:
    folder = node_with_keys(founded, tmp_path)
    home.write(folder, Settings())
    with pytest.raises(Misused, match="does not belong"):
        secretariat.open_registry(folder, founded.folder, "the node's passphrase")
