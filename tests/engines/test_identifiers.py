"""Each family of identifiers against the examples that its own standard or keeper publishes, and against misreads."""

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.core.errors import Malformed
from comity.engines.match.identifiers import (
    accounts,
    aircraft,
    devices,
    documents,
    domains,
    firearms,
    folding,
    mail,
    plates,
    telephones,
    vessels,
    vin,
)
from comity.engines.match.identifiers.folding import FOLDED_SYMBOLS, SYMBOLS, folded
from comity.engines.match.identifiers.reading import Proof, Reading, Why

READERS = (
    accounts.read,
    aircraft.read_address,
    aircraft.read_mark,
    devices.read,
    documents.read,
    domains.read,
    firearms.read,
    mail.read,
    plates.read,
    telephones.read,
    vessels.read,
    vin.read,
)

# SWIFT IBAN Registry, the example of each country's row.
IBANS = (
    "GB29 NWBK 6016 1331 9268 19",
    "DE89 3704 0044 0532 0130 00",
    "FR14 2004 1010 0505 0001 3M02 606",
    "MT84 MALT 0110 0001 2345 MTLC AST0 01S",
    "NO93 8601 1117 947",
    "SA03 8000 0000 6080 1016 7519",
    "BR18 0036 0305 0000 1000 9795 493C 1",
    "CH93 0076 2011 6238 5295 7",
)


@pytest.mark.parametrize("text", IBANS)
def test_an_account_number_of_the_registry_is_checked(text: str) -> None:
    found = accounts.read(text)
    assert (found.proof, found.repairs, found.country) == (Proof.CHECKED, (), text[:2])
    assert found.shown == text
    assert accounts.read(text.lower().replace(" ", "-")).key == found.key


@pytest.mark.parametrize("text", IBANS)
def test_no_single_misread_of_an_account_number_is_silent_but_letters_for_digits(text: str) -> None:
    """A letter counts as two digits in mod 97-10, so that one put for a digit agrees by chance; no look-alike does."""
    right = accounts.read(text)
    for place in range(len(right.key)):
        for other in SYMBOLS.replace(right.key[place], ""):
            try:
                found = accounts.read(right.key[:place] + other + right.key[place + 1 :])
            except Malformed:
                continue
            silent = found.key != right.key and found.proof is Proof.CHECKED and "iban.likely" not in found.codes
            of_two_sorts = other.isdigit() != right.key[place].isdigit()
            assert not silent or (of_two_sorts and folded(other) != folded(right.key[place]))


def test_letters_in_an_account_of_digits_are_put_right() -> None:
    found = accounts.read("DE89 37O4 OO44 0532 OI30 00")
    assert (found.key, found.proof) == ("DE89370400440532013000", Proof.CHECKED)
    assert {repair.taken for repair in found.repairs} == {"0", "1"}


def test_an_unknown_country_and_wrong_check_digits_are_different_problems() -> None:
    assert accounts.read("GB28 NWBK 6016 1331 9268 19").codes == ("iban.check",)
    assert accounts.read("XX53 3704 0044 0532 0130 00").codes[0] in {"iban.country", "iban.check"}


# 49 CFR 565 and SAE publish no number; these two are the ones that manuals of the rule have used for decades.
VINS = ("1M8GDM9AXKP042788", "11111111111111111")


@pytest.mark.parametrize("number", VINS)
def test_a_vehicle_number_with_a_check_digit_by_law_is_checked(number: str) -> None:
    found = vin.read(number)
    assert (found.proof, found.country, found.key) == (Proof.CHECKED, "US", number)


def test_no_single_misread_of_a_checked_vehicle_number_is_silent_but_those_of_equal_value() -> None:
    """Table III gives A, J and 1 one value, and so on: 8 and Y, 5 and V; no pair of look-alikes has one but I and 1."""
    number = VINS[0]
    for place in range(len(number)):
        for other in SYMBOLS.replace(number[place], ""):
            found = vin.read(number[:place] + other + number[place + 1 :])
            if found.key != number and found.proof is Proof.CHECKED:
                assert valued(other) == valued(number[place])
                assert folded(other) != folded(number[place])


def valued(character: str) -> int:
    """Return the value of a character in table III of the rule; I, O and Q are read as 1, 0 and 0."""
    clean = character.translate(vin.FORBIDDEN)
    return vin.VALUES.get(clean, int(clean) if clean.isdigit() else 0)


def test_i_o_and_q_are_digits_in_a_vehicle_number() -> None:
    found = vin.read("IM8GDM9AXKPO42788")
    assert (found.key, found.proof) == (VINS[0], Proof.CHECKED)
    assert [repair.why for repair in found.repairs] == [Why.FIELD] * 2


