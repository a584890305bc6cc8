"""A text read for what an index may know: identifiers with their places, and known persons by n-grams of its words.

Press reports, statements, chat: spaces in numbers, defanged domains, a name spelt three ways on one page. Strong
finds (checksums) claim their place first; a number without check digit is a find only where its form is unusual for
prose or a word before it names it (``cue``). Time is linear in the text: every pattern is bounded, and every place is
tried a fixed number of times (tests/engines/test_screening.py holds it to that with long garbage).

Persons are found by ``mentions``, whose caller says who is known. What is found is a reason to look, not a hit.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterator
from functools import cache, lru_cache

import msgspec
from stdnum import numdb

from comity.core.errors import Malformed
from comity.engines.match.cues import COUNTRIES, CUES, TOP_LEVEL
from comity.engines.match.identifiers import (
    accounts,
    aircraft,
    devices,
    documents,
    domains,
    firearms,
    mail,
    mrz,
    plates,
    telephones,
    vessels,
    vin,
    wallets,
)
from comity.engines.match.identifiers.reading import Kind, Proof, Reading
from comity.engines.match.mentions import USUAL, KnownNames, Levels, Mention, persons_in

REACH = 40
"""Characters between a word that names a kind and the number that it names."""
AT_ONCE = 8
"""Characters within which an account number follows its name, if it is to be taken with failing check digits."""

WORD = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z]{14,106}(?![0-9A-Za-z])")
ADDRESS = re.compile(r"(?:H(?:TT|XX)PS?|FTP)(?:://|\[:\]//)[^\s<>\"']{4,300}+")
DOMAIN = re.compile(r"(?<![\w.@-])(?:[\w-]{1,63}+(?:\.|\[\.\]|\(\.\))){1,8}[^\W\d_]{2,24}+(?![\w@])")
ACCOUNT = re.compile(r"(?<![0-9A-Z])[A-Z]{2}[0-9OIL]{2}")
VEHICLE = re.compile(r"(?<![0-9A-Z])[0-9A-Z]{17}(?![0-9A-Z])")
FIGURES = re.compile(r"(?<![0-9A-Z])\+?\(?[0-9](?:[ \-./()]{0,2}[0-9]){5,18}+(?![0-9A-Z])")
MARK = re.compile(r"(?<![0-9A-Z-])[A-Z0-9]{1,3}-[A-Z0-9]{2,5}(?![0-9A-Z-])")
TOKEN = re.compile(r"(?<![\w-])[0-9A-Z]{1,14}(?:-[0-9A-Z]{1,14}){0,3}+(?![\w-])")
CASED = "A-ZА-ЯЁΑ-Ω"
"""Capitals of the scripts that have them and that stand in numbers."""
GROUP = re.compile(rf"[0-9{CASED}]{{1,14}}(?:-[0-9{CASED}]{{1,6}}){{0,3}}|(?:(?![{CASED}])[^\W\d_]){{1,14}}")
LABELS = frozenset(("NO", "NR", "N", "NUM", "Nº", "N°", "№", "DER", "DES", "DU", "DE", "OF", "IS", "THE"))
ENOUGH = 6
"""Characters after which a number of a document that is written in groups is taken to be complete."""
DATE = re.compile(
    r"(?:[0-9]{1,2}[-./][0-9]{1,2}[-./](?:[0-9]{2}){1,2}|[0-9]{4}[-./][0-9]{1,2}[-./][0-9]{1,2}"
    r"|(?:19|20)[0-9]{2}(?:-(?:19|20)?[0-9]{2})?)\Z"
)
ZONE_LINE = re.compile(r"[A-Z0-9< «‹]{28,60}\Z")
DIGITS_OF_A_DOCUMENT = 4
"""A word of letters and figures with fewer is the name of something (``Covid19``, ``G20``), no number."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """An identifier in a text: from ``start`` up to, not including, ``stop``; ``cue`` if a word before names it."""

    start: int
    stop: int
    reading: Reading
    cue: bool


class Screened(msgspec.Struct, frozen=True, kw_only=True):
    """What a text holds, each in the order of places."""

    identifiers: tuple[Found, ...]
    mentions: tuple[Mention, ...]


class Page:
    """A text on its way to being screened: its level form, which places are claimed, and where cues end."""

    def __init__(self, text: str, country: str) -> None:
        """Prepare a text; ``level`` has the same length, capitals, and plain figures."""
        self.text = text
        self.country = country
        self.level = "".join(map(levelled, text))
        self.claimed = bytearray(len(text))
        self.found: list[Found] = []
        self.cues = {
            kind: [match.end() for match in pattern.finditer(self.level)] for kind, pattern in PATTERNS.items()
        }

    def cued(self, kind: Kind, start: int, within: int = REACH) -> bool:
        """Tell whether a word that names this kind ends shortly before a place."""
        ends = self.cues.get(kind, [])
        at = bisect_left(ends, start + 1) - 1
        return at >= 0 and start - ends[at] <= within

    def free(self, start: int, stop: int) -> bool:
        """Tell whether nothing has been found in a place yet."""
        return not any(self.claimed[start:stop])

    def claim(self, start: int, stop: int, reading: Reading) -> None:
        """Keep what was found in a place."""
        self.claimed[start:stop] = b"\1" * (stop - start)
        self.found.append(Found(start=start, stop=stop, reading=reading, cue=self.cued(reading.kind, start)))


@lru_cache(4096)
def levelled(character: str) -> str:
    """Return a character in capitals and compatibility form, if that is one character too; figures as plain digits."""
    wide = unicodedata.normalize("NFKC", character).upper()
    if len(wide) != 1:
        return character
    if wide.isdecimal():
        return str(unicodedata.decimal(wide))
    return "-" if unicodedata.category(wide) == "Pd" else wide


PATTERNS = {kind: re.compile("|".join(map(re.escape, words))) for kind, words in CUES.items()}


def screened(text: str, known: KnownNames, country: str = "", levels: Levels = USUAL) -> Screened:
    """Return the identifiers and the known persons of a text; see ``identifiers_in`` and ``persons_in``."""
    return Screened(identifiers=identifiers_in(text, country), mentions=persons_in(text, known, levels))


def identifiers_in(text: str, country: str = "") -> tuple[Found, ...]:
    """Return the identifiers of a text in the order of their places, none overlapping another.

    The country, alpha-2, is where a telephone number without ``+`` was written. Time is linear in the length.
    """
    page = Page(text, country)
    for finder in FINDERS:
        finder(page)
    return tuple(sorted(page.found, key=lambda each: each.start))


def attempt(reader: Callable[[str], Reading], text: str) -> Reading | None:
    """Return what a reader makes of a text, None if it refuses."""
    try:
        return reader(text)
    except Malformed:
        return None


def find_zones(page: Page) -> None:
    """Find machine readable zones: two or three lines of their width below each other."""
    lines = [(match.start(), match.end()) for match in re.finditer(r"[^\n]+", page.level)]
    wide = [bool(ZONE_LINE.match(page.level[a:b].strip())) for a, b in lines]
    at = 0
    while at < len(lines):
        taken = 1
        for count in (2, 3):
            rows = lines[at : at + count]
            if len(rows) == count and all(wide[at : at + count]) and page.level[rows[0][0] : rows[-1][1]].count("<"):
                written = page.text[rows[0][0] : rows[-1][1]]
                zone = attempt(mrz.read, written) if mrz.resembles(written) else None
                if zone:
                    page.claim(rows[0][0], rows[-1][1], zone)
                    taken = count
                    break
        at += taken


def find_mail(page: Page) -> None:
    """Find mail addresses: from each sign to the left and right as far as an address can reach."""
    for sign in re.finditer(r"@|\[@\]|\(AT\)|\[AT\]", page.level):
        left = re.search(r"[\w!#$%&'*+/=?^`{|}~.-]{1,64}\Z", page.text[max(0, sign.start() - 64) : sign.start()])
        right = re.match(r"(?:[\w-]{1,63}+(?:\.|\[\.\])){1,8}\w{2,24}+", page.text[sign.end() : sign.end() + 253])
        if left and right:
            start, stop = sign.start() - len(left[0].lstrip("./'")), sign.end() + right.end()
            found = attempt(mail.read, page.text[start:stop]) if page.free(start, stop) else None
            if found:
                page.claim(start, stop, found)


def find_domains(page: Page) -> None:
    """Find addresses of the web, and domain names in prose under a top-level domain that is known."""
    for match in ADDRESS.finditer(page.level):
        start, stop = match.start(), match.start() + len(match[0].rstrip(".,;:!?)]}»”"))
        found = attempt(domains.read, page.text[start:stop].replace("[:]", ":")) if page.free(start, stop) else None
        if found:
            page.claim(start, stop, found)
    for match in DOMAIN.finditer(page.level):
        last = re.split(r"[.\])]", match[0])[-1]
        if not page.free(*match.span()) or not (last.lower() in TOP_LEVEL or last in COUNTRIES):
            continue
        found = attempt(domains.read, page.text[match.start() : match.end()])
        if found:
            page.claim(*match.span(), found)


def find_wallets(page: Page) -> None:
    """Find addresses of crypto-assets whose checksum agrees, or that begin with 0x."""
    for match in WORD.finditer(page.text):
        word = match[0]
        if word[0] in "13LMDXTt48bBlL0" and any(each.isdigit() for each in word) and page.free(*match.span()):
            found = wallets.exact(word)
            if found:
                page.claim(*match.span(), found)


def find_accounts(page: Page) -> None:
    """Find account numbers: from a country and two digits, as many characters as the country's have."""
    for match in ACCOUNT.finditer(page.level):
        length = account_lengths().get(match[0][:2], 0)
        number, stop = gathered(page.level, match.start(), length)
        if len(number) != length or not length or not page.free(match.start(), stop):
            continue
        named = page.cued(Kind.IBAN, match.start(), within=AT_ONCE)
        found = attempt(accounts.read, number) if named or accounts.agrees(number) else None
        if found:
            page.claim(match.start(), stop, found)


