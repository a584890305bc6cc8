"""Makes a node for a bureau whose passphrase, or every backup, is lost: its role key alone is left (decision 0039).

Keys, acts and log of the old node cannot be read any more. The bureau is accredited all the same, and peers hold what
passed between them and it. So a new node begins with new keys, the old ones retired in the next profile, and with a new
epoch that keeps nothing of the earlier log; then peers say again and hand back, as after any restore.

What nobody can give back: acts to oneself alone, officers and tokens, drafts, the leaves of the earlier log, and bodies
that peers have erased. If others may have the old machine, its keys are revoked as well, once the recovery is over:
`comity revoke KEY --size 0`.
"""

from pathlib import Path

from comity.core.capability import Capability
from comity.core.errors import Misused
from comity.core.ids import BureauId, Millis, org_name
from comity.core.registry import KeyUse
from comity.node import admission, home, papers
from comity.node.admission import Say, Submission
from comity.node.anchor import Anchor
from comity.node.keyfile import OfflineKey
from comity.node.restoring import Begun, begin, refuse_full

USES = (KeyUse.SIGN, KeyUse.SEAL, KeyUse.LOG, KeyUse.WITNESS)


def anew(  # noqa: PLR0913, PLR0917 - a node has these parts
    folder: Path, anchor: Anchor, me: BureauId, role: OfflineKey, passphrase: str,
    capabilities: tuple[Capability, ...], now: Millis, say: Say, *, database: str = "",
) -> tuple[Begun, Submission]:  # fmt: skip
    """Make the node, and return its epoch and the profile that the secretariat publishes.

    Raises:
        Misused: the folder holds something, or the registry names no such bureau or another role key for it.
        Unreachable: the registry cannot be fetched.

    """
    refuse_full(folder)
    home.create(folder, passphrase, database=database)
    opened = home.open_home(folder, passphrase)
    try:
        opened.join(anchor, me)
        registry = opened.trusts[anchor.org].refresh(now)
        if me not in registry.profiles:
            raise Misused(f"{org_name(anchor.org)} lists no profile of {me}: apply, as a new bureau does")
        if role.public.public not in registry.role_keys.get(me, ()):
            raise Misused(f"the registry names another role key for {me}: the custodians replace it first")
        begun = begin(opened.database, anchor.org, me, 1, role, now)
        bureau = opened.bureau(anchor.org, capabilities, now=lambda: now)
        after = papers.rotated(bureau, papers.Wish(uses=USES, choice=papers.Choice()))
        for line in papers.changes(registry.profiles[me], after):
            say(line)
        return begun, admission.submission(anchor.org, after, role, now, say)
    finally:
        opened.close()
