"""By what records are found: every kind, every number, also those that no reader of numbers takes."""

import pytest

from comity.capabilities.records.acts import (
    STRUCTS,
    Aircraft,
    Biometric,
    Device,
    Firearm,
    IdentityDocument,
    Loss,
    Money,
    Name,
    Nominal,
    Record,
    Row,
    Sex,
    Status,
    TravelDocument,
    Trouble,
    Vehicle,
    Vessel,
    WorkOfArt,
)
from comity.capabilities.records.rules import findable, folded
from comity.core.codec import encode
from comity.core.errors import Malformed
from comity.core.rows import Findable
from comity.node.finding import KINDS

STOLEN = Trouble.STOLEN
RECORDS: dict[Record, tuple[tuple[str, str], ...]] = {
    Nominal(names=(Name(family="Aker", given="Ola"),), status=Status.MISSING, documents=("l 898902-C3",)): (
        ("document", "1898902C3"),
    ),
    TravelDocument(number="AB 12O456", issuer="MAR", type="P", loss=Loss.LOST): (("document", "A8120456"),),
    IdentityDocument(number="7", issuer="NOR", type="card", loss=Loss.LOST): (("document", "7"),),
    Vehicle(trouble=STOLEN, plate="\u0661\u0662\u0663\u0664 \u0627 \u0628 \u062d", registered="SAU", vin="short 1"): (
        ("plate", "1234A8J"),
        ("vin", "5H0RT1"),
    ),
    Vessel(trouble=STOLEN, imo="IMO 9074729", mmsi="211 476 060", name="Havfruen", call_sign="LA 1"): (
        ("ship", "9074729"),
        ("mmsi", "211476060"),
        ("call-sign", "1A1"),
        ("vessel", "HAVFRUEN"),
    ),
    Aircraft(trouble=STOLEN, registration="d-aBcd", address="3c:65:ac", serial="77/1"): (
        ("aircraft-mark", "0A8C0"),
        ("aircraft-address", "3C65AC"),
        ("serial", "771"),
    ),
    Firearm(trouble=STOLEN, serial="S/N: abC-1O234"): (("firearm", "A8C10234"),),
    Device(trouble=STOLEN, imei="35-417803-685978-9", phone="+212 537 72 12 00", mac="0a:1b:2c:3d:4e:5f"): (
        ("imei", "35417803685978"),
        ("phone", "212537721200"),
        ("mac", "0A182C304E5F"),
    ),
    WorkOfArt(trouble=STOLEN, title="Winter", reference="K 12"): (("title", "W1NTER"), ("reference", "K12")),
    Money(trouble=STOLEN, iban="GB82 WEST 1234 5698 7654 32", wallet="no wallet", first="AB0098", last="AB0100"): (
        ("iban", "GB82WEST12345698765432"),
        ("wallet", "N0WA11ET"),
        ("banknote", "A80098"),
        ("banknote", "A80099"),
        ("banknote", "A80100"),
    ),
    Biometric(modality="face", reference="F-1"): (("reference", "F1"),),
}


def row(record: Record) -> bytes:
    """Return a row as it is kept."""
    return encode(Row(key="a-1", record=record))


def test_every_kind_of_record_is_tried() -> None:
    assert {type(record) for record in RECORDS} == set(STRUCTS.values())


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_a_record_is_found_by_each_of_its_numbers(record: Record) -> None:
    assert findable(row(record)).identifiers == RECORDS[record]
    assert {kind for kind, _ in RECORDS[record]} <= KINDS.keys()


def test_a_person_is_found_by_every_name_and_what_weighs_beside_it_is_told() -> None:
    person = Nominal(
        names=(Name(family="Aker", given="Ola"), Name(family="张", given="小明")), status=Status.WANTED, sex=Sex.MALE,
        born=("1984", "1985-02"), nationalities=("NOR",), birthplace="Bergen",
    )  # fmt: skip
    assert findable(row(person)) == Findable(
        what="nominal", names=("Ola Aker", "张 小明"), born=("1984", "1985-02"), nationalities=("NOR",), sex="M",
        places=("Bergen",),
    )  # fmt: skip


def test_who_types_a_number_as_it_stands_on_the_thing_asks_for_what_the_record_holds() -> None:
    zone = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
    assert folded("document", zone) == folded("document", "l898 902c3") == "1898902C3"
    assert folded("phone", "0537 72 12 00", "MAR") == folded("phone", "0537-721200", "MA") == "212537721200"
    assert folded("vin", "no number of any form") == folded("vin", "NO NUMBER of any form")


def test_a_long_run_of_banknotes_is_found_by_its_ends() -> None:
    found = findable(row(Money(trouble=STOLEN, first="AB000001", last="AB900000"))).identifiers
    assert found == (("banknote", "A8000001"), ("banknote", "A8900000"))


def test_what_is_no_row_is_refused() -> None:
    with pytest.raises(Malformed):
        findable(b"\x00")


def test_the_numbers_of_kinds_are_each_given_once() -> None:
    assert len(set(KINDS.values())) == len(KINDS)
    assert min(KINDS.values()) == 1
    assert max(KINDS.values()) < 256
