"""Comparing what is looked for with what is kept: names, identifiers, texts. Pure; imports core at most."""
