"""Desk functions as commands: what is typed becomes what the desk takes, or a sentence."""

import contextlib
import datetime as dt
import enum
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.exceptions import TyperException

from comity.capabilities import ALL
from comity.core.desk import about, fields
from comity.core.errors import Misused
from comity.core.ids import ActId, BureauId, Millis
from comity.faces import commands


class Colour(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


def desk(  # noqa: PLR0913, PLR0917 - one parameter of each sort
    bureau: object, reader: object, act: Annotated[ActId, about("the act", positional=True)],
    to: Annotated[tuple[BureauId, ...], about("a recipient")],
    colour: Annotated[Colour, about("a colour", positional=False)] = Colour.RED,
    until: Annotated[Millis | None, about("the end")] = None,
    level: Annotated[int, about("a number")] = 4,
    file: Annotated[Path | None, about("a file", file=True)] = None,
    attach: Annotated[tuple[Path, ...], about("files", file=True)] = (),
    loud: Annotated[bool, about("loudly")] = False,  # noqa: FBT002 - a switch
) -> dict[str, object]:  # fmt: skip
    """Do something.

    Example: comity something 3fa2 --to no
    """
    del bureau, reader
    return {
        "act": act, "to": to, "colour": colour, "until": until, "level": level, "file": file, "attach": attach,
        "loud": loud,
    }  # fmt: skip


def typed(*words: str) -> dict[str, Any]:
    """Return what the desk gets when this is typed."""
    got: dict[str, Any] = {}

    def run(function: Callable[..., Any], values: dict[str, Any]) -> None:
        got.update(function(None, None, **values))

    app = typer.Typer()
    app.command()(commands.command(desk, run))
    app(args=list(words), standalone_mode=False)
    return got


def test_every_sort_of_value_arrives_as_its_type() -> None:
    got = typed(
        "3fa2", "--to", "no", "--to", "et", "--colour", "blue", "--until", "2026-11-30", "--level", "1", "--file",
        "a.txt", "--attach", "b", "--attach", "c", "--loud",
    )  # fmt: skip
    assert got == {
        "act": "3fa2", "to": ("no", "et"), "colour": Colour.BLUE, "until": 1_795_996_800_000, "level": 1,
        "file": Path("a.txt"), "attach": (Path("b"), Path("c")), "loud": True,
    }  # fmt: skip
    assert isinstance(got["colour"], Colour)


def test_what_is_not_typed_is_what_the_desk_says() -> None:
    got = typed("3fa2", "--to", "no")
    assert got == {
        "act": "3fa2", "to": ("no",), "colour": Colour.RED, "until": None, "level": 4, "file": None, "attach": (),
        "loud": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("3fa2",), "Missing option '--to'"),
        (("--to", "no"), "Missing argument 'act'"),
        (("3fa2", "--to", "no", "--colour", "green"), "'green' is not one of 'red', 'blue'"),
        (("3fa2", "--to", "no", "--level", "much"), "Invalid value for '--level'"),
        (("3fa2", "--to", "no", "--unheard", "x"), "No such option: --unheard"),
    ],
)
def test_what_typer_does_not_understand_it_tells(words: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(TyperException) as told:
        typed(*words)
    assert sentence in told.value.format_message()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("3fa2", "--to", "new york"), "--to: "),
        (("3fa2", "--to", ""), "--to: "),
        (("3fa2", "--to", "no", "--until", "tomorrow"), "'tomorrow' is no date; write 2026-11-30"),
        (("3fa2", "--to", "no", "--until", "2026-13-01"), "is no date"),
    ],
)
def test_what_is_no_such_value_is_misused(words: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(Misused, match=sentence):
        typed(*words)


@given(st.datetimes(timezones=st.none() | st.timezones()))
def test_a_date_is_the_moment_that_it_says(moment: dt.datetime) -> None:
    try:
        at = commands.moment(moment.isoformat())
    except Misused:
        assert moment.year in {1, 9999}  # Its own zone takes it out of the calendar.
        return
    whole = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    assert at == (whole.astimezone(dt.UTC) - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(milliseconds=1)


@given(st.text(max_size=30))
def test_no_text_upsets_the_reading_of_dates(text: str) -> None:
    with contextlib.suppress(Misused):
        assert isinstance(commands.moment(text), int)


@pytest.mark.parametrize(
    "function", [function for capability in ALL for function in capability.desk], ids=lambda each: each.__name__
)
def test_every_desk_function_is_a_command_and_explains_its_parameters(function: Callable[..., Any]) -> None:
    assert [field.name for field in fields(function) if not field.help] == []
    app = typer.Typer()
    app.command()(commands.command(function, lambda *_: None))
    assert app(args=["--help"], standalone_mode=False) == 0


def test_a_group_is_introduced_by_its_module() -> None:
    assert commands.first_line(ALL[0].desk).startswith("What ")
    assert commands.first_line(()) == ""
