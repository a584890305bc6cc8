"""What is kept and moved: the only folder with effects (decision 0006)."""
