"""How the models of comity/engines/match are made: from free data only, by `bench/train_match.py`."""
