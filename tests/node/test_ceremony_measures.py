"""Measures, revocations, custodians and online keys, and a publishing that is whole or absent."""

import shutil
from pathlib import Path

import msgspec
import pytest

from comity.core.errors import Malformed, Misused, Refused
from comity.core.ids import Digest, KeyId, Millis
from comity.core.registry import Accreditation, KeyUse, Revocation, Role, Standing
from comity.node import anchor, ceremony, disk, metadata, proposals
from comity.node.draft import Ceremony
from comity.node.metadata import Metadata, Root, Targets
from comity.node.repository import Online
from tests.node.founding import (
    DAY,
    ET,
    MA,
    NO,
    START,
    Founded,
    after,
    offline,
    refused,
    silent,
    suspension,
)

# -------------------------------------------------------------------------------------------------------- measures


@pytest.mark.parametrize(
    ("reason", "decided"),
    [
        ("end date", suspension(until=None)),
        ("article", suspension(article="")),
        ("days back", suspension(until=Millis(START - DAY))),
        ("names the body", Accreditation(bureau=NO, since=START, decided_by="")),
        ("has no end date", msgspec.structs.replace(suspension(), standing=Standing.EJECTED)),
        ("functions are named", msgspec.structs.replace(suspension(), standing=Standing.RESTRICTED)),
        ("functions are named", msgspec.structs.replace(suspension(), functions=("messages",))),
        ("not accredited", msgspec.structs.replace(suspension(), bureau=ET)),
        ("accredited as bureau", msgspec.structs.replace(suspension(), role=Role.SECRETARIAT)),
    ],
)
def test_a_measure_without_what_it_needs_is_refused(founded: Founded, reason: str, decided: Accreditation) -> None:
    with pytest.raises(Misused, match=reason):
        proposals.measure(founded.state(), decided, START, silent)


def test_a_bureau_is_restricted_then_reinstated_then_ejected(founded: Founded) -> None:
    only = msgspec.structs.replace(suspension(), standing=Standing.RESTRICTED, functions=("messages",))
    member = Accreditation(bureau=NO, since=START, decided_by="executive")
    ejected = msgspec.structs.replace(member, standing=Standing.EJECTED, article="C 4")
    for decided in (only, member, ejected):
        founded.decide(proposals.measure(founded.state(), decided, START, silent))
        assert founded.state().content.accreditations[NO] == decided


def revocation(founded: Founded) -> Revocation:
    kid = founded.state().profiles[NO].current(KeyUse.SIGN).kid
    return Revocation(bureau=NO, kid=kid, size=12, root=Digest(bytes(32)), decided_by="custodians")


def test_the_custodians_revoke_a_key(founded: Founded) -> None:
    dead = revocation(founded)
    founded.decide(proposals.revocation(founded.state(), dead, START, silent))
    assert founded.state().content.revocations == (dead,)


def test_a_key_that_nobody_has_is_not_revoked(founded: Founded) -> None:
    with pytest.raises(Misused, match="lists no key"):
        proposals.revocation(
            founded.state(), msgspec.structs.replace(revocation(founded), kid=KeyId(bytes(16))), START, silent
        )


def test_a_revocation_is_not_taken_back(founded: Founded) -> None:
    without = founded.state()
    founded.decide(proposals.revocation(founded.state(), revocation(founded), START, silent))
    back = msgspec.structs.replace(founded.state(), content=without.content)
    assert (
        refused(
            lambda: ceremony.sign(
                proposals._next_membership(back, back.content, START),
                founded.state(),
                founded.custodians[0],
                START,
                silent,
            )
        )
        == "registry.revocation"
    )


def test_a_bureau_does_not_vanish(founded: Founded) -> None:
    state = founded.state()
    targets = metadata.parse(state.targets.to_bytes(), Targets, "membership").signed
    content = msgspec.structs.replace(state.content, accreditations={MA: state.content.accreditations[MA]})
    targets.version += 1
    targets.delegations = metadata.delegations({MA: [metadata.tuf_key(founded.roles[MA].public)]})
    made = proposals._membership(Ceremony(org=state.anchor.org, name=state.anchor.name), targets, content)
    assert refused(lambda: ceremony.sign(made, state, founded.custodians[0], START, silent)) == "registry.removed"


# ------------------------------------------------------------------------------------------- custodians and online keys


