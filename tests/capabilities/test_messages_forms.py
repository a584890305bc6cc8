"""Typed requests: every form between real nodes, its fields, its check digits, and the answer that has to match."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.capabilities.messages import CAPABILITY, desk
from comity.capabilities.messages.acts import (
    Assent,
    Document,
    DocumentType,
    Finding,
    Form,
    HitConfirmation,
    Identity,
    Measure,
    Name,
    Outcome,
    Person,
    Phone,
    Reading,
    Reply,
    Request,
    Thing,
    Urgency,
    Vehicle,
    Verdict,
    form_of,
)
from comity.capabilities.messages.rules import clock_of, luhn_fits, vin_fits
from comity.core.act import Kinds, encode_body
from comity.core.codec import decode
from comity.core.errors import Misused, Refused
from comity.core.ids import BureauId, Millis
from tests.capabilities.memory import MA, NO, NOW, Memory, code_of, refs, say
from tests.simulator import START, Federation, federation, reader
from tests.simulator import code_of as ruled
from tests.vectors.forms import PAIRS, answered, asked

FORMS = Path(__file__).parents[1] / "vectors" / "forms"
KINDS = Kinds(CAPABILITY.acts)


def first_refusal(act: Request | Reply, *seen: Any, **changes: Any) -> str:  # noqa: ANN401 - acts and fields of a head
    """Return what the gates say at the recipient."""
    sender, to = (MA, NO) if isinstance(act, Request) else (NO, MA)
    said, memory = say(act, sender, [to], **changes), Memory(to, seen)
    codes = (code_of(gate(said, memory, NOW)) for gate in CAPABILITY.gates)
    return next((code for code in codes if code != "allowed"), "allowed")


# -------------------------------------------------------------------------------------------------------------- fields


@pytest.mark.parametrize("path", sorted(FORMS.glob("*.json")), ids=lambda path: path.stem)
def test_golden_bytes_of_forms_are_read_and_written_again(path: Path) -> None:
    vector = json.loads(path.read_text())
    body = bytes.fromhex(vector["body"])
    assert path.with_suffix(".cbor").read_bytes() == body
    assert encode_body(KINDS.decode(vector["kind"], body)) == body  # type: ignore[arg-type]


def test_every_form_has_vectors() -> None:
    names = {form_of(form) for form, _ in PAIRS}
    assert {path.stem.rpartition(".")[2] for path in FORMS.glob("*.json")} == names
    assert names == {"identity", "document", "vehicle", "phone", "operation", "hit"}


@given(st.dates(), st.sampled_from([4, 7, 10]))
def test_a_date_is_known_to_the_year_the_month_or_the_day(day: Any, known: int) -> None:  # noqa: ANN401 - a date
    text = day.isoformat()[:known]
    person = Person(name=Name(family="Benali"), born=text)
    assert person.born == text
    assert decode(encode_body(asked(Identity(person=person))), Request).form == Identity(person=person)


@pytest.mark.parametrize(
    ("family", "latin"),
    [("Ødegård", ""), ("O'Neill", "O'Neill"), ("Łukasz", "LUKASZ"), ("محمد", "Mohammed"), ("李", "Li")],
)
def test_a_name_is_in_its_own_script_and_in_latin_letters(family: str, latin: str) -> None:
    assert Name(family=family, latin_family=latin).family == family


@pytest.mark.parametrize(
    "fields",
    [{"family": "محمد"}, {"family": ""}, {"family": "123"}, {"family": "A\u202eB"}, {"family": " A"},
     {"family": "A", "latin_given": "B"}, {"family": "李", "latin_family": "Lǐ"}, {"family": "x" * 101}],
)  # fmt: skip
def test_a_name_that_cannot_be_one_is_not_made(fields: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"name|transliteration"):
        Name(**fields)


@pytest.mark.parametrize("plate", ["AB 12345", "1234-A-56", "ب 12345", "京A12345"])
def test_a_plate_may_be_in_any_script(plate: str) -> None:
    assert Vehicle(plate=plate, country="MAR").plate == plate


@pytest.mark.parametrize("plate", ["ab 1", "A  1", "-A", "A_1", "A" * 16, "A\n1"])
def test_a_plate_that_cannot_be_one_is_not_made(plate: str) -> None:
    with pytest.raises(ValueError, match="registration"):
        Vehicle(plate=plate, country="MAR")


# -------------------------------------------------------------------------------------------------------------- checks

# ISO 3779 and 49 CFR 565.15, published examples; the fourth is European, where the ninth sign checks nothing.
GOOD_VINS = ("1M8GDM9AXKP042788", "11111111111111111", "5GZCZ43D13S812715", "WVWZZZ1JZXW000001")


@pytest.mark.parametrize("vin", GOOD_VINS)
def test_the_check_digit_of_a_vin_fits(vin: str) -> None:
    assert vin_fits(vin)
    assert first_refusal(asked(Vehicle(vin=vin))) == "allowed"


@given(st.sampled_from(GOOD_VINS[:3]), st.integers(0, 16), st.sampled_from("0123456789"))
def test_one_wrong_digit_in_a_vin_is_found(vin: str, place: int, digit: str) -> None:
    """Any digit for a digit, except where the weight is nought: at the check digit itself it is compared."""
    if vin[place].isdigit() and vin[place] != digit and (place > 0 or digit in "12345"):
        assert not vin_fits(vin[:place] + digit + vin[place + 1 :])


@given(st.text("0123456789", min_size=14, max_size=14), st.integers(0, 14), st.integers(1, 9))
def test_one_wrong_digit_in_an_imei_is_found(digits: str, place: int, by: int) -> None:
    imei = next(digits + last for last in "0123456789" if luhn_fits(digits + last))
    wrong = imei[:place] + str((int(imei[place]) + by) % 10) + imei[place + 1 :]
    assert not luhn_fits(wrong)


@pytest.mark.parametrize(
    ("form", "code"),
    [
        (Vehicle(vin="1M8GDM9A1KP042788"), "messages.check-digit"),
        (Vehicle(vin="1M8GDM9A1KP042788", reading=Reading.AS_SEEN), "allowed"),
        (Phone(imei="490154203237510"), "messages.check-digit"),
        (Phone(imei="490154203237510", reading=Reading.AS_SEEN), "allowed"),
        (Phone(imei="490154203237518"), "allowed"),
        (Document(number="Z1", country="ZZZ", type=DocumentType.VISA), "messages.country"),
        (Document(number="Z1", country="DEU", type=DocumentType.VISA), "messages.country"),
        (Document(number="Z1", country="D", type=DocumentType.VISA), "allowed"),
        (Document(number="Z1", country="UNO", type=DocumentType.VISA), "allowed"),
        (Vehicle(plate="A1", country="QQQ"), "messages.country"),
        (Identity(person=Person(name=Name(family="Li"), nationalities=("QQQ",))), "messages.country"),
    ],
)
def test_a_number_that_cannot_be_right_is_asked_for_only_as_seen(form: Form, code: str) -> None:
    assert first_refusal(asked(form)) == code


@pytest.mark.parametrize(("question", "finding"), [(q, a) for q, _ in PAIRS for _, a in PAIRS])
def test_an_answer_has_the_form_of_its_question(question: Form, finding: Finding) -> None:
    request = say(asked(question), MA, [NO])
    how = {"subject": request.id, "refs": refs(thread=request, answers=request)}
    expected = "allowed" if form_of(question) == form_of(finding) else "messages.form"
    assert first_refusal(answered(finding), request, **how) == expected


def test_free_text_is_answered_in_free_text_and_a_form_in_its_form() -> None:
    words = Reply(title="x", text="x", language="en")
    free = say(Request(title="x", text="x", language="en"), MA, [NO])
    typed = say(asked(PAIRS[0][0]), MA, [NO])
    for request, reply, code in ((free, words, "allowed"), (typed, words, "messages.form"),
                                 (free, answered(PAIRS[0][1]), "messages.form")):  # fmt: skip
        how = {"subject": request.id, "refs": refs(thread=request, answers=request)}
        assert first_refusal(reply, request, **how) == code


@pytest.mark.parametrize(("urgency", "clock"), [(Urgency.URGENT, "hit-urgent"), (Urgency.NORMAL, "hit-routine")])
def test_a_hit_has_clocks_of_its_own(urgency: Urgency, clock: str) -> None:
    """Ten minutes and an hour (NCIC)."""
    form = HitConfirmation(record="1", thing=Thing.PERSON, found_at=NOW)
    assert clock_of(Request(title="x", text="", language="en", urgency=urgency, form=form)) == clock


# --------------------------------------------------------------------------------------------------------------- nodes


@pytest.fixture(scope="module")
def fed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    made = federation(tmp_path_factory.mktemp("forms"), ["ma", "no"])
    yield made
    made.close()


def at(fed: Federation, name: str) -> tuple[Any, Any]:
    bureau = fed.bureaus[BureauId(name)]
    return bureau, reader(bureau)


TO = {"to": (NO,)}
PERSON = {"family_name": "بنعلي", "latin_family_name": "Benali", "born": "1984", "nationality": ("mar", "DEU")}
ROADS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "identity": (PERSON | {"alias": ("Ødegård, Kari",)}, {"outcome": Outcome.FOUND, **PERSON}),
    "document": (
        {"number": "zz 000-000", "country": "nor", "document": DocumentType.VISA},
        {"outcome": Outcome.PARTIAL, "valid_until": "2030-01"},
    ),
    "vehicle": (
        {"plate": "zz 00000", "country": "NOR", "vin": "1m8gdm9axkp042788"},
        {"outcome": Outcome.FOUND, "plate": "ZZ 00000", "country": "NOR", **PERSON},
    ),
    "phone": ({"number": "+47 21 00 00 00"}, {"outcome": Outcome.NOT_FOUND}),
    "operation": (
        {"measure": Measure.OBSERVE, "place": "harbour", "begins": START, "ends": Millis(START + 1)},
        {"assent": Assent.REFUSED, "text": "no staff"},
    ),
    "hit": ({"record": "2026/1187", "thing": Thing.VEHICLE}, {"verdict": Verdict.CONFIRMED, "measures": "hold it"}),
}


@pytest.mark.parametrize("name", ROADS)
def test_each_form_is_asked_answered_and_closes_its_clock(fed: Federation, name: str) -> None:
    """From the desk of one bureau to that of the other, and back."""
    question, answer = ROADS[name]
    sent = getattr(desk, f"ask_{name}")(*at(fed, "ma"), **TO, **question)
    fed.carry()
    form = desk.read(*at(fed, "no"), act=sent.id.hex()).act.form  # type: ignore[union-attr]
    assert form_of(form) == name
    back = getattr(desk, f"answer_{name}")(*at(fed, "no"), act=sent.id.hex(), **answer)
    fed.carry()
    assert ruled(fed.bureaus[MA], back.id) == "accepted"
    (clock,) = desk.clock(*at(fed, "ma"), act=sent.id.hex())
    assert clock.replied is not None


def test_what_people_write_between_signs_is_left_out(fed: Federation) -> None:
    sent = desk.ask_document(*at(fed, "ma"), **TO, number="ab 12-34", country="deu")
    form = desk.read(*at(fed, "ma"), act=sent.id.hex()).act.form  # type: ignore[union-attr]
    assert form == Document(number="AB1234", country="D", type=DocumentType.PASSPORT)


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        ("identity", {"born": "1984"}, "--family-name"),
        ("identity", {}, "--family-name"),
        ("identity", {"family_name": "محمد"}, "transliteration"),
        ("vehicle", {"make": "Example"}, "plate or its VIN"),
        ("phone", {"number": "21 00 00 00"}, "plus sign"),
        ("operation", {"measure": Measure.ARREST, "place": "x", "begins": START, "ends": START}, "ends after"),
    ],
)
def test_what_cannot_be_a_form_is_the_officers_to_put_right(
    fed: Federation, name: str, given: dict[str, Any], told: str
) -> None:
    with pytest.raises(Misused, match=told):
        getattr(desk, f"ask_{name}")(*at(fed, "ma"), **TO, **given)


def test_an_answer_in_another_form_is_refused_at_the_desk(fed: Federation) -> None:
    sent = desk.ask_phone(*at(fed, "ma"), **TO, number="+4721000000")
    fed.carry()
    with pytest.raises(Refused, match=r"messages\.form"):
        desk.reply(*at(fed, "no"), act=sent.id.hex(), text="nobody's")
    with pytest.raises(Refused, match=r"messages\.form"):
        desk.answer_hit(*at(fed, "no"), act=sent.id.hex(), verdict=Verdict.REJECTED)
