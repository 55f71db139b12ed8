"""``hemavision serve``: a free port, a server on it, and its memory kept near what it uses."""

from __future__ import annotations

import ctypes
import errno
import logging
import signal
import socket
import sys
from ipaddress import ip_address
from typing import Any

import click

from hemavision.errors import SettingsError

_M_MMAP_THRESHOLD = -3  # glibc's malloc.h
_THRESHOLD_BYTES = 2**20


def give_back_freed_memory() -> None:
    """Make the C library return each freed block of 1 MiB or more to the system at once.

    glibc raises that size up to 32 MiB by itself once such blocks are freed, and from then on
    the worker threads keep them: after one photograph of 24 million pixels a server held
    600 MB, with this 220 MB. Other C libraries have no such call and no such habit.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # musl has none
        mallopt(_M_MMAP_THRESHOLD, _THRESHOLD_BYTES)


PORTS_TRIED = 50


def listen(host: str, port: int) -> socket.socket:
    """Bind a socket to ``port``, or to the next free one.

    Raises:
        SettingsError: the host is not one of this machine's addresses, the port may not be
            used, or all of the next :data:`PORTS_TRIED` ports are taken.
    """
    last = min(port + PORTS_TRIED - 1, 65535)
    for candidate in range(port, last + 1):
        if is_free(host, candidate):
            bound = _bind(host, candidate)
            if bound:
                return bound
    raise SettingsError(f"Ports {port} to {last} are all taken; name another with --port.")


def is_free(host: str, port: int) -> bool:
    """Whether nothing answers on a port of this machine yet; other addresses are not asked.

    Asked before binding, because some systems let a program bind 127.0.0.1 while another
    listens on every address, and then the browser may reach either.
    """
    name = _reachable(host)
    if not is_loopback(name):
        return True
    try:
        with socket.create_connection((name, port), timeout=0.2):
            return False
    except OSError:
        return True


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def url(host: str, port: int) -> str:
    """Return the address to open in a browser on this machine."""
    name = _reachable(host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _reachable(host: str) -> str:
    return "localhost" if host in ("127.0.0.1", "0.0.0.0", "::", "localhost") else host


def _bind(host: str, port: int) -> socket.socket | None:
    bound = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, protocol)
        # A port that a server has just left stays usable.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as error:
        if bound:
            bound.close()
        if error.errno == errno.EADDRINUSE:
            return None
        raise SettingsError(f"Cannot listen on {host} port {port}: {error.strerror}.") from error
    return bound


@click.command()
@click.option("--host", help="Address to listen on; HEMAVISION_HOST otherwise.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="Port to try first; HEMAVISION_PORT otherwise. The next free one is taken, and said.",
)
@click.option(
    "--model",
    metavar="NAME|FILE",
    help="A shipped model, a bundle or a Keras file; HEMAVISION_MODEL otherwise.",
)
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    help="Requests answered at once.",
)
@click.option(
    "--without-accounts",
    is_flag=True,
    help="Let everybody who can reach the server read and change cases, as the reader `local`.",
)
def serve(
    host: str | None, port: int | None, model: str | None, threads: int, without_accounts: bool
) -> None:
    """Serve the web page and the REST API until Ctrl-C.

    Beyond loopback this needs accounts, so that cases have readers: `hemavision cases readers
    add NAME --role admin` makes the first one.

    For research use only. Not for use in diagnostic procedures.
    """
    from hemavision import settings

    host = host or settings.text("host")
    wanted = port or settings.whole_number("port")
    listening = listen(host, wanted)
    got = listening.getsockname()[1]
    if got != wanted:
        click.echo(f"Port {wanted} is taken; using {got}.", err=True)
    proxies = settings.whole_number("proxies", least=0)
    if proxies or not is_loopback(host):
        login = _check_accounts(host, without_accounts)
        if not proxies:
            _warn(host, login)
    app = _app(host, model, without_accounts)
    server = _server(app, listening, threads)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    click.echo(f"HemaVision is at {url(host, got)}")
    sys.stdout.flush()
    server.run()  # returns after Ctrl-C
    server.close()


def _check_accounts(host: str, without_accounts: bool) -> bool:
    """Refuse to let other machines at the cases without a login, unless that is wanted.

    Returns whether there is a login.
    """
    from hemavision.store import open_store
    from hemavision.store.readers import has_accounts

    store = open_store()
    login = has_accounts(store)
    store.close()
    if not login and not without_accounts:
        raise click.UsageError(
            f"{host} can be reached from other machines, or through a proxy, and there are no "
            "accounts. Make one (hemavision cases readers add NAME --role admin), leave --host "
            "and HEMAVISION_PROXIES out, or say --without-accounts."
        )
    return login


def _warn(host: str, login: bool) -> None:
    click.echo(
        f"Warning: {host} can be reached from other machines. There is no "
        f"{'' if login else 'login and no '}encryption: put a proxy with "
        f"{'it' if login else 'both'} in front (docs/proxy.md), or leave --host out.",
        err=True,
    )


def _app(host: str, model: str | None, without_accounts: bool) -> Any:
    from hemavision.cli.named import model_beside, open_named_model
    from hemavision.web import create_app

    give_back_freed_memory()
    if model is None and (model := model_beside()):
        click.echo(
            f"Using {model} in this folder; --model or HEMAVISION_MODEL takes another.", err=True
        )
    app = create_app(open_named_model(model), host=host, without_accounts=without_accounts)
    _warm_up(app)
    return app


def _server(app: Any, listening: Any, threads: int) -> Any:
    from waitress import create_server

    from hemavision import settings

    # A page's many small files queue for a moment on every visit: no news for a terminal.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    # Above the application's own limit, so that the application words the answer; below
    # what would fill a disk, because waitress keeps a body there before it is read.
    body_limit = 4 * settings.whole_number("max_body_mb") * 2**20
    return create_server(
        app,
        sockets=[listening],
        threads=threads,
        max_request_body_size=body_limit,
        # A gallery that scrolls fast drops requests for pictures and asks for others.
        connection_limit=400,
        # What the proxies say of a visitor is read by the application, and from nobody else.
        clear_untrusted_proxy_headers=not settings.whole_number("proxies", least=0),
        ident="HemaVision",
    )


def _warm_up(app: Any) -> None:
    """Answer once before the address is printed, so that the first image waits for nothing."""
    app.test_client().get("/health/ready")