def gathered(level: str, start: int, count: int) -> tuple[str, int]:
    """Return so many letters and digits from a place on, with single separators left out, and where they end."""
    number, at, gap = "", start, 0
    while at < len(level) and len(number) < count and gap < 2:  # noqa: PLR2004 - two separators end a number.
        if level[at].isascii() and level[at].isalnum():
            number, gap = number + level[at], 0
        elif level[at] in " -.\u00a0":
            gap += 1
        else:
            break
        at += 1
    return number, at


def find_vehicles(page: Page) -> None:
    """Find vehicle numbers: words of seventeen letters and digits that end in digits."""
    for match in VEHICLE.finditer(page.level):
        word = match[0]
        looks = word[-4:].isdigit() and any(each.isalpha() for each in word)
        cued = page.cued(Kind.VIN, match.start())
        found = attempt(vin.read, word) if page.free(*match.span()) and (looks or cued) else None
        if found and (cued or found.proof is Proof.CHECKED or (found.proof is Proof.FORM and found.country)):
            page.claim(*match.span(), found)


def find_figures(page: Page) -> None:
    """Find what is written in figures alone: devices, ships, radios, telephones."""
    for match in FIGURES.finditer(page.level):
        start, stop = match.span()
        if not page.free(start, stop) or DATE.match(match[0]):
            continue
        for found in readings_of_figures(page, match[0], start):
            page.claim(start, stop, found)
            break


