"""What a node believes of the parties: bad profiles among good ones, self-revocations, evidence, transport, vectors."""

import http.server
import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from tuf.api.exceptions import DownloadHTTPError, SlowRetrievalError

from comity.core import registry
from comity.core.errors import Malformed, Misused
from comity.core.ids import BureauId, Digest, Millis
from comity.core.registry import Freshness, KeyUse, Revocation
from comity.node import admission, ceremony, fetch, metadata, proposals
from comity.node import anchor as anchors
from comity.node.evidence import Evidence, proven
from comity.node.metadata import LIFE, ORG, Metadata, TargetFile, Targets
from comity.node.repository import Change
from comity.node.trust import Trust
from tests.node.founding import (
    MA,
    NO,
    START,
    Founded,
    after,
    copied,
    ghost,
    offline,
    self_revocation,
    silent,
)

SOON = Millis(START + 3_600_000)


# ------------------------------------------------------------------------------------------------- one bad bureau


def test_a_profile_that_was_altered_leaves_the_others_in_force(founded: Founded, tmp_path: Path) -> None:
    profile = next((founded.folder / "targets" / "no").iterdir())
    raw = profile.read_bytes()
    profile.write_bytes(raw.replace(b"NCB no", b"NCB NO"))
    trust = founded.node(tmp_path / "fresh")
    assert set(trust.refresh(START).profiles) == {MA}
    assert trust.problems[0].bureau == "no"
    profile.write_bytes(raw)
    assert set(trust.refresh(SOON).profiles) == {NO, MA}
    assert trust.problems == ()


def test_a_profile_that_is_not_there_leaves_the_others_in_force(founded: Founded, tmp_path: Path) -> None:
    shutil.rmtree(founded.folder / "targets" / "no")
    trust = founded.node(tmp_path / "fresh")
    assert set(trust.refresh(START).profiles) == {MA}
    assert "not there" in trust.problems[0].text


def test_an_expired_profile_leaves_the_others_in_force(founded: Founded, node: Trust) -> None:
    founded.decide(proposals.renewal(founded.state(), after(300), silent), after(300))
    founded.submit(msgspec.structs.replace(founded.state().profiles[MA], version=2), after(300))
    founded.decide(proposals.renewal(founded.state(), after(370), silent), after(370))
    founded.refresh(after(370))
    assert set(node.refresh(after(370)).profiles) == {MA}
    assert "expired" in node.problems[0].text


def test_an_unsound_profile_under_a_good_signature_leaves_the_others_in_force(founded: Founded, node: Trust) -> None:
    raw = registry.to_json(msgspec.structs.replace(ghost(), keys=(ghost().keys[0],) * 2))
    signed = Targets(
        version=2,
        expires=metadata.moment(START + LIFE["profile"]),
        targets={"no/profile.json": TargetFile.from_data("no/profile.json", raw, ["sha256"])},
        unrecognized_fields={ORG: founded.anchor.org},
    )
    made = Metadata(signed)
    metadata.sign(made, founded.roles[NO])
    change = Change(roles={NO: made.to_bytes()}, files={"no/profile.json": raw})
    founded.repository.publish(change, founded.online, START)
    assert set(node.refresh(SOON).profiles) == {MA}
    assert "twice" in node.problems[0].text


def test_an_oversized_file_is_refused(founded: Founded, node: Trust) -> None:
    (founded.folder / "metadata" / "timestamp.json").write_bytes(b" " * 20_000)
    with pytest.raises(Malformed, match="longer than it may be"):
        node.refresh(SOON)


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b"null", b"\xff" * 50, b"[" * 5_000])
def test_any_bytes_in_place_of_the_timestamp_are_refused(founded: Founded, node: Trust, raw: bytes) -> None:
    before = node.current()
    (founded.folder / "metadata" / "timestamp.json").write_bytes(raw)
    with pytest.raises(Malformed):
        node.refresh(SOON)
    assert node.current() == before


def test_a_copy_that_was_altered_on_this_disk_is_noticed_and_fetched_again(
    founded: Founded, node: Trust, tmp_path: Path
) -> None:
    view = json.loads((tmp_path / "node" / founded.anchor.org / "current.json").read_bytes())
    copy = tmp_path / "node" / founded.anchor.org / "objects" / view["profiles"]["no"]
    copy.write_bytes(copy.read_bytes().replace(b"NCB no", b"NCB NO"))
    restarted = founded.node(tmp_path / "node")
    with pytest.raises(Misused, match="altered"):
        restarted.current()
    assert restarted.refresh(SOON).profiles == node.at(view["version"]).profiles


# ------------------------------------------------------------------------------------------------ self-revocation


