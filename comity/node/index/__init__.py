"""The search index of one node, embedded and without a server: a folder that is derived from the rows (decision 0049).

`opened.Index` is the way in: `changes` go in, identifiers and names are looked for with the flags of a reader
(`policies`). Below it: `exact` and `kernels` hold identifiers, which `packing` makes numbers of; `shelf` keeps sealed
pieces on the disk. Only `node/view.py` looks here on behalf of desks and faces.
"""
