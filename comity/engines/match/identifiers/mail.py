"""Mail addresses: the part before the sign as its host would most likely take it, the domain as ``domains`` reads it.

RFC 5321, section 2.4 leaves capitals in the local part to the host; no host of note tells them apart, so the key has
none. Tags and dots that one provider ignores and another does not stay: the key must not join two persons. Whether the
box exists is not asked.
"""

import re
import unicodedata

import msgspec

from comity.core.errors import Malformed
from comity.engines.match.identifiers import domains
from comity.engines.match.identifiers.reading import Kind, Reading

LOCAL = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*\Z")
"""Dot-atom of RFC 5322, section 3.2.3, with the letters of RFC 6531; quoted local parts are not read."""
LONGEST_LOCAL = 64
"""Bytes; RFC 5321, section 4.5.3.1.1."""
DEFANGED = (("[@]", "@"), ("(at)", "@"), ("[at]", "@"))


def read(text: str) -> Reading:
    """Return a mail address, with what is odd about its domain.

    Raises: Malformed if it is none.

    >>> read("mailto:Anna.Eriksson@Example.ORG").key
    'anna.eriksson@example.org'
    """
    written = text[:1024].strip().removeprefix("mailto:").strip("<>")
    for seen, meant in DEFANGED:
        written = written.replace(seen, meant)
    local, at, host = written.rpartition("@")
    if not at or not LOCAL.match(local) or len(local.encode()) > LONGEST_LOCAL:
        raise Malformed("a mail address is a local part, the sign, and a domain name")
    if re.search(r"[/?#:\s]", host):
        raise Malformed("the domain of a mail address has no path and no port")
    domain = domains.read(host)
    box = unicodedata.normalize("NFKC", local).casefold()
    return msgspec.structs.replace(
        domain,
        kind=Kind.EMAIL,
        key=f"{box}@{domain.key}",
        folded=f"{box}@{domain.folded}",
        shown=f"{box}@{domain.shown}",
    )
