"""Finding a port to listen on."""

from __future__ import annotations

import errno
import socket
from ipaddress import ip_address

from hemavision.errors import SettingsError

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
