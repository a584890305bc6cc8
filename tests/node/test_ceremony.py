"""Who decides what about a registry: counted signatures, honest summaries, and a publishing that is whole or absent."""

import json
from pathlib import Path

import msgspec
import pytest

from comity.core.errors import Malformed, Misused, Refused
from comity.core.registry import Accreditation, KeyUse, Role, Standing, Suite
from comity.node import admission, ceremony, metadata, proposals
from comity.node.keyfile import PublicKey
from comity.node.metadata import Root
from tests.node.founding import (
    ET,
    MA,
    NO,
    START,
    Founded,
    after,
    offline,
    profile_of,
    refused,
    signing_key,
    silent,
    suspension,
    tampered,
)

# ------------------------------------------------------------------------------------------------------- threshold


def test_two_of_five_custodians_do_not_publish(founded: Founded) -> None:
    proposed = proposals.measure(founded.state(), suspension(), START, silent)
    for key in founded.custodians[:2]:
        proposed = ceremony.sign(proposed, founded.state(), key, START, silent)
    with pytest.raises(Refused, match=r"2 of 3 signatures; at least 1 more") as caught:
        ceremony.publish(founded.repository, proposed, founded.online, START, silent)
    assert caught.value.refusal.code == "registry.threshold"
    assert founded.state().content.accreditations[NO].standing is Standing.MEMBER


def test_any_three_of_five_custodians_publish(founded: Founded) -> None:
    proposed = proposals.measure(founded.state(), suspension(), START, silent)
    founded.decide(proposed, signers=[founded.custodians[number] for number in (4, 1, 3)])
    assert founded.state().content.accreditations[NO] == suspension()


def test_a_custodian_who_signs_again_counts_once(founded: Founded) -> None:
    proposed = proposals.measure(founded.state(), suspension(), START, silent)
    once = ceremony.sign(proposed, founded.state(), founded.custodians[0], START, silent)
    assert refused(lambda: ceremony.sign(once, founded.state(), founded.custodians[0], START, silent)) == (
        "registry.signed"
    )


def test_a_signature_written_twice_into_the_file_is_refused(founded: Founded) -> None:
    proposed = proposals.measure(founded.state(), suspension(), START, silent)
    signed = ceremony.sign(proposed, founded.state(), founded.custodians[0], START, silent)
    assert signed.targets is not None
    parts = json.loads(signed.targets)
    parts["signatures"] *= 3
    doubled = msgspec.structs.replace(signed, targets=json.dumps(parts))
    with pytest.raises(Malformed):
        ceremony.publish(founded.repository, doubled, founded.online, START, silent)


def test_a_signature_copied_under_other_ids_does_not_count(founded: Founded) -> None:
    proposed = proposals.measure(founded.state(), suspension(), START, silent)
    signed = ceremony.sign(proposed, founded.state(), founded.custodians[0], START, silent)
    assert signed.targets is not None
    parts = json.loads(signed.targets)
    ids = [metadata.tuf_key(key.public).keyid for key in founded.custodians[:3]]
    parts["signatures"] = [{"keyid": keyid, "sig": parts["signatures"][0]["sig"]} for keyid in ids]
    copied = msgspec.structs.replace(signed, targets=json.dumps(parts))
    with pytest.raises(Refused, match="1 of 3"):
        ceremony.publish(founded.repository, copied, founded.online, START, silent)


def test_a_worthless_signature_does_not_keep_a_custodian_from_signing(founded: Founded) -> None:
    proposed = proposals.measure(founded.state(), suspension(), START, silent)
    assert proposed.targets is not None
    parts = json.loads(proposed.targets)
    keyid = metadata.tuf_key(founded.custodians[0].public).keyid
    parts["signatures"] = [{"keyid": keyid, "sig": "00" * 64}]
    spoiled = msgspec.structs.replace(proposed, targets=json.dumps(parts))
    signed = ceremony.sign(spoiled, founded.state(), founded.custodians[0], START, silent)
    assert [count.have for count in ceremony.counts(signed, founded.state())] == [1]


