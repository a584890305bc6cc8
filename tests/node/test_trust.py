"""What a node believes of a registry: good days, rollback, freeze, ghosts, and the theft of online keys."""

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from comity.core import registry
from comity.core.errors import Malformed, Misused, Unreachable
from comity.core.ids import Millis
from comity.core.registry import Freshness, Profile
from comity.node import admission, fetch, metadata, proposals
from comity.node.metadata import LIFE, ORG, Metadata, MetaFile, Snapshot, TargetFile, Targets, Timestamp
from comity.node.repository import Change, Online
from comity.node.trust import Trust
from tests.node.founding import (
    DAY,
    ET,
    MA,
    NO,
    START,
    Founded,
    after,
    copied,
    ghost,
    offline,
    serve,
    silent,
)

SOON = Millis(START + 3_600_000)


# -------------------------------------------------------------------------------------------------------- good days


def test_a_node_sees_what_was_published(founded: Founded, node: Trust) -> None:
    seen, state = node.current(), founded.state()
    assert seen.org == founded.anchor.org
    assert seen.version == state.snapshot
    assert seen.profiles == state.profiles
    assert seen.accreditations == state.content.accreditations
    assert seen.policy == state.content.policy
    assert node.problems == ()


def test_a_node_lives_at_the_time_that_it_is_given(founded: Founded, tmp_path: Path) -> None:
    assert founded.node(tmp_path / "new").refresh(SOON).freshness(SOON) is Freshness.FRESH


def test_a_node_that_restarts_without_network_knows_what_it_knew(founded: Founded, node: Trust, tmp_path: Path) -> None:
    restarted = Trust(tmp_path / "node", founded.anchor, fetch.FunctionFetcher(unplugged))
    assert restarted.current() == node.current()


def test_only_what_changed_is_fetched(founded: Founded, tmp_path: Path) -> None:
    fetched: list[str] = []
    trust = founded.node(tmp_path / "counting", fetched.append)
    trust.refresh(START)
    founded.rotate(NO)
    fetched.clear()
    trust.refresh(SOON)
    names = [url.rpartition("/")[2].partition(".")[2] for url in fetched]
    assert names == ["root.json", "json", "snapshot.json", "no.json", "profile.json"]


def test_nothing_but_the_timestamp_is_fetched_when_nothing_changed(founded: Founded, tmp_path: Path) -> None:
    fetched: list[str] = []
    trust = founded.node(tmp_path / "counting", fetched.append)
    trust.refresh(START)
    fetched.clear()
    trust.refresh(SOON)
    assert [url.rpartition("/")[2] for url in fetched] == ["2.root.json", "timestamp.json"]


def test_every_version_that_was_seen_is_kept(founded: Founded, node: Trust) -> None:
    first = node.current()
    founded.rotate(NO)
    second = node.refresh(SOON)
    assert second.version == first.version + 1
    assert node.at(first.version) == first
    assert node.at(second.version) == second
    with pytest.raises(Misused, match="never saw version 99"):
        node.at(99)


def test_a_renewed_timestamp_is_no_new_version(founded: Founded, node: Trust) -> None:
    founded.refresh(SOON)
    renewed = node.refresh(SOON)
    assert renewed.expires == SOON + DAY
    assert node.at(renewed.version).expires == SOON + DAY


def test_nodes_that_refresh_at_once_on_one_folder_agree(founded: Founded, tmp_path: Path) -> None:
    def one(_: int) -> int:
        return founded.node(tmp_path / "shared").refresh(START).version

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(one, range(8))) == {founded.state().snapshot}


def test_two_organisations_live_in_one_folder(node: Trust, tmp_path: Path) -> None:
    other = Founded(tmp_path / "other", "regional")
    other.admit(ET)
    second = other.node(tmp_path / "node")
    second.refresh(START)
    assert set(second.current().profiles) == {ET}
    assert set(node.current().profiles) == {NO, MA}


# ------------------------------------------------------------------------------------------------ rollback and freeze


def unplugged(url: str) -> bytes:
    raise ConnectionError(f"no route for {len(url)} bytes of address")


