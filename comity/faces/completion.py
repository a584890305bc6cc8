"""What the shell offers when somebody presses the tab key: bureaus by the registry, acts by the last lists.

Nobody can be asked for a passphrase there. So acts are offered only where it is in the environment or in a file that
was named; bureaus always, for the registry needs none. Whatever is amiss offers nothing: the command itself will tell.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from comity.core.errors import ComityError
from comity.core.ids import ActId, BureauId

MOST = 20
"""Acts that are offered from each list; more than a screen is no help."""

_DIGITS = 12
"""Digits of an id, as lists show it."""

Offer = list[tuple[str, str]]
"""What can be typed, each with a word on it that some shells show beside it."""


def of(name: str, kind: object) -> Callable[[typer.Context, str], Offer] | None:
    """Return what completes the parameter of this name and type; None where nothing does."""
    if kind is BureauId or name == "to":
        return bureaus
    return acts if kind is ActId or name == "act" else None


def bureaus(ctx: typer.Context, incomplete: str) -> Offer:
    """Offer the parties of the organisation, with their names."""
    from comity.node import home  # noqa: PLC0415 - completion of anything else need not load it

    try:
        folder = _folder(ctx)
        registry = home.trust_in(folder, home.chosen(home.read(folder), ctx.params.get("org") or "")).current()
        found = [(str(each), registry.profile(each).name) for each in sorted(registry.accreditations)]
    except (ComityError, OSError):
        return []
    return [(name, told) for name, told in found if name.startswith(incomplete.lower())]


def acts(ctx: typer.Context, incomplete: str) -> Offer:
    """Offer the last messages in and out: kind, who sent them and when, and never what is in them."""
    try:
        found = _last(ctx)
    except (ComityError, OSError):
        return []
    return [(digits, told) for digits, told in found if digits.startswith(incomplete.lower())]


def _last(ctx: typer.Context) -> Offer:
    from comity import app  # noqa: PLC0415 - see `bureaus`
    from comity.core.handling import Purpose  # noqa: PLC0415
    from comity.faces import terminal  # noqa: PLC0415 - it imports this module's users
    from comity.node import disk, officers  # noqa: PLC0415
    from comity.node.view import View  # noqa: PLC0415

    file = ctx.params.get("passphrase_file")
    secret = disk.read_private(Path(file)).decode().rstrip("\n") if file else os.environ.get("COMITY_PASSPHRASE")
    if not secret:
        return []
    node = app.open_node(_folder(ctx), secret)
    try:
        bureau = node.bureau(ctx.params.get("org") or "")
        officer = officers.chosen(bureau, ctx.params.get("officer") or os.environ.get("COMITY_OFFICER") or "")
        view = View(bureau, officers.reader(bureau, officer, Purpose.INVESTIGATE))
        pages = (view.inbox(limit=MOST), view.outbox(limit=MOST))
        lately = sorted((each for page in pages for each in page.items), key=lambda each: -each.at)
        return [(each.id.hex()[:_DIGITS], f"{_noun(each)}, {terminal.date(each.at)}") for each in lately]
    finally:
        node.close()


def _noun(glimpse: Any) -> str:  # noqa: ANN401 - a glimpse, as node/view.py returns it
    return f"{glimpse.kind.partition('.')[2].partition('/')[0]} from {glimpse.sender}"


def _folder(ctx: typer.Context) -> Path:
    return Path(ctx.params.get("home") or os.environ.get("COMITY_HOME") or "node")