def test_one_key_for_two_custodians_is_refused_at_the_founding(tmp_path: Path) -> None:
    one = offline("one").public
    founders = proposals.Founders(
        custodians=(one, msgspec.structs.replace(one, label="another"), offline("two").public),
        timestamp=offline("t").public,
        snapshot=offline("s").public,
    )
    policy = Founded(tmp_path / "other", custodians=3, threshold=2).state().content.policy
    with pytest.raises(Misused, match="counted twice"):
        proposals.organisation(policy, founders, (), START, silent)


def test_one_key_under_two_ids_is_refused_in_a_root(founded: Founded) -> None:
    root = metadata.parse(founded.anchor.root.encode(), Root, "root").signed
    first = root.roles["root"].keyids[0]
    copied = metadata.tuf_key(PublicKey(label="", public=metadata.raw_key(root.keys[first])))
    copied.keyid = "0" * 64
    root.keys[copied.keyid] = copied
    with pytest.raises(Malformed, match="does not follow from the key"):
        metadata.check_root(root, founded.anchor.org, founded.anchor.name)


@pytest.mark.parametrize(("custodians", "threshold"), [(5, 2), (4, 2), (3, 4), (1, 0)])
def test_a_threshold_that_is_no_majority_is_refused(tmp_path: Path, custodians: int, threshold: int) -> None:
    with pytest.raises(Misused, match="no majority"):
        Founded(tmp_path / "registry", custodians=custodians, threshold=threshold)


def test_a_stranger_cannot_sign(founded: Founded) -> None:
    proposed = proposals.measure(founded.state(), suspension(), START, silent)
    assert refused(lambda: ceremony.sign(proposed, founded.state(), offline("stranger"), START, silent)) == (
        "registry.custodian"
    )


def test_the_online_keys_cannot_sign_for_custodians(founded: Founded) -> None:
    proposed = proposals.measure(founded.state(), suspension(), START, silent)
    assert refused(lambda: ceremony.sign(proposed, founded.state(), founded.online.snapshot, START, silent)) == (
        "registry.custodian"
    )


def test_copies_signed_side_by_side_are_joined(founded: Founded) -> None:
    proposed = proposals.measure(founded.state(), suspension(), START, silent)
    copies = [ceremony.sign(proposed, founded.state(), key, START, silent) for key in founded.custodians[2:]]
    joined = ceremony.joined(*copies)
    ceremony.publish(founded.repository, joined, founded.online, START, silent)
    assert founded.state().content.accreditations[NO].standing is Standing.SUSPENDED


def test_copies_of_different_proposals_are_not_joined(founded: Founded) -> None:
    one = proposals.measure(founded.state(), suspension(after(30)), START, silent)
    other = proposals.measure(founded.state(), suspension(after(60)), START, silent)
    with pytest.raises(Misused, match="not copies"):
        ceremony.joined(one, other)


# --------------------------------------------------------------------------------------------- what a signer is shown


def test_a_signer_hears_what_the_metadata_say_and_not_what_the_file_claims(founded: Founded) -> None:
    proposed = proposals.measure(founded.state(), suspension(), START, silent)
    sweetened = msgspec.structs.replace(proposed, summary=("nothing but the dates",))
    heard: list[str] = []
    ceremony.sign(sweetened, founded.state(), founded.custodians[0], START, heard.append)
    assert any("no: suspended" in line and "RPD 131" in line for line in heard)
    assert not any("nothing but" in line for line in heard)


def test_a_document_that_is_not_the_signed_one_is_refused(founded: Founded) -> None:
    proposed = proposals.measure(founded.state(), suspension(), START, silent)
    documents = {**proposed.documents, "accreditations.json": proposed.documents["accreditations.json"] + " "}
    swapped = msgspec.structs.replace(proposed, documents=documents)
    with pytest.raises(Malformed, match=r"no accreditations\.json with the hash"):
        ceremony.sign(swapped, founded.state(), founded.custodians[0], START, silent)