def test_an_older_registry_is_refused_and_the_newer_view_stays(founded: Founded, node: Trust, tmp_path: Path) -> None:
    old = copied(founded, tmp_path / "old")
    founded.rotate(NO)
    newer = node.refresh(SOON)
    serve(founded, old)
    with pytest.raises(Malformed, match="registry:"):
        node.refresh(SOON)
    assert node.current() == newer


def test_an_older_registry_is_refused_after_the_tuf_files_were_lost(
    founded: Founded, node: Trust, tmp_path: Path
) -> None:
    old = copied(founded, tmp_path / "old")
    founded.rotate(NO)
    node.refresh(SOON)
    serve(founded, old)
    for name in ("timestamp.json", "snapshot.json"):
        (tmp_path / "node" / founded.anchor.org / "metadata" / name).write_bytes(b"")
    with pytest.raises(Malformed, match="was seen"):
        node.refresh(SOON)


def stamped(founded: Founded, snapshot: Snapshot, online: Online) -> None:
    """Publish a snapshot with a timestamp over it, as a thief of the online keys can."""
    folder = founded.folder / "metadata"
    made = Metadata(snapshot)
    metadata.sign(made, online.snapshot)
    raw = made.to_bytes()
    (folder / f"{snapshot.version}.snapshot.json").write_bytes(raw)
    stamp = Metadata(
        Timestamp(
            version=founded.state().timestamp + 1,
            expires=metadata.moment(START + LIFE["timestamp"]),
            snapshot_meta=MetaFile.from_data(snapshot.version, raw, ["sha256"]),
        )
    )
    metadata.sign(stamp, online.timestamp)
    (folder / "timestamp.json").write_bytes(stamp.to_bytes())


def present_snapshot(founded: Founded) -> Snapshot:
    raw = (founded.folder / "metadata" / f"{founded.state().snapshot}.snapshot.json").read_bytes()
    return metadata.parse(raw, Snapshot, "snapshot").signed


def test_a_thief_of_the_online_keys_cannot_go_back_to_an_older_snapshot(founded: Founded, node: Trust) -> None:
    old = present_snapshot(founded)
    founded.rotate(NO)
    newer = node.refresh(SOON)
    stamped(founded, old, founded.online)
    with pytest.raises(Malformed):
        node.refresh(SOON)
    assert node.current() == newer


@pytest.mark.parametrize("role", ["targets", "no"])
def test_a_thief_of_the_online_keys_cannot_go_back_to_older_membership_or_profiles(
    founded: Founded, node: Trust, role: str
) -> None:
    old = present_snapshot(founded).meta[f"{role}.json"]
    founded.decide(proposals.renewal(founded.state(), START, silent))
    founded.rotate(NO)
    newer = node.refresh(SOON)
    mixed = present_snapshot(founded)
    mixed.version += 1
    mixed.meta[f"{role}.json"] = old
    stamped(founded, mixed, founded.online)
    with pytest.raises(Malformed):
        node.refresh(SOON)
    assert node.current() == newer


def test_a_frozen_registry_goes_from_fresh_to_grace_to_stopped(node: Trust) -> None:
    found = []
    for days in (0.5, 1.5, 7.5, 9):
        seen = node.refresh(after(days))
        found.append(seen.freshness(after(days)))
    assert found == [Freshness.FRESH, Freshness.GRACE, Freshness.GRACE, Freshness.STOPPED]
    assert "expired" in node.problems[0].text


def test_a_registry_that_comes_back_is_fresh_again(founded: Founded, node: Trust) -> None:
    node.refresh(after(20))
    founded.refresh(after(20))
    assert node.refresh(after(20)).freshness(after(20)) is Freshness.FRESH
    assert node.problems == ()


def test_expired_membership_ages_although_the_online_keys_go_on_signing(founded: Founded, node: Trust) -> None:
    founded.refresh(after(89.5))
    assert node.refresh(after(89.5)).expires == after(90)
    founded.refresh(after(91))
    assert node.refresh(after(91)).freshness(after(91)) is Freshness.GRACE


def test_a_node_that_never_saw_a_fresh_registry_says_so(founded: Founded, tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="nothing was known before"):
        founded.node(tmp_path / "late").refresh(after(5))


