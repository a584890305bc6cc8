"""Persons' names compared across scripts: taken apart, found again among a million, scored, and the score explained.

An officer has a name in one alphabet, the record has it in another; between them lie transliteration, order, particles,
nicknames and typing errors. This engine says how likely it is that both name one person, 0 to 1, and why, in codes that
every working language can word. It is pure: no clock, no disk (a model is read from a file that the caller hands over,
or from the package itself), no live counts, no network. It decides nothing: a high score is a hit that a source must
confirm. Decision 0047; figures in docs/matching.md.

**One pair**::

    model = load_model()  # models.py
    verdict = compare(Person(name=...), Person(name=...), model)
    verdict.score, tell(verdict.parts, "fr")  # explanation.py, wording.py

**An index** (`node/index.py` puts policies inside; everything is flat arrays and may be mapped from a file)::

    analyse(name) -> Name                                   # name.py: words with script, role, sound
    word_keys(word), joined_neighbours(name)                # blocking.py: 32-bit keys; words a row is posted under too
    model.words(words) -> Words                             # arrays of a vocabulary, one row for each word
    vocabulary_of(words, keys) -> Vocabulary                # vocabulary.py: keys sorted, holders[i] has keys[i]
    expand(vocabulary, query, row, keys, model, alive, work) -> Likes      # look-alikes; `alive` comes before any cap
    units_of(name, model) -> tuple[Unit, ...]               # segment.py: what a query looks up, with its bits
    gather(segment, likes, seen, memory, depth) -> rows     # `seen` comes before any count
    score_rows(segment, query, rows, model, head, scratch)  # log-odds, one kernel call for many rows
    weigh(query, record) -> tuple[Part, ...]                # evidence.py: dates, nationality, sex, place, in log-odds

`Segment.starts` (int64, rows + 1) and `tokens` (int32) say which rows of the vocabulary make up a name of a record;
`heads` and `postings` are the way back. A segment never changes: additions go into a second one until both are merged.
Beside names: `identifiers/` reads and folds documents, plates and the like, `screening.py` finds both in a text.

Heads: `screen` for what a search brought up, `pair` for two names that somebody laid side by side.
"""
