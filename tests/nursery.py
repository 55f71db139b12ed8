"""Servers that need not start from nothing: started once, it forks a ``hemavision serve`` for each.

Most of what a start costs is imports. This program does them once and waits; for each request
that comes over its socket it forks a process that runs the command with the arguments, environment
and output that were sent. The process is a server like any other: a group of its own threads,
sockets and signals, and it may be killed.

Run as ``python nursery.py FD``, FD an inherited Unix socket of messages.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import traceback
from contextlib import suppress


def main() -> None:
    import waitress  # noqa: F401
    from waitress import server  # noqa: F401

    from hemavision import web  # noqa: F401
    from hemavision.cli import models, serve  # noqa: F401
    from hemavision.reading import cell, engine  # noqa: F401
    from hemavision.reading.finding import detector  # noqa: F401

    signal.signal(signal.SIGCHLD, _reap)
    wanted = socket.socket(fileno=int(sys.argv[1]))
    wanted.send(b"ready")
    while True:
        message, fds, *_ = socket.recv_fds(wanted, 65536, 3)
        if not message:
            return
        if os.fork() == 0:
            wanted.close()
            _watch(json.loads(message), *fds)
        for fd in fds:
            os.close(fd)


def _reap(*_: object) -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _watch(order: dict[str, object], out: int, errors: int, news: int) -> None:
    """Fork the server; tell its process number, and in the end its exit status."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if child == 0:
        os.close(news)
        os.dup2(out, 1)
        os.dup2(errors, 2)
        _serve(order)
    os.close(out)
    os.close(errors)
    os.write(news, b"%d\n" % child)
    _, status = os.waitpid(child, 0)
    os.write(news, b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _serve(order: dict[str, object]) -> None:
    from hemavision.cli import main as command

    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(order["environment"])  # type: ignore[call-overload]
    # Those of the start remember what sort of file they had.
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False, buffering=1)
    code = 1
    try:
        command(order["arguments"])
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