def test_a_self_revocation_is_obeyed_before_the_registry_says_it(founded: Founded, node: Trust) -> None:
    said = node.obey(self_revocation(founded))
    assert node.current().revocation(NO, said.kid) == said
    assert founded.state().content.revocations == ()


def test_a_self_revocation_is_known_to_the_other_processes_of_the_node(
    founded: Founded, node: Trust, tmp_path: Path
) -> None:
    other = founded.node(tmp_path / "node")
    assert other.current().revocations == ()
    said = node.obey(self_revocation(founded))
    assert other.current().revocations == (said,)


def test_a_self_revocation_stays_after_the_role_key_was_replaced(founded: Founded, node: Trust) -> None:
    said = node.obey(self_revocation(founded))
    paper = admission.submission(founded.anchor.org, ghost(), offline("new role key"), START, silent)
    founded.decide(proposals.role_key(founded.state(), paper, START, silent))
    assert said in node.refresh(SOON).revocations


def test_a_self_revocation_signed_by_another_bureau_is_refused(founded: Founded, node: Trust) -> None:
    with pytest.raises(Malformed, match="another bureau"):
        node.obey(self_revocation(founded, bureau=NO, signer=MA))
    assert node.current().revocations == ()


def test_a_revocation_by_the_custodians_reaches_the_node(founded: Founded, node: Trust) -> None:
    kid = founded.state().profiles[NO].current(KeyUse.SIGN).kid
    dead = Revocation(bureau=NO, kid=kid, size=3, root=Digest(bytes(32)), decided_by="custodians")
    founded.decide(proposals.revocation(founded.state(), dead, START, silent))
    assert node.refresh(SOON).revocation(NO, kid) == dead


# -------------------------------------------------------------------------------------------------------- evidence


@pytest.fixture
def proof(founded: Founded, node: Trust) -> Evidence:
    joining = offline("exercise custodian 6").public
    proposed = proposals.custodians(founded.state(), ["exercise custodian 1"], [joining], None, START, silent)
    founded.decide(proposed, signers=founded.custodians[1:4])
    version = node.refresh(SOON).version
    founded.rotate(NO)
    node.refresh(SOON)
    return node.evidence(version, NO)


def test_an_outsider_sees_which_keys_a_bureau_had(founded: Founded, node: Trust, proof: Evidence) -> None:
    shown = proven(proof, founded.anchor)
    assert shown.version == 1
    assert node.current().profiles[NO].version == 2


@pytest.mark.parametrize("part", ["targets", "role", "profile"])
def test_evidence_with_a_part_of_another_time_is_refused(
    founded: Founded, node: Trust, proof: Evidence, part: str
) -> None:
    founded.decide(proposals.renewal(founded.state(), START, silent), signers=founded.custodians[1:4])
    later = node.evidence(node.refresh(SOON).version, MA if part == "role" else NO)
    if part == "targets":
        later = msgspec.structs.replace(later, targets=later.targets.replace("policy.json", "policy.jsom"))
    with pytest.raises(Malformed):
        proven(msgspec.structs.replace(proof, **{part: getattr(later, part)}), founded.anchor)


def test_evidence_without_the_road_to_its_root_is_refused(founded: Founded, proof: Evidence) -> None:
    with pytest.raises(Malformed):
        proven(msgspec.structs.replace(proof, roots=()), founded.anchor)


def test_evidence_of_a_namesake_is_refused(proof: Evidence, tmp_path: Path) -> None:
    namesake = Founded(tmp_path / "namesake", custodians=3, threshold=2)
    with pytest.raises(Malformed, match="another organisation"):
        proven(proof, namesake.anchor)
    with pytest.raises(Malformed):
        proven(msgspec.structs.replace(proof, org=namesake.anchor.org), namesake.anchor)


# ------------------------------------------------------------------------------------------------------- transport


@pytest.fixture
def web(founded: Founded) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object, **kwargs: object) -> None:
            super().__init__(*args, directory=str(founded.folder), **kwargs)  # type: ignore[arg-type]  # passed on

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_registry_is_fetched_over_http(founded: Founded, web: str, tmp_path: Path) -> None:
    trust = Trust(tmp_path / "http", msgspec.structs.replace(founded.anchor, urls=(web,)))
    assert set(trust.refresh(START).profiles) == {NO, MA}


def test_a_registry_is_fetched_from_a_file_address(founded: Founded, tmp_path: Path) -> None:
    trust = Trust(tmp_path / "file", msgspec.structs.replace(founded.anchor, urls=(founded.folder.as_uri(),)))
    assert set(trust.refresh(START).profiles) == {NO, MA}


def test_the_second_address_is_asked_when_the_first_is_silent(founded: Founded, web: str, tmp_path: Path) -> None:
    urls = ("http://127.0.0.1:9", web)
    trust = Trust(tmp_path / "two", msgspec.structs.replace(founded.anchor, urls=urls))
    assert set(trust.refresh(START).profiles) == {NO, MA}


