"""Law of messages as data: how long an answer may take, and which relations a message may have (decisions 0026, 0034).

Directive (EU) 2023/977 Art. 5 binds EU members, the SIRENE Manual Schengen states, the NCIC manual agencies of the
United States; between others the same terms are what the organisation proposes. The directive was read in a stored
copy of the article; the other two figures are second-hand, so a row is corrected when its text has been seen. None of
the three says when to remind before the term is over: those columns are ours (decision 0034).
"""

from typing import NamedTuple

from comity.core.act import MAX_REFS
from comity.core.capability import OfficerRole
from comity.core.handling import Confidentiality
from comity.core.ids import Span

MINUTE = 60_000
"""Milliseconds."""
HOUR = 60 * MINUTE
"""Milliseconds."""
DAY = 24 * HOUR
"""Milliseconds; a calendar day of the directive is counted as 24 hours, since two bureaus have two midnights."""


class Term(NamedTuple):
    """How long the recipient of a request has, from its receipt (R1), and when the asking bureau's node speaks up."""

    within: Span
    remind: Span
    """The asking node reminds."""
    escalate: Span
    """It goes to the supervisors at both ends."""
    article: str


def _term(within: int, article: str) -> Term:
    # Three quarters leave time to answer within the term; half a term more lets what was on its way arrive.
    return Term(Span(within), Span(within * 3 // 4), Span(within * 3 // 2), article)


def _asked_twice(within: int, article: str) -> Term:
    # NCIC: no substantive answer in time brings a second request, and no answer to that one the escalation.
    return Term(Span(within), Span(within), Span(2 * within), article)


TERMS: dict[str, Term] = {
    "urgent": _term(8 * HOUR, "Dir. (EU) 2023/977 Art. 5(1)(a)"),
    "soon": _term(3 * DAY, "Dir. (EU) 2023/977 Art. 5(1)(b)"),
    "normal": _term(7 * DAY, "Dir. (EU) 2023/977 Art. 5(1)(c)"),
    "follow-up": _term(12 * HOUR, "SIRENE Manual 1.3.5"),
    "hit-urgent": _asked_twice(10 * MINUTE, "NCIC hit confirmation, urgent"),
    "hit-routine": _asked_twice(HOUR, "NCIC hit confirmation, routine"),
}
"""One row for each clock; which one a request starts is said by `rules.clock_of`."""

_CODES = """
ABW AFG AGO AIA ALA ALB AND ARE ARG ARM ASM ATA ATF ATG AUS AUT AZE BDI BEL BEN BES BFA BGD BGR BHR
BHS BIH BLM BLR BLZ BMU BOL BRA BRB BRN BTN BVT BWA CAF CAN CCK CHE CHL CHN CIV CMR COD COG COK COL
COM CPV CRI CUB CUW CXR CYM CYP CZE DJI DMA DNK DOM DZA ECU EGY ERI ESH ESP EST ETH FIN FJI FLK FRA
FRO FSM GAB GBR GEO GGY GHA GIB GIN GLP GMB GNB GNQ GRC GRD GRL GTM GUF GUM GUY HKG HMD HND HRV HTI
HUN IDN IMN IND IOT IRL IRN IRQ ISL ISR ITA JAM JEY JOR JPN KAZ KEN KGZ KHM KIR KNA KOR KWT LAO LBN
LBR LBY LCA LIE LKA LSO LTU LUX LVA MAC MAF MAR MCO MDA MDG MDV MEX MHL MKD MLI MLT MMR MNE MNG MNP
MOZ MRT MSR MTQ MUS MWI MYS MYT NAM NCL NER NFK NGA NIC NIU NLD NOR NPL NRU NZL OMN PAK PAN PCN PER
PHL PLW PNG POL PRI PRK PRT PRY PSE PYF QAT REU ROU RUS RWA SAU SDN SEN SGP SGS SHN SJM SLB SLE SLV
SMR SOM SPM SRB SSD STP SUR SVK SVN SWE SWZ SXM SYC SYR TCA TCD TGO THA TJK TKL TKM TLS TON TTO TUN
TUR TUV TWN TZA UGA UKR UMI URY USA UZB VAT VCT VEN VGB VIR VNM VUT WLF WSM YEM ZAF ZMB ZWE

D

GBD GBN GBO GBP GBS UNO UNA UNK EUE XBA XIM XCC XCE XCO XEC XES XMP XOM XPO XDC XXA XXB XXC XXX RKS
"""
# First ISO 3166-1, alpha-3; Germany has the one letter D in ICAO Doc 9303-3. Then its section 5: kinds of British
# nationality, the United Nations, organisations, persons without a state or of none that is told; RKS is what travel
# documents of Kosovo carry.
COUNTRIES = frozenset(_CODES.split())
"""Codes of states, nationalities and issuers. The codes beyond ISO 3166-1 are by general knowledge: correct a row when
the text of Doc 9303-3 has been seen."""

_AREAS = """
northern-africa DZ EG EH LY MA SD TN
eastern-africa BI DJ ER ET IO KE KM MG MU MW MZ RE RW SC SO SS TF TZ UG YT ZM ZW
middle-africa AO CD CF CG CM GA GQ ST TD
southern-africa BW LS NA SZ ZA
western-africa BF BJ CI CV GH GM GN GW LR ML MR NE NG SH SL SN TG
caribbean AG AI AW BB BL BQ BS CU CW DM DO GD GP HT JM KN KY LC MF MQ MS PR SX TC TT VC VG VI
central-america BZ CR GT HN MX NI PA SV
south-america AR BO BR BV CL CO EC FK GF GS GY PE PY SR UY VE
northern-america BM CA GL PM US
central-asia KG KZ TJ TM UZ
eastern-asia CN HK JP KP KR MN MO
south-eastern-asia BN ID KH LA MM MY PH SG TH TL VN
southern-asia AF BD BT IN IR LK MV NP PK
western-asia AE AM AZ BH CY GE IL IQ JO KW LB OM PS QA SA SY TR YE
eastern-europe BG BY CZ HU MD PL RO RU SK UA
northern-europe AX DK EE FI FO GB GG IE IM IS JE LT LV NO SE SJ
southern-europe AD AL BA ES GI GR HR IT ME MK MT PT RS SI SM VA
western-europe AT BE CH DE FR LI LU MC NL
australia-and-new-zealand AU CC CX HM NF NZ
melanesia FJ NC PG SB VU
micronesia FM GU KI MH MP NR PW UM
polynesia AS CK NU PF PN TK TO TV WF WS
"""
# Larger regions by the smaller ones that they hold, as M49 groups them.
_GROUPS = """
africa northern-africa eastern-africa middle-africa southern-africa western-africa
sub-saharan-africa eastern-africa middle-africa southern-africa western-africa
americas caribbean central-america south-america northern-america
latin-america-and-the-caribbean caribbean central-america south-america
asia central-asia eastern-asia south-eastern-asia southern-asia western-asia
europe eastern-europe northern-europe southern-europe western-europe
oceania australia-and-new-zealand melanesia micronesia polynesia
"""


def _regions() -> dict[str, frozenset[str]]:
    areas = {name: frozenset(codes) for name, *codes in map(str.split, _AREAS.strip().splitlines())}
    groups = {name: parts for name, *parts in map(str.split, _GROUPS.strip().splitlines())}
    return areas | {name: frozenset().union(*(areas[part] for part in parts)) for name, parts in groups.items()}


REGIONS: dict[str, frozenset[str]] = _regions()
"""Countries of each region by their ISO 3166-1 alpha-2 codes: the geoscheme of the UN Statistics Division, M49, by
general knowledge; correct a row when the list has been seen. It says nothing of anybody's status."""

MOST_ASKED = 100
"""Recipients of one request at most: each starts a clock and is chased. Ours: half of the largest organisation; who
wants everybody's attention sends information (decision 0037)."""

RELATIONS: dict[str, int] = {"thread": 1, "answers": 1, "quotes": MAX_REFS, "consent": MAX_REFS}
"""What a message may refer to, and how often."""

HEAD_ONLY = frozenset({OfficerRole.AUDITOR, OfficerRole.ENGINEER})
"""Roles that see that a message was sent, and nothing of what it says: they look after the house, not after cases."""

WHOLE_BUREAU = frozenset({Confidentiality.OFFICIAL})
"""Confidentiality at which every officer of the bureau may read: RPD 112 (GK-text)."""
