"""All desks together. Written by `make docs` from the desks; do not edit."""

from comity.client.abuse import Abuse
from comity.client.connection import Connection
from comity.client.directory import Directory
from comity.client.hits import Hits
from comity.client.keylists import Keylists
from comity.client.membership import Membership
from comity.client.messages import Messages
from comity.client.records import Records


class Desks:
    """The desks of a bureau, one for each capability."""

    def __init__(self, connection: Connection) -> None:
        """Speak over this line."""
        self.membership = Membership(connection)
        self.messages = Messages(connection)
        self.directory = Directory(connection)
        self.abuse = Abuse(connection)
        self.records = Records(connection)
        self.hits = Hits(connection)
        self.keylists = Keylists(connection)
