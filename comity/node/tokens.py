"""What a program shows to act at a desk as an officer: tokens with scopes, an end, and nothing that could be stolen.

Authority: decision 0035; RPD 21 (a bureau authorises those who may use its systems, and sets their scope). A token is
bound to one officer of this bureau and to one purpose: a program sees and does what that officer may, within the
scopes of the token, and veils and gates rule on it as on anybody. The token itself is shown once and not kept; what is
kept is its SHA-256, which is enough because a token is 32 random bytes and no password.

Nothing here limits how often a token is used; that is the face's part.
"""

import base64
import hashlib
import hmac
import re
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, and_, insert, select, update

from comity.core.capability import Capability, Reader
from comity.core.errors import Misused, Refused
from comity.core.handling import Purpose
from comity.core.ids import Millis
from comity.core.ruling import Refusal
from comity.node import officers, schema
from comity.node.bureau import Bureau
from comity.node.database import Transaction

FORM = re.compile(r"comity-([0-9a-f]{16})-([A-Za-z0-9_-]{43})")
"""Name and secret; the word in front lets a scanner of leaked secrets find them."""

EVENTS = "events:follow"
"""The scope of the stream of events; it tells only of capabilities that another scope of the token names."""

LONGEST: Millis = Millis(366 * 86_400_000)
"""A year: the longest that a token may be good for."""

SELDOM: Millis = Millis(60_000)
"""The last use is written at most once a minute: a commit for each request would cost more than the request."""

