"""What a node answers to other nodes over HTTP: deliveries, attachments, the log, the witness, the registry.

Thin: a length limit, then bytes to the node; nothing is parsed here. All of it is open by design: a delivery proves
itself, tiles hold salted commitments, registry files are signed. `docs/spec/http.md` describes each resource.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from litestar import Litestar, MediaType, Request, Response, Router, get, post, put
from litestar.datastructures import State
from litestar.params import FromPath

from comity import app
from comity.core import log as trees
from comity.core.errors import Malformed, Misused
from comity.core.ids import OrgId
from comity.faces import incoming
from comity.faces.incoming import MOST_CHUNK, MOST_DELIVERIES, MOST_SMALL, body, cbor, digest
from comity.node import inbox, jobs, offers, witness
from comity.node.bureau import Bureau


@dataclass(frozen=True)
class Registry:
    """The registry that a secretariat's node serves: its folder, and what takes in a bureau's new profile."""

    folder: Path
    accept: Callable[[bytes], int]


@post("/deliveries", status_code=200)
async def deliveries(request: Request[Any, Any, State], org: FromPath[str]) -> Response[bytes]:
    """Take in deliveries; answers what became of each once all that was committed is on disk."""
    bureau = _bureau(request, org)
    raw = await body(request, MOST_DELIVERIES)
    return cbor(await asyncio.to_thread(_receive, bureau, raw))


@post("/offers", status_code=200)
async def take_offer(request: Request[Any, Any, State], org: FromPath[str]) -> Response[bytes]:
    """Answer which chunks are lacking of the attachments that a frame announces."""
    bureau = _bureau(request, org)
    return cbor(await asyncio.to_thread(offers.offered, bureau, await body(request, MOST_SMALL)))


@put("/blobs/{blob:str}/manifest", status_code=204)
async def take_manifest(request: Request[Any, Any, State], org: FromPath[str], blob: FromPath[str]) -> None:
    """Take in the list of chunks of an announced attachment."""
    raw = await body(request, MOST_SMALL)
    await asyncio.to_thread(offers.take_manifest, _bureau(request, org), digest(blob), raw)


@put("/blobs/{blob:str}/{chunk:str}", status_code=204)
async def take_chunk(
    request: Request[Any, Any, State], org: FromPath[str], blob: FromPath[str], chunk: FromPath[str]
) -> None:
    """Take in one chunk of an announced attachment."""
    raw = await body(request, MOST_CHUNK)
    await asyncio.to_thread(offers.take_chunk, _bureau(request, org), digest(blob), digest(chunk), raw)


@get("/log/checkpoint", media_type=MediaType.TEXT)
async def checkpoint(request: Request[Any, Any, State], org: FromPath[str]) -> Response[bytes]:
    """Answer the newest checkpoint with its cosignatures (C2SP tlog-tiles)."""
    note = await asyncio.to_thread(_checkpoint, _bureau(request, org))
    return Response(note, media_type=MediaType.TEXT)


@get("/log/tile/{path:path}")
async def tile(request: Request[Any, Any, State], org: FromPath[str], path: FromPath[str]) -> Response[bytes]:
    """Answer a tile of the log; full tiles never change."""
    bureau, wanted = _bureau(request, org), trees.tile_at(f"tile{path}")
    hashes = await asyncio.to_thread(_tile, bureau, wanted)
    age = "max-age=31536000, immutable" if wanted.width == trees.TILE_WIDTH else "no-store"
    return Response(hashes, media_type="application/octet-stream", headers={"Cache-Control": age})


@post("/log/add-checkpoint", status_code=200)
async def add_checkpoint(request: Request[Any, Any, State], org: FromPath[str]) -> Response[bytes]:
    """Cosign the checkpoint of a peer, as its witness (C2SP tlog-witness)."""
    answer = await asyncio.to_thread(witness.add_checkpoint, _bureau(request, org), await body(request, MOST_SMALL))
    # Litestar adds the charset to a text type by itself.
    kind = answer.content_type.partition(";")[0]
    return Response(answer.body, status_code=answer.status, media_type=kind)


@get("/registry/{path:path}")
async def registry_file(request: Request[Any, Any, State], org: FromPath[str], path: FromPath[str]) -> Response[bytes]:
    """Answer a file of the registry that this node keeps."""
    registry = _registry(request, org)
    raw = await asyncio.to_thread(_file, registry.folder, path)
    return Response(raw, media_type="application/octet-stream")


@post("/registry/profiles", status_code=200)
async def take_profile(request: Request[Any, Any, State], org: FromPath[str]) -> Response[bytes]:
    """Take in a bureau's new profile, signed with its role key, and answer the registry's new version."""
    raw = await body(request, MOST_SMALL * 4)
    return cbor({"version": await asyncio.to_thread(_registry(request, org).accept, raw)})


@get("/health", media_type=MediaType.TEXT)
async def health() -> str:
    """Answer that the node is up; says nothing of what it holds."""
    return "ok\n"


def build(
    node: app.Node,
    registries: Mapping[OrgId, Registry] | None = None,
    lifespan: Callable[[Litestar], AbstractAsyncContextManager[None]] | None = None,
) -> Litestar:
    """Return the HTTP application of a node; `registries` are those that it keeps as a secretariat."""
    handlers = [deliveries, take_offer, take_manifest, take_chunk, checkpoint, tile, add_checkpoint]
    router = Router("/o/{org:str}", route_handlers=[*handlers, registry_file, take_profile])
    state = State({"bureaus": node.bureaus(), "registries": dict(registries or {})})
    return incoming.application([router, health], state, lifespan)


def _bureau(request: Request[Any, Any, State], org: str) -> Bureau:
    found: Bureau | None = request.app.state.bureaus.get(org)
    if found is None:
        raise Misused("this node does not belong to that organisation")
    return found


def _registry(request: Request[Any, Any, State], org: str) -> Registry:
    found: Registry | None = request.app.state.registries.get(org)
    if found is None:
        raise Misused("this node does not keep the registry of that organisation")
    return found


def _receive(bureau: Bureau, raw: bytes) -> list[inbox.Outcome]:
    return inbox.receive(bureau, incoming.deliveries(raw))


def _checkpoint(bureau: Bureau) -> bytes:
    """Return the newest checkpoint that the node has made; a stranger who asks makes it sign nothing."""
    with bureau.database.read() as tx:
        held = bureau.ledger.latest_checkpoint(tx)
    return held[1] if held is not None else jobs.checkpoint(bureau)


def _tile(bureau: Bureau, wanted: trees.Tile) -> bytes:
    try:
        with bureau.database.read() as tx:
            hashes = bureau.ledger.tile(tx, wanted.level, wanted.index)
    except Malformed as problem:
        raise Misused(str(problem)) from None
    if len(hashes) < wanted.width * trees.HASH_BYTES:
        raise Misused(f"the tile has {len(hashes) // trees.HASH_BYTES} hashes so far")
    return hashes[: wanted.width * trees.HASH_BYTES]


def _file(folder: Path, path: str) -> bytes:
    """Read a registry file; only what lies under the folder, whatever the path says."""
    try:
        wanted = (folder / path.lstrip("/")).resolve()
        if wanted.is_relative_to(folder.resolve()):
            return wanted.read_bytes()
    except (OSError, ValueError):
        pass  # No such file, a folder, a name that no file can have: to whoever asks it is all the same.
    raise Misused("the registry has no such file")
