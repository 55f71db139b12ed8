"""Headers that every response carries, and which host names are answered."""

from __future__ import annotations

from ipaddress import ip_address

from flask import Flask, Response

POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"]


def install(app: Flask) -> None:
    """Make every response carry the headers."""
    app.after_request(_add_headers)


def trusted_hosts(host: str) -> list[str] | None:
    """Return the host names to answer on an address that the server listens on; None is any.

    A server on a loopback address answers only loopback names, so that no page elsewhere
    can reach it by pointing its own name at 127.0.0.1 (DNS rebinding).
    """
    return [*LOOPBACK_NAMES, host] if _is_loopback(host) else None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if response.mimetype in ("application/json", "application/problem+json"):
        # Answers about a person's blood do not belong in a cache.
        response.headers.setdefault("Cache-Control", "no-store")
    return response
