"""The command that runs a node: HTTP for its peers, and the work of each of its bureaus, until it is stopped."""

import asyncio
import gc
import logging
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from comity.core.errors import ComityError, Misused
from comity.core.ids import org_name
from comity.faces import terminal
from comity.node import clock
from comity.node.home import Membership
from comity.node.trust import Trust

if TYPE_CHECKING:
    import uvicorn
    from litestar import Litestar


def add_to(app: typer.Typer) -> None:
    """Register the command."""

    @app.command("serve")
    @terminal.takes("home", "passphrase_file")
    def serve(
        listen: Annotated[str, typer.Option(help="Address and port; the node's own address by default.")] = "",
        registry: Annotated[
            list[Path] | None, typer.Option(help="A registry folder that this node keeps, as a secretariat.")
        ] = None,
        every: Annotated[float, typer.Option(help="Seconds between two looks at the registry.")] = 900.0,
        desk: Annotated[
            str, typer.Option(help="Loopback address and port for this bureau's own programs; none by default.")
        ] = "",
    ) -> None:
        """Run the node: take in what peers send, deliver what officers say, until Ctrl-C.

        Example: comity serve --home node --listen 127.0.0.1:8701 --desk 127.0.0.1:8801
        """
        secret = terminal.passphrase("passphrase of the node")
        run(terminal.home_folder(), secret, listen, registry or [], every, desk=desk)


def run(folder: Path, passphrase: str, listen: str, registries: list[Path], every: float, *, desk: str = "") -> None:
    """Serve until interrupted.

    Raises:
        Misused: there is no node in the folder, or no address to listen at.

    """
    # Uvicorn, Litestar and aiohttp take half a second to load, which other commands need not pay.
    from comity import app as composition  # noqa: PLC0415
    from comity.faces import api, desk_api, desk_listener, incoming  # noqa: PLC0415
    from comity.node import secretariat  # noqa: PLC0415
    from comity.node.service import Pace, Service  # noqa: PLC0415

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # python-tuf tells of each signature that it did not need; the registry's real trouble comes from node/trust.py.
    logging.getLogger("tuf").setLevel(logging.ERROR)
    node = composition.open_node(folder, passphrase)
    kept = {each.org: each for each in (secretariat.open_registry(folder, path, passphrase) for path in registries)}
    host, port = listen_at(listen or node.home.settings.address)
    programs = desk_listener.bind(*listen_at(desk)) if desk else None

    @asynccontextmanager
    async def working(_app: object) -> AsyncIterator[None]:
        incoming.more_threads()
        stop = asyncio.Event()
        services = []
        for org, bureau in node.bureaus().items():
            trust, keeper = node.home.trusts[org], kept.get(org)
            service = Service(
                bureau=bureau, pace=Pace(registry=every), refresh=partial(_refresh, trust),
                stamp=keeper.stamp if keeper is not None else None, chores=node.chores(org),
            )  # fmt: skip
            services.append(_knowing(trust, service.run, stop))
        tasks = [asyncio.create_task(service) for service in services]
        async with AsyncExitStack() as stack:
            if programs is not None:
                await stack.enter_async_context(desk_listener.serving(desk_api.build(node), programs))
            yield
        stop.set()
        await asyncio.gather(*tasks)

    registries_ = {org: api.Registry(each.folder, each.accept) for org, each in kept.items()}
    server = _server(api.build(node, registries_, working))
    # Uvicorn raises the signal that ended it once more; a stop that was asked for must not look like a crash.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    say = terminal.narrator()
    spare_what_is_loaded()
    try:
        with _bound(host, port) as line, suppress(KeyboardInterrupt):
            for told in _announced(node.home.settings.memberships, f"{host}:{port}", desk):
                say(told)
            server.run([line])
        # Whether Uvicorn raised the signal once more or not: it has ended because it was told to.
        say("stopped")
    finally:
        node.close()


def _server(application: "Litestar") -> "uvicorn.Server":
    """Return what serves a node's application to its peers."""
    import uvicorn  # noqa: PLC0415 - as above

    from comity.faces import incoming  # noqa: PLC0415

    config = uvicorn.Config(
        application, log_level="warning", access_log=False, timeout_graceful_shutdown=5,
        timeout_keep_alive=incoming.KEPT,
    )  # fmt: skip
    return uvicorn.Server(config)


def spare_what_is_loaded() -> None:
    """Keep Python's search for garbage from what was loaded for good, and let it look less often at the rest.

    A search through all that the libraries hold stops every thread, some hundred milliseconds at a time: the slowest of
    eighty urgent acts took 132 and 94 ms instead of 281 and 160, on two cores that others used too.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _announced(memberships: tuple[Membership, ...], address: str, desk: str) -> Iterator[str]:
    """Give what whoever starts a node is told."""
    names = ", ".join(sorted(f"{each.bureau} of {org_name(each.org)}" for each in memberships))
    yield f"{names or 'a node without membership'} listens at {address}; Ctrl-C ends it"
    for each in memberships if desk else ():
        yield f"its desk for programs, which a browser shows as a page: http://{desk}/o/{each.org}/desk/"


async def _knowing(trust: Trust, work: Callable[[asyncio.Event], Awaitable[None]], stop: asyncio.Event) -> None:
    """Work; in an organisation of which nothing is known yet, look at its registry first."""
    with suppress(ComityError):
        # Whatever hinders it, the work meets again and tells.
        await asyncio.to_thread(_know, trust)
    await work(stop)


def _know(trust: Trust) -> None:
    try:
        trust.current()
    except ComityError:
        _refresh(trust)


def _refresh(trust: Trust) -> None:
    """Fetch the registry anew."""
    trust.refresh(clock.now())


def _bound(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as problem:
        # Python adds the address to what the system said.
        why = (problem.strerror or type(problem).__name__).partition(" (")[0]
        raise Misused(f"cannot listen at {host}:{port}: {why}") from None


def listen_at(address: str) -> tuple[str, int]:
    """Return host and port of an address that a person gave.

    Raises:
        Misused: it has no host or no port.

    """
    parts = urlsplit(address if "//" in address else f"//{address}")
    try:
        port = parts.port
    except ValueError:
        port = None
    if not parts.hostname or port is None:
        raise Misused("say where to listen, for example: --listen 127.0.0.1:8701")
    return parts.hostname, port
