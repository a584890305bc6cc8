"""Libraries that others wrote must agree about check digits, checksums and tables: on specimens, and on every misread.

mrz counts the zones of ICAO 9303, vininfo the vehicles, schwifty the accounts, bip-utils the addresses of
crypto-assets; pycountry has ISO 3166, pyais the maritime identification digits. They run in their own environment and
are asked in JSON.
"""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from comity.engines.match.identifiers import accounts, vin, wallets
from comity.engines.match.identifiers.equations import failing
from comity.engines.match.identifiers.layouts import CHARACTERS, LAYOUTS, VALUE, WEIGHTS
from comity.engines.match.identifiers.reading import Proof
from comity.engines.match.identifiers.states import ADDED, STATES
from comity.engines.match.identifiers.vessels import COUNTRY
from tests.engines.specimens import SPECIMENS
from tests.engines.test_identifiers import IBANS, VINS
from tests.engines.test_wallets import INVALID, VALID

pytestmark = pytest.mark.foreign

Ask = Callable[[str, list[list[Any]]], list[Any]]
BY_NAME = {layout.name: layout for layout in LAYOUTS}
SCHEMES = ["TD1", "TD2", "TD3", "MRV-A", "MRV-B"]

CORRECTED = {"740": "FK", "501": "TF", "608": "SH", "618": "TF", "635": "TF"}
"""Where the ITU's table says otherwise than pyais: Falkland (code UK there), Adélie Land, Ascension, Crozet,
Kerguelen."""


@pytest.fixture(scope="module")
def ask(foreign_python: Path) -> Ask:
    """Ask the oracle many questions of one sort at once."""
    program = Path(__file__).with_name("identifiers_oracle.py")

    def asked(sort: str, of: list[list[Any]]) -> list[Any]:
        told = json.dumps([{"ask": sort, "of": each} for each in of])
        command = [str(foreign_python), "-I", str(program)]
        done = subprocess.run(command, input=told, capture_output=True, text=True, check=False, timeout=110)
        assert done.returncode == 0, done.stderr
        answers: list[Any] = json.loads(done.stdout)
        return answers

    return asked


@pytest.mark.parametrize("scheme", SCHEMES)
def test_mrz_finds_the_same_check_digits_wrong(ask: Ask, scheme: str) -> None:
    """Every place of the specimen gets a digit, a letter and a filler that it did not have."""
    layout = BY_NAME[scheme]
    flat = "".join(SPECIMENS[scheme])
    zones = [flat] + [flat[:p] + c + flat[p + 1 :] for p in range(len(flat)) for c in "07BK<" if c != flat[p]]
    digits = [place for check in layout.checks for place in [check.at]]
    zones = [each for each in zones if all(each[place].isdigit() for place in digits)]
    split = [[each[at : at + layout.width] for at in range(0, len(each), layout.width)] for each in zones]
    answers = ask("zone", [[scheme, lines] for lines in split])
    for zone, answer in zip(zones, answers, strict=True):
        names = {check.name for check in layout.checks}
        assert {name for name, right in answer.items() if not right} & names == set(failing(layout, zone))


def test_mrz_computes_the_same_digits(ask: Ask) -> None:
    texts = [CHARACTERS[at:] + CHARACTERS[:at] for at in range(len(CHARACTERS))]
    ours = [str(sum(WEIGHTS[at % 3] * VALUE[each] for at, each in enumerate(text)) % 10) for text in texts]
    assert ask("digit", [[text] for text in texts]) == ours


def test_vininfo_agrees_about_each_digit_of_a_vehicle(ask: Ask) -> None:
    numbers = [
        number[:place] + other + number[place + 1 :]
        for number in VINS
        for place in range(17)
        for other in "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"
    ]
    assert ask("vehicle", [[number] for number in numbers]) == [vin.agrees(number) for number in numbers]


def test_schwifty_agrees_about_each_digit_of_an_account(ask: Ask) -> None:
    numbers = [text.replace(" ", "") for text in IBANS]
    for number in list(numbers):
        places = [place for place in range(2, len(number)) if number[place].isdigit()]
        numbers += [number[:at] + str((int(number[at]) + 1) % 10) + number[at + 1 :] for at in places]
    assert ask("account", [[number] for number in numbers]) == [accounts.agrees(number) for number in numbers]


def test_bip_utils_agrees_about_addresses_valid_and_invalid(ask: Ask) -> None:
    addresses = [*VALID, *INVALID]
    for address in VALID:
        changed = [(at, "p" if address[at] == "q" else "q") for at in range(5, 14)]
        addresses += [address[:at] + other + address[at + 1 :] for at, other in changed]
    for address, answer in zip(addresses, ask("wallet", [[address] for address in addresses]), strict=True):
        found = wallets.exact(address)
        assert (found is not None and found.proof is Proof.CHECKED) == answer, address


def test_the_codes_of_iso_3166_are_those_of_pycountry(ask: Ask) -> None:
    (theirs,) = ask("states", [[]])
    assert {code: country for code, country in STATES.items() if code not in ADDED} == theirs


def test_the_flags_of_radios_are_those_of_pyais_but_for_known_errors(ask: Ask) -> None:
    (theirs,) = ask("flags", [[]])
    assert {**theirs, **CORRECTED, "638": "SS"} == COUNTRY
