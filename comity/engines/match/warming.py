"""Compiles every kernel before the first search, so that no officer waits for it; `make setup` calls it.

Numba compiles a kernel when it is first called with these types, and caches it; one small search and one verdict call
them all. From the cache it takes half a second, else ten to thirty seconds of CPU.
"""

from comity.engines.match.evidence import Person
from comity.engines.match.explanation import compare
from comity.engines.match.models import Model, load_model
from comity.engines.match.segment import describe_rows, memory_of, search, segment_of

_NAMES = ("Abd al-Rahman", "Jon Smith")


def warm(model: Model | None = None) -> Model:
    """Return the model, the shipped one if none is given, with every kernel compiled."""
    model = model or load_model()
    compare(Person(name=_NAMES[0]), Person(name=_NAMES[1]), model)
    model.odds(model.features(model.prepare(_NAMES[0]), model.prepare(_NAMES[1])), "pair")
    segment = segment_of(_NAMES, model)
    memory = memory_of(segment)
    rows = search(segment, _NAMES[0], model, memory).rows
    describe_rows(segment, model.prepare(_NAMES[0]), rows, model, memory.scratch)
    return model