def readings_of_figures(page: Page, written: str, start: int) -> Iterator[Reading]:
    """Yield what figures are, by cue, by check digit, by the sign before them."""
    for kind, reader in ((Kind.IMEI, devices.read), (Kind.SHIP, vessels.read), (Kind.MMSI, vessels.read)):
        found = attempt(reader, written) if page.cued(kind, start) else None
        if found and found.kind is kind:
            yield found
    device = attempt(devices.read, written)
    if device and device.proof is Proof.CHECKED:
        yield device
    abroad = written.startswith(("+", "00"))
    if abroad or (page.country and (written.startswith(("0", "(0")) or page.cued(Kind.PHONE, start))):
        number = "+" + written[2:] if written.startswith("00") and not page.country else written
        phone = attempt(lambda each: telephones.read(each, page.country), number)
        if phone and not phone.problems:
            yield phone


def find_marks(page: Page) -> None:
    """Find registration marks of aircraft that are written in capitals with their hyphen."""
    for match in MARK.finditer(page.text):
        letters = match[0].replace("-", "")
        usual = letters.isalpha() and len(letters) == 5  # noqa: PLR2004 - four letters after one, three after two.
        if page.free(*match.span()) and (usual or page.cued(Kind.AIRCRAFT_MARK, match.start())):
            found = attempt(aircraft.read_mark, match[0])
            if found and found.shown == match[0]:
                page.claim(*match.span(), found)