def test_a_failed_vehicle_number_tells_the_look_alikes_that_agree() -> None:
    found = vin.read("1M8GDM9AXKP04278B")
    assert found.proof is Proof.FAILED
    assert VINS[0] in found.problems[0].candidates


def test_a_european_vehicle_number_has_a_form_and_a_country() -> None:
    found = vin.read("WAUZZZ8K9BA000000")
    assert (found.proof, found.country, found.problems) == (Proof.FORM, "DE", ())


def test_equipment_is_found_by_either_number() -> None:
    # The number that encyclopaedias use to explain the Luhn digit of 3GPP TS 23.003, annex B.
    found = devices.read("49-015420-323751-8")
    assert (found.proof, found.key, found.scheme) == (Proof.CHECKED, "49015420323751", "IMEI")
    assert devices.read("4901542032375100").key == found.key
    assert devices.read("4901542032375100").scheme == "IMEISV"
    assert devices.read("49 O1542O 32375I 8").key == found.key


def test_every_single_wrong_digit_of_an_imei_is_reported() -> None:
    number = "490154203237518"
    for place in range(15):
        for other in "0123456789".replace(number[place], ""):
            assert devices.read(number[:place] + other + number[place + 1 :]).codes == ("imei.check",)


def test_a_telephone_number_has_one_key_in_all_spellings() -> None:
    # +41 44 668 18 00 is the example of libphonenumber's own documentation.
    keys = {
        telephones.read(text, country).key
        for text, country in (
            ("+41 44 668 18 00", ""),
            ("044 668 18 00", "ch"),
            ("0041446681800", "CH"),
            ("+41(0)44-668-18-00", ""),
            ("+٤١ ٤٤ ٦٦٨ ١٨ ٠٠", ""),
            ("＋41 44 668 18 OO", ""),
        )
    }
    assert keys == {"+41446681800"}


def test_a_number_without_country_is_not_guessed() -> None:
    with pytest.raises(Malformed, match="country"):
        telephones.read("044 668 18 00")


def test_a_number_that_nobody_can_have_is_reported() -> None:
    assert telephones.read("+1 200 000 0000").codes == ("phone.unassigned",)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("faß.de", "xn--fa-hia.de"),  # UTS 46, section 7, table 2 (non-transitional).
        ("HTTP://WWW.Example.COM:8080/a?b", "www.example.com"),
        ("hxxps://evil[.]example[.]org/path", "evil.example.org"),
        ("user@例え.テスト", "xn--r8jz45g.xn--zckzah"),  # RFC 5890's test top-level domain.
        ("example.com.", "example.com"),
    ],
)
def test_a_domain_has_one_key_in_all_spellings(text: str, key: str) -> None:
    assert domains.read(text).key == key


def test_a_name_that_only_looks_latin_is_reported_and_folds_to_what_it_looks_like() -> None:
    fake, real = domains.read("аррӏе.com"), domains.read("apple.com")
    assert fake.codes == ("domain.confusable",)
    assert fake.key != real.key
    assert fake.folded == real.folded
    assert domains.read("pаypal.com").codes == ("domain.mixed-scripts",)
    assert domains.read("rnicrosoft.com").folded == domains.read("microsoft.com").folded
    assert domains.read("münchen.de").problems == ()
    assert domains.read("правительство.рф").problems == ()


@pytest.mark.parametrize("text", ["", "localhost", "1.2.3.4", "a..b", "-x.com", "a b", "x" * 70 + ".com", "." * 300])
def test_what_is_no_domain_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        domains.read(text)


def test_a_mail_address_has_one_key_and_its_domains_problems() -> None:
    assert mail.read("<Anna.Eriksson+x@EXAMPLE.org>").key == "anna.eriksson+x@example.org"
    assert mail.read("anna(at)example[.]org").key == "anna@example.org"
    assert mail.read("anna@аррӏе.com").codes == ("domain.confusable",)


@pytest.mark.parametrize("text", ["@example.org", "a@", "a b@example.org", "a@b@", ".a@example.org", "a@example.org/x"])
def test_what_is_no_mail_address_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        mail.read(text)


def test_a_ship_has_its_check_digit() -> None:
    # IMO 9074729 is the worked example of the check digit in the International Maritime Organization's explanation.
    found = vessels.read("IMO 9074729")
    assert (found.kind.value, found.key, found.proof) == ("ship", "9074729", Proof.CHECKED)
    for place in range(7):
        for other in "0123456789".replace("9074729"[place], ""):
            wrong = vessels.read("9074729"[:place] + other + "9074729"[place + 1 :])
            weight = 7 - place if place < 6 else 1
            blind = not weight * (int(other) - int("9074729"[place])) % 10
            assert (wrong.proof is Proof.CHECKED) == blind, "weights 6, 4, 2 miss changes by 5, weight 5 even ones"


