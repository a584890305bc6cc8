"""Runs in the foreign environment: calls a desk with the client that openapi-python-client made of its document.

Reads one JSON object from stdin (url, token, and the folder of the generated package) and writes what came as another.
Nothing of Comity is imported here.
"""

import base64
import importlib
import json
import sys
from typing import Any


def main() -> None:
    """Send, list, read and save, and meet an error, with the generated code alone."""
    told = json.load(sys.stdin)
    sys.path.insert(0, told["folder"])
    made = importlib.import_module("made")
    models = importlib.import_module("made.models")
    client = made.AuthenticatedClient(base_url=told["url"], token=told["token"])

    def call(name: str, **given: Any) -> Any:  # noqa: ANN401 - whatever the generated code takes and gives
        capability = name.partition("_")[0]
        module = importlib.import_module(f"made.api.{capability}.{name}")
        title = "".join(part.capitalize() for part in name.split("_"))
        body = getattr(models, f"{title}Input")(**given)
        return module.sync_detailed(client=client, body=body)

    content = base64.b64encode(b"a foreign file").decode()
    file = models.File(name="foreign.txt", content=content)
    sent = call("messages_send", to=["no"], title="Foreign", text="made elsewhere", attach=[file])
    page = call("messages_outbox", limit=5)
    (seen,) = (item for item in page.parsed.items if item.id == sent.parsed.id)
    (saved,) = call("messages_save", act=sent.parsed.id).parsed
    refused = call("messages_send", to=["no"], title="Foreign", text="x", audience=["et"])
    listed = call("directory_bureaus")
    answer = {
        "sent": sent.parsed.kind,
        "said": sent.parsed.said.isoformat(),
        "text": seen.act.text,
        "act": type(seen.act).__name__,
        "handling": seen.label.handling.value,
        "saved": [saved.name, base64.b64decode(saved.content).decode()],
        "refused": [int(refused.status_code), refused.parsed.code, refused.parsed.article],
        "bureaus": [each.bureau for each in listed.parsed],
    }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
