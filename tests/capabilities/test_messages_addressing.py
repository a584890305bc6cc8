"""Addressing by bureau, region and saved list: whom it means, and that nothing is sent to whoever was not meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.capabilities.messages import CAPABILITY, desk
from comity.capabilities.messages.acts import SavedList
from comity.capabilities.messages.rules import may_keep_list
from comity.capabilities.messages.tables import MOST_ASKED, REGIONS
from comity.core.act import MAX_RECIPIENTS
from comity.core.errors import Misused
from comity.core.ids import BureauId
from comity.core.registry import Role, Standing
from tests.capabilities.desks import ET, MA, NO, at, measure, send
from tests.capabilities.memory import NOW, Memory, code_of
from tests.capabilities.memory import say as spoken
from tests.simulator import Federation, received

GROUPS = {"africa", "americas", "asia", "europe", "oceania", "sub-saharan-africa", "latin-america-and-the-caribbean"}
CONTINENTS = ("africa", "americas", "asia", "europe", "oceania")


def test_each_country_is_in_one_region_of_each_size() -> None:
    """As many as ISO 3166-1 has, but for the two that M49 groups nowhere."""
    small = [code for name, codes in REGIONS.items() if name not in GROUPS for code in codes]
    large = [code for name in CONTINENTS for code in REGIONS[name]]
    assert sorted(small) == sorted(large) == sorted(set(small))
    assert {len(code) for code in small} == {2}
    assert [len(REGIONS[name]) for name in CONTINENTS] == [60, 57, 50, 51, 29]


# --------------------------------------------------------------------------------------------------------------- rules


def test_a_list_is_the_bureaus_own() -> None:
    """No other bureau is told whom it writes to together."""
    kept = SavedList(name="neighbours", members=(ET, NO))
    assert code_of(may_keep_list(spoken(kept, MA, [MA]), Memory(MA), NOW)) == "allowed"
    assert code_of(may_keep_list(spoken(kept, MA, [NO]), Memory(NO), NOW)) == "messages.list"
    rulings = {code_of(gate(spoken(kept, MA, [MA]), Memory(MA), NOW)) for gate in CAPABILITY.gates}
    assert rulings == {"allowed"}


@pytest.mark.parametrize("name", ["", "-", "Ports", "a b", "a" * 33, "list:a", "é"])
def test_a_lists_name_can_be_typed_behind_a_colon(name: str) -> None:
    with pytest.raises(ValueError, match="a list has a name"):
        SavedList(name=name, members=(NO,))


@pytest.mark.parametrize("members", [(NO, ET), (NO, NO)])
def test_a_list_has_one_spelling(members: tuple[BureauId, ...]) -> None:
    with pytest.raises(ValueError, match="sorted, each once"):
        SavedList(name="a", members=members)


# --------------------------------------------------------------------------------------------------------------- nodes


def meant(fed: Federation, *to: str) -> tuple[BureauId, ...]:
    """Return whom ``ma`` means."""
    return desk.whom(*at(fed, MA), to=to).to


def test_a_region_is_the_bureaus_of_its_countries(fed: Federation) -> None:
    """Never the own one, nor a party that is no bureau."""
    fed.join("secretariat", role=Role.SECRETARIAT)
    fed.join("se", role=Role.RELAY)
    assert meant(fed, "region:africa") == (ET,)
    assert meant(fed, "region:northern-europe") == (NO,)
    assert meant(fed, "region:Europe", "et", " no ") == (ET, NO)


def test_nothing_goes_to_a_region_before_its_bureaus_were_counted(fed: Federation) -> None:
    """Without a number, or with a wrong one, the officer is told who is meant."""
    for reach in (None, 2):
        with pytest.raises(Misused, match="this goes to 1 bureau: et; if that is meant, say --reach 1"):
            send(fed, to=("region:africa",), reach=reach)
    assert desk.outbox(*at(fed, MA)).items == ()
    sent = send(fed, to=("region:africa",), reach=1)
    fed.carry()
    assert sent.to == (ET,)
    (kept,) = received(fed.bureaus[ET], "messages.information/1")
    assert kept.head.to == (ET,)


def test_plain_bureaus_need_no_counting(fed: Federation) -> None:
    """But a number that does not agree is a mistake somewhere."""
    assert send(fed, to=("no", "et", "no")).to == (ET, NO)
    with pytest.raises(Misused, match="this goes to 2 bureaus"):
        send(fed, to=("no", "et"), reach=3)


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("region:atlantis", "known are: africa, americas, asia, "),
        ("region:oceania", "this reaches nobody"),
        ("list:nowhere", "none is saved yet"),
        ("group:x", "a recipient is a bureau like no, a region like"),
        ("x", "--to: a bureau's name is"),
        ("ma", "ma is this bureau"),
    ],
)
def test_who_is_meant_by_nothing_is_said_clearly(fed: Federation, to: str, words: str) -> None:
    with pytest.raises(Misused, match=words):
        send(fed, to=(to,), reach=1)


def test_whoever_can_be_told_nothing_is_left_out_and_shown(fed: Federation) -> None:
    """Of a region or list; one who is named alone is refused by the registry, as ever."""
    measure(fed, NO, Standing.SUSPENDED)
    desk.save_list(*at(fed, MA), name="both", to=("no", "et"))
    found = desk.whom(*at(fed, MA), to=("list:both",))
    assert (found.to, [(each.bureau, each.code) for each in found.left_out]) == ((ET,), [(NO, "registry.suspended")])
    with pytest.raises(Misused, match=r"1 bureau: et \(left out: no\)"):
        send(fed, to=("list:both",))
    with pytest.raises(Misused, match=r"this reaches nobody \(left out: no\)"):
        send(fed, to=("region:europe",), reach=0)


def test_the_last_list_of_a_name_counts_until_it_is_ended(fed: Federation) -> None:
    """For every officer of the bureau, and for nobody else."""
    desk.save_list(*at(fed, MA), name="ports", to=("no",))
    desk.save_list(*at(fed, MA), name="ports", to=("region:europe", "et"))
    desk.save_list(*at(fed, MA), name="others", to=("list:ports",))
    fed.carry()
    bureau, other = at(fed, MA, unit="fugitives")
    assert [(each.name, each.members) for each in desk.lists(bureau, other)] == [
        ("others", (ET, NO)), ("ports", (ET, NO)),
    ]  # fmt: skip
    assert desk.show_list(bureau, other, name="ports").by == at(fed, MA)[1].officer
    assert meant(fed, "list:ports") == (ET, NO)
    desk.delete_list(bureau, other, name="ports")
    with pytest.raises(Misused, match="there is no such list; saved are: others"):
        desk.show_list(bureau, other, name="ports")
    # What was written out stays.
    assert meant(fed, "list:others") == (ET, NO)
    assert desk.lists(*at(fed, NO)) == ()
    assert received(fed.bureaus[NO], "messages.list/1") == []


def test_a_list_holds_members_of_the_organisation(fed: Federation) -> None:
    with pytest.raises(Misused, match="the registry knows no zz"):
        desk.save_list(*at(fed, MA), name="a", to=("no", "zz"))
    with pytest.raises(Misused, match="a list needs somebody on it"):
        desk.save_list(*at(fed, MA), name="a", to=("region:oceania",))
    with pytest.raises(Misused, match="a list has a name"):
        desk.save_list(*at(fed, MA), name="A b", to=("no",))


def test_a_request_has_fewer_recipients_than_information(still: Federation) -> None:
    """Each starts a clock."""
    many = tuple(f"b{number}" for number in range(MOST_ASKED + 1))
    with pytest.raises(Misused, match=f"this goes to 101 bureaus, and {MOST_ASKED} are the most"):
        desk.request(*at(still, MA), to=many, title="a plate", text="whose is it?")
    most = tuple(f"b{number}" for number in range(MAX_RECIPIENTS + 1))
    with pytest.raises(Misused, match=f"{MAX_RECIPIENTS} are the most"):
        desk.send(*at(still, MA), to=most, title="a plate", text="it was seen")


NAMES = ("no", "et", "region:africa", "region:europe", "region:northern-europe", "list:ports")


@given(to=st.lists(st.sampled_from(NAMES), min_size=1), data=st.data())
def test_whom_it_means_depends_on_no_order_and_no_repetition(
    still: Federation, to: list[str], data: st.DataObject
) -> None:
    """And is the union of its parts, without this bureau."""
    if not desk.lists(*at(still, MA)):
        desk.save_list(*at(still, MA), name="ports", to=("no",))
    mixed = data.draw(st.permutations(to * 2))
    parts = {each for one in to if one != "et" for each in meant(still, one)} | ({ET} if "et" in to else set())
    assert set(meant(still, *mixed)) == parts
    assert MA not in parts
