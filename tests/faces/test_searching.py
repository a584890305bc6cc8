"""The command about the search index: what it shows, what it makes anew, what it loads."""

import json
from pathlib import Path

from comity.app import open_node
from comity.capabilities.records import desk
from comity.capabilities.records.acts import RecordKind
from comity.core.ids import BureauId
from tests.faces.conftest import Typed
from tests.organisation import PASSPHRASE
from tests.simulator import reader


def published(place: Path, folder: Path) -> None:
    """Let `no` publish two passports to itself and `ma`."""
    node = open_node(place / "no", PASSPHRASE)
    no = node.bureau()
    listed = desk.open(no, reader(no), record=RecordKind.TRAVEL_DOCUMENT, to=(BureauId("ma"),)).id
    record, file = {"number": "XX0000001", "issuer": "NOR", "type": "P", "loss": "lost"}, folder / "rows.jsonl"
    file.write_text("".join(json.dumps({"key": key, "record": record}) + "\n" for key in ("a-1", "a-2")))
    desk.publish(no, reader(no), which=listed.hex(), file=file)
    node.close()


def test_the_index_is_shown_and_made_anew(place: Path, typed: Typed, tmp_path: Path) -> None:
    published(place, tmp_path)
    shown = typed("no", "index", "--json")
    assert (shown.code, shown.err) == (0, "")
    told = json.loads(shown.out)
    assert (told["rows"], told["identifiers"], told["names"], told["changes_behind"]) == (2, 2, 0, 0)
    assert (told["memory_mib"], told["withdrawn_on_disk"]) == (1, "nothing")
    anew = typed("no", "index", "--rebuild", "--json")
    assert (anew.code, anew.err) == (0, "")
    assert json.loads(anew.out)["rows"] == 2
    (manifest,) = (place / "no" / "index").rglob("manifest.json")
    manifest.write_text("{}")
    assert "comity index --rebuild" in typed("no", "doctor").out
    assert typed("no", "index").code == 0
    assert "comity index --rebuild" not in typed("no", "doctor").out


def test_an_empty_node_has_an_empty_index(typed: Typed) -> None:
    assert json.loads(typed("ma", "index", "--json").out)["rows"] == 0
