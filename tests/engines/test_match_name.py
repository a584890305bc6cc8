"""Names taken apart: what is one word, what is two, and what each does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.engines.match.name import MOST_WORDS, analyse
from comity.engines.match.roles import Role
from comity.engines.match.spelling import LONGEST, SYMBOLS


def letters(name: str) -> list[str]:
    return [word.letters for word in analyse(name).words]


@pytest.mark.parametrize(
    "spelling",
    ["Abdulrahman", "Abdel Rahman", "Abdul-Rahman", "ABDUL RAHMAN"],
)
def test_a_servants_name_is_parted_in_one_way(spelling: str) -> None:
    assert letters(spelling) == ["abd", "rahman"]


def test_an_article_is_a_particle_in_both_scripts() -> None:
    for name in ("Khalid al-Harbi", "خالد الحربي"):
        assert [word.role for word in analyse(name).words] == [Role.NAME, Role.PARTICLE, Role.NAME]


def test_a_chinese_and_a_korean_name_without_spaces_is_family_name_and_given_name() -> None:
    assert [word.native for word in analyse("王小明").words] == ["王", "小明"]
    assert [word.native for word in analyse("박지성").words] == ["박", "지성"]
    assert [word.native for word in analyse("欧阳娜娜").words] == ["欧阳", "娜娜"]


def test_a_transliterated_name_with_a_middle_dot_is_not_cut_further() -> None:
    assert [word.native for word in analyse("约翰·史密斯").words] == ["约翰", "史密斯"]


def test_titles_initials_and_patronymics_are_known() -> None:
    assert [word.role for word in analyse("Dr. J. Ivanovich Petrov Jr").words] == [
        Role.TITLE, Role.INITIAL, Role.PATRONYMIC, Role.NAME, Role.SUFFIX,
    ]  # fmt: skip


def test_what_holds_no_letter_has_no_words() -> None:
    assert analyse("  12-34 ... ").words == ()


@given(st.text(max_size=80))
def test_any_text_is_taken_apart(text: str) -> None:
    words = analyse(text).words
    assert len(words) <= MOST_WORDS
    for word in words:
        assert 0 < len(word.symbols) <= LONGEST
        assert set(word.symbols) <= set(SYMBOLS)
