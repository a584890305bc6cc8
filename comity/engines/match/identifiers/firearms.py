"""Serial numbers of firearms: whatever the maker stamped, without make, model and calibre.

The UN Firearms Protocol, article 8 asks for a unique marking with maker, country and serial number, and sets no form
and no check digit. Make and calibre are described in many ways and are no part of the key: two makers' equal serials
are told apart on the record.
"""

import re

from comity.engines.match.identifiers.documents import serial
from comity.engines.match.identifiers.folding import folded, plain
from comity.engines.match.identifiers.reading import Kind, Proof, Reading

LABEL = re.compile(r"^\s*(?:SERIAL|SER|S/?N|NO|NR|N[°º])(?:\s*(?:NUMBER|NO|NR|N[°º]))?[.:#\s]+", re.IGNORECASE)
SHORTEST, LONGEST = 3, 20
"""Characters; stamped serials begin at a few digits."""


def read(text: str) -> Reading:
    """Return a serial number with its keys; a label before it is left out.

    Raises: Malformed if there is no digit, or the length is not 3 to 20.

    >>> read("S/N: abC-1O234").key, read("ABC10234").folded
    ('ABC1O234', 'A8C10234')
    """
    number = serial(LABEL.sub("", plain(text)), SHORTEST, LONGEST)
    return Reading(kind=Kind.FIREARM, key=number, folded=folded(number), shown=number, proof=Proof.FORM)