def test_the_second_address_is_asked_when_the_first_is_frozen_or_false(
    founded: Founded, node: Trust, tmp_path: Path
) -> None:
    assert node.problems == ()
    frozen, false = copied(founded, tmp_path / "frozen"), copied(founded, tmp_path / "false")
    (false / "metadata" / "timestamp.json").write_bytes(b"{}")
    founded.refresh(after(5))
    urls = tuple(folder.as_uri() for folder in (frozen, false, founded.folder))
    trust = Trust(tmp_path / "node", msgspec.structs.replace(founded.anchor, urls=urls))
    assert trust.refresh(after(5)).freshness(after(5)) is Freshness.FRESH


def test_an_address_of_another_kind_is_refused(founded: Founded, tmp_path: Path) -> None:
    trust = Trust(tmp_path / "ftp", msgspec.structs.replace(founded.anchor, urls=("ftp://registry.example",)))
    with pytest.raises(Misused, match="not ftp"):
        trust.refresh(START)


def test_an_answer_that_drips_is_given_up() -> None:
    class Drip(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            for _ in range(100):
                self.wfile.write(b" ")
                time.sleep(0.02)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Drip) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        fetcher = fetch.WebFetcher(patience=0.1)
        with pytest.raises(SlowRetrievalError):
            fetcher.download_bytes(f"http://127.0.0.1:{server.server_port}/timestamp.json", 10_000)
        server.shutdown()


def test_a_folder_is_not_left_by_an_address(founded: Founded, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    with pytest.raises(DownloadHTTPError):
        fetch.from_folder(founded.folder).download_bytes("https://registry.example/../secret", 100)


def test_a_refresh_of_a_registry_of_sixty_bureaus_takes_one_pass(tmp_path: Path) -> None:
    org = Founded(tmp_path / "registry", custodians=1, threshold=1)
    bureaus = [BureauId(f"b{number}") for number in range(60)]
    state = org.state()
    papers = {bureau: org.apply(bureau) for bureau in bureaus}
    content = state.content
    for bureau in bureaus:
        decided = registry.Accreditation(bureau=bureau, since=START, decided_by="assembly")
        content = proposals._decided(content, decided)
    made = proposals._next_membership(state, content, START, {b: papers[b].role_key for b in bureaus})
    made = msgspec.structs.replace(
        made,
        roles={bureau: paper.metadata for bureau, paper in papers.items()},
        profiles={bureau: paper.profile for bureau, paper in papers.items()},
    )
    made = ceremony.sign(made, state, org.custodians[0], START, silent)
    ceremony.publish(org.repository, made, org.online, START, silent)
    fetched: list[str] = []
    trust = org.node(tmp_path / "node", fetched.append)
    assert len(trust.refresh(START).profiles) == 60
    assert len(fetched) == 1 + 3 + 3 + 2 * 60


# --------------------------------------------------------------------------------------------------------- vectors

VECTORS = Path(__file__).parent.parent / "vectors" / "registry"


@pytest.fixture
def golden(tmp_path: Path) -> Trust:
    anchor = anchors.read(VECTORS / "organisation" / "anchor.json")
    return Trust(tmp_path / "golden", anchor, fetch.from_folder(VECTORS / "organisation"))


def test_the_golden_registry_is_read_as_it_was(golden: Trust) -> None:
    expected = msgspec.json.decode((VECTORS / "organisation.registry.json").read_bytes(), type=registry.Registry)
    assert golden.refresh(START) == expected
    assert golden.problems == ()


def test_the_golden_evidence_holds(golden: Trust) -> None:
    evidence = msgspec.json.decode((VECTORS / "evidence.json").read_bytes(), type=Evidence)
    assert proven(evidence, golden.anchor) == golden.refresh(START).profiles[NO]


def test_the_golden_self_revocation_is_obeyed(golden: Trust) -> None:
    seen = golden.refresh(START)
    said = golden.obey((VECTORS / "self-revocation.json").read_bytes())
    assert said.kid == seen.profiles[NO].current(KeyUse.SIGN).kid


@pytest.mark.parametrize("path", sorted((VECTORS / "bad").iterdir()), ids=lambda path: str(path.name))
def test_a_bad_vector_is_refused(golden: Trust, path: Path) -> None:
    golden.refresh(START)
    read: Callable[[], object] = (
        (lambda: anchors.read(path)) if path.name.startswith("anchor") else (lambda: golden.obey(path.read_bytes()))
    )
    assert path.suffixes[-2:] == [".malformed", ".json"]
    with pytest.raises(Malformed):
        read()