def replaced(founded: Founded) -> Ceremony:
    joining = offline("exercise custodian 6").public
    return proposals.custodians(founded.state(), ["exercise custodian 1"], [joining], None, START, silent)


def test_a_custodian_is_replaced_by_old_and_new_together(founded: Founded) -> None:
    founded.decide(replaced(founded), signers=founded.custodians[1:4])
    labels = {key.unrecognized_fields["x-comity-label"] for key in founded.state().root.signed.keys.values()}
    assert "exercise custodian 6" in labels
    assert "exercise custodian 1" not in labels


def test_a_root_signed_by_too_few_of_the_new_custodians_is_refused(founded: Founded) -> None:
    with pytest.raises(Refused, match="root, coming custodians: 2 of 3"):
        founded.decide(replaced(founded), signers=founded.custodians[:3])


def test_a_root_signed_by_too_few_of_the_old_custodians_is_refused(founded: Founded) -> None:
    signers = [offline("exercise custodian 6"), *founded.custodians[1:3]]
    with pytest.raises(Refused, match="root, present custodians: 2 of 3"):
        founded.decide(replaced(founded), signers=signers)


def test_the_signature_of_a_replaced_custodian_no_longer_counts(founded: Founded) -> None:
    founded.decide(replaced(founded), signers=founded.custodians[1:4])
    proposed = proposals.measure(founded.state(), suspension(), START, silent)
    assert refused(lambda: ceremony.sign(proposed, founded.state(), founded.custodians[0], START, silent)) == (
        "registry.custodian"
    )


def test_the_new_custodian_counts(founded: Founded) -> None:
    founded.decide(replaced(founded), signers=founded.custodians[1:4])
    signers = [offline("exercise custodian 6"), *founded.custodians[1:3]]
    founded.decide(proposals.measure(founded.state(), suspension(), START, silent), signers=signers)
    assert founded.state().content.accreditations[NO].standing is Standing.SUSPENDED


def test_the_number_of_custodians_changes_with_the_policy(founded: Founded) -> None:
    joining = [offline("custodian 6").public, offline("custodian 7").public]
    founded.decide(
        proposals.custodians(founded.state(), [], joining, 4, START, silent),
        signers=founded.custodians[:4],
    )
    policy = founded.state().content.policy
    assert (policy.custodians, policy.threshold) == (7, 4)


def test_new_online_keys_take_over_and_the_old_ones_are_refused(founded: Founded) -> None:
    old = founded.online
    new = Online(timestamp=offline("timestamp 2"), snapshot=offline("snapshot 2"))
    founded.online = new
    founded.decide(proposals.online_keys(founded.state(), new.timestamp.public, new.snapshot.public, START, silent))
    founded.refresh(START)
    founded.online = old
    with pytest.raises(Misused, match="not the timestamp key"):
        founded.refresh(START)


def test_a_custodian_key_is_never_an_online_key(founded: Founded) -> None:
    with pytest.raises(Misused, match="online keys must be their own"):
        proposals.online_keys(founded.state(), founded.custodians[0].public, offline("s").public, START, silent)


def test_refreshing_warns_before_something_expires(founded: Founded) -> None:
    heard: list[str] = []
    ceremony.refresh(founded.repository, founded.online, after(70), heard.append)
    assert any(line.startswith("membership expires in 20 days") for line in heard)


def test_a_renewal_changes_nothing_but_dates(founded: Founded) -> None:
    before = founded.state().content
    founded.decide(proposals.renewal(founded.state(), after(80), silent), after(80))
    assert founded.state().content == before
    assert metadata.millis(founded.state().targets.signed.expires) == after(170)
    assert len(founded.state().roots) == 1


def test_a_late_renewal_includes_the_root(founded: Founded) -> None:
    founded.decide(proposals.renewal(founded.state(), after(200), silent), after(200))
    assert metadata.millis(founded.state().root.signed.expires) == after(565)


# ------------------------------------------------------------------------------------------------------- publishing


def test_publishing_again_is_harmless(founded: Founded) -> None:
    proposed = replaced(founded)
    for key in founded.custodians[1:4]:
        proposed = ceremony.sign(proposed, founded.state(), key, START, silent)
    first = ceremony.publish(founded.repository, proposed, founded.online, START, silent)
    second = ceremony.publish(founded.repository, proposed, founded.online, START, silent)
    assert second.version == first.version + 1
    assert founded.state().root.signed.version == 2


