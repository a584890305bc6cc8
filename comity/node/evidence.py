"""Proof for an outsider of which keys a bureau had: the signed files from the anchor down to one profile.

Authority: The Update Framework 1.0, section 5.3.4 (the road from root to root); decision 0005. Whoever holds the anchor
verifies it with no node, no network and no clock. It does not show that the profile was the newest one: when an act
was said is shown by the log, and an act names the version of the registry that it was said under.
"""

import msgspec

from comity.core.errors import Malformed
from comity.core.ids import BureauId, OrgId
from comity.core.registry import Profile
from comity.node import admission, metadata
from comity.node.anchor import Anchor
from comity.node.metadata import Root, Targets


class Evidence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bureau's profile with all that signed it, up to the first root; holds without any node."""

    org: OrgId
    bureau: BureauId
    roots: tuple[str, ...]
    targets: str
    role: str
    profile: str


def proven(evidence: Evidence, anchor: Anchor) -> Profile:
    """Return the profile that the evidence shows, verified from the anchor down.

    It says what the custodians and the bureau signed, not that it was the newest: the log says when.

    Raises:
        Malformed: a signature is missing on the way.

    """
    if evidence.org != anchor.org or not evidence.roots:
        raise Malformed("registry: evidence of another organisation")
    trusted = metadata.parse(anchor.root.encode(), Root, "the anchor's root").signed
    for text in evidence.roots[1:]:
        coming = metadata.parse(text.encode(), Root, "a root of the evidence")
        metadata.check_root(coming.signed, anchor.org, anchor.name)
        if coming.signed.version != trusted.version + 1:
            raise Malformed("registry: a root is missing in the evidence")
        metadata.verify(trusted, "root", coming)
        metadata.verify(coming.signed, "root", coming)
        trusted = coming.signed
    targets = metadata.parse(evidence.targets.encode(), Targets, "the membership of the evidence")
    metadata.verify(trusted, "targets", targets)
    metadata.check_targets(targets.signed, anchor.org)
    bureau = metadata.checked_bureau(evidence.bureau)
    role = metadata.parse(evidence.role.encode(), Targets, "the profile metadata of the evidence")
    metadata.verify(targets.signed, bureau, role)
    return admission.profile_in(role.signed, evidence.profile.encode(), bureau, anchor.org)
