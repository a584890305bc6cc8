"""The desk of lists of keys, with real nodes: opened, filled, asked, answered without anybody, and ended."""

import hashlib
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from comity.capabilities.keylists import desk
from comity.capabilities.keylists.acts import AnswerKind, KeyKind, Question, Secret, Setup
from comity.capabilities.keylists.desk.asking import Answered, Standing
from comity.capabilities.keylists.desk.parts import Said, secrets, state_of
from comity.core.act import Act, kind_of
from comity.core.capability import OfficerRole
from comity.core.errors import Misused, Refused
from comity.core.handling import Basis, Purpose
from comity.core.ids import ActId, BureauId
from comity.engines import psi
from comity.node import schema
from comity.node.bureau import Bureau
from comity.node.database import Transaction
from comity.node.view import View
from tests.attacks.means import disk_of
from tests.capabilities.desks import ET, MA, NO, at, lawless
from tests.simulator import DAY, Federation, code_of, held, reader, received, rows

SET = tuple(f"+2126612345{number:02}" for number in range(40))
ASKED = ("0661 23 45 07", "+4721000000", "+212-661-234539")
"""Two that are in the set, in other spellings, and one that is not."""
LAW = "CPP 77-1"


def write(folder: Path, *lines: str, name: str = "numbers.txt") -> Path:
    """Write a file of numbers."""
    file = folder / name
    file.write_text("\n".join(lines))
    return file


def opened(fed: Federation, *to: str, **how: Any) -> Said:  # noqa: ANN401
    """Open a list of phones at `ma`, and let it arrive."""
    parts: dict[str, Any] = {"of": KeyKind.PHONE, "to": tuple(map(BureauId, to or ("no", "et")))}
    said = desk.open(*at(fed, MA), **parts | {"size": 1_000, "daily": 2} | how)
    fed.carry()
    return said


def filled(fed: Federation, folder: Path, *to: str, numbers: tuple[str, ...] = SET, **how: Any) -> Said:  # noqa: ANN401
    """Open a list, fill it, and let all of it arrive."""
    listed = opened(fed, *to, **how)
    desk.fill(*at(fed, MA), which=listed.id.hex(), file=write(folder, *numbers))
    fed.carry()
    return listed


def ask(fed: Federation, folder: Path, listed: Said, *numbers: str, sender: BureauId = NO) -> Said:
    """Ask, and let question and answer arrive."""
    file = write(folder, *(numbers or ASKED), name="asked.txt")
    said = desk.ask(*at(fed, sender), which=listed.id.hex(), file=file, law=LAW, country="MA")
    fed.carry()
    return said


def answer(fed: Federation, question: Said, sender: BureauId = NO) -> Answered:
    """Return what an officer reads of a question."""
    (found,) = desk.answers(*at(fed, sender), which=question.id.hex())
    return found


def bodies(fed: Federation, name: BureauId) -> bytes:
    """Return the body of every act of others that a bureau holds, opened."""
    bureau = fed.bureaus[name]
    with bureau.database.read() as tx:
        return b"|".join(bureau.store.signed(tx, kept).body for kept in received(bureau))


def traces(*numbers: str) -> list[bytes]:
    """Return numbers and their bare hashes, as bytes and as hexadecimal text, in each spelling that is at hand."""
    found = []
    for number in numbers:
        digits = "".join(each for each in number if each.isdigit()).removeprefix("0")
        for text in {number, digits, f"+{digits}", f"+212{digits}", f"identifiers/1 phone +{digits}"}:
            found.append(text.encode())
            for name in ("sha256", "sha1", "md5", "blake2b", "sha512"):
                digest = hashlib.new(name, text.encode())
                found += [digest.digest(), digest.hexdigest().encode()]
    return found


def test_an_asker_learns_which_of_its_numbers_are_in_the_list(fed: Federation, tmp_path: Path) -> None:
    listed = filled(fed, tmp_path)
    found = answer(fed, ask(fed, tmp_path, listed))
    assert (found.standing, found.numbers) == (Standing.ANSWERED, 3)
    assert found.in_list == (ASKED[0], ASKED[2])
    assert "send its source a request" in found.advice


