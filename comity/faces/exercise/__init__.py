"""The exercise organisation: secretariat, commission, two relays and six bureaus on one machine, each its own process.

What is shown is what happens: real ceremonies, real processes, real HTTP. `stage.py` makes the parties and runs their
processes, `story.py` plays the parts, `screen.py` shows what goes on afterwards. Every claim is checked
before it is said; with ``--check`` the exercise ends by itself, with status 1 if one of them failed.
"""

import shutil
import signal
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from comity.core.errors import Misused
from comity.faces.exercise import screen, story
from comity.faces.exercise.stage import Exercise
from comity.faces.wire import Wire


def run(folder: Path, port: int, command: Callable[[list[str]], int], *, check: bool) -> int:
    """Play the exercise in a folder, with `command` as the command line that officers type at; returns the exit code.

    Raises:
        Misused: the folder holds something that is no exercise.
        Unreachable: a process did not do its part in time.

    """
    console = Console(highlight=False)
    _clear(folder)
    # Ctrl-C must reach us even where this process was started with it switched off, as a shell does in the background.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _interrupted)
    with Wire() as wire:
        played = Exercise(folder.resolve(), console, wire, command, port)
        try:
            story.play(played)
            return story.check(played) if check else screen.watch(played)
        except KeyboardInterrupt:
            console.print("\nstopped")
            return 0
        finally:
            played.stop()


def _interrupted(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _clear(folder: Path) -> None:
    """Remove the last exercise, and nothing that is not one."""
    mark = folder / ".comity-exercise"
    if folder.exists() and any(folder.iterdir()) and not mark.exists():
        raise Misused(f"{folder} is not empty and holds no exercise; name another folder with --folder")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    mark.touch()
