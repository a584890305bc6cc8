"""Persons' names: how many pairs are judged rightly, how many aliases are found, at what cost; peers in the same run.

    python bench/match.py --pairs FILE [--peers]
    python bench/match.py --corpus FILE --queries FILE --must-not-hit FILE [--background N]

`--pairs`: name_a, name_b, same, script_a, script_b, source, stratum, as CSV with a heading. Average precision over all
rows; recall at 1 % false positives over rows whose sameness can be told from the names (strata `variant`, `translit`);
the same with a model that has not seen the row's source; average precision by script; pairs a second, names prepared
and unprepared. Sources that no model was trained on are judged by the whole model in both columns.

The other form: persons (entity_id, cluster, name, birth_year, nationality), aliases (query, cluster, birth_year,
script, stratum) and names of others (query, birth_year). Screening: only the persons are indexed; how many aliases
score above the threshold that 1 % or 0.1 % of the others pass. Retrieval: N invented persons beside them; is the right
person the first, among ten, among fifty. Aliases of stratum `other-name` are noms de guerre that no name leads to; they
are left out, and their number is printed. `mistyped` are listed names with one or two typing errors, made here.

The last line is one JSON object: average precision, or recall@10. With `--peers` rapidfuzz and nomenklatura judge the
same pairs in the same run, in an environment of their own that `make peers` installs.
"""

import argparse
import json
import sys
from pathlib import Path

from bench.measured import pairs, retrieval


def main() -> None:
    """Read the command line and run one form."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=Path)
    parser.add_argument("--peers", action="store_true", help="let rapidfuzz and nomenklatura judge the same pairs")
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--queries", type=Path)
    parser.add_argument("--must-not-hit", type=Path)
    parser.add_argument("--background", type=int, default=0, help="invented persons beside the listed ones")
    said = parser.parse_args()
    if said.pairs:
        result = pairs.measured(said.pairs, peers=said.peers)
    elif said.corpus and said.queries and said.must_not_hit:
        result = retrieval.measured(said.corpus, said.queries, said.must_not_hit, said.background)
    else:
        print("nothing to measure without files: --pairs, or --corpus, --queries and --must-not-hit", file=sys.stderr)
        sys.exit(0 if len(sys.argv) == 1 else 2)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
