"""A real ``hemavision serve``, by a person or forked from one that is ready; a real nginx."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Protocol, TextIO

from real_parts import missing

NURSERY = Path(__file__).with_name("nursery.py")


class Process(Protocol):
    """What the tests ask of a server's process; :class:`subprocess.Popen` has it too."""

    pid: int

    def send_signal(self, number: int, /) -> None: ...
    def kill(self) -> None: ...
    def communicate(self, *, timeout: float | None = None) -> tuple[str, str]: ...
    @property
    def returncode(self) -> int | None: ...


#: Takes the command's arguments and what the environment has besides; gives the process and the
#: line that it printed, empty where it ended before.
Served = Callable[..., AbstractContextManager[tuple[Process, str]]]


@contextmanager
def served(*arguments: str, **environment: str) -> Iterator[tuple[Process, str]]:
    """A server that a new interpreter runs."""
    # Whoever runs the tests in the background ignores Ctrl-C, and a child would inherit that.
    listening = ["env", "--default-signal=INT"]
    process = subprocess.Popen(
        [*listening, sys.executable, "-m", "hemavision", "serve", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )
    try:
        assert process.stdout
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


class Forked:
    """A server's process that the nursery made."""

    def __init__(self, out: int, errors: int, news: int) -> None:
        self.stdout, self._errors, self._news = map(_reader, (out, errors, news))
        self.pid = int(self._news.readline())
        self.returncode: int | None = None

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            self.send_signal(signal.SIGKILL)

    def wait(self) -> int:
        if self.returncode is None:
            self.returncode = int(self._news.readline())
        return self.returncode

    def communicate(self, *, timeout: float | None = None) -> tuple[str, str]:
        """Wait until it has ended, at most so many seconds; return what it printed."""
        late = threading.Timer(timeout, self.kill) if timeout else None
        if late:
            late.start()
        try:
            said = self.stdout.read(), self._errors.read()
            self.wait()
        finally:
            if late:
                late.cancel()
        return said

    def close(self) -> None:
        self.kill()
        self.wait()
        for stream in (self.stdout, self._errors, self._news):
            stream.close()


def _reader(fd: int) -> TextIO:
    return os.fdopen(fd, encoding="utf-8")


class Nursery:
    """An interpreter with all imports done, that forks a server whenever one is wanted."""

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, str(NURSERY), str(theirs.fileno())]
        self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()])
        theirs.close()
        assert self._ours.recv(10) == b"ready"

    @contextmanager
    def served(self, *arguments: str, **environment: str) -> Iterator[tuple[Process, str]]:
        """A server that is forked from the nursery."""
        order = {"arguments": ["serve", *arguments], "environment": os.environ | environment}
        pipes = [os.pipe() for _ in range(3)]
        socket.send_fds(self._ours, [json.dumps(order).encode()], [end for _, end in pipes])
        for _, end in pipes:
            os.close(end)
        process = Forked(*(begin for begin, _ in pipes))
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.close()

    def close(self) -> None:
        self._ours.close()
        self._process.wait(timeout=60)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def program(name: str) -> str:
    """Where a program is; Debian keeps servers off the PATH."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if path is None:
        missing(f"{name} (install {name})")
    return str(path)


def certificate(folder: Path) -> None:
    """Put a certificate and its key there: ``pem`` and ``key``."""
    words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    words += ["-subj", "/CN=smears.example", "-days", "1"]
    words += ["-keyout", str(folder / "key"), "-out", str(folder / "pem")]
    subprocess.run([program("openssl"), *words], check=True, capture_output=True)


def anybody() -> ssl.SSLContext:
    """What takes a certificate that nobody has signed."""
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    return trusting


def nginx_file(folder: Path, blocks: str) -> Path:
    """Write a whole configuration that serves these blocks; what it leaves lies in the folder."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    path = folder / "nginx.conf"
    path.write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/errors;\n"
        f"events {{}}\nhttp {{ access_log off;\n{places}{blocks}}}\n",
        encoding="utf-8",
    )
    return path


@contextmanager
def proxied(folder: Path, blocks: str, port: int) -> Iterator[None]:
    """A real nginx that serves these blocks; it listens on the port when this begins."""
    command = [program("nginx"), "-p", str(folder), "-c", str(nginx_file(folder, blocks))]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        try:
            while not _listens(port):
                assert process.poll() is None, process.communicate()[1]
                time.sleep(0.02)
            yield
        finally:
            process.send_signal(signal.SIGTERM)


def _listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0
