"""Tokens: shown once, bound to an officer and a purpose, within scopes, ended by date, revocation or retirement."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from comity.core.capability import OfficerRole
from comity.core.errors import Misused, Refused
from comity.core.handling import Purpose
from comity.core.ids import BureauId, Millis
from comity.node import officers, schema, tokens
from comity.node.bureau import Bureau
from tests.simulator import DAY, START, Federation

UNTIL = Millis(START + 30 * DAY)


@pytest.fixture
def federation(tmp_path: Path) -> Iterator[Federation]:
    made = Federation(tmp_path)
    officers.add(made.join("ma"), "duty", cases=("harbour",), officer="k7")
    yield made
    made.close()


@pytest.fixture
def ma(federation: Federation) -> Bureau:
    return federation.bureaus[BureauId("ma")]


def issue(bureau: Bureau, *scopes: str) -> tokens.Issued:
    return tokens.issue(bureau, "k7", scopes or ("messages:read",), UNTIL, purpose=Purpose.LOCATE, title="dispatch")


def code(bureau: Bureau, shown: str) -> str:
    with pytest.raises(Refused) as refused:
        tokens.admit(bureau, shown)
    return refused.value.refusal.code


def test_a_token_acts_as_its_officer_for_its_purpose(ma: Bureau) -> None:
    issued = issue(ma, "messages:read", "messages:inbox")
    token, reader = tokens.admit(ma, issued.secret)
    assert token.scopes == ("messages:inbox", "messages:read")
    assert (reader.officer, reader.unit, reader.role) == ("k7", "duty", OfficerRole.OFFICER)
    assert (reader.cases, reader.purpose) == (frozenset({"harbour"}), Purpose.LOCATE)


def test_what_is_kept_does_not_hold_the_secret(ma: Bureau) -> None:
    issued = issue(ma)
    secret = issued.secret[24:]
    with ma.database.read() as tx:
        row = tx.one(select(schema.tokens))
    assert row is not None
    kept = repr(tuple(row))
    assert secret not in kept
    assert base64.urlsafe_b64decode(secret + "=") not in tuple(row)
    assert secret not in repr(tokens.every(ma))


def test_another_secret_under_the_same_name_is_refused(ma: Bureau) -> None:
    shown = issue(ma).secret
    wrong = shown[:30] + ("A" if shown[30] != "A" else "B") + shown[31:]
    assert code(ma, wrong) == "desk.token"
    assert code(ma, "comity-0000000000000000-" + "A" * 43) == "desk.token"
    assert code(ma, "") == "desk.token"


def test_a_revoked_token_is_refused_at_once_and_stays_listed(ma: Bureau) -> None:
    issued = issue(ma)
    assert tokens.revoke(ma, issued.token.token).revoked == START
    assert code(ma, issued.secret) == "desk.token"
    (listed,) = tokens.every(ma)
    assert listed.revoked == START


def test_a_token_ends_on_its_day(federation: Federation, ma: Bureau) -> None:
    issued = issue(ma)
    federation.later(30 * DAY)
    tokens.admit(ma, issued.secret)
    federation.later(1)
    assert code(ma, issued.secret) == "desk.token"


def test_the_token_of_a_retired_officer_is_refused(ma: Bureau) -> None:
    issued = issue(ma)
    officers.retire(ma, "k7")
    assert code(ma, issued.secret) == "desk.token"


def test_the_last_use_is_written_once_a_minute(federation: Federation, ma: Bureau) -> None:
    issued = issue(ma)
    used = []
    for wait in (0, 30_000, 30_000):
        federation.later(wait)
        tokens.admit(ma, issued.secret)
        used.append(tokens.every(ma)[0].used)
    assert used == [START, START, START + 60_000]


@pytest.mark.parametrize("scope", ["messages:burn", "*", "", "messages", "*:read", "messages:*:*"])
def test_a_scope_that_is_none_of_this_bureau_is_misuse(ma: Bureau, scope: str) -> None:
    with pytest.raises(Misused, match="comity token scopes"):
        issue(ma, scope)


@pytest.mark.parametrize("until", [START, Millis(START + 367 * DAY)])
def test_a_token_has_an_end_within_a_year(ma: Bureau, until: Millis) -> None:
    with pytest.raises(Misused, match="within a year"):
        tokens.issue(ma, "k7", ("messages:read",), until)


def test_nobody_gets_a_token_for_an_officer_who_is_not_there(ma: Bureau) -> None:
    with pytest.raises(Misused, match="pseudonym"):
        tokens.issue(ma, "k8", ("messages:read",), UNTIL)


def test_a_token_of_one_organisation_opens_nothing_in_another(federation: Federation, ma: Bureau) -> None:
    other = federation.join("no")
    officers.add(other, "duty", officer="k7")
    assert code(other, issue(ma).secret) == "desk.token"


def test_a_star_covers_its_own_capability_alone(ma: Bureau) -> None:
    token = issue(ma, "messages:*").token
    assert token.allows("messages", "send")
    assert not token.allows("membership", "standing")
    assert not token.allows("events", "follow")
    assert token.touches("messages")
    assert not token.touches("membership")
