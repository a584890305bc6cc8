"""Numbers and marks that name one thing: documents, vehicles, devices, accounts (decision 0048, docs/identifiers.md).

One module for each family. Each has a function ``read`` that answers with a ``Reading``: kind, canonical key, what was
repaired and why, country, problems by code; it raises ``Malformed`` where the text has not the form at all. The module
``recognise`` asks all of them. Nothing here looks anything up: whether a number is known is a matter of the node's
index.
"""
