"""A client that goes away in the middle of a large upload leaves no file behind."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
import waitress
from flask import Flask
from waiting import until
from waitress.server import BaseWSGIServer

from hemavision.web.connections import Connection

SENT = 2 * 2**20


@pytest.fixture
def server(app: Flask) -> Iterator[BaseWSGIServer]:
    server = waitress.create_server(app, host="127.0.0.1", port=0, threads=1)
    server.channel_class = Connection
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield server
    server.close()
    thread.join(timeout=60)


def test_half_an_upload_is_gone_with_its_client(server: BaseWSGIServer) -> None:
    with socket.create_connection(("127.0.0.1", server.effective_port), timeout=60) as client:
        head = f"POST /api/v1/classify HTTP/1.1\r\nHost: x\r\nContent-Length: {2 * SENT}\r\n\r\n"
        client.sendall(head.encode() + bytes(SENT))
        until(lambda: bool(server.active_channels))
        (connection,) = server.active_channels.values()
        until(lambda: connection.request is not None and len(body(connection)) == SENT)
        kept = body(connection)
        assert kept.overflowed, "the body is not in a file"
        file = kept.buf.file
        assert not file.closed
    until(lambda: not server.active_channels)
    until(lambda: file.closed)


def body(connection: Connection) -> waitress.buffers.OverflowableBuffer:
    return connection.request.body_rcv.getbuf()
