"""Commands that show and check what can be proven: prove, verify, log, evidence (docs/spec/proof.md)."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Any

import typer

from comity.core.errors import Misused
from comity.faces import completion, terminal

Opened = Callable[[], AbstractContextManager[tuple[Any, Any, Any]]]

OPTIONS = ("home", "org", "officer", "passphrase_file", "json")


def add_to(app: typer.Typer, opened: Opened) -> None:
    """Register the commands."""
    _add_prove(app, opened)
    _add_verify(app)
    _add_log(app)
    _add_evidence(app, opened)


def _add_prove(app: typer.Typer, opened: Opened) -> None:
    @app.command("prove")
    @terminal.takes(*OPTIONS)
    def prove(
        act: Annotated[
            str, typer.Argument(help="The act, by the first digits of its id.", autocompletion=completion.acts)
        ],
        to: Annotated[Path, typer.Option(help="File to write.")] = Path("proof.json"),
        text: Annotated[bool, typer.Option("--with-text", help="Show what was said, not only that it was.")] = False,  # noqa: FBT002
    ) -> None:
        """Write a file with which anybody can check what was said, to whom, and when it arrived.

        Example: comity prove 3fa2 --to proof.json
        """
        from comity.node import disk, proof  # noqa: PLC0415 - see faces/cli.py
        from comity.node.view import View  # noqa: PLC0415

        if to.exists():
            raise Misused(f"{to} exists already; name another file with --to")
        with opened() as (bureau, reader, trust):
            view = View(bureau, reader)
            found = view.find(act)
            if text:
                # Refuses whoever may not see the act whole: a proof must not show what the desk would not.
                view.signed(found.id)
            raw = proof.make(bureau, trust, found.id, with_text=text)
        try:
            disk.write_new(to, raw)
        except OSError as problem:
            raise Misused(f"cannot write {to}: {problem.strerror}") from None
        terminal.show({"file": str(to), "bytes": len(raw), "check it with": f"comity verify {to} --anchor ANCHOR"})


def _add_verify(app: typer.Typer) -> None:
    @app.command("verify")
    @terminal.takes("json")
    def verify(
        file: Annotated[Path, typer.Argument(help="A proof file, or an evidence file.")],
        anchor: Annotated[
            Path | None, typer.Option(help="The organisation's anchor, which you have from a source that you trust.")
        ] = None,
    ) -> None:
        """Check a proof file or an evidence file; needs no node, no passphrase and no network.

        Example: comity verify proof.json --anchor anchor.json
        """
        from comity.core.contradiction import is_evidence  # noqa: PLC0415 - see faces/cli.py
        from comity.faces import shown  # noqa: PLC0415
        from comity.node import anchor as anchors  # noqa: PLC0415
        from comity.node import contradictions, proof  # noqa: PLC0415

        raw = _read(file)
        known = anchors.read(anchor) if anchor is not None else None
        shown.show((contradictions if is_evidence(raw) else proof).verify(raw, known))


def _add_log(app: typer.Typer) -> None:
    @app.command("log")
    @terminal.takes("home", "org", "passphrase_file", "json")
    def log() -> None:
        """Show the newest checkpoint of this bureau's log, with the witnesses that cosigned it.

        Example: comity log
        """
        from comity import app as composition  # noqa: PLC0415 - see faces/cli.py
        from comity.node import jobs  # noqa: PLC0415

        node = composition.open_node(terminal.home_folder(), terminal.passphrase("passphrase of the node"))
        try:
            note = jobs.checkpoint(node.bureau(terminal.given().org)).decode()
        finally:
            node.close()
        terminal.show({"note": note} if terminal.given().json else note)


def _add_evidence(app: typer.Typer, opened: Opened) -> None:
    @app.command("evidence")
    @terminal.takes(*OPTIONS)
    def evidence(
        number: Annotated[int | None, typer.Argument(help="Which one to write to a file, by its number.")] = None,
        to: Annotated[Path, typer.Option(help="File to write.")] = Path("evidence.json"),
        compare: Annotated[
            tuple[Path, Path] | None,
            typer.Option(help="Two proof files of recipients who were told different things."),
        ] = None,
    ) -> None:
        """List what peers signed that contradicts itself, or write one of these to a file that anybody can check.

        Two acts under one number, forked chains, rewritten logs and split views.

        Example: comity evidence 4 --to evidence.json
        """
        from comity.faces import shown  # noqa: PLC0415 - see faces/cli.py
        from comity.node import contradictions, disk  # noqa: PLC0415 - see faces/cli.py
        from comity.node.view import View  # noqa: PLC0415 - see faces/cli.py

        if compare is not None:
            raw = contradictions.compared(*map(_read, compare))
        else:
            with opened() as (bureau, reader, trust):
                found = View(bureau, reader).evidence()
                if number is None:
                    shown.show(found)
                    return
                if number not in {each.number for each in found}:
                    raise Misused(f"nothing that you may see is held under the number {number}")
                raw = contradictions.make(bureau, trust, number)
        try:
            disk.write_new(to, raw)
        except FileExistsError:
            raise Misused(f"{to} exists already; name another file with --to") from None
        except OSError as problem:
            raise Misused(f"cannot write {to}: {problem.strerror}") from None
        terminal.show({"file": str(to), "bytes": len(raw), "check it with": f"comity verify {to} --anchor ANCHOR"})


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as problem:
        raise Misused(f"cannot read {file}: {problem.strerror}") from None
