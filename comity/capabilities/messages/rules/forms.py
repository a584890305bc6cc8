"""The gates of forms: there is such a country, check digits fit, and an answer has the form of its question.

Authority: ICAO Doc 9303-3 (codes), 49 CFR 565.15 (check digit of a VIN; vehicles made for North America, and by GB
16735 for China), 3GPP TS 23.003 annex B (check digit of an IMEI). A number that stands on a thing though it cannot be
right is asked for with the reading ``as-seen``. The two check digits are a dozen lines, so no library computes them
(decision 0034).
"""

from collections.abc import Iterator

from comity.capabilities.messages.acts import (
    Document,
    DocumentAnswer,
    Finding,
    Form,
    Identity,
    IdentityAnswer,
    Person,
    Phone,
    PhoneAnswer,
    Reading,
    Reply,
    Request,
    Vehicle,
    VehicleAnswer,
    form_of,
)
from comity.capabilities.messages.rules.naming import named
from comity.capabilities.messages.tables import COUNTRIES
from comity.core.act import Said
from comity.core.capability import Seen
from comity.core.ids import Millis
from comity.core.ruling import ALLOWED, Refusal, Ruling

_LETTERS = {
    letter: value
    for letters, value in zip(("AJ", "BKS", "CLT", "DMU", "ENV", "FW", "GPX", "HY", "RZ"), range(1, 10), strict=True)
    for letter in letters
}
_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_CHECKED = frozenset("12345L")
"""First characters of VINs whose ninth is a check digit: North America and China."""


def may_ask(said: Said, _seen: Seen, _now: Millis) -> Ruling:
    """Rule on the fields of a form, asked or answered."""
    form = said.act.form if isinstance(said.act, Request) else said.act.answer if isinstance(said.act, Reply) else None
    if form is None:
        return ALLOWED
    if not COUNTRIES.issuperset(_countries(form)):
        return Refusal("messages.country", "there is no such code of a country or an issuer", "ICAO Doc 9303-3")
    vehicle = form if isinstance(form, Vehicle) else form.vehicle if isinstance(form, VehicleAnswer) else None
    if vehicle is not None and vehicle.vin and vehicle.reading is Reading.CHECKED and not vin_fits(vehicle.vin):
        reason = "the VIN's check digit does not fit; if it stands there so, say that it was read as seen"
        return Refusal("messages.check-digit", reason, "49 CFR 565.15")
    if isinstance(form, Phone) and form.imei and form.reading is Reading.CHECKED and not luhn_fits(form.imei):
        reason = "the IMEI's check digit does not fit; if it stands there so, say that it was read as seen"
        return Refusal("messages.check-digit", reason, "3GPP TS 23.003 annex B")
    return ALLOWED


def may_match(said: Said, seen: Seen, _now: Millis) -> Ruling:
    """Rule that a form is answered in its own form, and free text in free text."""
    if not isinstance(said.act, Reply):
        return ALLOWED
    asked = next((seen.act(act) for act in named(said.head, "answers")), None)
    # Of a request that was erased nobody knows the form any more.
    if asked is None or not isinstance(asked.act, Request):
        return ALLOWED
    question = asked.act.form and form_of(asked.act.form)
    answer = said.act.answer and form_of(said.act.answer)
    if question == answer:
        return ALLOWED
    words = f"the request has the form {question}" if question else "the request is free text"
    return Refusal("messages.form", f"{words}, and an answer has the form of its question", "decision 0034")


def vin_fits(vin: str) -> bool:
    """Tell whether the check digit of a VIN fits, where it has one.

    >>> vin_fits("1M8GDM9AXKP042788"), vin_fits("1M8GDM9A1KP042788"), vin_fits("WVWZZZ1JZXW000001")
    (True, False, True)
    """
    if vin[0] not in _CHECKED:
        return True
    values = (int(sign) if sign.isdigit() else _LETTERS[sign] for sign in vin)
    rest = sum(value * weight for value, weight in zip(values, _WEIGHTS, strict=True)) % 11
    return vin[8] == ("X" if rest == 10 else str(rest))  # noqa: PLR2004 - ten is written X


def luhn_fits(digits: str) -> bool:
    """Tell whether the last digit is the check digit of the others, by the algorithm of Luhn.

    >>> luhn_fits("490154203237518"), luhn_fits("490154203237510")
    (True, False)
    """
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0  # noqa: PLR2004 - two digits are added up


def _countries(form: Form | Finding) -> Iterator[str]:
    for person in _persons(form):
        yield from person.nationalities
    if isinstance(form, Document):
        yield form.country
    vehicle = form if isinstance(form, Vehicle) else form.vehicle if isinstance(form, VehicleAnswer) else None
    if vehicle is not None and vehicle.country:
        yield vehicle.country


def _persons(form: Form | Finding) -> Iterator[Person]:
    match form:
        case Identity(person=found):
            yield found
        case (
            IdentityAnswer(person=Person() as found)
            | DocumentAnswer(holder=Person() as found)
            | VehicleAnswer(keeper=Person() as found)
            | PhoneAnswer(subscriber=Person() as found)
        ):
            yield found
        case _:
            return