def test_a_cold_start_with_an_expired_root_recovers(founded: Founded, node: Trust) -> None:
    for days in (300, 600):
        founded.decide(proposals.renewal(founded.state(), after(days), silent), after(days))
    for bureau in (NO, MA):
        founded.submit(msgspec.structs.replace(founded.state().profiles[bureau], version=2), after(600))
    founded.refresh(after(600))
    assert founded.state().root.signed.version == 3
    assert set(node.refresh(after(600)).profiles) == {NO, MA}


def test_an_expired_root_without_a_new_one_leaves_the_old_view_in_force(founded: Founded, node: Trust) -> None:
    founded.refresh(after(400))
    assert node.refresh(after(400)).freshness(after(400)) is Freshness.STOPPED
    assert "expired" in node.problems[0].text


def test_no_network_is_unreachable_and_changes_nothing(founded: Founded, node: Trust, tmp_path: Path) -> None:
    cut = Trust(tmp_path / "node", founded.anchor, fetch.FunctionFetcher(unplugged))
    with pytest.raises(Unreachable):
        cut.refresh(SOON)
    assert cut.current() == node.current()


def test_a_node_that_knows_nothing_says_that_it_must_refresh(founded: Founded, tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="refresh first"):
        founded.node(tmp_path / "empty").current()


# ------------------------------------------------------------------------------------------------------ stolen keys


def test_versions_that_a_thief_ran_up_are_forgotten_with_the_online_keys(founded: Founded, node: Trust) -> None:
    thief = Online(timestamp=founded.online.timestamp, snapshot=founded.online.snapshot)
    far = present_snapshot(founded)
    honest = founded.folder.parent / "honest"
    shutil.copytree(founded.folder, honest)
    far.version = 2**31
    stamped(founded, far, thief)
    assert node.refresh(SOON).version == 2**31
    serve(founded, honest)
    with pytest.raises(Malformed):
        node.refresh(SOON)
    founded.online = Online(timestamp=offline("timestamp 2"), snapshot=offline("snapshot 2"))
    new = founded.online
    founded.decide(proposals.online_keys(founded.state(), new.timestamp.public, new.snapshot.public, START, silent))
    assert node.refresh(SOON).version == founded.state().snapshot


def test_the_old_online_keys_are_worthless_after_the_replacement(founded: Founded, node: Trust) -> None:
    old = founded.online
    founded.online = Online(timestamp=offline("timestamp 2"), snapshot=offline("snapshot 2"))
    new = founded.online
    founded.decide(proposals.online_keys(founded.state(), new.timestamp.public, new.snapshot.public, START, silent))
    newer = node.refresh(SOON)
    snapshot = present_snapshot(founded)
    snapshot.version += 1
    stamped(founded, snapshot, old)
    with pytest.raises(Malformed):
        node.refresh(SOON)
    assert node.current() == newer


def test_new_online_keys_reach_every_node_when_the_old_ones_sign_along(founded: Founded, node: Trust) -> None:
    old = founded.online
    founded.online = Online(
        timestamp=offline("timestamp 2"), snapshot=offline("snapshot 2"), retiring=(old.timestamp, old.snapshot)
    )
    new = founded.online
    proposed = proposals.online_keys(founded.state(), new.timestamp.public, new.snapshot.public, START, silent)
    published = founded.decide(proposed)
    (founded.folder / "metadata" / "2.root.json").rename(founded.folder / "held back")
    assert node.refresh(SOON).version == published.version
    (founded.folder / "held back").rename(founded.folder / "metadata" / "2.root.json")
    assert node.refresh(SOON).version == published.version


# ------------------------------------------------------------------------------------------------------ ghosts


def profile_metadata(founded: Founded, signer: str | None, profile: Profile) -> tuple[bytes, bytes]:
    """Return profile metadata that somebody signed, whoever should have."""
    key = offline(signer) if signer else founded.roles[profile.bureau]
    paper = admission.submission(founded.anchor.org, profile, key, START, silent)
    return paper.metadata.encode(), paper.profile.encode()


@pytest.mark.parametrize("forger", ["exercise snapshot", "exercise timestamp", "role of ma"])
def test_a_ghost_key_published_by_the_secretariat_alone_is_not_believed(
    founded: Founded, node: Trust, forger: str
) -> None:
    name = founded.roles[MA].public.label if forger == "role of ma" else forger
    raw, profile = profile_metadata(founded, name, ghost())
    change = Change(roles={NO: raw}, files={"no/profile.json": profile})
    founded.repository.publish(change, founded.online, START)
    seen = node.refresh(SOON)
    assert set(seen.profiles) == {MA}
    assert [problem.bureau for problem in node.problems] == ["no"]


