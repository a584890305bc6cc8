"""What bureaus do with each other: the one list to add a line to (decision 0008).

A new capability is a folder beside these and a line here; nothing is found by scanning. `app.py` hands the list to a
node, which runs all gates and veils in this order. Each folder's docstring says why it exists and by what law.
"""

from comity.capabilities import abuse, directory, hits, keylists, membership, messages, records

ALL = (
    membership.CAPABILITY,
    messages.CAPABILITY,
    directory.CAPABILITY,
    abuse.CAPABILITY,
    records.CAPABILITY,
    hits.CAPABILITY,
    keylists.CAPABILITY,
)
