"""The desk's document as a page that a person reads in a browser, at the same listener (decision 0035).

Made from the document that programs get, so it cannot say anything else. No script, no file from elsewhere, no form: a
page that could call the desk would need a token in a browser. It tells nothing of any bureau's data.
"""

import html
import json
from collections.abc import Iterator
from typing import Any

from comity.core.spelling import Schema

HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}
"""Nothing is loaded, nothing runs, and no other page frames it."""

_STYLE = """\
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; } code, pre { font: 0.9em ui-monospace, monospace; }
th, td { text-align: left; vertical-align: top; padding: 0.2rem 0.8rem 0.2rem 0; border-bottom: 1px solid #8886; }
pre { overflow-x: auto; padding: 0.6rem; border: 1px solid #8886; } :target { outline: 2px solid #888; }
:root { color-scheme: light dark; }"""

_NEW = """\
$ comity token add --officer ma-duty-1 --scope 'messages:*' --until 2026-11-30 --title "my program"
$ curl -H "Authorization: Bearer $TOKEN" -X POST http://{host}{server}/messages/inbox
$ curl -H "Authorization: Bearer $TOKEN" -N http://{host}{server}/events"""


def page(document: dict[str, Any], host: str) -> bytes:
    """Return the page for a document; `host` is where it was asked for, for the lines that can be copied."""
    info, schemas = document["info"], document["components"]["schemas"]
    server = document["servers"][0]["url"]
    lines = [
        '<!doctype html><html lang="en"><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>{_text(info['title'])}</title><style>{_STYLE}</style><h1>{_text(info['title'])}</h1>",
        f"<p>{_text(info['description'])}</p>",
        '<p>For programs: <a href="openapi.json">openapi.json</a>. For Python: <code>comity.client</code>.</p>',
        f"<pre>{_text(_NEW.format(host=host, server=server))}</pre><h2>Operations</h2>",
        *_contents(document), *_operations(document, schemas), "<h2>Types</h2>", *_types(schemas),
    ]  # fmt: skip
    return "\n".join(lines).encode()


def _contents(document: dict[str, Any]) -> Iterator[str]:
    for tag in document["tags"]:
        within = [(path, told) for path, verbs in document["paths"].items() for told in verbs.values()]
        links = (
            f'<a href="#{_text(told["operationId"])}">{_text(path.rpartition("/")[2])}</a>'
            for path, told in within
            if tag["name"] in told["tags"]
        )
        yield f"<p><b>{_text(tag['name'])}</b>: {', '.join(links)}</p>"


def _operations(document: dict[str, Any], schemas: dict[str, Schema]) -> Iterator[str]:
    for path, verbs in document["paths"].items():
        for method, told in verbs.items():
            yield f'<h3 id="{_text(told["operationId"])}"><code>{method.upper()} {_text(path)}</code></h3>'
            yield f"<p>{_text(told['summary'])}</p><p>{_text(told['description'])}</p>"
            if "requestBody" in told:
                name = told["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
                yield from _members(schemas[name])
            for each in told.get("parameters", ()):
                yield f"<p>{_text(each['in'])} <code>{_text(each['name'])}</code>: {_text(each['description'])}</p>"
            (answer,) = told["responses"]["200"]["content"].values()
            yield f"<p>Answer: {_spelled(answer['schema'])}</p>"


def _types(schemas: dict[str, Schema]) -> Iterator[str]:
    for name, schema in schemas.items():
        if name.endswith("Input"):
            continue
        yield f'<h3 id="{_text(name)}">{_text(name)}</h3><p>{_text(schema.get("description", ""))}</p>'
        if "properties" in schema:
            yield from _members(schema)
        else:
            yield f"<p>{_spelled(schema)}</p>"


def _members(schema: Schema) -> Iterator[str]:
    if not schema.get("properties"):
        return
    yield "<table><tr><th>Member</th><th>Type</th><th>Default</th><th></th></tr>"
    for name, each in schema["properties"].items():
        default = json.dumps(each["default"], ensure_ascii=False) if "default" in each else ""
        yield (
            f"<tr><td><code>{_text(name)}</code></td><td>{_spelled(each)}</td><td><code>{_text(default)}</code></td>"
            f"<td>{_text(each.get('description', ''))}</td></tr>"
        )
    yield "</table>"


def _spelled(schema: Schema) -> str:
    """Return a type in words, with links to those that have a section."""
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " or ".join(map(_spelled, schema[several]))
    match schema:
        case {"$ref": str(ref)}:
            name = _text(ref.rpartition("/")[2])
            return f'<a href="#{name}">{name}</a>'
        case {"enum": list(values)}:
            return ", ".join(f"<code>{_text(json.dumps(each))}</code>" for each in values)
        case {"const": value}:
            return f"<code>{_text(json.dumps(value))}</code>"
        case {"type": "array", "items": dict(items)}:
            return f"list of {_spelled(items)}"
        case {"type": "string", "format": str(form)}:
            return _text(form)
        case {"type": str(kind)}:
            return _text(kind)
        case _:
            return "anything"


def _text(text: object) -> str:
    return html.escape(str(text))
