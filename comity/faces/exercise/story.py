"""The parts that the exercise plays: messages, a request, refusals, a bureau that is away, proofs, and a stranger."""

import json
from pathlib import Path

from comity.core.errors import Unreachable
from comity.core.ids import BureauId
from comity.faces.exercise import records
from comity.faces.exercise.stage import (
    BUREAUS,
    CONTROL,
    DE,
    ET,
    GB,
    MA,
    NO,
    PRESS,
    RELAYS,
    SECRETARIAT,
    SN,
    WITNESSES,
    Exercise,
    found,
    start,
    until,
)


def play(played: Exercise) -> None:
    """Play all parts."""
    played.console.print("[bold]Comity: an exercise organisation on this machine[/bold]")
    played.tell("A secretariat, a commission, two relays and six bureaus, each its own process and database.")
    found(played)
    start(played)
    _write(played)
    _ask(played)
    _alert(played)
    _away(played)
    _refusals(played)
    _proofs(played)
    _report(played)
    records.play(played)
    _listen_in(played)


def check(played: Exercise) -> int:
    """Count the claims that held and those that did not; returns the exit code."""
    failed = [text for text, good in played.claims if not good]
    if failed:
        played.title("What does not hold")
        for text in failed:
            played.tell(text)
    played.console.print(f"\n{len(played.claims) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


def _write(played: Exercise) -> None:
    played.title("4. An officer in Rabat writes to Oslo and Addis Ababa")
    sent = played.comity(
        MA, "send", "--to", "no", "--to", "et", "--title", "Opening of the 93rd General Assembly", "--file",
        str(PRESS / "opening-marrakech-2025.txt"), "--attach", str(PRESS / "bilateral-meetings-2025.txt"),
        "--law", "C 5, report to members",
    )  # fmt: skip
    act = played.acts["opening"] = _id(sent.stdout)
    until("both receipts are here", lambda: _settled(played, MA, act, 2))
    played.comity(MA, "status", act[:12])
    played.claim(
        "Oslo and Addis Ababa committed it to their logs and accepted it; Rabat holds their signed receipts",
        lambda: _settled(played, MA, act, 2),
    )
    text = "Hammouchi emphasized INTERPOL"
    played.claim(
        "both can read it, with its attachment",
        lambda: all(text in str(played.json(name, "read", act)) and _saves(played, name, act) for name in (NO, ET)),
    )


def _ask(played: Exercise) -> None:
    played.title("5. Oslo asks Rabat; the answer ends the request's clock")
    asked = played.comity(
        NO, "request", "--to", "ma", "--title", "Memorandum of understanding", "--text",
        "Which service signs for Morocco, and on which day?", "--urgency", "soon", "--handling", "H2",
        "--law", "Dir. (EU) 2023/977 Art. 4",
    )  # fmt: skip
    act = played.acts["request"] = _id(asked.stdout)
    until("Rabat has the request", lambda: act in str(played.json(MA, "inbox")))
    answered = played.comity(
        MA, "reply", act[:12], "--text", "The General Directorate of National Security, during the session."
    )
    reply = played.acts["reply"] = _id(answered.stdout)
    until("Oslo has the answer", lambda: reply in str(played.json(NO, "inbox")))
    played.comity(NO, "thread", act[:12])
    played.claim("request and answer stand in one thread in Oslo", lambda: _both(played, NO, act, reply))


def _alert(played: Exercise) -> None:
    played.title("6. Wiesbaden alerts all bureaus at once")
    others = [name for name in BUREAUS if name != DE]
    to = [word for name in others for word in ("--to", name)]
    sent = played.comity(
        DE, "request", *to, "--title", "Operation Exercise: lorry seen at the border", "--text",
        "Grey lorry without plates, last seen on the E 20. Report every sighting.", "--urgency", "urgent",
        "--purpose", "alert",
    )  # fmt: skip
    act = played.acts["alert"] = _id(sent.stdout)
    until("all five have it", lambda: _settled(played, DE, act, len(others)))
    played.claim("all five have it, and Wiesbaden holds five receipts", lambda: _settled(played, DE, act, len(others)))
    seen = played.comity(GB, "reply", act[:12], "--text", "Seen at 14:05 in Dover, driving north.")
    reply = _id(seen.stdout)
    until("the sighting is in Wiesbaden", lambda: reply in str(played.json(DE, "inbox")))


def _away(played: Exercise) -> None:
    played.title("7. Dakar is away, and a relay is killed")
    played.end(SN)
    played.tell("the node in Dakar is switched off")
    first = _request(played, "Urgent: a passport in Rabat")
    until("a relay has taken it", lambda: bool(_carriers(played, first)))
    played.comity(MA, "status", first[:12])
    holder = _carrier(played, first)
    played.end(holder, kill=True)
    played.tell(f"{holder}, which holds it, is killed (SIGKILL)")
    second = _request(played, "Urgent: and a second one")
    until("the other relay has taken the second", lambda: bool(_carriers(played, second)))
    played.start(SN)
    played.answers(SN)
    until("Dakar has the second", lambda: _has(played, SN, second))
    played.claim("Dakar is back, and the other relay hands it the second at once", lambda: _has(played, SN, second))
    played.start(holder)
    played.answers(holder)
    until("Dakar has the first, too", lambda: _has(played, SN, first))
    played.claim(
        f"{holder} is started again and has lost nothing: Dakar has both, each once",
        lambda: _has(played, SN, first) and _has(played, SN, second) and _once(played, SN),
    )
    until("both receipts are in Rabat", lambda: all(_settled(played, MA, act, 1) for act in (first, second)))


def _refusals(played: Exercise) -> None:
    played.title("8. What may not be said is refused, with code and article, before anything leaves")
    outside = played.comity(
        MA, "send", "--to", "no", "--to", "et", "--audience", "no", "--title", "For Oslo only", "--text", "x"
    )
    played.claim(
        "a recipient outside the label's audience: handling.audience",
        lambda: outside.returncode == 1 and "handling.audience" in outside.stderr,
    )
    over = played.comity(
        MA, "send", "--to", "no", "--title", "Late", "--text", "x", "--law", "warrant 12/2020", "--law-until",
        "2021-01-01",
    )  # fmt: skip
    played.claim(
        "a legal basis that has ended: handling.basis",
        lambda: over.returncode == 1 and "handling.basis" in over.stderr,
    )


def _proofs(played: Exercise) -> None:
    played.title("9. Proof for a court: one file, checked without any node")
    file, act = played.folder / "proof.json", played.acts["opening"]
    anchor = str(played.folder / "registry" / "anchor.json")
    until("the checkpoints are witnessed", lambda: _witnessed(played))
    played.comity(MA, "prove", act[:12], "--to", str(file))
    checked = played.comity(MA, "verify", str(file), "--anchor", anchor)
    played.claim("anybody who has the organisation's anchor can check it", lambda: checked.returncode == 0)
    altered = played.folder / "proof-altered.json"
    altered.write_text(_altered(file.read_text()))
    refused = played.comity(MA, "verify", str(altered), "--anchor", anchor)
    played.claim("one character changed, and it no longer verifies", lambda: refused.returncode == 1)
    played.claim("Oslo and Addis Ababa cosign Rabat's log as witnesses, within seconds", lambda: _soon(played))


def _report(played: Exercise) -> None:
    played.title("10. Manchester shows the independent commission a message; nobody else can ever read one")
    sent = played.comity(
        MA, "request", "--to", "gb", "--title", "A list", "--text", "Send us the names of the strikers' families."
    )
    act = _id(sent.stdout)
    until("Manchester has it", lambda: _has(played, GB, act))
    shown = played.comity(
        GB, "abuse", "report", act[:12], "--ground", "neutrality", "--text", "It serves no police purpose."
    )
    report = _id(shown.stdout)
    played.comity(MA, "recall", act[:12], "--why", "mistaken")
    until("the message is erased in Manchester", lambda: _erased(played, GB, act))
    until("the commission has the report", lambda: report in str(played.json(CONTROL, "abuse", "reports")))
    played.comity(CONTROL, "abuse", "show", report[:12])
    played.claim(
        "Rabat asked it back, and the commission reads it all the same, verified: Rabat signed it",
        lambda: _proven(played, report, "strikers' families"),
    )
    for outcome, reason in (("admitted", "We look into it."), ("upheld", "It served no police purpose.")):
        played.comity(CONTROL, "abuse", "decide", report[:12], outcome, "--reason", reason, shown=outcome == "upheld")
    until("Manchester has the answer", lambda: "upheld" in str(played.json(GB, "abuse", "reports")))
    played.claim(
        "Manchester is answered; in Rabat nobody learns that there was a report",
        lambda: not _page(played, MA, "abuse", "reports") and not _page(played, MA, "abuse", "decisions"),
    )


def _listen_in(played: Exercise) -> None:
    played.title("16. What a stranger on the wire has seen, and can do")
    played.tell(f"{len(played.wire.heard()):,} bytes passed between the processes")
    words = [b"Hammouchi", b"strikers' families", b"General Directorate of National Security", *records.SECRETS]
    played.claim(
        "not one of them tells what was written, nor of which kind it was",
        lambda: not any(word in played.wire.heard() for word in (*words, b"messages.", b"abuse.")),
    )
    played.claim(
        "secretariat and relays hold no word of it either, in no file",
        lambda: not any(_found_in(played.folder / name, words) for name in (SECRETARIAT, *RELAYS)),
    )
    played.claim(
        "and at rest the bureaus' databases hold no readable body",
        lambda: not any(_found_in(played.folder / name, words[:2]) for name in (*BUREAUS, CONTROL)),
    )
    before = _count(played, NO)
    answers = played.wire.again(played.ports[NO], played.org, forge=False)
    played.claim(
        f"all that went to Oslo is sent once more: {answers.get('again', 0)} times 'again', nothing is there twice",
        lambda: answers.get("again", 0) > 0 and set(answers) <= {"again"} and _count(played, NO) == before,
    )
    forged = played.wire.again(played.ports[ET], played.org, forge=True)
    played.claim(
        f"all that went to Addis Ababa is sent with one bit changed: {forged.get('malformed', 0)} times refused",
        lambda: forged.get("malformed", 0) > 0 and set(forged) <= {"malformed"},
    )


# ----------------------------------------------------------------------------------------------------------- to look at


def _request(played: Exercise, title: str) -> str:
    asked = played.comity(
        MA, "request", "--to", "sn", "--title", title, "--text", "Is it in your register of lost documents?",
        "--urgency", "urgent",
    )  # fmt: skip
    return _id(asked.stdout)


def _id(shown: str) -> str:
    for line in shown.splitlines():
        if line.startswith("id: "):
            return line.removeprefix("id: ").strip()
    raise Unreachable("the command did not say which act it said")


def _settled(played: Exercise, bureau: BureauId, act: str, recipients: int) -> bool:
    """Tell whether each recipient has accepted an act: the second rung or a higher one."""
    ladders = played.json(bureau, "status", act)
    if not isinstance(ladders, list):
        return False
    good = [one for one in ladders if any(_ruled(reached) for reached in one["reached"])]
    return len(good) == recipients


def _ruled(reached: dict[str, object]) -> bool:
    return reached["code"] == "accepted" and int(str(reached["rung"])) >= 2  # noqa: PLR2004 - R2


def _carriers(played: Exercise, act: str) -> list[BureauId]:
    """Return the relays that have signed that an act is on their disk (R0)."""
    ladders = played.json(MA, "status", act)
    return [BureauId(each["relay"]) for one in ladders for each in one["carried"]] if isinstance(ladders, list) else []


def _carrier(played: Exercise, act: str) -> BureauId:
    return _carriers(played, act)[0]


def _has(played: Exercise, bureau: BureauId, act: str) -> bool:
    return act in str(played.json(bureau, "inbox"))


def _once(played: Exercise, bureau: BureauId) -> bool:
    ids = [item["id"] for item in _inbox(played, bureau)]
    return len(ids) == len(set(ids))


def _count(played: Exercise, bureau: BureauId) -> int:
    return len(_inbox(played, bureau))


def _inbox(played: Exercise, bureau: BureauId) -> list[dict[str, object]]:
    return _page(played, bureau, "inbox")


def _page(played: Exercise, bureau: BureauId, *words: str) -> list[dict[str, object]]:
    page = played.json(bureau, *words)
    return list(page["items"]) if isinstance(page, dict) else []


def _erased(played: Exercise, bureau: BureauId, act: str) -> bool:
    found = played.json(bureau, "read", act)
    return isinstance(found, dict) and bool(found["erased"])


def _proven(played: Exercise, report: str, words: str) -> bool:
    account = played.json(CONTROL, "abuse", "show", report)
    return isinstance(account, dict) and [
        (each["sender"], each["verified"], words in each["text"]) for each in account["exhibits"]
    ] == [(MA, True, True)]


def _both(played: Exercise, bureau: BureauId, act: str, reply: str) -> bool:
    shown = str(played.json(bureau, "thread", act))
    return act in shown and reply in shown


def _saves(played: Exercise, bureau: BureauId, act: str) -> bool:
    folder = played.folder / f"saved-{bureau}"
    played.comity(bureau, "save", act, "--folder", str(folder), shown=False)
    saved = folder / "bilateral-meetings-2025.txt"
    return saved.is_file() and saved.read_bytes() == (PRESS / saved.name).read_bytes()


def _witnessed(played: Exercise) -> bool:
    note = str(played.json(MA, "log"))
    return all(f"/{name}/witness " in note for name in WITNESSES if name != MA)


def _soon(played: Exercise) -> bool:
    """Tell whether the newest checkpoint is witnessed; what was logged a moment ago may take one round more."""
    until("the checkpoints are witnessed", lambda: _witnessed(played))
    return True


def _altered(text: str) -> str:
    """Change one character in the middle of the signed head."""
    file = json.loads(text)
    head = file["act"]["head"]
    middle = len(head) // 2
    file["act"]["head"] = head[:middle] + ("B" if head[middle] == "A" else "A") + head[middle + 1 :]
    return json.dumps(file)


def _found_in(folder: Path, secrets: list[bytes]) -> bool:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return any(secret in path.read_bytes() for path in files for secret in secrets)
