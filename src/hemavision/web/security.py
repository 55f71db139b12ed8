"""Headers that every response carries, and which addresses are answered.

The headers are those that OWASP's ASVS 5.0 asks for at level 2 (chapters 3.4, 4.1 and 14.3).
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, request
from werkzeug.middleware.proxy_fix import ProxyFix

from hemavision.web.errors import Problem

POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    # The live page's camera, and nothing else that could watch or listen.
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), display-capture=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
#: Once reached over TLS, a browser goes on with nothing else for a year. Over plain HTTP it would
#: not listen to this.
ONLY_TLS = "max-age=31536000; includeSubDomains"
LOOPBACK_NAMES = {"localhost", "127.0.0.1", "::1"}
_ANSWERS = ("application/json", "application/problem+json")
#: Config key: the host names that are answered; None is any.
HOSTS = "ANSWERED_HOSTS"


def install(app: Flask) -> None:
    """Make every response carry the headers, and refuse foreign host names."""
    app.before_request(_check_host)
    app.before_request(_check_query)
    app.after_request(_add_headers)


def believe(app: Flask, proxies: int) -> None:
    """Take the word of so many proxies in front for a visitor's address, scheme and host name.

    Any name is answered then, because it is the proxy that decides which names lead here; a page
    elsewhere that points its own name at the server has no login there.
    """
    app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
        app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies
    )
    app.config[HOSTS] = None


def answered_hosts(host: str) -> set[str] | None:
    """Return the host names to answer on an address that the server listens on; None is any.

    A server on a loopback address answers only loopback names, so that no page elsewhere
    can reach it by pointing its own name at 127.0.0.1 (DNS rebinding). Werkzeug's
    TRUSTED_HOSTS would do, but cannot name an IPv6 address.
    """
    return LOOPBACK_NAMES | {host} if is_loopback(host) else None


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach an address."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _check_host() -> None:
    answered = current_app.config[HOSTS]
    header = request.headers.get("Host")
    if answered is None or header is None:
        return
    try:
        name = urlsplit(f"//{header}").hostname
    except ValueError:
        name = None
    if name not in answered:
        raise Problem(
            "bad-host",
            f"This server answers only to {', '.join(sorted(answered))}. Start it with --host "
            "to let other machines in.",
        )


def _check_query() -> None:
    try:
        request.query_string.decode()
    except UnicodeDecodeError:
        raise Problem(
            "bad-request",
            "The address's query is not UTF-8. Write %XX for a byte.",
        ) from None


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", ONLY_TLS)
    if request.path.startswith("/api/") or response.mimetype in _ANSWERS:
        # Answers about a person's blood, pictures and files too, do not belong in a cache.
        response.headers.setdefault("Cache-Control", "no-store")
    return response
