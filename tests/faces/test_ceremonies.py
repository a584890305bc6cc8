"""Ceremonies by the command line against a secretariat that runs: profiles handed in, officers listed, keys revoked."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import uvicorn

from comity import app
from comity.app import Node
from comity.core.errors import Malformed, Refused, Unreachable
from comity.core.ids import BureauId, OrgId
from comity.core.registry import KeyUse
from comity.faces import api
from comity.faces.cli import main
from comity.faces.wire import free_port
from comity.node import admission, anchor, home, inbox, papers, post, secretariat

SECRET = "the passphrase of every node"
Comity = Callable[..., Any]


@pytest.fixture
def comity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Comity:
    """Run a command line that must end with this status; returns what it printed as JSON."""
    monkeypatch.chdir(tmp_path)
    for name in ("COMITY_PASSPHRASE", "COMITY_KEY_PASSPHRASE", "COMITY_ROLE_PASSPHRASE", "COMITY_OFFICER_PASSPHRASE"):
        monkeypatch.setenv(name, SECRET)

    def run(line: str, *more: str, status: int = 0) -> Any:  # noqa: ANN401 - whatever the command prints
        capsys.readouterr()
        code = main([*line.split(), *more, "--json"])
        out, err = capsys.readouterr()
        assert code == status, err
        return json.loads(out) if out else err

    return run


@pytest.fixture
def org(comity: Comity, tmp_path: Path) -> Iterator[OrgId]:
    """An organisation whose registry a secretariat serves over HTTP; `ma` and `no` are members."""
    port = free_port()
    for name in ("a.key", "b.key"):
        comity(f"registry key {name} --label {name}")
    for name in ("timestamp", "snapshot"):
        comity(f"registry key registry-online/{name}.key --label {name} --for online")
    decide = "--sign-with a.key --sign-with b.key --publish --yes"
    custodians = "--custodian a.key.pub --custodian b.key.pub --threshold 2"
    url = f"http://127.0.0.1:{port}/o/{{org}}/registry"
    made = OrgId(comity(f"registry found demo.example {custodians} --url {url} {decide}")["org"])
    for name in ("sg", "ma", "no"):
        role = "secretariat" if name == "sg" else "bureau"
        address = f"http://127.0.0.1:{port}" if name == "sg" else "http://127.0.0.1:1"
        comity(f"apply --anchor registry/anchor.json --bureau {name} --name {name} --home {name} --address {address}")
        comity(f"registry accredit application-{name}.json --role {role} --decided-by assembly {decide}")
    node = app.open_node(tmp_path / "sg", SECRET)
    kept = secretariat.open_registry(tmp_path / "sg", tmp_path / "registry", SECRET)
    built = api.build(node, {made: api.Registry(kept.folder, kept.accept)})
    server = uvicorn.Server(uvicorn.Config(built, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    for name in ("sg", "ma", "no"):
        comity(f"refresh --home {name}")
    yield made
    server.should_exit = True
    thread.join()
    node.close()


def test_new_keys_are_handed_in_and_published_and_the_node_holds_them(
    org: OrgId, comity: Comity, tmp_path: Path
) -> None:
    before = home.trust_in(tmp_path / "ma", org).current().profile(BureauId("ma"))
    assert comity("rotate --home ma --use sign --yes") == {"bureau": "ma", "profile": 2, "version": 5}
    after = home.trust_in(tmp_path / "ma", org).current().profile(BureauId("ma"))
    assert after.current(KeyUse.SIGN) != before.current(KeyUse.SIGN)
    assert after.current(KeyUse.SEAL) == before.current(KeyUse.SEAL)
    node = app.open_node(tmp_path / "ma", SECRET)
    assert node.bureau().signer().key == after.current(KeyUse.SIGN)
    assert after.current(KeyUse.SIGN) in node.home.keyring.public()
    node.close()


def test_an_officer_counts_as_approver_once_the_profile_lists_them(org: OrgId, comity: Comity, tmp_path: Path) -> None:
    comity("officer add legal --pseudonym k7 --role supervisor --home ma")
    assert "has no key to approve with" in comity("rotate --home ma --approver k7 --yes", status=2)
    comity("officer key k7 k7.key --home ma")
    comity("rotate --home ma --approver k7 --yes")
    profile = home.trust_in(tmp_path / "ma", org).current().profile(BureauId("ma"))
    assert [(approver.officer, approver.unit) for approver in profile.approvers] == [("k7", "legal")]
    assert not [key for key in profile.keys if key.retired]
    # Who left the desk leaves the profile with its next version, without being named.
    comity("officer retire k7 --home ma")
    comity("rotate --home ma --address http://127.0.0.1:2 --yes")
    assert home.trust_in(tmp_path / "ma", org).current().profile(BureauId("ma")).approvers == ()


def test_what_the_secretariat_refuses_keeps_its_code_on_the_way_back(org: OrgId, comity: Comity) -> None:
    comity("rotate --home ma --yes")
    held = anchor.read(Path("registry/anchor.json"))
    assert held.org == org
    paper = admission.read_submission(Path("application-ma.json"))
    with pytest.raises(Refused) as refused:
        papers.hand_in(held, paper)
    assert refused.value.refusal.code == "registry.version"
    with pytest.raises(Malformed, match="the secretariat says"):
        papers.hand_in(held, msgspec.structs.replace(paper, metadata="{}"))


def test_a_secretariat_that_is_away_is_unreachable_and_nothing_is_lost(comity: Comity, tmp_path: Path) -> None:
    comity("registry key a.key --label a")
    comity("registry key registry-online/timestamp.key --label t --for online")
    comity("registry key registry-online/snapshot.key --label s --for online")
    away = f"http://127.0.0.1:{free_port()}/o/{{org}}/registry"
    decide = "--sign-with a.key --publish --yes"
    comity(f"registry found demo.example --custodian a.key.pub --threshold 1 --url {away} {decide}")
    comity("apply --anchor registry/anchor.json --bureau ma --name ma --home ma")
    assert "cannot reach" in comity("refresh --home ma", status=3)
    with pytest.raises(Unreachable):
        papers.hand_in(
            anchor.read(Path("registry/anchor.json")), admission.read_submission(tmp_path / "application-ma.json")
        )


def opened(folder: Path) -> tuple[Node, Callable[[], object]]:
    node = app.open_node(folder, SECRET)
    (org,) = node.bureaus()
    chore, *_ = node.chores(org)
    return node, chore


def test_a_revocation_that_is_said_is_obeyed_by_the_peer_before_the_registry_says_it(
    org: OrgId, comity: Comity, tmp_path: Path
) -> None:
    ma, no = BureauId("ma"), BureauId("no")
    kid = home.trust_in(tmp_path / "ma", org).current().profile(ma).current(KeyUse.SIGN).kid
    comity("officer add duty --pseudonym k7 --home ma")
    told = comity(f"revoke {kid.hex()[:8]} --say --home ma --yes")
    assert told["key"] == kid.hex()
    assert home.trust_in(tmp_path / "ma", org).current().revocation(ma, kid) is not None
    (sender, _), (peer, chore) = opened(tmp_path / "ma"), opened(tmp_path / "no")
    try:
        assert chore() == 0
        parcels = post.collect(sender.bureau())[no]
        inbox.receive(peer.bureau(), [parcel.delivery for parcel in parcels])
        assert peer.home.trusts[org].current().revocation(ma, kid) is None
        assert chore() == 1
        assert peer.home.trusts[org].current().revocation(ma, kid) is not None
        assert chore() == 0
        # After a restart the acts are read again, and nothing comes of it.
        assert peer.chores(org)[0]() == 0
    finally:
        sender.close()
        peer.close()
