"""Runs in the foreign environment: what other libraries say of zones, vehicles, accounts, addresses and tables.

Reads a list of JSON questions from stdin and writes a list of answers. Nothing of Comity is imported here.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

import pycountry
from bip_utils import (
    EthAddrDecoder,
    P2PKHAddrDecoder,
    P2SHAddrDecoder,
    SegwitBech32Decoder,
    TrxAddrDecoder,
    XmrAddrDecoder,
)
from mrz.base.functions import hash_string
from mrz.checker.mrva import MRVACodeChecker
from mrz.checker.mrvb import MRVBCodeChecker
from mrz.checker.td1 import TD1CodeChecker
from mrz.checker.td2 import TD2CodeChecker
from mrz.checker.td3 import TD3CodeChecker
from pyais.constants import COUNTRY_MAPPING
from schwifty import IBAN
from schwifty.exceptions import SchwiftyException
from vininfo import Vin

ZONES = {
    "TD1": TD1CodeChecker,
    "TD2": TD2CodeChecker,
    "TD3": TD3CodeChecker,
    "MRV-A": MRVACodeChecker,
    "MRV-B": MRVBCodeChecker,
}
CHECKS = {
    "number": "document_number_hash",
    "birth": "birth_date_hash",
    "expiry": "expiry_date_hash",
    "optional": "optional_data_hash",
    "composite": "final_hash",
}


def zone(scheme: str, lines: list[str]) -> dict[str, bool]:
    """Return each check digit's verdict."""
    checker = ZONES[scheme]("\n".join(lines), check_expiry=False)
    return {name: bool(getattr(checker, method)) for name, method in CHECKS.items() if hasattr(checker, method)}


def account(number: str) -> bool:
    """Return whether an account number is valid, national check digits left out."""
    try:
        IBAN(number)
    except SchwiftyException:
        return False
    return True


def wallet(address: str) -> bool:
    """Return whether any chain of ours takes the address."""
    attempts: tuple[Callable[[], Any], ...] = (
        lambda: SegwitBech32Decoder.Decode("bc", address),
        lambda: SegwitBech32Decoder.Decode("ltc", address),
        lambda: P2PKHAddrDecoder.DecodeAddr(address, net_ver=b"\x00"),
        lambda: P2SHAddrDecoder.DecodeAddr(address, net_ver=b"\x05"),
        lambda: P2PKHAddrDecoder.DecodeAddr(address, net_ver=b"\x30"),
        lambda: TrxAddrDecoder.DecodeAddr(address),
        lambda: EthAddrDecoder.DecodeAddr(address),
        lambda: XmrAddrDecoder.DecodeAddr(address, net_ver=b"\x12"),
        lambda: XmrAddrDecoder.DecodeAddr(address, net_ver=b"\x2a"),
    )
    for attempt in attempts:
        try:
            attempt()
        except Exception:  # noqa: BLE001, S112 - each decoder has errors of its own; any of them is a no.
            continue
        return True
    return False


ASK: dict[str, Callable[..., Any]] = {
    "zone": zone,
    "digit": hash_string,
    "account": account,
    "wallet": wallet,
    "vehicle": lambda number: Vin(number).verify_checksum(),
    "states": lambda: {country.alpha_3: country.alpha_2 for country in pycountry.countries},
    "flags": lambda: {str(digits): country for digits, (country, _) in COUNTRY_MAPPING.items()},
}


def main() -> None:
    """Answer all questions."""
    questions = json.load(sys.stdin)
    json.dump([ASK[question["ask"]](*question["of"]) for question in questions], sys.stdout)


if __name__ == "__main__":
    main()