def test_a_proposal_that_expired_is_not_signed(founded: Founded) -> None:
    proposed = proposals.measure(founded.state(), suspension(), START, silent)
    with pytest.raises(Malformed, match="expired"):
        ceremony.sign(proposed, founded.state(), founded.custodians[0], after(91), silent)


def test_a_proposal_overtaken_by_another_is_refused(founded: Founded) -> None:
    late = proposals.measure(founded.state(), suspension(after(60)), START, silent)
    founded.decide(proposals.measure(founded.state(), suspension(), START, silent))
    founded.decide(proposals.renewal(founded.state(), START, silent))
    assert refused(lambda: ceremony.sign(late, founded.state(), founded.custodians[0], START, silent)) == (
        "registry.superseded"
    )


def test_a_ceremony_file_is_read_as_it_was_written(founded: Founded, tmp_path: Path) -> None:
    proposed = proposals.measure(founded.state(), suspension(), START, silent)
    ceremony.write(tmp_path / "file", proposed)
    assert ceremony.read(tmp_path / "file") == proposed


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b'{"org": 1}', b"\xff\xfe"])
def test_a_file_that_is_no_ceremony_is_refused(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "file").write_bytes(raw)
    with pytest.raises(Malformed):
        ceremony.read(tmp_path / "file")


def test_a_ceremony_of_another_organisation_is_refused(founded: Founded, tmp_path: Path) -> None:
    other = Founded(tmp_path / "other", "regional")
    proposed = proposals.renewal(other.state(), START, silent)
    with pytest.raises(Malformed, match="another organisation"):
        ceremony.sign(proposed, founded.state(), founded.custodians[0], START, silent)


# ----------------------------------------------------------------------------------------------- bureaus and profiles


def test_an_application_stands_on_its_own(founded: Founded, tmp_path: Path) -> None:
    paper = founded.apply(ET)
    admission.write_submission(tmp_path / "paper", paper)
    assert admission.verified(admission.read_submission(tmp_path / "paper"), founded.anchor.org, START).bureau == ET


def test_an_application_with_another_profile_inside_is_refused(founded: Founded) -> None:
    paper = founded.apply(ET)
    forged = tampered(paper, profile=paper.profile.replace("NCB et", "NCB ET"))
    with pytest.raises(Malformed, match="not the one that its metadata sign"):
        admission.verified(forged, founded.anchor.org, START)


def test_an_application_to_another_organisation_is_refused(founded: Founded, tmp_path: Path) -> None:
    other = Founded(tmp_path / "other", "regional")
    paper = msgspec.structs.replace(other.apply(ET), org=founded.anchor.org)
    with pytest.raises(Malformed, match="made for another organisation"):
        admission.verified(paper, founded.anchor.org, START)


def test_an_application_under_a_reserved_name_is_refused(founded: Founded) -> None:
    profile = msgspec.structs.replace(profile_of(ET), bureau="snapshot")
    with pytest.raises(Misused, match="cannot be a bureau's name"):
        admission.application(founded.anchor.org, profile, offline("role"), START, silent)


def test_an_accredited_bureau_has_its_profile_published_with_it(founded: Founded) -> None:
    profile = profile_of(ET)
    founded.admit(ET, profile=profile, role=Role.SECRETARIAT)
    state = founded.state()
    assert state.profiles[ET] == profile
    assert state.content.accreditations[ET].role is Role.SECRETARIAT


def test_two_bureaus_cannot_share_a_role_key(founded: Founded) -> None:
    paper = admission.application(founded.anchor.org, profile_of(ET), founded.roles[NO], START, silent)
    decided = Accreditation(bureau=ET, since=START, decided_by="assembly")
    with pytest.raises(Misused, match="one role key for two bureaus"):
        proposals.accreditation(founded.state(), paper, decided, START, silent)


def test_a_bureau_rotates_its_key_without_the_custodians(founded: Founded) -> None:
    old, new = founded.rotate(NO)
    profile = founded.state().profiles[NO]
    assert profile.current(KeyUse.SIGN).kid == new
    assert [key.kid for key in profile.keys if key.retired] == [old]