def membership(founded: Founded, change: Callable[[Targets], None]) -> None:
    """Publish membership metadata that three custodians signed and no ceremony would have let through."""
    targets = metadata.parse(founded.state().targets.to_bytes(), Targets, "membership").signed
    targets.version += 1
    change(targets)
    made = Metadata(targets)
    for key in founded.custodians[:3]:
        metadata.sign(made, key)
    founded.repository.publish(Change(targets=made.to_bytes()), founded.online, START)


def test_custodians_cannot_sign_a_profile_beside_the_bureau(founded: Founded, node: Trust) -> None:
    raw = registry.to_json(ghost())

    def listed(targets: Targets) -> None:
        targets.targets["no/profile.json"] = TargetFile.from_data("no/profile.json", raw, ["sha256"])

    membership(founded, listed)
    with pytest.raises(Malformed, match="list 4 files"):
        node.refresh(SOON)


@pytest.mark.parametrize("paths", [["*/profile.json"], ["ma/*", "no/*"], ["no/profile.json"]])
def test_a_delegation_that_reaches_into_another_bureau_is_refused(
    founded: Founded, node: Trust, paths: list[str]
) -> None:
    def widened(targets: Targets) -> None:
        assert targets.delegations is not None
        assert targets.delegations.roles is not None
        targets.delegations.roles["ma"].paths = paths

    membership(founded, widened)
    with pytest.raises(Malformed, match="not for its own profile alone"):
        node.refresh(SOON)


def test_a_replaced_role_key_alarms_every_node(founded: Founded, node: Trust) -> None:
    new = offline("new role key of no")
    paper = admission.submission(founded.anchor.org, ghost(), new, START, silent)
    published = founded.decide(proposals.role_key(founded.state(), paper, START, silent))
    node.refresh(SOON)
    assert [(alarm.bureau, alarm.version) for alarm in node.alarms] == [(NO, published.version)]


def test_metadata_of_another_organisation_with_the_same_custodians_are_refused(founded: Founded, node: Trust) -> None:
    def foreign(targets: Targets) -> None:
        targets.unrecognized_fields[ORG] = "regional-" + "0" * 32

    membership(founded, foreign)
    with pytest.raises(Malformed, match="another organisation"):
        node.refresh(SOON)


def test_the_root_of_another_organisation_is_refused(founded: Founded, tmp_path: Path) -> None:
    other = Founded(tmp_path / "other", "regional")
    other.decide(
        proposals.custodians(other.state(), ["regional custodian 1"], [offline("x").public], None, START, silent),
        signers=other.custodians[1:4],
    )
    shutil.copy(other.folder / "metadata" / "2.root.json", founded.folder / "metadata" / "2.root.json")
    with pytest.raises(Malformed):
        founded.node(tmp_path / "fresh").refresh(START)


def test_a_root_signed_by_two_of_five_is_refused(founded: Founded, node: Trust) -> None:
    root = proposals._next_root(founded.state(), START)
    made = Metadata(root)
    for key in founded.custodians[:2]:
        metadata.sign(made, key)
    (founded.folder / "metadata" / "2.root.json").write_bytes(made.to_bytes())
    with pytest.raises(Malformed, match="2/3"):
        node.refresh(SOON)


def test_a_root_that_would_count_one_custodian_twice_is_refused(founded: Founded, node: Trust) -> None:
    root = proposals._next_root(founded.state(), START)
    twin = metadata.tuf_key(founded.custodians[0].public)
    twin.keyid = "0" * 64
    root.keys[twin.keyid] = twin
    for role in ("root", "targets"):
        root.roles[role].keyids[4] = twin.keyid
    made = Metadata(root)
    for key in founded.custodians[:3]:
        metadata.sign(made, key)
    (founded.folder / "metadata" / "2.root.json").write_bytes(made.to_bytes())
    with pytest.raises(Malformed, match="does not follow from the key"):
        node.refresh(SOON)
