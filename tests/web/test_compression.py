"""Text goes out compressed where it is asked for so, and is the same text."""

from __future__ import annotations

import gzip

import pytest
from flask.testing import FlaskClient

GZIP = {"Accept-Encoding": "gzip, br"}


@pytest.mark.parametrize("path", ["/", "/static/css/base.css", "/static/js/words.js", "/docs"])
def test_pages_and_their_parts_are_a_third_of_their_size(client: FlaskClient, path: str) -> None:
    plain, packed = client.get(path), client.get(path, headers=GZIP)
    assert plain.content_encoding is None
    assert packed.content_encoding == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) * 0.4
    assert packed.content_length == len(packed.data)
    assert "Accept-Encoding" in packed.vary
    assert "Accept-Encoding" in plain.vary


def test_a_kept_file_is_not_sent_again(client: FlaskClient) -> None:
    first = client.get("/static/js/words.js", headers=GZIP)
    again = client.get(
        "/static/js/words.js", headers=GZIP | {"If-None-Match": first.headers["ETag"]}
    )
    assert (again.status_code, again.data) == (304, b"")


def test_pictures_refusals_and_what_nobody_packs_stay_as_they_are(client: FlaskClient) -> None:
    for path in ("/samples/synthetic-smear.png", "/api/v1/nothing", "/health/live"):
        assert client.get(path, headers=GZIP).content_encoding is None
    refused = client.get("/", headers={"Accept-Encoding": "gzip;q=0"})
    assert refused.content_encoding is None
    posted = client.post("/api/v1/classify", headers=GZIP)
    assert posted.content_encoding is None
