"""The application on a real server, which ends with the test whatever a page still holds open."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from waitress import wasyncore
from waitress.server import create_server

from hemavision.web.connections import Connection
from hemavision.web.services import NAME

#: What the servers say of the shipped models: each would open all of them anew.
_DESCRIBED: dict[Path, dict[str, object]] = {}


@contextmanager
def listening(app: Flask, threads: int = 4) -> Iterator[str]:
    """Serve an application as ``hemavision serve`` does, and give its address."""
    app.extensions[NAME].described = _DESCRIBED
    # A window that goes from page to page asks for each of the scripts but once.
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 3600
    open_: dict[int, wasyncore.dispatcher] = {}
    server = create_server(app, host="127.0.0.1", port=0, threads=threads, map=open_)
    server.channel_class = Connection
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"

    def close() -> None:
        for channel in list(server.active_channels.values()):
            channel.handle_close()
        wasyncore.close_all(open_)

    # In its own thread, which ends with the last connection: a page may keep one for long.
    server.trigger.pull_trigger(close)
    thread.join()
    server.task_dispatcher.shutdown()
