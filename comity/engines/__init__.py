"""What is computed: pure and heavy, each worth a library of its own; imports core at most.

`match/` compares persons' names across scripts.
"""
