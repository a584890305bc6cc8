"""Addresses of crypto-assets against the vectors of the proposals that define them, and against misreads.

BIP 173 and BIP 350 (their lists of valid and invalid addresses), EIP-55 (its eight examples), the address of the first
block of Bitcoin, the contract of a stable coin on Tron, Monero's published donation address.
"""

import pytest

from comity.core.errors import Malformed
from comity.engines.match.identifiers import wallets
from comity.engines.match.identifiers.reading import Proof, Why

VALID = {
    "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa": "bitcoin",
    "3P14159f73E4gFr7JterCCQh9QjiTjiZrG": "bitcoin",
    "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4": "bitcoin",
    "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y": "bitcoin",
    "BC1SW50QGDZ25J": "bitcoin",
    "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs": "bitcoin",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0": "bitcoin",
    "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t": "tron",
    "44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A": "monero",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed": "ethereum",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359": "ethereum",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB": "ethereum",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb": "ethereum",
}
INVALID = (
    "bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4",
    "BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R",
    "bc1pw5dgrnzv",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav",
    "BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
    "BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL",
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh",
    "bc1gmk9yu",
)


@pytest.mark.parametrize("address", VALID)
def test_a_published_address_is_checked(address: str) -> None:
    found = wallets.read(address)
    assert (found.proof, found.scheme, found.repairs) == (Proof.CHECKED, VALID[address], ())


@pytest.mark.parametrize("address", INVALID)
def test_an_address_that_bip_350_calls_invalid_is_never_checked_as_it_stands(address: str) -> None:
    assert wallets.exact(address) is None


def test_capitals_of_a_bech32_address_do_not_matter_but_mixed_ones_do() -> None:
    address = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
    assert wallets.read(address).key == wallets.read(address.upper()).key == address
    assert wallets.exact(address[:-1] + "T4") is None


@pytest.mark.parametrize(
    "address", ["0x52908400098527886E0F7030069857D2E4169EE7", "0xde709f2102306220921060314715629080e2fb77"]
)
def test_an_ethereum_address_of_one_case_has_no_checksum(address: str) -> None:
    found = wallets.read(address)
    assert (found.proof, found.key) == (Proof.FORM, address.lower())


def test_a_wrong_capital_is_a_failed_checksum_and_the_right_spelling_is_told() -> None:
    found = wallets.read("0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed")
    assert found.proof is Proof.FAILED
    assert found.problems[0].candidates == ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",)


@pytest.mark.parametrize("address", [*list(VALID)[:2], "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"])
def test_a_single_misread_of_an_address_is_never_called_checked(address: str) -> None:
    for place in range(len(address)):
        for other in "0OIl123456789ABCabcxyzXYZ":
            wrong = address[:place] + other + address[place + 1 :]
            if wrong == address:
                continue
            try:
                found = wallets.read(wrong)
            except Malformed:
                continue
            assert found.key == address or found.proof is Proof.FAILED


@pytest.mark.parametrize(
    "wrong",
    ["IA1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "1A1zP1eP5QGefi2DMPTfTL5SLmv7D1vfNa", "1A1zP1eP5QGefi2DMPTfTL55Lmv7DivfNa"],
)
def test_a_look_alike_is_put_right_by_the_checksum(wrong: str) -> None:
    found = wallets.read(wrong)
    assert found.key == "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
    assert [repair.why for repair in found.repairs] == [Why.CHECK]


@pytest.mark.parametrize("text", ["", "1", "x" * 200, "hello world", "1234567890123456", "0x12"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        wallets.read(text)
