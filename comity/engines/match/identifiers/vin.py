"""Vehicle identification numbers: ISO 3779 (17 characters without I, O, Q), ISO 3780 (who made it, and where).

The check digit in the ninth place is law in North America (49 CFR 565.15(c)) and China (GB 16735); elsewhere the place
is the maker's, and a digit that agrees there is chance one time in eleven. What the maker's code means beyond the
country, and whether the vehicle was built, is not known here.
"""

from comity.core.errors import Malformed
from comity.engines.match.identifiers.choices import agreeing, repairs_between
from comity.engines.match.identifiers.folding import SYMBOLS, compact, folded
from comity.engines.match.identifiers.reading import Kind, Problem, Proof, Reading, Why

LENGTH = 17
FEWEST_DIGITS = 4
"""ISO 3779 ends a number in four figures; where they stand is left to the maker here."""
PLACE = 8
"""Of the check digit, counted from 0."""
WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
"""49 CFR 565.15(c)(4), table IV."""
VALUES = {
    letter: int(value) for letter, value in zip("ABCDEFGHJKLMNPRSTUVWXYZ", "12345678123457923456789", strict=True)
}
"""49 CFR 565.15(c)(4), table III; digits count as themselves."""
FORBIDDEN = str.maketrans("IOQ", "100")
CHECKED_BY_LAW = "12345L"
"""First characters: North America, and China."""

ORDER = "ABCDEFGHJKLMNPRSTUVWXYZ1234567890"
"""The order of the second character in ISO 3780."""
MAKERS = """
    1A0US 2A5CA 3AXMX 355DO 366HN 377PA 389PR 4A0US 5A0US 6AXAU 6Y1NZ 7A0US 8AEAR 8FGCL 8LNEC 8STPE 8XZVE 822BO
    9AEBR 9FGCO 9SVUY 929BR AAHZA AJKCI ALMLS ANPBW ARSNA ATUMG AVWMU AXYTN AZ1CY A23ZW A45MZ BABAO BFGKE BLLNG
    BRRDZ B34LY CABEG CFGMA CLMZM DAEEG HA0CN JA0JP KFHIL KLRKR KSTJO LA0CN MAEIN MFKID MLRTH MSSMM MUUMN MXXKZ
    M16IN NAEIR NFGPK NJJIQ NLRTR NSTUZ NUUAZ NYYAM N15IR PACPH PFGSG PLRMY PSTBD RABAE RFKTW RLNVN RPPLA RSTSA
    RUWRU R11HK SAMGB SNTDE SUZPL S12LV TAHCH TJPCZ TRVHU TW2PT T35RS T66AD UACES UHMDK UNRIE UUWRO U12MK U57SK
    U80BA VAEAT VFRFR VSWES VX2RS V35HR V68EE WA0DE XACBG XDERU XFHGR XJKRU XLRNL XSWRU XXYLU XZ0RU YAEBE YFKFI
    YNNMT YSWSE YX2NO Y35BY Y68UA ZAUIT ZXZSI Z11SM Z35LT Z60RU
"""
"""First character, first and last second character, country (ISO 3780, as kept by SAE; read from vininfo 1.11)."""


def country_of(number: str) -> str:
    """Return the alpha-2 country to which the first two characters are given; empty where unknown."""
    place = ORDER.find(number[1])
    for row in MAKERS.split():
        if row[0] == number[0] and ORDER.index(row[1]) <= place <= ORDER.index(row[2]):
            return row[3:]
    return ""


def check_character(number: str) -> str:
    """Return what the ninth place must hold for the other sixteen: a digit, or X for 10."""
    total = sum(w * VALUES.get(c, int(c) if c.isdigit() else 0) for w, c in zip(WEIGHTS, number, strict=True))
    return "X" if total % 11 == 10 else str(total % 11)  # noqa: PLR2004


def agrees(number: str) -> bool:
    """Tell whether the check digit is the one that the rest demands."""
    return number[PLACE] == check_character(number)


def read(text: str) -> Reading:
    """Return a vehicle identification number, with I, O and Q taken for the digits that they look like.

    Raises: Malformed if there are not 17 Latin letters and digits, four of them digits at least.
    """
    number = compact(text[: LENGTH * 4])
    if len(number) != LENGTH or any(each not in SYMBOLS for each in number):
        raise Malformed(f"{len(number)} letters and digits, expected {LENGTH}")
    clean = number.translate(FORBIDDEN)
    if sum(each.isdigit() for each in clean) < FEWEST_DIGITS:
        raise Malformed("seventeen letters are words, not the number of a vehicle")
    repairs = repairs_between(number, clean, Why.FIELD)
    problems: tuple[Problem, ...] = ()
    proof = Proof.FORM
    if clean[0] in CHECKED_BY_LAW:
        proof = Proof.CHECKED if agrees(clean) else Proof.FAILED
    if proof is Proof.FAILED:
        candidates = tuple(each for each in agreeing(clean, agrees) if not set(each) & set("IOQ"))
        problems = (Problem(code="vin.check", candidates=candidates),)
    return Reading(
        kind=Kind.VIN,
        key=clean,
        folded=folded(clean),
        shown=clean,
        proof=proof,
        country=country_of(clean),
        repairs=repairs,
        problems=problems,
    )
