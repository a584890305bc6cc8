"""Errors as programs read them: RFC 9457 problem details with our code and article (decisions 0007 and 0035).

The tree of `core/errors.py` becomes a status here, once. What is not in it is a mistake of ours: it is logged without
its text, which might quote data, and the caller is told that and nothing more.
"""

from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException

from comity.core.errors import ComityError, Malformed, Misused, Refused, Unreachable
from comity.core.ruling import Refusal
from comity.node import service

MEDIA = "application/problem+json"

SAFE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
"""Headers of every answer: what an officer reads is kept by no cache."""

_KINDS: dict[type[ComityError], tuple[int, str]] = {
    Malformed: (400, "desk.malformed"),
    Misused: (422, "desk.misused"),
    Unreachable: (503, "desk.unreachable"),
}
_TITLES = {
    400: "The request is not in the form that the interface asks for",
    401: "The token does not count",
    403: "Refused",
    404: "There is no such operation or organisation",
    413: "The request is too long",
    415: "The body is not JSON",
    422: "This cannot be done",
    429: "Too many requests",
    500: "A mistake of this node",
    503: "Not now",
}
OWN = {
    "desk.token": 401,
    "desk.scope": 403,
    "desk.unknown": 404,
    "desk.size": 413,
    "desk.media": 415,
    "desk.rate": 429,
}
"""Refusals of the interface itself, by code."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a request was not done (RFC 9457)."""

    type: str
    """``urn:comity:`` and the code."""
    title: str
    status: int
    detail: str
    code: str
    """Stable, for machines: ``handling.audience``, ``desk.misused``."""
    article: str
    """The authority; empty where there is none to name."""


class Kind(msgspec.Struct, frozen=True):
    """A status with its title, for the interface's document."""

    status: int
    title: str


KINDS = tuple(Kind(status, title) for status, title in _TITLES.items())
"""What any operation may answer."""


def refuse(code: str, reason: str) -> Refused:
    """Return the error by which the interface itself refuses."""
    return Refused(Refusal(code, reason, "decision 0035"))


def of(problem: ComityError) -> Problem:
    """Return what a caller is told of an error."""
    if isinstance(problem, Refused):
        told = problem.refusal
        return _problem(OWN.get(told.code, 403), told.code, told.reason, told.article)
    status, code = next((told for kind, told in _KINDS.items() if isinstance(problem, kind)), _KINDS[Malformed])
    return _problem(status, code, str(problem), "")


def answer(problem: Problem, headers: dict[str, str] | None = None) -> Response[bytes]:
    """Return the response that carries a problem."""
    more = {"WWW-Authenticate": "Bearer"} if problem.status == HTTPStatus.UNAUTHORIZED else {}
    more |= {"Retry-After": "1"} if problem.status in {429, 503} else {}
    body = msgspec.json.encode(problem)
    return Response(body, status_code=problem.status, media_type=MEDIA, headers={**SAFE, **more, **(headers or {})})


def on_ours(_request: Request[Any, Any, State], problem: ComityError) -> Response[bytes]:
    """Answer an error of our tree."""
    return answer(of(problem))


def on_http(_request: Request[Any, Any, State], problem: HTTPException) -> Response[bytes]:
    """Answer what the HTTP library refuses: no such path, no such method, a body that is too long."""
    status = problem.status_code
    code = {404: "desk.unknown", 405: "desk.method", 413: "desk.size"}.get(status, "desk.malformed")
    headers = {name: value for name, value in (problem.headers or {}).items() if name.lower() == "allow"}
    return answer(_problem(status, code, HTTPStatus(status).phrase.lower(), ""), headers)


def on_fault(_request: Request[Any, Any, State], problem: Exception) -> Response[bytes]:
    """Answer a mistake of ours; the log says which."""
    service.complain("desk", problem)
    return answer(_problem(500, "desk.fault", "a mistake of this node; its log names the place", ""))


def _problem(status: int, code: str, detail: str, article: str) -> Problem:
    title = _TITLES.get(status, HTTPStatus(status).phrase)
    return Problem(type=f"urn:comity:{code}", title=title, status=status, detail=detail, code=code, article=article)