def find_named(page: Page) -> None:
    """Find plates and document numbers behind a word that names them, in the groups in which they are written."""
    for kind in (Kind.PLATE, Kind.DOCUMENT):
        for end in page.cues[kind]:
            start, stop = grouped(page, end, scripts=kind is Kind.PLATE)
            written = page.text[start:stop]
            if not any(each.isdecimal() for each in written) or not page.free(start, stop) or DATE.match(written):
                continue
            reader = plates.read if kind is Kind.PLATE else documents.read
            found = attempt(reader, written)
            if found and (kind is Kind.PLATE or len(found.key) >= DIGITS_OF_A_DOCUMENT + 1):
                page.claim(start, stop, found)


def grouped(page: Page, end: int, *, scripts: bool) -> tuple[int, int]:
    """Return where the groups of a number begin and end behind a cue: figures, or up to three capitals.

    A number has six characters before it may end, or stands alone. With ``scripts``, one letter without capitals counts
    as a group too, as on plates of many countries.
    """
    start = stop = size = 0
    for match in GROUP.finditer(page.level, end, end + REACH):
        written = page.text[match.start() : match.end()]
        letters = written.isupper() and len(written) <= 3 and match[0] not in LABELS  # noqa: PLR2004
        single = scripts and len(written) == 1 and unicodedata.category(written) == "Lo"
        office = scripts and not size and len(written) <= 2 and unicodedata.category(written[0]) == "Lo"  # noqa: PLR2004
        if size and match.start() - stop > 1 + scripts * 2:
            break
        if any(each.isdecimal() for each in written) or letters or single or office:
            start, stop, size = start if size else match.start(), match.end(), size + len(written)
        elif size:
            break
        if size >= ENOUGH and not scripts:
            break
    return start, stop


def find_numbers(page: Page) -> None:
    """Find words of letters and figures that can be the number of a document, or of a firearm where a word says so."""
    for match in TOKEN.finditer(page.level):
        start, stop = match.span()
        digits = sum(each.isdigit() for each in match[0])
        cued = page.cued(Kind.DOCUMENT, start)
        if not page.free(start, stop) or DATE.match(match[0]) or digits < DIGITS_OF_A_DOCUMENT:
            continue
        firearm = page.cued(Kind.FIREARM, start) and not cued
        found = attempt(firearms.read if firearm else documents.read, match[0])
        if found and (cued or firearm or len(found.key) > 5):  # noqa: PLR2004 - shorter ones are years and amounts.
            page.claim(start, stop, found)


@cache
def account_lengths() -> dict[str, int]:
    """Return how long each country's account numbers are, from the registry that python-stdnum carries."""
    registry = numdb.get("iban")
    sizes = {}
    for country in COUNTRIES:
        row = registry.info(country)[0][1]
        sizes[country] = 4 + sum(map(int, re.findall(r"(\d+)!", row.get("bban", "")))) if row else 0
    return {country: size for country, size in sizes.items() if size}


FINDERS = (
    find_zones,
    find_mail,
    find_domains,
    find_wallets,
    find_accounts,
    find_vehicles,
    find_figures,
    find_marks,
    find_named,
    find_numbers,
)