@pytest.mark.parametrize(
    ("text", "country", "scheme"),
    [
        ("211476060", "DE", "ship"),
        ("002111234", "DE", "coast station"),
        ("111211123", "DE", "aircraft in search and rescue"),
        ("992110001", "DE", "aid to navigation"),
        ("974200001", "", "emergency beacon"),
        ("242000000", "MA", "ship"),
        ("638123456", "SS", "ship"),
    ],
)
def test_a_radio_tells_its_flag_as_m_585_says(text: str, country: str, scheme: str) -> None:
    found = vessels.read(f"MMSI {text}")
    assert (found.country, found.scheme, found.problems) == (country, scheme, ())


@pytest.mark.parametrize(
    ("address", "country"),
    [("3C6444", "DE"), ("395d66", "FR"), ("A00001", "US"), ("020000", "MA"), ("E48000", "BR"), ("0D8000", "VE")],
)
def test_an_address_lies_in_the_block_of_its_state(address: str, country: str) -> None:
    assert aircraft.read_address(address).country == country


def test_an_address_outside_all_blocks_is_reported() -> None:
    assert aircraft.read_address("51D8CA").codes == ("aircraft.country",)
    for wrong in ("000000", "FFFFFF", "12345", "GHIJKL"):
        with pytest.raises(Malformed):
            aircraft.read_address(wrong)


@pytest.mark.parametrize(
    ("mark", "shown", "country"),
    [
        ("D-ABCD", "D-ABCD", "DE"),
        ("n12345", "N12345", "US"),
        ("CN RGA", "CN-RGA", "MA"),
        ("9XR-WA", "9XR-WA", "RW"),
        ("JA8089", "JA8089", "JP"),
        ("C-FABC", "C-FABC", "CA"),
    ],
)
def test_a_mark_tells_its_state(mark: str, shown: str, country: str) -> None:
    found = aircraft.read_mark(mark)
    assert (found.shown, found.country) == (shown, country)
    assert aircraft.read_mark(shown.replace("-", "")).key == found.key


def test_plates_of_other_scripts_have_the_key_of_their_latin_spelling() -> None:
    assert plates.read("А123ВЕ 77", "RU").key == plates.read("A 123 BE-77", "RU").key
    assert plates.read("ΙΒΖ-1234", "GR").key == plates.read("IBZ 1234", "GR").key
    assert plates.read("١٢٣٤ د ر س", "SA").key == plates.read("1234 DRS", "SA").key
    assert plates.read("京A·12345", "CN").key == plates.read("京a12345", "CN").key
    assert plates.read("품 12 가 3456", "KR").key == "품12가3456"
    assert plates.read("А123ВЕ77", "RU").repairs[0].why is Why.SCRIPT


def test_a_serial_number_has_no_label_and_no_make() -> None:
    assert {firearms.read(text).key for text in ("SN 123-45", "Serial No. 12345", "n° 12345", "12345")} == {"12345"}


def test_a_document_number_is_folded_for_the_index_and_kept_for_the_eye() -> None:
    found = documents.read("ol-8B.2 z", "ma")
    assert (found.key, found.folded, found.country) == ("OL8B2Z", "018822", "MA")
    assert set(found.folded) <= set(FOLDED_SYMBOLS)


@pytest.mark.parametrize("text", ["", "ABC", "ABCDEFG", "1" * 21, "№", "документ"])
def test_what_is_no_document_number_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        documents.read(text)


@given(st.sampled_from(READERS), st.text(max_size=60))
def test_any_text_is_read_or_refused_and_never_quoted(reader: Callable[[str], Reading], text: str) -> None:
    said = ""
    try:
        found = reader(text)
        assert found.key
        assert found.folded
    except Malformed as error:
        said = str(error)
    assert len(text.strip()) < 8 or text.strip() not in said


@given(st.sampled_from(READERS), st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ .-@", min_size=3, max_size=24))
def test_reading_what_is_shown_gives_the_same_key(reader: Callable[[str], Reading], text: str) -> None:
    try:
        found = reader(text)
    except Malformed:
        return
    assert reader(found.shown).key == found.key


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_plain_letters_are_compacted_as_those_of_any_script_are(text: str) -> None:
    apart = unicodedata.normalize("NFKD", folding.plain(text))
    assert folding.compact(text) == "".join(each for each in apart if each.isalnum())