def test_a_publishing_cut_short_anywhere_leaves_a_whole_registry_and_can_be_repeated(
    founded: Founded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proposed = replaced(founded)
    for key in founded.custodians[1:4]:
        proposed = ceremony.sign(proposed, founded.state(), key, START, silent)
    shutil.copytree(founded.folder, tmp_path / "clean")
    whole = disk.write
    for step in range(20):
        shutil.rmtree(founded.folder)
        shutil.copytree(tmp_path / "clean", founded.folder)
        left = [step]

        def failing(path: Path, data: bytes, *, mode: int = disk.PUBLIC, left: list[int] = left) -> None:
            if path.is_relative_to(founded.folder):
                left[0] -= 1
                if left[0] < 0:
                    raise KeyboardInterrupt
            whole(path, data, mode=mode)

        monkeypatch.setattr(disk, "write", failing)
        try:
            ceremony.publish(founded.repository, proposed, founded.online, START, silent)
        except KeyboardInterrupt:
            monkeypatch.setattr(disk, "write", whole)
            founded.node(tmp_path / f"node {step}").refresh(START)
            ceremony.publish(founded.repository, proposed, founded.online, START, silent)
            assert founded.state().root.signed.version == 2
        else:
            break
    assert step == 7  # three documents, membership, snapshot, timestamp, root: each of them was missing once


def test_publishing_with_the_wrong_online_keys_is_refused(founded: Founded) -> None:
    founded.online = Online(timestamp=offline("wrong"), snapshot=offline("wrong"))
    with pytest.raises(Misused, match="not the timestamp key"):
        founded.decide(proposals.renewal(founded.state(), START, silent))


def test_founding_twice_is_harmless_until_the_registry_is_used(tmp_path: Path) -> None:
    org = Founded(tmp_path / "registry")
    again = ceremony.create_organisation(org.folder, org.founding, org.online, START, silent)
    assert again.anchor == org.anchor
    org.admit(NO)
    with pytest.raises(Misused, match="in use"):
        ceremony.create_organisation(org.folder, org.founding, org.online, START, silent)


def test_a_folder_that_holds_another_organisation_is_not_overwritten(tmp_path: Path) -> None:
    org, other = Founded(tmp_path / "one"), Founded(tmp_path / "two", "regional")
    with pytest.raises(Misused, match="another organisation"):
        ceremony.create_organisation(org.folder, other.founding, other.online, START, silent)


# ----------------------------------------------------------------------------------------------------------- anchor


def test_two_organisations_of_one_name_have_different_ids(tmp_path: Path) -> None:
    one = Founded(tmp_path / "one")
    two = Founded(tmp_path / "two", custodians=3, threshold=2)
    assert one.anchor.name == two.anchor.name
    assert one.anchor.org != two.anchor.org


def test_who_signed_first_does_not_change_the_organisation(tmp_path: Path) -> None:
    org = Founded(tmp_path / "one")
    root = metadata.parse(org.anchor.root.encode(), Root, "root")
    metadata.sign(root, org.custodians[4])
    more = msgspec.structs.replace(org.anchor, root=root.to_bytes().decode())
    assert anchor.checked(more).org == org.anchor.org


@pytest.mark.parametrize("field", ["name", "org"])
def test_an_anchor_under_another_name_is_refused(founded: Founded, field: str) -> None:
    renamed = msgspec.structs.replace(founded.anchor, **{field: "regional"})
    with pytest.raises(Malformed):
        anchor.checked(renamed)


def test_an_anchor_whose_name_was_changed_with_its_id_is_refused(founded: Founded) -> None:
    root = metadata.parse(founded.anchor.root.encode(), Root, "root").signed
    renamed = msgspec.structs.replace(founded.anchor, name="regional", org=anchor.named("regional", root))
    with pytest.raises(Malformed, match="another name"):
        anchor.checked(renamed)


def test_an_anchor_signed_by_two_custodians_is_refused(founded: Founded) -> None:
    root = metadata.parse(founded.anchor.root.encode(), Root, "root")
    made = Metadata(root.signed)
    for key in founded.custodians[:2]:
        metadata.sign(made, key)
    weak = msgspec.structs.replace(founded.anchor, root=made.to_bytes().decode())
    with pytest.raises(Malformed, match="2 of 3"):
        anchor.checked(weak)


def test_an_anchor_is_read_as_it_was_written(founded: Founded) -> None:
    assert anchor.read(founded.folder / "anchor.json") == founded.anchor
