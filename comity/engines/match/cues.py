"""Words of many languages that name what follows, and top-level domains that stand in prose: data for ``screening``.

A number without check digit is a find in a text where a word before it says what it is. The words are in capitals
where the script has them; parts of words stand for languages that compound. The list grows by a word at a time, with
a test.
"""

from comity.engines.match.identifiers.reading import Kind
from comity.engines.match.identifiers.states import STATES

CUES: dict[Kind, tuple[str, ...]] = {
    Kind.DOCUMENT: (
        *("PASSPORT", "PASSEPORT", "PASAPORTE", "PASSAPORTE", "REISEPASS", "PASPOORT", "PASAPORT", "ПАСПОРТ"),
        *("ΔΙΑΒΑΤΗΡΙΟ", "جواز", "דרכון", "护照", "護照", "旅券", "パスポート", "여권", "หนังสือเดินทาง", "पासपोर्ट"),
        *("IDENTITY", "IDENTITÉ", "IDENTIDAD", "PERSONALAUSWEIS", "VISA", "ВИЗА", "تأشيرة", "هوية", "身份证", "身分證"),
    ),
    Kind.PLATE: (
        *("PLATE", "LICENCE", "LICENSE", "IMMATRICUL", "KENNZEICHEN", "MATRÍCULA", "MATRICULA", "TARGA", "PLACA"),
        *("KENTEKEN", "НОМЕРНОЙ ЗНАК", "ГОСНОМЕР", "ΠΙΝΑΚΙΔΑ", "لوحة", "车牌", "車牌", "ナンバー", "번호판"),
    ),
    Kind.VIN: ("VIN", "CHASSIS", "CHÂSSIS", "FAHRGESTELL", "BASTIDOR", "TELAIO", "ШАССИ", "هيكل", "车架"),
    Kind.IMEI: ("IMEI",),
    Kind.IBAN: ("IBAN",),
    Kind.PHONE: (
        *("TEL", "PHONE", "TÉLÉPHONE", "MOBILE", "PORTABLE", "MÓVIL", "WHATSAPP", "ТЕЛ", "ΤΗΛ", "هاتف", "جوال"),
        *("טלפון", "电话", "電話", "전화", "โทร", "फ़ोन"),
    ),
    Kind.FIREARM: (
        *("SERIAL", "SÉRIE", "SERIE", "FIREARM", "PISTOL", "RIFLE", "FUSIL", "REVOLVER", "GEWEHR"),
        *("ОРУЖИ", "ПИСТОЛЕТ", "سلاح", "مسدس", "手枪", "拳銃"),
    ),
    Kind.SHIP: ("IMO",),
    Kind.MMSI: ("MMSI",),
    Kind.AIRCRAFT_MARK: (
        *("AIRCRAFT", "AVION", "AERONAVE", "FLUGZEUG", "REGISTRATION", "TAIL", "САМОЛЁТ", "САМОЛЕТ", "طائرة", "飞机"),
    ),
}

COUNTRIES = frozenset({*(code for code in STATES.values() if len(code) == 2), "UK", "SU"})  # noqa: PLR2004
"""Alpha-2 codes, and two that are top-level domains without being one."""

TOP_LEVEL = frozenset(
    (
        *("com", "org", "net", "info", "biz", "edu", "gov", "mil", "int", "eu", "onion", "app", "dev", "xyz", "online"),
        *("site", "shop", "top", "club", "live", "news", "agency", "рф", "укр", "бел", "中国", "公司", "香港", "台灣"),
        *("한국", "مصر", "السعودية", "المغرب", "امارات", "ไทย"),
    )
)
"""Top-level domains of names that stand in prose without a scheme, beside the two letters of countries."""

TITLES = frozenset(
    (
        *(
            "MR",
            "MRS",
            "MS",
            "MISS",
            "DR",
            "PROF",
            "SIR",
            "HM",
            "HE",
            "M",
            "MM",
            "MME",
            "MLLE",
            "ME",
            "SR",
            "SRA",
            "DON",
        ),
        *(
            "DOÑA",
            "HERR",
            "FRAU",
            "SIGNOR",
            "SIGNORA",
            "GENERAL",
            "COLONEL",
            "MAJOR",
            "CAPTAIN",
            "INSPECTOR",
            "OFFICER",
        ),
        *("PRESIDENT", "DIRECTOR", "MINISTER", "SECRETARY", "CHIEF", "PRÉSIDENT", "DIRECTEUR", "MINISTRE", "GÉNÉRAL"),
        *("PRESIDENTE", "MINISTRO", "Г", "ГОСПОДИН", "ГОСПОЖА", "السيد", "السيدة", "الدكتور", "الأستاذ"),
    )
)
"""Words before a name that are no part of it; a mention does not begin with one."""
