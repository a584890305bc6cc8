"""Who is at the desk: officers by pseudonym, with unit, role and cases, and the keys of those who may approve.

Authority: decision 0017 (officers act, bureaus sign), RPD 21 (a bureau authorises its units and sets their scope). Who
a pseudonym is, no table of a node says: the bureau keeps that list where it keeps its staff. A pseudonym is never given
twice, so that an act of years ago still leads to one person.

An officer who may approve has a key of their own, in a file under their own passphrase, never in the node's keyring: a
stolen node must not be able to approve what it proposes. The key counts once the bureau's signed profile lists it;
`approvers` gives what the next profile should list. Nothing here decides who may do what: gates, veils and
`node/approvals.py` do.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Row, and_, select

from comity.core.capability import OfficerRole, Reader
from comity.core.codec import from_json
from comity.core.cose import Signer
from comity.core.errors import Misused, Refused
from comity.core.handling import Purpose
from comity.core.registry import PUBLIC_BYTES, SUITES_OF, Approver, Key, KeyUse, Suite
from comity.node import clock, epochs, keyfile, schema
from comity.node.bureau import Bureau
from comity.node.database import Transaction

PSEUDONYM = re.compile(r"[a-z0-9][a-z0-9-]{1,31}")
"""What a pseudonym looks like: nothing that a person's name with capitals or spaces could slip through as."""

LONGEST = 64
"""Characters of a unit's or a case's name; as wide as the column of a unit."""

MOST_CASES = 256

_LABEL = "officer"
"""The label in an officer's key file, authenticated with the key: a custodian's key does not pass for it."""


class Officer(msgspec.Struct, frozen=True, kw_only=True):
    """One officer of this bureau in this organisation."""

    officer: str
    """The pseudonym, as in the head of acts."""
    unit: str
    role: OfficerRole
    cases: tuple[str, ...] = ()
    """Sorted, each once."""
    key: Key | None = None
    """Only of officers who may approve."""
    active: bool = True
    """False once retired; the row stays, so that the pseudonym is not given again."""


def add(
    bureau: Bureau, unit: str, role: OfficerRole = OfficerRole.OFFICER, *, cases: Iterable[str] = (), officer: str = ""
) -> Officer:
    """Add an officer and return them; without a pseudonym one is drawn.

    Raises:
        Misused: the pseudonym was given before, or a name is not in its form.

    """
    named = officer or f"o-{bureau.entropy(5).hex()}"
    if not PSEUDONYM.fullmatch(named):
        raise Misused("a pseudonym has 2 to 32 lower-case letters, digits and hyphens; it is no person's name")
    made = Officer(officer=named, unit=_unit(unit), role=role, cases=_cases(cases))

    def write(tx: Transaction) -> Officer:
        if _find(bureau, tx, named) is not None:
            raise Misused("this pseudonym was given before, and none is given twice: choose another one")
        return _keep(bureau, tx, made)

    return bureau.database.write(write)


def change(
    bureau: Bureau, officer: str, *, unit: str | None = None, role: OfficerRole | None = None,
    cases: Iterable[str] | None = None,
) -> Officer:  # fmt: skip
    """Change what is given, and return the officer as they are now.

    Who moves to another unit approves nothing until the profile lists them there.

    Raises:
        Misused: nobody has this pseudonym, or they are retired, or a name is not in its form.

    """

    def write(tx: Transaction) -> Officer:
        held = _active(bureau, tx, officer)
        return _keep(
            bureau,
            tx,
            msgspec.structs.replace(
                held,
                unit=held.unit if unit is None else _unit(unit),
                role=role or held.role,
                cases=held.cases if cases is None else _cases(cases),
            ),
        )

    return bureau.database.write(write)


def entrust(bureau: Bureau, officer: str, key: Key) -> Officer:
    """Note the public key with which an officer approves; it counts once the profile lists it.

    Raises:
        Misused: nobody active has this pseudonym, the key is not an officer's, or is another officer's already.

    """
    if key.use is not KeyUse.OFFICER or key.suite not in SUITES_OF[key.use]:
        raise Misused("an officer approves with a key for officers, Ed25519 or ES256")
    if len(key.public) != PUBLIC_BYTES[key.suite]:
        raise Misused(f"a {key.suite} key of {len(key.public)} bytes, {PUBLIC_BYTES[key.suite]} expected")

    def write(tx: Transaction) -> Officer:
        held = _active(bureau, tx, officer)
        others = (each for each in _rows(bureau, tx) if each.officer != officer and each.key is not None)
        if any(each.key is not None and each.key.public == key.public for each in others):
            raise Misused("this key is another officer's: two persons with one key are one")
        return _keep(bureau, tx, msgspec.structs.replace(held, key=key))

    return bureau.database.write(write)


def retire(bureau: Bureau, officer: str) -> Officer:
    """End an officer's work here; their key should leave the profile with its next version.

    Raises:
        Misused: nobody active has this pseudonym.

    """

    def write(tx: Transaction) -> Officer:
        held = _active(bureau, tx, officer)
        return _keep(bureau, tx, msgspec.structs.replace(held, active=False, key=None, cases=()))

    return bureau.database.write(write)


