"""Who may see acts of lists of keys: their parties, and nobody the secrets (decisions 0016 and 0053)."""

from comity.capabilities.keylists.acts import Secret, Setup
from comity.core.act import Said, kind_of
from comity.core.capability import HIDDEN, SHOWN, Masked, Reader, Seen, Sight

SECRET = kind_of(Secret)


def veil(said: Said, reader: Reader, _seen: Seen) -> Sight:
    """Rule on reading: parties only; a secret is the node's own, a set is a megabyte of points that say nothing."""
    head = said.head
    if head.capability != "keylists":
        return SHOWN
    if head.kind == SECRET or reader.bureau not in {head.sender, *head.to}:
        return HIDDEN
    return Masked(("concealed",)) if isinstance(said.act, Setup) else SHOWN
