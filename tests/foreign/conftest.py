"""Programs that run in the foreign environment are no modules of ours: pytest must not import them."""

collect_ignore_glob = ["*_oracle.py"]
