"""The API reference page: complete, self-hosted, inert."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from flask.testing import FlaskClient

from hemavision.records.results import NOTICE


class Page(HTMLParser):
    """Collects what the tests look at."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        values = dict(attrs)
        self.links += [str(values[name]) for name in ("href", "src") if name in values]
        if "id" in values:
            self.ids.append(str(values["id"]))


@pytest.fixture
def text(client: FlaskClient) -> str:
    return client.get("/docs").get_data(as_text=True)


def test_names_every_endpoint_and_carries_the_notice(client: FlaskClient, text: str) -> None:
    assert NOTICE in text
    for path, methods in client.get("/api/v1/openapi.json").json["paths"].items():
        for method in methods:
            assert f"<b>{method.upper()}</b> {path}" in text


def test_carries_no_code_and_needs_nobody_else(text: str) -> None:
    page = Page(text)
    assert not page.tags & {"style", "iframe"}
    (script,) = re.findall(r"<script[^>]*>", text)
    assert re.fullmatch(r'<script type="module" src="/assets/[0-9a-f]{16}/docs\.js">', script)
    assert "style" not in page.attributes
    assert not {name for name in page.attributes if name.startswith("on")}
    assert all(link.startswith(("/", "#")) and not link.startswith("//") for link in page.links)


def test_what_most_come_for_stands_first(text: str) -> None:
    named = re.findall(r"<b>[A-Z]+</b> (/\S+?)<", text)
    assert named[:3] == ["/api/v1/classify", "/predict", "/api/v1/smears"]


def test_every_link_leads_somewhere(client: FlaskClient, text: str) -> None:
    page = Page(text)
    assert len(page.ids) == len(set(page.ids))
    for link in page.links:
        if link.startswith("#"):
            assert link[1:] in page.ids
        elif not link.startswith("/language/"):  # a choice, which the next test would be in
            assert client.get(link).status_code == 200


def test_nothing_is_left_unrendered(text: str) -> None:
    assert not re.search(r"Undefined|\{\{|\}\}|<td></td>\s*<td></td>", text)