def every(bureau: Bureau) -> tuple[Officer, ...]:
    """Return all officers by pseudonym, retired ones too."""
    with bureau.database.read() as tx:
        return tuple(_rows(bureau, tx))


def reader(bureau: Bureau, officer: str, purpose: Purpose) -> Reader:
    """Return an officer as the reader of a desk call, for one purpose.

    Raises:
        Misused: nobody has this pseudonym, or they are retired.
        Refused: the desks are closed, since peers may have recalled what a restored backup would show.

    """
    with bureau.database.read() as tx:
        held = _active(bureau, tx, officer)
        if epochs.closed(bureau, tx):
            raise Refused(epochs.CLOSED)
    return Reader(
        bureau=bureau.me, officer=held.officer, unit=held.unit, role=held.role, cases=frozenset(held.cases),
        purpose=purpose,
    )  # fmt: skip


def chosen(bureau: Bureau, officer: str) -> str:
    """Return the officer that is meant: the one named, or the only active one.

    Raises:
        Misused: none is named and there is none, or there are several.

    """
    if officer:
        return officer
    active = [each.officer for each in every(bureau) if each.active]
    if len(active) == 1:
        return active[0]
    if not active:
        raise Misused("this bureau has no officers yet; add one with: comity officer add UNIT")
    raise Misused("say who you are with --as or COMITY_OFFICER; look at: comity officer list")


def approvers(bureau: Bureau) -> tuple[Approver, ...]:
    """Return what the next version of the bureau's profile should list: each active officer with a key, and no other.

    The profile is signed with the bureau's offline role key (`node/admission.py`), so a stolen node appoints nobody.
    """
    return tuple(
        Approver(officer=each.officer, unit=each.unit, key=each.key)
        for each in every(bureau)
        if each.active and each.key is not None
    )


# Keys of officers.


def new_officer_key(
    path: Path, passphrase: str, *, work: int = keyfile.WORK, entropy: keyfile.Entropy = clock.entropy
) -> Key:
    """Make an officer's key, write it to a new file under the officer's own passphrase, and return the public half.

    Raises:
        Misused: the file exists, or the passphrase is too short.

    """
    return _key(keyfile.new_offline_key(path, passphrase, _LABEL, work=work, entropy=entropy))


def public_key(path: Path) -> Key:
    """Return the public half of the key in an officer's file; needs no passphrase.

    Raises:
        Misused: the file is missing, or holds something else.

    """
    return _key(keyfile.public_of(path))


def open_officer_key(path: Path, passphrase: str) -> Signer:
    """Open an officer's key for approving.

    Raises:
        Misused: the file is missing or holds something else, or the passphrase is not the one.

    """
    opened = keyfile.open_offline_key(path, passphrase)
    return Signer(_key(opened.public), opened.sign)


def _key(public: keyfile.PublicKey) -> Key:
    if public.label != _LABEL:
        raise Misused("this file holds an offline key that is not an officer's")
    return Key(use=KeyUse.OFFICER, suite=Suite.ED25519, public=public.public)


# Rows.


def _active(bureau: Bureau, tx: Transaction, officer: str) -> Officer:
    held = _find(bureau, tx, officer)
    if held is None:
        raise Misused("no officer of this bureau has this pseudonym; look at: comity officer list")
    if not held.active:
        raise Misused("this officer is retired: whoever does the work now needs a pseudonym of their own")
    return held


def _find(bureau: Bureau, tx: Transaction, officer: str) -> Officer | None:
    o = schema.officers.c
    row = tx.one(select(schema.officers).where(and_(o.member == bureau.member, o.officer == officer)))
    return None if row is None else _officer(row)


def _rows(bureau: Bureau, tx: Transaction) -> list[Officer]:
    o = schema.officers.c
    rows = tx.all(select(schema.officers).where(o.member == bureau.member).order_by(o.officer))
    return [_officer(row) for row in rows]


def _keep(bureau: Bureau, tx: Transaction, officer: Officer) -> Officer:
    row = {
        "member": bureau.member, "officer": officer.officer, "unit": officer.unit, "role": officer.role.value,
        "cases": "\n".join(officer.cases), "key": None if officer.key is None else msgspec.json.encode(officer.key),
        "active": int(officer.active),
    }  # fmt: skip
    tx.put(schema.officers, [row])
    return officer


def _officer(row: Row[Any]) -> Officer:
    cases = tuple(filter(None, row.cases.split("\n")))
    key = None if row.key is None else from_json(bytes(row.key), Key)
    role = OfficerRole(row.role)
    return Officer(officer=row.officer, unit=row.unit, role=role, cases=cases, key=key, active=bool(row.active))


def _unit(unit: str) -> str:
    return _name(unit, "unit")


def _cases(cases: Iterable[str]) -> tuple[str, ...]:
    names = tuple(sorted({_name(case, "case") for case in cases}))
    if len(names) > MOST_CASES:
        raise Misused(f"{len(names)} cases for one officer: {MOST_CASES} at most")
    return names


def _name(text: str, what: str) -> str:
    # One line: the table keeps cases one a line, and whoever could break it would give themselves another one.
    if not 1 <= len(text) <= LONGEST or not text.isprintable() or text != text.strip():
        raise Misused(f"a {what} is named in one line of 1 to {LONGEST} characters, without spaces around it")
    return text
