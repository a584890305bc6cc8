"""The cases of tuf-conformance, by their names there: a client follows a registry through what a repository may do.

Authority: `theupdateframework/tuf-conformance`, The Update Framework 1.0 section 5. Its own runner wants a client that
trusts a repository of free form; ours has an organisation, custodians and bureaus, so each case is made again here with
the registry's real ceremonies. What a bureau signs is TUF's delegated targets role.
"""

import copy
import shutil

import msgspec
import pytest

from comity.core.errors import ComityError, Malformed, Unreachable
from comity.core.registry import Freshness, KeyUse
from comity.node import metadata, proposals
from comity.node.keyfile import OfflineKey
from comity.node.metadata import Metadata, MetaFile, Root, Snapshot, Targets, Timestamp
from comity.node.repository import Change, Online
from comity.node.trust import Trust
from tests.node.founding import MA, NO, START, Founded, after, copied, offline, serve, silent

SOON = after(0.01)


def _file(founded: Founded, role: str) -> bytes:
    """Return the newest metadata of a role, as the registry serves it."""
    state, place = founded.state(), founded.folder / "metadata"
    if role == "timestamp":
        return (founded.folder / "metadata" / "timestamp.json").read_bytes()
    version = {"snapshot": state.snapshot, "targets": state.targets.signed.version, "root": state.root.signed.version}
    return (place / f"{version[role]}.{role}.json").read_bytes()


def _snapshot(founded: Founded) -> Snapshot:
    return metadata.parse(_file(founded, "snapshot"), Snapshot, "snapshot").signed


def _served(founded: Founded, snapshot: Snapshot, *, stamp: int | None = None, online: Online | None = None) -> None:
    """Serve a snapshot of the thief's making, signed with the online keys, under a timestamp that names it."""
    keys = online or founded.online
    made = Metadata(snapshot)
    metadata.sign(made, keys.snapshot)
    raw = made.to_bytes()
    (founded.folder / "metadata" / f"{snapshot.version}.snapshot.json").write_bytes(raw)
    known = metadata.parse(_file(founded, "timestamp"), Timestamp, "timestamp").signed
    known.version = known.version + 1 if stamp is None else stamp
    known.snapshot_meta = MetaFile.from_data(snapshot.version, raw, ["sha256"])
    stamped = Metadata(known)
    metadata.sign(stamped, keys.timestamp)
    (founded.folder / "metadata" / "timestamp.json").write_bytes(stamped.to_bytes())


def _refused(node: Trust) -> None:
    """Check that a refresh is refused, and that what was known stays in force."""
    before = node.current()
    with pytest.raises(Malformed):
        node.refresh(SOON)
    assert node.current() == before


# --------------------------------------------------------------------------------------------------------- expiry


def test_root_expired_locally_is_no_reason_to_give_up(founded: Founded, node: Trust) -> None:
    """tuf-conformance: test_root_expired, with a newer root to be had."""
    founded.decide(proposals.renewal(founded.state(), after(300), silent), after(300))
    founded.refresh(after(370))
    assert node.refresh(after(370)).version == founded.state().snapshot


def test_root_expired_with_none_newer_leaves_the_old_view_to_age(founded: Founded, node: Trust) -> None:
    founded.refresh(after(370))
    assert node.refresh(after(370)).freshness(after(370)) is Freshness.STOPPED


@pytest.mark.parametrize("days", [2, 9])
def test_timestamp_expired_is_a_freeze_that_shows(node: Trust, days: float) -> None:
    """tuf-conformance: test_timestamp_content_changes / test_timestamp_expired."""
    seen = node.refresh(after(days))
    assert seen.freshness(after(days)) is (Freshness.GRACE if days < 8 else Freshness.STOPPED)


# ------------------------------------------------------------------------------------------- rollback, mix and match


def test_root_rollback(founded: Founded, node: Trust) -> None:
    """tuf-conformance: test_root_rotation and its rollback: an older root in the place of a newer one."""
    founded.decide(proposals.renewal(founded.state(), START, silent))
    node.refresh(SOON)
    place = founded.folder / "metadata"
    version = founded.state().root.signed.version
    shutil.copy(place / f"{version}.root.json", place / f"{version + 1}.root.json")
    _refused(node)


def test_timestamp_rollback(founded: Founded, node: Trust) -> None:
    old = copied(founded, founded.folder.parent / "old")
    founded.refresh(SOON)
    node.refresh(SOON)
    serve(founded, old)
    _refused(node)


def test_snapshot_rollback(founded: Founded, node: Trust) -> None:
    old = _snapshot(founded)
    founded.rotate(NO)
    node.refresh(SOON)
    _served(founded, old)
    _refused(node)


@pytest.mark.parametrize("role", ["targets", "no"])
def test_targets_rollback_in_a_newer_snapshot(founded: Founded, node: Trust, role: str) -> None:
    """tuf-conformance: test_new_targets_version_rollback, for the membership and for a bureau's delegated role."""
    old = _snapshot(founded).meta[f"{role}.json"]
    founded.decide(proposals.renewal(founded.state(), START, silent))
    founded.rotate(NO)
    node.refresh(SOON)
    mixed = _snapshot(founded)
    mixed.version += 1
    mixed.meta[f"{role}.json"] = old
    _served(founded, mixed)
    _refused(node)


def test_timestamp_same_version_with_other_content_changes_nothing(founded: Founded, node: Trust) -> None:
    """tuf-conformance: test_timestamp_eq_versions_check."""
    before = node.current()
    newer = _snapshot(founded)
    newer.version += 1
    stamp = metadata.parse(_file(founded, "timestamp"), Timestamp, "timestamp").signed.version
    _served(founded, newer, stamp=stamp)
    assert node.refresh(SOON) == before