def test_nothing_is_found_where_nothing_is(fed: Federation, tmp_path: Path) -> None:
    listed = filled(fed, tmp_path)
    found = answer(fed, ask(fed, tmp_path, listed, "+4721000000"))
    assert (found.standing, found.in_list) == (Standing.ANSWERED, ())


def test_the_answer_waits_for_no_officer_and_for_its_source(fed: Federation, tmp_path: Path) -> None:
    listed = filled(fed, tmp_path)
    fed.away = {MA}
    question = ask(fed, tmp_path, listed)
    assert answer(fed, question).standing is Standing.WAITING
    fed.away = set()
    fed.later(60_000)
    fed.carry()
    assert answer(fed, question).standing is Standing.ANSWERED
    head = received(fed.bureaus[NO], "keylists.answer/1")[0].head
    assert (head.sender, head.author) == (MA, None)


@pytest.mark.parametrize(
    ("of", "ours", "theirs"),
    [
        (KeyKind.DOCUMENT, "L8989O2C3", "l 898902-c3"),
        (KeyKind.PLATE, "A 123 BE 77", "\u0430123\u0432\u043577"),
        (KeyKind.IBAN, "GB82 WEST 1234 5698 7654 32", "gb82west12345698765432"),
    ],
    ids=["document", "plate", "iban"],
)
def test_both_ends_fold_alike(fed: Federation, tmp_path: Path, of: KeyKind, ours: str, theirs: str) -> None:
    listed = filled(fed, tmp_path, of=of, numbers=(ours,))
    assert answer(fed, ask(fed, tmp_path, listed, theirs)).in_list == (theirs,)


# ---------------------------------------------------------------------------------------------------- what nobody sees


def test_no_number_and_no_bare_hash_leaves_either_side(fed: Federation, tmp_path: Path) -> None:
    wire: list[bytes] = []

    def tap(_sender: BureauId, _recipient: BureauId, deliveries: list[bytes]) -> list[bytes]:
        wire.extend(deliveries)
        return deliveries

    fed.interfere = tap
    question = ask(fed, tmp_path, filled(fed, tmp_path))
    assert answer(fed, question).in_list
    at_source, at_asker = bodies(fed, MA), bodies(fed, NO)
    assert b"keylists.question/1" in at_source
    assert b"keylists.setup/1" in at_asker
    lines, ours, theirs = b"|".join(wire), disk_of(fed.folder / "ma"), disk_of(fed.folder / "no")
    for trace in traces(*ASKED):
        assert trace not in at_source + lines + ours + theirs
    for trace in traces(*SET[::8]):
        assert trace not in at_asker + lines + ours + theirs


def test_the_numbers_of_a_list_do_not_rest_at_its_source(fed: Federation, tmp_path: Path) -> None:
    listed = filled(fed, tmp_path)
    bureau = fed.bureaus[MA]
    with bureau.database.read() as tx:
        past = bureau.past(tx)
        said = [past.act(ActId(bytes(row.id))) for row in rows(bureau, schema.acts)]
    spelled = "".join(repr(each.act) for each in said if each is not None)
    assert "keylists" in repr(listed.kind)
    assert not any(number in spelled for number in SET)


def test_the_secrets_of_a_pair_are_seen_by_no_reader(fed: Federation, tmp_path: Path) -> None:
    listed = filled(fed, tmp_path)
    ask(fed, tmp_path, listed)
    for name in (MA, NO):
        bureau = fed.bureaus[name]
        found = secrets(bureau, listed.id)
        assert found
        for role in OfficerRole:
            seen = View(bureau, reader(bureau, role=role)).acts().items
            assert not {each.id for each in seen} & {said.id for said, _ in found}


def test_each_asker_has_a_key_and_a_set_of_its_own(fed: Federation, tmp_path: Path) -> None:
    listed = filled(fed, tmp_path)
    held_at = secrets(fed.bureaus[MA], listed.id)
    assert {secret.peer for _, secret in held_at} == {NO, ET}
    assert len({secret.key for _, secret in held_at}) == 2
    assert points_at(fed, NO, listed).isdisjoint(points_at(fed, ET, listed))