MOST_TITLE = 100
"""Characters."""


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A token as it is listed; the secret is nowhere."""

    token: str
    """Its name: 16 hexadecimal digits, the first part of what the program shows."""
    title: str
    """What it is for."""
    officer: str
    purpose: Purpose
    scopes: tuple[str, ...]
    """``capability:verb`` or ``capability:*``, sorted."""
    made: Millis
    until: Millis
    revoked: Millis | None = None
    used: Millis | None = None
    """The last use, to the minute."""

    def allows(self, capability: str, verb: str) -> bool:
        """Tell whether one of the scopes names an operation."""
        return f"{capability}:{verb}" in self.scopes or f"{capability}:*" in self.scopes

    def touches(self, capability: str) -> bool:
        """Tell whether one of the scopes is of a capability."""
        return any(scope.partition(":")[0] == capability for scope in self.scopes)


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """A new token, with the secret that is shown this once."""

    secret: str
    """What the program sends: ``Authorization: Bearer comity-...``."""
    token: Token


def scopes_of(capabilities: tuple[Capability, ...]) -> tuple[str, ...]:
    """Return every scope that there is, one for each desk function and one for each capability."""
    verbs = [f"{each.name}:{verb_of(function.__name__)}" for each in capabilities for function in each.desk]
    return (*sorted([*verbs, *(f"{each.name}:*" for each in capabilities if each.desk)]), EVENTS)


def verb_of(name: str) -> str:
    """Return how a desk function is called outside Python: ``on_duty`` is ``on-duty``."""
    return name.replace("_", "-")


def issue(
    bureau: Bureau, officer: str, scopes: tuple[str, ...], until: Millis, *, purpose: Purpose = Purpose.INVESTIGATE,
    title: str = "",
) -> Issued:  # fmt: skip
    """Make a token for an officer's program; what is returned is the only copy of the secret.

    Raises:
        Misused: no active officer of that pseudonym, an unknown scope, or an end that is past or too far away.

    """
    officers.reader(bureau, officer, purpose)
    known, now = scopes_of(bureau.capabilities), bureau.now()
    strange = sorted(set(scopes) - set(known))
    if strange or not scopes:
        raise Misused("there is no such scope at this bureau; look at: comity token scopes")
    if not now < until <= now + LONGEST:
        raise Misused("a token ends after today and within a year")
    if len(title) > MOST_TITLE or not title.isprintable():
        raise Misused(f"a title is one line of at most {MOST_TITLE} characters")
    name, secret = bureau.entropy(8).hex(), bureau.entropy(32)
    token = Token(
        token=name, title=title, officer=officer, purpose=purpose, scopes=tuple(sorted(set(scopes))), made=now,
        until=until,
    )  # fmt: skip
    row = {
        "member": bureau.member, "token": name, "digest": hashlib.sha256(secret).digest(), "title": title,
        "officer": officer, "purpose": purpose.value, "scopes": "\n".join(token.scopes), "made": now, "until": until,
        "revoked": None, "used": None,
    }  # fmt: skip
    bureau.database.write(lambda tx: tx.run(insert(schema.tokens).values(**row)))
    spelled = base64.urlsafe_b64encode(secret).rstrip(b"=").decode()
    return Issued(secret=f"comity-{name}-{spelled}", token=token)


def every(bureau: Bureau) -> tuple[Token, ...]:
    """Return all tokens, the oldest first; revoked and ended ones too."""
    t = schema.tokens.c
    with bureau.database.read() as tx:
        rows = tx.all(select(schema.tokens).where(t.member == bureau.member).order_by(t.made, t.token))
    return tuple(_token(row) for row in rows)


def revoke(bureau: Bureau, token: str) -> Token:
    """End a token at once; requests that are under way are finished, streams end with their next beat.

    Raises:
        Misused: there is no token of that name.

    """
    now = bureau.now()

    def write(tx: Transaction) -> Token:
        held = _find(bureau, tx, token)
        if held is None:
            raise Misused("no token has this name; look at: comity token list")
        if held.revoked is None:
            tx.run(update(schema.tokens).where(_named(bureau, token)).values(revoked=now))
        return _token(held) if held.revoked is not None else msgspec.structs.replace(_token(held), revoked=now)

    return bureau.database.write(write)


def admit(bureau: Bureau, shown: str) -> tuple[Token, Reader]:
    """Return the token that a program shows, and the reader it acts as; notes the use.

    Raises:
        Refused: with ``desk.token``, whatever is wrong with it; which of the reasons, the program is not told.

    """
    match_, now = FORM.fullmatch(shown), bureau.now()
    if match_ is None:
        raise _refused()
    with bureau.database.read() as tx:
        row = _find(bureau, tx, match_[1])
    given = hashlib.sha256(base64.urlsafe_b64decode(match_[2] + "=")).digest()
    # Compared even when there is no such token, and in constant time: nothing is learned from how long it takes.
    same = hmac.compare_digest(given, bytes(row.digest) if row is not None else bytes(32))
    if row is None or not same:
        raise _refused()
    token, reader = _reader(bureau, row, now)
    if token.used is None or now - token.used >= SELDOM:
        noted = update(schema.tokens).where(_named(bureau, token.token)).values(used=now)
        bureau.database.write(lambda tx: tx.run(noted))
    return token, reader


def again(bureau: Bureau, token: str) -> tuple[Token, Reader]:
    """Return a token that was admitted before, and its reader as they are now.

    Raises:
        Refused: it does not count any more.

    """
    with bureau.database.read() as tx:
        row = _find(bureau, tx, token)
    if row is None:
        raise _refused()
    return _reader(bureau, row, bureau.now())


def _reader(bureau: Bureau, row: Row[Any], now: Millis) -> tuple[Token, Reader]:
    token = _token(row)
    if token.revoked is not None or now > token.until:
        raise _refused()
    try:
        return token, officers.reader(bureau, token.officer, token.purpose)
    except Misused:
        raise _refused() from None


def _refused() -> Refused:
    reason = "the token is unknown, revoked, ended, or its officer is retired"
    return Refused(Refusal("desk.token", reason, "decision 0035"))


def _named(bureau: Bureau, token: str) -> ColumnElement[bool]:
    t = schema.tokens.c
    return and_(t.member == bureau.member, t.token == token)


def _find(bureau: Bureau, tx: Transaction, token: str) -> Row[Any] | None:
    return tx.one(select(schema.tokens).where(_named(bureau, token)))


def _token(row: Row[Any]) -> Token:
    return Token(
        token=row.token, title=row.title, officer=row.officer, purpose=Purpose(row.purpose),
        scopes=tuple(row.scopes.split("\n")), made=Millis(row.made), until=Millis(row.until),
        revoked=None if row.revoked is None else Millis(row.revoked),
        used=None if row.used is None else Millis(row.used),
    )  # fmt: skip
