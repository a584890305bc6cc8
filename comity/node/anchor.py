"""The anchor: what a bureau must be handed by a road that it trusts, before it can trust a registry (decision 0005).

It is the organisation's first root, signed by its custodians. The organisation's id is its name and a hash of what
the custodians signed there, so two organisations of one name differ, and reading 32 digits aloud over the telephone
is enough to compare. The hash covers the signed part in TUF's canonical form, not the file: which custodians happened
to sign first does not change who the organisation is. The addresses are a convenience and need no trust.
"""

from pathlib import Path

import msgspec

from comity.core.codec import NO_JSON, from_json
from comity.core.errors import Malformed, Misused
from comity.core.ids import OrgId, org_id
from comity.node import disk, metadata
from comity.node.metadata import Metadata, Root


class Anchor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Name, first root and addresses of an organisation's registry."""

    comity: str = "anchor/1"
    org: OrgId
    name: str
    urls: tuple[str, ...]
    """Where the registry is kept: https://, http:// or file:// addresses, in order of preference."""
    root: str
    """The first root metadata, as text."""


def named(name: str, root: Root) -> OrgId:
    """Return the id of the organisation that begins with this root."""
    return org_id(name, Metadata(root).signed_bytes)


def checked(anchor: Anchor) -> Anchor:
    """Return the anchor itself if its root is the one that its id names, and is signed by enough custodians.

    Raises:
        Malformed: it is not.

    """
    root = metadata.parse(anchor.root.encode(), Root, "the anchor's root")
    if anchor.comity != "anchor/1" or root.signed.version != 1:
        raise Malformed("an anchor of another version than 1")
    if named(anchor.name, root.signed) != anchor.org:
        raise Malformed("an anchor whose root is not the one that its id names")
    metadata.check_root(root.signed, anchor.org, anchor.name)
    metadata.verify(root.signed, "root", root)
    return anchor


def read(path: Path) -> Anchor:
    """Return the anchor in a file, checked.

    Raises:
        Misused: there is no such file, or it is not an anchor.
        Malformed: it is one and does not hold.

    """
    try:
        return checked(from_json(path.read_bytes(), Anchor))
    except OSError as error:
        raise Misused(f"cannot read the anchor {path}: {error.strerror}") from None
    except NO_JSON:
        raise Misused(f"{path} is not an anchor: ask the secretariat for the file anchor.json") from None


def write(path: Path, anchor: Anchor) -> None:
    """Write the anchor to a file, in one step."""
    disk.write(path, msgspec.json.format(msgspec.json.encode(anchor)) + b"\n")