def test_another_epoch_is_not_linkable_with_this_one(fed: Federation, tmp_path: Path) -> None:
    first = filled(fed, tmp_path)
    second = filled(fed, tmp_path, after=first.id.hex())
    state = state_of(fed.bureaus[NO], second.id)
    assert state is not None
    assert state.epoch == 2
    assert points_at(fed, NO, first).isdisjoint(points_at(fed, NO, second))
    asked = [ask(fed, tmp_path, listed) for listed in (first, first, second)]
    blinded = [points_of(fed, question) for question in asked]
    assert all(one.isdisjoint(other) for one, other in ((blinded[0], blinded[1]), (blinded[0], blinded[2])))
    assert [answer(fed, question).in_list for question in asked] == [(ASKED[0], ASKED[2])] * 3


def points_at(fed: Federation, name: BureauId, listed: Said) -> set[bytes]:
    """Return the points of a set that a bureau was handed."""
    bureau = fed.bureaus[name]
    with bureau.database.read() as tx:
        every = bureau.past(tx).every(kind_of(Setup), listed.id)
    raw = b"".join(said.act.concealed for said in every if isinstance(said.act, Setup))
    return {raw[place : place + psi.POINT] for place in range(0, len(raw), psi.POINT)}


def points_of(fed: Federation, question: Said) -> set[bytes]:
    """Return the points of a question, as its source has them."""
    bureau = fed.bureaus[MA]
    with bureau.database.read() as tx:
        said = bureau.past(tx).act(question.id)
    assert said is not None
    assert isinstance(said.act, Question)
    raw = said.act.blinded
    return {raw[place : place + psi.POINT] for place in range(0, len(raw), psi.POINT)}


# ------------------------------------------------------------------------------------------------------ how much, when


def test_too_many_questions_on_a_day_are_refused_and_alarm_the_source(fed: Federation, tmp_path: Path) -> None:
    listed = filled(fed, tmp_path)
    assert desk.alarms(*at(fed, MA)) == ()
    asked = [ask(fed, tmp_path, listed) for _ in range(3)]
    assert [answer(fed, each).standing for each in asked] == [Standing.ANSWERED, Standing.ANSWERED, Standing.REFUSED]
    assert answer(fed, asked[2]).reason.startswith("keylists.rate: ")
    (alarm,) = desk.alarms(*at(fed, MA))
    assert (alarm.list, alarm.bureau, alarm.code) == (listed.id, NO, "keylists.rate")
    assert (alarm.refused, alarm.questions, alarm.keys) == (1, 2, 6)
    fed.later(DAY)
    assert answer(fed, ask(fed, tmp_path, listed)).standing is Standing.ANSWERED


def test_a_spent_allowance_is_told_before_more_is_asked(fed: Federation, tmp_path: Path) -> None:
    listed = filled(fed, tmp_path, daily=1)
    ask(fed, tmp_path, listed)
    assert [(alarm.code, alarm.refused) for alarm in desk.alarms(*at(fed, MA))] == [("keylists.spent", 0)]


def test_a_question_beyond_the_cap_is_not_said(fed: Federation, tmp_path: Path) -> None:
    listed = filled(fed, tmp_path, most=2)
    with pytest.raises(Refused, match=r"keylists\.cap"):
        ask(fed, tmp_path, listed)
    assert desk.answers(*at(fed, NO)) == ()


