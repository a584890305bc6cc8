"""The desk of messages, as a program calls it. Written by `make docs` from the desks; do not edit."""

from comity.client.messages.addressing import Addressing
from comity.client.messages.answering import Answering
from comity.client.messages.asking import Asking
from comity.client.messages.attaching import Attaching
from comity.client.messages.cases import Cases
from comity.client.messages.clocks import Clocks
from comity.client.messages.consenting import Consenting
from comity.client.messages.reading import Reading
from comity.client.messages.recalling import Recalling
from comity.client.messages.waiting import Waiting
from comity.client.messages.writing import Writing


class Messages(
    Addressing, Answering, Asking, Attaching, Cases, Clocks, Consenting, Reading, Recalling, Waiting, Writing
):
    """Messages between bureaus: information, request, reply (decision 0026)."""
