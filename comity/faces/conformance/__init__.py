"""What an implementation in another language is asked and must answer (decision 0044, docs/spec/cli-protocol.md).

`suite.py` asks and `answer.py` is this software answering; `protocol.py` is all that they share. `vectors.py`,
`scenarios.py`, `attacks.py`, `registries.py` and `proofs.py` are the cases; `world.py` is the organisation that they
play in, with nodes of ours as the peers; `lawless.py` signs what no node would.
"""
