"""The OpenAPI 3.1 document of the desk's interface, made from the operations and the spellings of their types.

Made here and not by Litestar's own generator, since that documents what Litestar's encoder would write: bytes in
base64, moments as numbers, and an act as an empty object (decision 0035).
"""

from typing import Any

from comity.core.ids import OrgId, org_name
from comity.core.spelling import Schema, Speller
from comity.faces import problems
from comity.faces.operations import Operation
from comity.node.news import EVENTS
from comity.node.tokens import EVENTS as EVENTS_SCOPE

VERSION = "1"
"""Of the interface: counts what an existing program would notice (docs/spec/desk-api.md)."""

_INTRODUCTION = """\
What an officer does at a desk, for programs. Each operation is a POST with a JSON object; a token stands for one
officer and one purpose. Bytes are hexadecimal, files base64, moments RFC 3339 in UTC. Members may be added to answers
at any time; an operation that changes its meaning gets a new name. docs/spec/desk-api.md tells the rest."""


def document(operations: tuple[Operation, ...], speller: Speller, org: OrgId) -> dict[str, Any]:
    """Return the document for one organisation."""
    problem = speller.of(problems.Problem).schema
    paths: dict[str, Any] = {f"/{each.capability}/{each.verb}": {"post": _post(each, problem)} for each in operations}
    paths["/events"] = {"get": _events(speller, problem)}
    inputs = {f"{_title(each)}Input": each.schema for each in operations}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"Comity: the desk of a bureau of {org_name(org)}",
            "version": VERSION,
            "description": _INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": f"/o/{org}/desk"}],
        "security": [{"token": []}],
        "tags": [{"name": name} for name in dict.fromkeys(each.capability for each in operations)]
        + [{"name": "events"}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "comity token add"}},
            "schemas": dict(sorted({**speller.components, **inputs}.items())),
        },
    }


def _title(operation: Operation) -> str:
    return "".join(part.capitalize() for part in operation.name.split("_"))


def _post(operation: Operation, problem: Schema) -> dict[str, Any]:
    summary, _, description = operation.help.partition("\n\n")
    schema = {"$ref": f"#/components/schemas/{_title(operation)}Input"}
    needed = any(each.field.required for each in operation.inputs)
    return {
        "operationId": operation.name,
        "tags": [operation.capability],
        "summary": " ".join(summary.split()),
        "description": f"{description.strip()}\n\nScope: `{operation.scope}`".strip(),
        "requestBody": {"required": needed, "content": {"application/json": {"schema": schema}}},
        "responses": {
            "200": {"description": "Done", "content": {"application/json": {"schema": operation.answer.schema}}},
            **_refusals(problem),
        },
    }


def _events(speller: Speller, problem: Schema) -> dict[str, Any]:
    every = [speller.of(each).schema for each in EVENTS]
    number = {"type": "integer", "minimum": 0, "maximum": 2**53 - 1}
    told = "the number of the last event that was seen; without it, from now on"
    return {
        "operationId": "events_follow",
        "tags": ["events"],
        "summary": "Follow what happens at this bureau, as server-sent events.",
        "description": f"`data` is one of the schemas as JSON, `event` its name.\n\nScope: `{EVENTS_SCOPE}`",
        "parameters": [
            {"name": "Last-Event-ID", "in": "header", "schema": number, "description": told},
            {"name": "after", "in": "query", "schema": number, "description": f"{told}; the header counts more"},
        ],
        "responses": {
            "200": {"description": "A stream", "content": {"text/event-stream": {"schema": {"oneOf": every}}}},
            **_refusals(problem),
        },
    }


def _refusals(problem: Schema) -> dict[str, Any]:
    return {
        str(each.status): {"description": each.title, "content": {problems.MEDIA: {"schema": problem}}}
        for each in problems.KINDS
    }
