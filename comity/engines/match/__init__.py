"""Persons' names compared across scripts: taken apart, found again among a million, scored, and the score explained.

An officer has a name in one alphabet, the record has it in another; between them lie transliteration, order, particles,
nicknames and typing errors. This engine says how likely it is that both name one person, 0 to 1, and why, in codes that
every working language can word. It is pure: no clock, no disk (a model is read from a folder that the caller hands
over), no live counts, no network. It decides nothing: a high score is a hit that a source must confirm.

**One pair**::

    model = load_model()                             # comity/engines/match/model, shipped with the package
    verdict = model.compare(Person(name="..."), Person(name="...", born="1961"))
    verdict.score                                    # calibrated, 0..1
    tell(verdict.parts, "fr")                        # the words for the officer

**An index** (`node/index.py` puts policies inside; everything below is arrays and may be mapped from a file)::

    analyse(name) -> Name                            # words with script, role, sound
    word_keys(word) -> tuple[int, ...]               # 32-bit blocking keys of one word, at most 26
    model.words(list_of_words) -> Words              # arrays of a vocabulary, one row for each word
    Vocabulary(words, keys, holders)                 # keys sorted, holders[i] the row that has keys[i]
    Vocabulary.expand(word, alive, work) -> Likes    # ids, likeness (falling), at most 200; `alive[id]` is the bitmap of
                                                     # the reader: what is not alive is passed over *before* any cap
    joined_neighbours(name) -> tuple[Word, ...]      # extra words under which a row is posted (split spellings)
    units(name, model) -> tuple[Unit, ...]           # the words that a query looks up, with their weights
    model.score_rows(query, vocabulary, starts, tokens, rows, out)     # one kernel call for many prepared candidates

`starts` (int64, rows + 1) and `tokens` (int32) say which vocabulary rows make up a record's name (CSR). A vocabulary may
grow: a new word is a new row at the end, its keys go to a small second `Vocabulary` until the next merge.

Evidence beside the name is added to the log-odds: `weigh(query, record) -> tuple[Part, ...]` (evidence.py), cheap
enough for every candidate that is shown. Modules: docs/matching.md.
"""
