"""A client's connection, which leaves nothing behind when it goes away."""

from __future__ import annotations

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser


class Connection(HTTPChannel):  # type: ignore[misc]  # waitress is untyped
    """Closes what had come of a request whose client went away in the middle of it.

    A large body waits in a temporary file. waitress leaves the file of half a body to the garbage
    collector, so that a disk could fill with them while nothing else asks for a collection.
    """

    request: HTTPRequestParser | None

    def handle_close(self) -> None:
        """Close the connection, and the half request."""
        super().handle_close()
        begun, self.request = self.request, None
        if begun is not None:
            begun.close()