def test_snapshot_that_forgets_a_role_is_refused(founded: Founded, node: Trust) -> None:
    """tuf-conformance: a role that a snapshot once listed may not vanish from it."""
    shorter = _snapshot(founded)
    shorter.version += 1
    del shorter.meta["no.json"]
    _served(founded, shorter)
    _refused(node)


@pytest.mark.parametrize("role", ["targets", "no"])
def test_mix_and_match_of_files_that_no_snapshot_names_together(founded: Founded, node: Trust, role: str) -> None:
    """An older file of one role is put beside the newest of all others: version and digest do not fit."""
    place = founded.folder / "metadata"
    old = (place / f"{_snapshot(founded).meta[f'{role}.json'].version}.{role}.json").read_bytes()
    founded.decide(proposals.renewal(founded.state(), START, silent))
    founded.rotate(NO)
    new = _snapshot(founded).meta[f"{role}.json"].version
    (place / f"{new}.{role}.json").write_bytes(old)
    before = node.current().profiles.get(NO)
    try:
        seen = node.refresh(SOON)
    except ComityError:
        seen = node.current()
    assert seen.profiles.get(NO) in {before, None}, "the older profile is never taken for the newest one"


# --------------------------------------------------------------------------------------------------- fast-forward


def test_snapshot_fast_forward_is_recovered_from_with_new_online_keys(founded: Founded, node: Trust) -> None:
    """tuf-conformance: test_snapshot_fastforward_recovery, test_timestamp_fastforward_recovery."""
    honest = copied(founded, founded.folder.parent / "honest")
    far = _snapshot(founded)
    far.version = 2**31 - 1
    _served(founded, far, stamp=2**31 - 1)
    assert node.refresh(SOON).version == 2**31 - 1
    serve(founded, honest)
    _refused(node)
    founded.online = Online(timestamp=offline("timestamp 2"), snapshot=offline("snapshot 2"))
    new = founded.online
    founded.decide(proposals.online_keys(founded.state(), new.timestamp.public, new.snapshot.public, START, silent))
    assert node.refresh(SOON).version == founded.state().snapshot


# ---------------------------------------------------------------------------------------------- keys and thresholds


def _membership(founded: Founded, signers: list[OfflineKey]) -> bytes:
    """Return a next membership that these keys signed, past every ceremony."""
    targets = metadata.parse(founded.state().targets.to_bytes(), Targets, "membership").signed
    targets.version += 1
    made = Metadata(targets)
    for key in signers:
        metadata.sign(made, key)
    return made.to_bytes()


@pytest.mark.parametrize("signers", [0, 1, 2])
def test_threshold_not_met(founded: Founded, node: Trust, signers: int) -> None:
    raw = _membership(founded, founded.custodians[:signers])
    founded.repository.publish(Change(targets=raw), founded.online, START)
    _refused(node)


def test_duplicate_sig_keyids(founded: Founded, node: Trust) -> None:
    """tuf-conformance: test_duplicate_sig_keyids: one signature that stands several times counts once."""
    plain = msgspec.json.decode(_membership(founded, founded.custodians[:1]))
    plain["signatures"] *= 3
    raw = msgspec.json.encode(plain)
    with pytest.raises(Malformed):
        founded.repository.publish(Change(targets=raw), founded.online, START)
    with pytest.raises(Malformed):
        metadata.parse(raw, Targets, "a membership with one signature three times")
    assert node.refresh(SOON) == node.current()


def test_one_key_under_two_ids_counts_once(founded: Founded, node: Trust) -> None:
    """tuf-conformance: test_keytype_and_scheme / duplicate keys under different ids in a root."""
    root = metadata.parse(founded.state().root.to_bytes(), Root, "root").signed
    root.version += 1
    known = root.roles["root"].keyids[0]
    plain = msgspec.json.decode(metadata_of(root, []))
    plain["signed"]["keys"]["0" * 64] = copy.deepcopy(plain["signed"]["keys"][known])
    plain["signed"]["roles"]["root"]["keyids"].append("0" * 64)
    made: Metadata[Root] = Metadata.from_dict(plain)
    for key in founded.custodians[:3]:
        metadata.sign(made, key)
    (founded.folder / "metadata" / f"{root.version}.root.json").write_bytes(made.to_bytes())
    _refused(node)


def metadata_of(signed: Root, keys: list[OfflineKey]) -> bytes:
    """Return metadata that these keys signed."""
    made = Metadata(signed)
    for key in keys:
        metadata.sign(made, key)
    return made.to_bytes()


def test_a_root_needs_the_keys_of_the_one_before(founded: Founded, node: Trust) -> None:
    """tuf-conformance: test_root_rotation, the new threshold and the old one."""
    root = metadata.parse(founded.state().root.to_bytes(), Root, "root").signed
    root.version += 1
    strangers = [offline(f"stranger {number}") for number in range(3)]
    (founded.folder / "metadata" / f"{root.version}.root.json").write_bytes(metadata_of(root, strangers))
    _refused(node)


def test_a_key_of_another_role_does_not_count(founded: Founded, node: Trust) -> None:
    raw = _membership(founded, [founded.online.timestamp, founded.online.snapshot, founded.roles[MA]])
    founded.repository.publish(Change(targets=raw), founded.online, START)
    _refused(node)


# ---------------------------------------------------------------------------------------------------- what is served


def test_a_file_that_is_not_there_changes_nothing(founded: Founded, node: Trust) -> None:
    before = node.current()
    (founded.folder / "metadata" / "timestamp.json").unlink()
    with pytest.raises((Malformed, Unreachable)):
        node.refresh(SOON)
    assert node.current().profile(NO).current(KeyUse.SIGN) == before.profile(NO).current(KeyUse.SIGN)
