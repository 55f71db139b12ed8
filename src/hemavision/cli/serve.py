"""``hemavision serve``: a free port, a server on it, and its memory kept near what it uses."""

from __future__ import annotations

import errno
import logging
import select
import signal
import socket
import sys
import threading
import time
from typing import Any

import click

from hemavision import settings
from hemavision.errors import SettingsError

PORTS_TRIED = 50
#: Seconds after which, at the end, a connection on which nothing is asked is closed.
QUIET_S = 0.5


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
    from hemavision.web.security import is_loopback

    name = _reachable(host)
    if not is_loopback(name):
        return True
    try:
        with socket.create_connection((name, port), timeout=0.2):
            return False
    except OSError:
        return True


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
    default=settings.OTHERS_AT_ONCE,
    show_default=True,
    help="Requests answered at once beside those with images (HEMAVISION_AT_ONCE).",
)
@click.option(
    "--without-accounts",
    is_flag=True,
    help="Let everybody who can reach the server read and change cases, as the reader `local`.",
)
def serve(
    host: str | None, port: int | None, model: str | None, threads: int, without_accounts: bool
) -> None:
    """Serve the web page and the REST API until Ctrl-C or SIGTERM.

    What was accepted until then is answered; a second signal ends it at once.

    Beyond loopback this needs accounts, so that cases have readers: `hemavision cases readers
    add NAME --role admin` makes the first one.

    For research use only. Not for use in diagnostic procedures.
    """
    from hemavision.web.security import is_loopback

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
    told = _listen_for_the_end(server)
    click.echo(f"HemaVision is at {url(host, got)}")
    sys.stdout.flush()
    while not told.is_set():
        _go_on(server, within_s=1.0)
    _finish(server)


def _listen_for_the_end(server: Any) -> threading.Event:
    """Return what is set by the first signal to end; a second one ends the process."""
    told = threading.Event()

    def end(*_: object) -> None:
        if told.is_set():
            sys.exit(1)
        told.set()
        server.pull_trigger()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    return told


def _go_on(server: Any, within_s: float) -> None:
    """Read, send and accept whatever is ready, or becomes so in time."""
    from waitress import wasyncore

    wasyncore.loop(timeout=within_s, use_poll=True, map=server._map, count=1)


def _finish(server: Any) -> None:
    """Take no more connections, answer what came over those that there are, and close them."""
    from waitress import wasyncore

    from hemavision.web.gate import FINISH_S

    while select.select([server.socket], [], [], 0)[0]:  # those that the system has accepted
        server.handle_accept()
    wasyncore.dispatcher.close(server)
    until = time.monotonic() + FINISH_S
    while server.active_channels and time.monotonic() < until:
        for channel in list(server.active_channels.values()):
            for request in channel.requests:
                # Its answer then says that it is the connection's last.
                request.headers["CONNECTION"] = "close"
            in_work = channel.requests or channel.request or channel.total_outbufs_len
            if not in_work and time.time() - channel.last_activity > QUIET_S:
                channel.handle_close()
        _go_on(server, within_s=0.05)
    server.task_dispatcher.shutdown()
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
    from hemavision.cli.models import model_beside, open_named_model
    from hemavision.images.memory import give_back_what_is_large
    from hemavision.web import create_app, logs
    from hemavision.web.gate import OF_A_SERVER

    give_back_what_is_large(*OF_A_SERVER)
    logs.write_lines()
    if model is None and (model := model_beside()):
        click.echo(
            f"Using {model} in this folder; --model or HEMAVISION_MODEL takes another.", err=True
        )
    app = create_app(open_named_model(model), host=host, without_accounts=without_accounts)
    _warm_up(app)
    return app


def _server(app: Any, listening: Any, threads: int) -> Any:
    from waitress import create_server

    from hemavision.web.connections import Connection
    from hemavision.web.services import NAME

    gate = app.extensions[NAME].gate
    # A page's many small files queue for a moment on every visit: no news for a terminal.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    # Above the application's own limit, so that the application words the answer; below
    # what would fill a disk, because waitress keeps a body there before it is read.
    body_limit = 4 * settings.whole_number("max_body_mb") * 2**20
    server = create_server(
        app,
        sockets=[listening],
        # Those with images wait in threads of their own: pages and health never stand behind them.
        threads=threads + gate.at_once + gate.most_waiting,
        max_request_body_size=body_limit,
        # A gallery that scrolls fast drops requests for pictures and asks for others.
        connection_limit=400,
        # What the proxies say of a visitor is read by the application, and from nobody else.
        clear_untrusted_proxy_headers=not settings.whole_number("proxies", least=0),
        ident="HemaVision",
    )
    server.channel_class = Connection
    return server


def _warm_up(app: Any) -> None:
    """Answer once before the address is printed, so that the first image waits for nothing."""
    app.test_client().get("/health/ready")
