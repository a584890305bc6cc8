"""The part about records: published by their sources, searched at home, confirmed, and taken back with proof.

Nobody in `specimens/` exists; its README says how the names were made.
"""

import operator
from functools import partial
from pathlib import Path

from comity.core.ids import BureauId
from comity.faces.exercise.stage import BUREAUS, DE, ET, GB, MA, NO, PRESS, Exercise, until

SPECIMENS = Path(__file__).parent / "specimens"

FOR = ("--purpose", "locate-wanted", "--law", "RPD 8")
"""What officers search for, and by what law: a search without them is refused."""

SECRETS = tuple(word.encode() for word in ("Mithal", "المثالي", "Obraztsov", "Образцов", "XX4412905"))
"""What nobody on the wire, no relay and no database at rest may show: what was recorded, and what was asked."""


def play(played: Exercise) -> None:
    """Publish, search, confirm, take back."""
    _publish(played)
    _search(played)
    _confirm(played)
    _take_back(played)
    _press(played)


def _publish(played: Exercise) -> None:
    played.title(
        "11. Three bureaus publish records; every node that is entitled holds a copy, so that it searches at home"
    )
    lists = [
        (MA, "nominal", "persons-ma.csv", ()),
        (MA, "travel-document", "passports-ma.csv", ("--mapping", str(SPECIMENS / "passports.json"))),
        (DE, "nominal", "persons-de.csv", ()),
        (GB, "nominal", "persons-gb.csv", ()),
    ]
    for source, record, file, mapping in lists:
        to = [word for name in BUREAUS if name != source for word in ("--to", name)]
        opened = played.comity(
            source, "records", "open", "--record", record, *to, "--purpose", "locate-wanted", "--law", "RPD 8"
        )
        act = played.acts[file] = named(opened.stdout)
        played.comity(source, "records", "publish", act[:12], str(SPECIMENS / file), *mapping)
    there = sum(len((SPECIMENS / file).read_text().splitlines()) - 1 for _, _, file, _ in lists)
    until("all copies are there", lambda: all(_held(played, name) == there for name in BUREAUS))
    played.claim(
        f"{there} records of three sources, in ten scripts, rest at each of six bureaus",
        lambda: all(_held(played, name) == there for name in BUREAUS),
    )


def _search(played: Exercise) -> None:
    played.title(
        "12. An officer in Oslo has a name in Latin letters, half a birth date, and a passport that was misread"
    )
    played.comity(NO, "hits", "find", "--name", "Joussef al-Mithaly", "--born", "1979", *FOR)
    played.claim(
        "the record that Rabat wrote in Arabic letters comes first, with reasons in words",
        lambda: _first(played, "--name", "Joussef al-Mithaly", "--born", "1979") == "MA-1",
    )
    asked = {
        "a Greek one": ("Stavros Paradeigmatopoulos", "DE-3"), "a Russian one": ("Timofey Obraztsov", "DE-2"),
        "a Hebrew one": ("Noam Dugmai", "DE-4"), "a Chinese one": ("YANG Benming", "GB-1"),
        "a Japanese one": ("Mihon Tarou", "GB-2"), "a Korean one": ("Gyeon Bonin", "GB-3"),
        "a Thai one": ("Sommot Tuayangwong", "GB-4"), "an Indian one": ("Namuna Udaharankar", "GB-5"),
    }  # fmt: skip
    for whose, (name, key) in asked.items():
        found = _first(played, "--name", name)
        played.claim(f"{whose}, asked for as {name}, comes first", partial(operator.eq, found, key))
    played.comity(NO, "hits", "find", "--identifier", "XX44I29O5", "--country", "MAR", *FOR)
    played.claim(
        "a stolen passport, two of whose figures the scanner took for letters, is found",
        lambda: "P-1" in _keys(played, "--identifier", "XX44I29O5", "--country", "MAR"),
    )
    nobody = played.comity(NO, "hits", "find", "--name", "Solveig Prøvesen", "--born", "1990", *FOR)
    played.claim("a traveller who is on no list is no hit", lambda: "hit: no" in nobody.stdout)
    refused = played.comity(NO, "hits", "find", "--name", "Joussef al-Mithaly", "--purpose", "administration")
    played.claim("without a police purpose nobody searches", lambda: refused.returncode == 1)