def said_past_the_rules(fed: Federation, listed: Said, sender: BureauId, blinded: bytes) -> ActId:
    """Let a node that skips its own rules ask, and let it arrive."""
    bureau = lawless(fed, sender)
    act = Question(count=len(blinded) // psi.POINT, blinded=blinded)
    how = {"purpose": Purpose.INVESTIGATE, "basis": Basis(law=LAW), "subject": listed.id}
    kept = bureau.say(act, (MA,), reader=reader(bureau), **how)
    fed.carry()
    return kept.id


def test_a_bureau_to_which_it_was_not_opened_is_refused(fed: Federation, tmp_path: Path) -> None:
    listed = filled(fed, tmp_path, "no")
    asked = said_past_the_rules(fed, listed, ET, psi.blind(psi.asker_key(), ["a"]))
    assert code_of(fed.bureaus[MA], asked) == "keylists.party"
    assert [alarm.code for alarm in desk.alarms(*at(fed, MA))] == ["keylists.party"]


def test_what_are_no_points_is_answered_so_and_harms_nothing(fed: Federation, tmp_path: Path) -> None:
    listed = filled(fed, tmp_path)
    asked = said_past_the_rules(fed, listed, NO, b"\x02" + b"\xff" * 32)
    assert code_of(fed.bureaus[MA], asked) == "accepted"
    with fed.bureaus[NO].database.read() as tx:
        (said,) = fed.bureaus[NO].past(tx).every("keylists.answer/1", listed.id)
    assert getattr(said.act, "outcome", None) is AnswerKind.MALFORMED
    assert answer(fed, ask(fed, tmp_path, listed)).in_list


def test_after_the_epoch_keys_and_points_are_destroyed_at_both_ends(fed: Federation, tmp_path: Path) -> None:
    listed = filled(fed, tmp_path)
    question = ask(fed, tmp_path, listed)
    going = [held(fed.bureaus[name], said.id) for name in (MA, NO) for said, _ in secrets(fed.bureaus[name], listed.id)]
    assert len(going) == 3
    fed.later(30 * DAY)
    fed.renew()
    fed.carry()
    for name in (MA, NO, ET):
        assert secrets(fed.bureaus[name], listed.id) == []
        assert points_at(fed, name, listed) == set()
    for before in going:
        assert before is not None
        bureau = fed.bureaus[before.head.sender]
        after = held(bureau, before.id)
        assert after is not None
        assert bureau.store.erased(after)
    assert answer(fed, question).standing is Standing.OVER
    with pytest.raises(Misused, match="not filled"):
        ask(fed, tmp_path, listed)
    late = said_past_the_rules(fed, listed, NO, psi.blind(psi.asker_key(), ["a"]))
    assert code_of(fed.bureaus[MA], late) == "keylists.over"


def _erase(bureau: Bureau, act: ActId, tx: Transaction) -> None:
    bureau.store.erase(tx, act)


def test_a_source_that_has_lost_its_key_says_so(fed: Federation, tmp_path: Path) -> None:
    listed = filled(fed, tmp_path)
    bureau = fed.bureaus[MA]
    for said, _ in secrets(bureau, listed.id):
        bureau.database.write(partial(_erase, bureau, said.id))
    found = answer(fed, ask(fed, tmp_path, listed))
    assert (found.standing, found.reason) == (Standing.FAILED, "unavailable")


def test_what_is_filled_again_replaces_what_was_there(fed: Federation, tmp_path: Path) -> None:
    listed = filled(fed, tmp_path)
    before = points_at(fed, NO, listed)
    fed.later(1_000)
    desk.fill(*at(fed, MA), which=listed.id.hex(), file=write(tmp_path, "+212661234507"))
    fed.carry()
    assert len(points_at(fed, NO, listed)) == 1
    assert points_at(fed, NO, listed) < before
    assert answer(fed, ask(fed, tmp_path, listed)).in_list == (ASKED[0],)


# ----------------------------------------------------------------------------------------------------------- the files


def test_a_bad_line_is_named_by_its_number_and_never_quoted(fed: Federation, tmp_path: Path) -> None:
    listed = opened(fed)
    file = write(tmp_path, SET[0], "", "seven-seven", SET[0], SET[1])
    told = desk.fill(*at(fed, MA), which=listed.id.hex(), file=file, dry_run=True)
    assert (told.lines, told.keys, [flaw.line for flaw in told.flaws], told.handed) == (4, 2, [3], ())
    with pytest.raises(Misused, match="1 lines are wrong, nothing was filled in: line 3: ") as caught:
        desk.fill(*at(fed, MA), which=listed.id.hex(), file=file)
    assert "seven" not in str(caught.value)
    fed.carry()
    assert secrets(fed.bureaus[MA], listed.id) == []
    assert len(desk.fill(*at(fed, MA), which=listed.id.hex(), file=file, skip_bad=True).handed) == 2


def test_an_account_whose_check_digits_do_not_agree_is_a_bad_line(fed: Federation, tmp_path: Path) -> None:
    listed = opened(fed, of=KeyKind.IBAN)
    file = write(tmp_path, "GB00 WEST 1234 5698 7654 32")
    told = desk.fill(*at(fed, MA), which=listed.id.hex(), file=file, dry_run=True)
    assert [flaw.what for flaw in told.flaws] == ["the check digits do not agree"]


def test_a_list_is_filled_by_its_source_within_its_size(fed: Federation, tmp_path: Path) -> None:
    listed, file = opened(fed), write(tmp_path, *SET)
    with pytest.raises(Misused, match="only its source fills a list"):
        desk.fill(*at(fed, NO), which=listed.id.hex(), file=file)
    many = write(tmp_path, *(f"+2126612{number:05}" for number in range(1_001)), name="many.txt")
    with pytest.raises(Misused, match="1,001 keys for a list that is said to hold 1 to 1,000"):
        desk.fill(*at(fed, MA), which=listed.id.hex(), file=many)
    with pytest.raises(Misused, match="0 keys"):
        desk.fill(*at(fed, MA), which=listed.id.hex(), file=write(tmp_path, "", name="none.txt"))


def test_a_file_that_is_none_is_told(fed: Federation, tmp_path: Path) -> None:
    listed = opened(fed)
    strange = tmp_path / "strange.txt"
    strange.write_bytes(b"\xff\xfe\x00")
    for file, told in ((tmp_path / "absent.txt", "cannot read"), (strange, "not text in UTF-8")):
        with pytest.raises(Misused, match=told):
            desk.fill(*at(fed, MA), which=listed.id.hex(), file=file)


def test_a_list_is_asked_once_it_is_filled_and_not_by_its_source(fed: Federation, tmp_path: Path) -> None:
    listed = opened(fed)
    with pytest.raises(Misused, match="not filled yet"):
        ask(fed, tmp_path, listed)
    with pytest.raises(Misused, match="this list is ours"):
        ask(fed, tmp_path, listed, sender=MA)
    message = View(*at(fed, NO)).acts().items[0].id.hex()
    assert message == listed.id.hex()
    with pytest.raises(Misused, match="no act that you may see begins"):
        desk.fill(*at(fed, MA), which="0000", file=write(tmp_path, *SET))


def test_who_looks_after_the_house_neither_asks_nor_reads(fed: Federation, tmp_path: Path) -> None:
    listed = filled(fed, tmp_path)
    bureau = fed.bureaus[NO]
    engineer = reader(bureau, role=OfficerRole.ENGINEER)
    with pytest.raises(Misused, match="officers and supervisors"):
        desk.ask(bureau, engineer, which=listed.id.hex(), file=write(tmp_path, *ASKED), law=LAW)
    with pytest.raises(Misused, match="officers and supervisors"):
        desk.answers(bureau, engineer)


def test_lists_say_who_was_handed_the_set(fed: Federation, tmp_path: Path) -> None:
    listed = filled(fed, tmp_path)
    ask(fed, tmp_path, listed)
    (at_source,), (at_asker,) = desk.lists(*at(fed, MA)), desk.lists(*at(fed, NO), source=MA)
    assert (at_source.filled, at_source.questions, at_source.waiting) == ((ET, NO), 1, 0)
    assert (at_asker.filled, at_asker.size, at_asker.over) == ((NO,), 1_000, False)


def test_a_restart_answers_what_was_left_and_nothing_twice(fed: Federation, tmp_path: Path) -> None:
    listed = filled(fed, tmp_path)
    question = ask(fed, tmp_path, listed)
    bureau = fed.restart("ma")
    fed.carry()
    with bureau.database.read() as tx:
        answers = bureau.past(tx).every("keylists.answer/1", listed.id)
    assert [isinstance(said.act, Act) for said in answers] == [True]
    assert answer(fed, question).standing is Standing.ANSWERED
    assert all(isinstance(secret, Secret) for _, secret in secrets(bureau, listed.id))