def test_an_es256_signing_key_is_allowed(founded: Founded) -> None:
    profile = founded.state().profiles[NO]
    founded.submit(admission.rotated(profile, [signing_key(Suite.ES256)], []))
    assert founded.state().profiles[NO].current(KeyUse.SIGN).suite is Suite.ES256


@pytest.mark.parametrize("forger", ["exercise snapshot", "exercise custodian 1", "stranger"])
def test_nobody_but_the_bureau_signs_its_profile(founded: Founded, forger: str) -> None:
    ghost = profile_of(NO, version=2)
    with pytest.raises(Malformed, match="no carries 0 of 1"):
        founded.submit(ghost, role=offline(forger))


def test_another_bureau_cannot_sign_its_profile(founded: Founded) -> None:
    with pytest.raises(Malformed, match="no carries 0 of 1"):
        founded.submit(profile_of(NO, version=2), role=founded.roles[MA])


def test_a_bureau_cannot_publish_a_profile_of_another(founded: Founded) -> None:
    paper = admission.submission(founded.anchor.org, profile_of(NO, version=2), founded.roles[MA], START, silent)
    with pytest.raises(Malformed, match="something beside its profile"):
        admission.accept_profile(
            founded.repository, msgspec.structs.replace(paper, bureau=MA), founded.online, START, silent
        )


@pytest.mark.parametrize("version", [3, 7])
def test_a_profile_that_skips_a_version_is_refused(founded: Founded, version: int) -> None:
    assert refused(lambda: founded.submit(profile_of(NO, version=version))) == "registry.version"


def test_an_older_profile_is_refused(founded: Founded) -> None:
    first = admission.submission(founded.anchor.org, profile_of(NO, version=2), founded.roles[NO], START, silent)
    admission.accept_profile(founded.repository, first, founded.online, START, silent)
    founded.submit(profile_of(NO, version=3))
    assert (
        refused(lambda: admission.accept_profile(founded.repository, first, founded.online, START, silent))
        == "registry.version"
    )


def test_a_profile_swapped_beside_its_metadata_is_refused(founded: Founded) -> None:
    paper = admission.submission(founded.anchor.org, profile_of(NO, version=2), founded.roles[NO], START, silent)
    swapped = tampered(paper, profile=paper.profile.replace("NCB no", "NCB NO"))
    with pytest.raises(Malformed, match="not the one"):
        admission.accept_profile(founded.repository, swapped, founded.online, START, silent)


def test_a_profile_with_a_suite_that_is_not_allowed_is_refused(founded: Founded) -> None:
    with pytest.raises(Misused, match="registry allows none"):
        founded.submit(profile_of(NO, version=2, keys=[signing_key(Suite.ES256, KeyUse.LOG)]))


def test_a_bureau_that_is_not_accredited_publishes_nothing(founded: Founded) -> None:
    paper = founded.apply(ET)
    assert (
        refused(lambda: admission.accept_profile(founded.repository, paper, founded.online, START, silent))
        == "registry.unknown"
    )


def test_a_replaced_role_key_is_announced_as_an_alarm(founded: Founded) -> None:
    new = offline("new role key of no")
    paper = admission.submission(founded.anchor.org, profile_of(NO, version=2), new, START, silent)
    proposed = proposals.role_key(founded.state(), paper, START, silent)
    assert any(line.startswith("ALARM: the role key of no changes") for line in proposed.summary)
    founded.decide(proposed)
    with pytest.raises(Malformed, match="0 of 1"):
        founded.submit(profile_of(NO, version=3), role=founded.roles[NO])
    founded.submit(profile_of(NO, version=3), role=new)


def test_a_role_key_replaced_without_a_profile_under_it_is_refused(founded: Founded) -> None:
    new = offline("new role key of no")
    paper = admission.submission(founded.anchor.org, profile_of(NO, version=2), new, START, silent)
    proposed = proposals.role_key(founded.state(), paper, START, silent)
    bare = msgspec.structs.replace(proposed, roles={}, profiles={})
    with pytest.raises(Malformed, match="no carries 0 of 1"):
        ceremony.sign(bare, founded.state(), founded.custodians[0], START, silent)
