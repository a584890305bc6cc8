"""Identifiers and known persons found in texts of many scripts, in a time that grows with the text and no faster."""

import time
import unicodedata
from collections.abc import Sequence
from difflib import SequenceMatcher
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.engines.match.identifiers.reading import Kind, Proof
from comity.engines.match.mentions import Levels, Likeness, persons_in
from comity.engines.match.screening import identifiers_in, screened
from tests.engines.specimens import SPECIMENS

REPORT = """He used passport no. L 898902-C3 and later AB1234567; the car had plate: 12345-A-6.
Paid from IBAN GB82 WEST 1234 5698 7654 32, called +212 537-72 12 00 and 0537 72 12 00.
VIN 1M8GDM9AXKP042788, mail anna.eriksson@example.org, hxxps://evil[.]example[.]com/login; see www.example.net.
IMEI 49-015420-323751-8, wallets 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa, bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4
and 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed. Ship IMO 9074729, MMSI 211 476 060, aircraft D-ABCD.
A pistol, serial ABC-1234. Born 12.08.1974; meeting of 2024-11-07, season 2023-24, 1,000,000 euros.
"""
EXPECTED = [
    (Kind.DOCUMENT, "L898902C3"),
    (Kind.DOCUMENT, "AB1234567"),
    (Kind.PLATE, "12345A6"),
    (Kind.IBAN, "GB82WEST12345698765432"),
    (Kind.PHONE, "+212537721200"),
    (Kind.PHONE, "+212537721200"),
    (Kind.VIN, "1M8GDM9AXKP042788"),
    (Kind.EMAIL, "anna.eriksson@example.org"),
    (Kind.DOMAIN, "evil.example.com"),
    (Kind.DOMAIN, "www.example.net"),
    (Kind.IMEI, "49015420323751"),
    (Kind.WALLET, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
    (Kind.WALLET, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
    (Kind.WALLET, "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"),
    (Kind.SHIP, "9074729"),
    (Kind.MMSI, "211476060"),
    (Kind.AIRCRAFT_MARK, "DABCD"),
    (Kind.FIREARM, "ABC1234"),
]


def test_a_report_yields_each_identifier_once_and_no_date_or_amount() -> None:
    found = identifiers_in(REPORT, "MA")
    assert [(each.reading.kind, each.reading.key) for each in found] == EXPECTED


def test_places_are_those_of_the_text_itself() -> None:
    for each in identifiers_in(REPORT, "MA"):
        written = REPORT[each.start : each.stop]
        assert written == written.strip(" ,;:\n"), "nothing around it is part of it"
        assert {c.upper() for c in each.reading.key if c.isalnum()} <= {c.upper() for c in written} | set("212")


@pytest.mark.parametrize(
    ("text", "kind", "key"),
    [
        ("جواز سفر رقم ١٢٣٤٥٦٧٨ صادر", Kind.DOCUMENT, "12345678"),
        ("паспорт 45 08 123456 выдан", Kind.DOCUMENT, "4508123456"),
        ("госномер А 123 ВЕ 77, серый", Kind.PLATE, "A123BE77"),
        ("護照號碼E12345678", Kind.DOCUMENT, "E12345678"),
        ("车牌京A·12345的轿车", Kind.PLATE, "京A12345"),
        ("여권 M12345678 소지", Kind.DOCUMENT, "M12345678"),
        ("Reisepass C01X00T478 von", Kind.DOCUMENT, "C01X00T478"),
        ("पासपोर्ट Z1234567", Kind.DOCUMENT, "Z1234567"),
        ("διαβατηριο ΑΒ1234567", Kind.DOCUMENT, "AB1234567"),
        ("הדרכון 12345678 נמצא", Kind.DOCUMENT, "12345678"),
    ],
)
def test_a_word_of_the_language_names_the_number_behind_it(text: str, kind: Kind, key: str) -> None:
    found = [(each.reading.kind, each.reading.key, each.cue) for each in identifiers_in(text)]
    assert found == [(kind, key, True)]


@pytest.mark.parametrize("name", SPECIMENS)
def test_a_zone_is_found_among_other_lines_although_misread(name: str) -> None:
    lines = list(SPECIMENS[name])
    at = 0 if name.startswith("TD1") else 1
    lines[at] = lines[at].replace("0", "O", 1) if at else lines[at]
    text = "Scanned this morning:\n" + "\n".join(lines) + "\nEnd of page"
    (found,) = identifiers_in(text)
    assert found.reading.kind is Kind.MRZ
    assert text[found.start : found.stop] == "\n".join(lines)
    assert found.reading.proof is Proof.CHECKED


def test_ordinary_prose_has_no_identifiers() -> None:
    prose = (
        "The 93rd General Assembly of 2025 in Marrakech heard 179 delegations on 24-27 November, G20 and Covid19 too."
    )
    assert identifiers_in(prose, "MA") == ()


PRESS = sorted((Path(__file__).parents[2] / "comity" / "faces" / "press").glob("*.txt"))


@pytest.mark.parametrize("path", PRESS, ids=lambda path: path.stem)
def test_the_press_of_the_exercise_names_its_office_holders(path: Path) -> None:
    """Spelt Abdelatif, Abdellatif, Hammouchi and Hammmouchi; one person, and no identifier in sight."""
    text = path.read_text()
    found = screened(text, OFFICE, "MA", Levels(part=0.4))
    written = {each.written for each in found.mentions if each.person == "director"}
    spelt = {word.strip("’'s,.") for word in text.split() if "mouchi" in word}
    assert spelt
    assert spelt <= {word for each in written for word in each.split()}
    assert found.identifiers == ()


# ------------------------------------------------------------------------------------------------------------ persons


class Register:
    """A small register of persons: names compared letter by letter, words in any order; the best alias counts."""

    def __init__(self, **persons: str) -> None:
        """Take each person's names, separated by commas."""
        self.persons = {person: [plain_words(name) for name in names.split(",")] for person, names in persons.items()}
        self.asked: list[str] = []

    def alike(self, names: Sequence[str]) -> Sequence[Sequence[Likeness]]:
        """Return who has a name like each of these."""
        self.asked += names
        return [
            [
                Likeness(person, best)
                for person, aliases in self.persons.items()
                if (best := max(score(plain_words(name), alias) for alias in aliases)) > 0.3
            ]
            for name in names
        ]


def plain_words(name: str) -> list[str]:
    bare = "".join(each for each in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(each))
    return [word for word in bare.replace("-", " ").split() if word not in {"al", "el", "mr.", "dr."}]


def score(asked: list[str], known: list[str]) -> float:
    """Return how much of the longer of two names the other covers, each word by its best partner."""
    if not asked:
        return 0.0
    pairs = [max(SequenceMatcher(None, word, other).ratio() for other in known) for word in asked]
    good = sum(pair for pair in pairs if pair > 0.85)
    return good / max(len(asked), len(known))


# Office-holders whom the press names in public reports of the Assembly; nobody here is wanted for anything.
OFFICE = Register(
    director="Abdellatif Hammouchi,عبد اللطيف حموشي",
    judicial="Mohamed Dkhissi",
    president="Ahmed Naser Al-Raisi",
    general="Valdecy Urquiza",
)


def test_three_spellings_of_one_name_are_one_person() -> None:
    text = (
        "Director General Abdelatif Hammouchi led the delegation. Mr. Abdellatif Hammouchi spoke first, and "
        "Hammouchi's words were repeated. Hammmouchi said that the assembly works."
    )
    found = persons_in(text, OFFICE, Levels(part=0.4))
    assert [(each.person, each.written, each.full) for each in found] == [
        ("director", "Abdelatif Hammouchi", True),
        ("director", "Abdellatif Hammouchi", True),
        ("director", "Hammouchi", False),
        ("director", "Hammmouchi", False),
    ]
    assert all(text[each.start : each.stop] == each.written for each in found)


def test_a_surname_alone_is_nobody_unless_the_person_is_named_in_full_elsewhere() -> None:
    assert persons_in("Hammouchi met officials from Spain.", OFFICE) == ()


def test_hyphens_line_ends_and_particles_hold_a_name_together() -> None:
    text = "Talks with Interpol President Ahmed Naser Al-Raisi and with Mohamed\nDkhissi, director"
    assert [(each.person, each.written) for each in persons_in(text, OFFICE)] == [
        ("president", "Ahmed Naser Al-Raisi"),
        ("judicial", "Mohamed Dkhissi"),
    ]


def test_a_name_in_arabic_letters_is_shown_as_it_is_written() -> None:
    (found,) = persons_in("وترأس عبد اللطيف حموشي الوفد المغربي", OFFICE)
    assert (found.person, found.written) == ("director", "عبد اللطيف حموشي")


def test_names_in_han_are_cut_out_of_a_line_without_spaces() -> None:
    (found,) = persons_in("昨日王小明抵達馬拉喀什", Register(wang="王小明"))
    assert (found.written, found.start) == ("王小明", 2)


def test_a_text_without_capitals_is_read_all_the_same() -> None:
    assert [each.person for each in persons_in("saw abdellatif hammouchi there", OFFICE)] == ["director"]


def test_a_sentence_end_is_no_part_of_a_name() -> None:
    assert persons_in("He thanked Abdellatif. Hammouchi was not there.", OFFICE) == ()


def test_identifiers_and_persons_come_together() -> None:
    found = screened("Mohamed Dkhissi, mail judicial@example.org", OFFICE, "MA")
    assert [each.person for each in found.mentions] == ["judicial"]
    assert [each.reading.key for each in found.identifiers] == ["judicial@example.org"]


@given(st.text(max_size=300))
def test_any_text_is_screened_with_places_that_do_not_overlap(text: str) -> None:
    found = identifiers_in(text, "FR")
    stops = [0, *(each.stop for each in found)]
    assert all(stop <= each.start < each.stop <= len(text) for stop, each in zip(stops, found, strict=False))
    register = Register(someone="Anna Maria Eriksson")
    persons_in(text, register)
    assert len(register.asked) <= 10 * len(text) + 1


GARBAGE = {
    "figures": "1",
    "figures apart": "1 2-3.",
    "signs": "@",
    "addresses": "a@a.bb,",
    "dots": "a.",
    "labels": "a.b.c.d.e.f.g.h.i.j-",
    "fillers": "P<UTO<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<\n",
    "zones": "\n".join(SPECIMENS["TD3"]).replace("L8989", "LB989") + "\n",
    "cues": "IMO IMEI passport ",
    "accounts": "GB82 ",
    "named accounts": "IBAN GB82 WEST 1234 ",
    "words": "Ab1Cd2Ef3Gh4Jk5Lm6Np7Qr8St9Uv1Wx2Yz3 ",
    "wallets": "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb ",
    "names": "Anna Maria ",
    "one word": "x",
    "han": "王小明",
    "marks": "e\u0301\u0301\u0301",
    "schemes": "http://",
    "spaces": " ",
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_time_grows_with_the_text_and_no_faster(kind: str) -> None:
    register = Register(someone="王大文")
    short, long = (cpu_time(kind, size, register) for size in (4_000, 16_000))
    assert long < 4 * max(short, 0.02) * 2.5, f"{short:.3f} s for 4,000 characters, {long:.3f} s for 16,000"
    assert long < 8, "half a millisecond a character, on the slowest day"


def cpu_time(kind: str, size: int, register: Register) -> float:
    """Return the seconds of the processor that screening takes; the register's own time is left out by its brevity."""
    text = (GARBAGE[kind] * (size // len(GARBAGE[kind]) + 1))[:size]
    before = time.process_time()
    screened(text, register, "FR")
    return time.process_time() - before
