"""The commands of a relay: run it, and look at what it holds (decision 0033)."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer

from comity.core.errors import ComityError
from comity.core.ids import Millis, org_name
from comity.faces import terminal
from comity.faces.service import listen_at, spare_what_is_loaded
from comity.node import clock

log = logging.getLogger("comity.relay")

SWEEP = 60.0
"""Seconds between two looks for mail that has expired."""


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("relay")(relay)
    app.command("relay-status")(relay_status)


@terminal.takes("home", "passphrase_file")
def relay(
    listen: Annotated[str, typer.Option(help="Address and port; the relay's own address by default.")] = "",
    every: Annotated[float, typer.Option(help="Seconds between two looks at the registry.")] = 900.0,
) -> None:
    """Run a relay: hold sealed envelopes for bureaus that are away, until Ctrl-C. It opens none.

    Example: comity relay --home relay-1 --listen 127.0.0.1:8711
    """
    run(terminal.home_folder(), terminal.passphrase("passphrase of the relay"), listen, every)


@terminal.takes("home", "json")
def relay_status() -> None:
    """Count what a relay holds now, mailbox by mailbox. Needs no passphrase.

    Example: comity relay-status --home relay-1 --json
    """
    from comity.node import relayhome  # noqa: PLC0415 - opening a database loads what help does not need

    terminal.show(relayhome.looked_at(terminal.home_folder()))


def run(folder: Path, passphrase: str, listen: str, every: float) -> None:
    """Serve until interrupted.

    Raises:
        Misused: there is no relay in the folder, or no address to listen at.

    """
    # Uvicorn and Litestar take half a second to load, which other commands need not pay.
    import uvicorn  # noqa: PLC0415

    from comity.faces import incoming  # noqa: PLC0415
    from comity.faces import relay as resources  # noqa: PLC0415
    from comity.node import relay as node_relay  # noqa: PLC0415
    from comity.node import relayhome  # noqa: PLC0415

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    held = relayhome.open_relay(folder, passphrase)
    relays = held.relays()
    host, port = listen_at(listen or held.settings.address)

    def refresh() -> None:
        for trust in held.trusts.values():
            trust.refresh(clock.now())

    def sweep() -> None:
        lapsed = node_relay.sweep(held.database, held.blobs, Millis(clock.now()))
        if lapsed:
            log.warning("%s pieces of mail had expired by their frames and were let go", lapsed)
        returned = sum(each.release() for each in relays.values())
        if returned:
            log.warning("%s pieces of mail for bureaus that are out were let go, and their senders told", returned)

    @asynccontextmanager
    async def working(_app: object) -> AsyncIterator[None]:
        incoming.more_threads()
        tasks = [asyncio.create_task(_every(every, refresh)), asyncio.create_task(_every(SWEEP, sweep))]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # Polls wait half a minute; whoever stops a relay need not.
    config = uvicorn.Config(
        resources.build(relays, working), host=host, port=port, log_level="warning", access_log=False,
        timeout_graceful_shutdown=1, timeout_keep_alive=incoming.KEPT,
    )  # fmt: skip
    names = ", ".join(sorted(f"{each.bureau} of {org_name(each.org)}" for each in held.settings.memberships))
    terminal.narrator()(f"{names or 'a relay without membership'} listens at {host}:{port}; Ctrl-C ends it")
    spare_what_is_loaded()
    try:
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run()
    finally:
        held.close()


async def _every(seconds: float, step: Callable[[], None]) -> None:
    while True:
        try:
            await asyncio.to_thread(step)
        except ComityError as problem:
            log.warning("%s", problem)
        except Exception as problem:  # noqa: BLE001 - one mistake of ours must not stop the relay
            log.error("%s in the relay's own work", type(problem).__name__)  # noqa: TRY400 - its text may quote data
        await asyncio.sleep(seconds)