def _confirm(played: Exercise) -> None:
    played.title("13. Nothing is done on a hit before its source has confirmed it")
    which = played.acts["persons-ma.csv"][:12]
    taken = played.comity(
        NO, "hits", "take", which, "MA-1", "--name", "Joussef al-Mithaly", "--born", "1979", "--ask", "urgent", *FOR
    )
    hit = named(taken.stdout)
    early = played.comity(NO, "hits", "outcome", hit[:12], "--did", "arrested")
    played.claim("an arrest before that is refused", lambda: early.returncode == 1)
    until("Rabat is asked", lambda: hit in str(played.json(MA, "hits", "waiting")))
    played.comity(MA, "hits", "confirm", hit[:12], "--verdict", "same", "--ground", "our-files-agree")
    until("Oslo has Rabat's word", lambda: "same" in str(played.json(NO, "hits", "show", hit)))
    done = played.comity(NO, "hits", "outcome", hit[:12], "--did", "arrested")
    until("Rabat knows what was done", lambda: "arrested" in str(played.json(MA, "hits", "show", hit)))
    played.claim("after Rabat's word Oslo acts, and Rabat is told", lambda: done.returncode == 0)
    played.acts["hit"] = hit


def _take_back(played: Exercise) -> None:
    played.title("14. Rabat takes its record back; each node signs that its copy is gone, and who has not is seen")
    which = played.acts["persons-ma.csv"][:12]
    played.end(ET)
    played.tell("the node in Addis Ababa is switched off")
    played.comity(MA, "records", "withdraw", which, "--key", "MA-1", "--why", "purpose-reached")
    until("four have signed", lambda: _lagging(played, which) == {ET})
    played.comity(MA, "records", "laggards", which)
    played.claim("four have signed; Addis Ababa lags, and Rabat sees it", lambda: _lagging(played, which) == {ET})
    played.claim(
        "in Oslo it is not found any more",
        lambda: _first(played, "--name", "Joussef al-Mithaly", "--born", "1979") != "MA-1",
    )
    played.start(ET)
    played.answers(ET)
    until("Addis Ababa has signed, too", lambda: not _lagging(played, which))
    played.claim("Addis Ababa is back and has signed: nobody holds it", lambda: not _lagging(played, which))


def _press(played: Exercise) -> None:
    played.title(
        "15. Press texts are read for office-holders, who are on no list of records: one person, three spellings"
    )
    texts = [str(PRESS / name) for name in ("opening-marrakech-2025.txt", "bilateral-meetings-2025.txt")]
    read = played.comity(NO, "mentions", *texts, "--names", str(SPECIMENS / "office-holders.csv"))
    spellings = ("Abdelatif Hammouchi", "Abdellatif Hammouchi", "Hammmouchi")
    played.claim(
        "Abdelatif, Abdellatif and Hammmouchi are recognised as one",
        lambda: all(word in read.stdout.partition("key: king")[0] for word in spellings),
    )


# ----------------------------------------------------------------------------------------------------------- to look at


def named(shown: str) -> str:
    """Return the id of the act that a command said."""
    return next((line.removeprefix("id: ").strip() for line in shown.splitlines() if line.startswith("id: ")), "")


def _held(played: Exercise, bureau: BureauId) -> int:
    lists = played.json(bureau, "records", "lists")
    return sum(int(each["rows"]) for each in lists) if isinstance(lists, list) else 0


def _candidates(played: Exercise, *sought: str) -> list[dict[str, object]]:
    answer = played.json(NO, "hits", "find", *sought, *FOR)
    return list(answer["candidates"]) if isinstance(answer, dict) else []


def _keys(played: Exercise, *sought: str) -> list[object]:
    return [each["key"] for each in _candidates(played, *sought)]


def _first(played: Exercise, *sought: str) -> object:
    return next(iter(_keys(played, *sought)), "")


def _lagging(played: Exercise, which: str) -> set[object]:
    lags = played.json(MA, "records", "laggards", which)
    return {lag["bureau"] for lag in lags if lag["stated"] is None} if isinstance(lags, list) else set()
