"""The page's own addresses: the document, the samples, the static files."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from drawings.cells import SAMPLE_NAMES, sample_png
from drawings.smear import smear_png
from flask.testing import FlaskClient
from markupsafe import escape

from hemavision import Model
from hemavision.records.classes import load_classes
from hemavision.records.reference import display_name, load_profile
from hemavision.records.results import NOTICE
from hemavision.web import create_app

PAGES = ("/", "/smear")


@pytest.fixture(scope="module")
def client(model: Model) -> Iterator[FlaskClient]:
    with create_app(model).test_client() as client:
        yield client


@pytest.mark.parametrize("address", PAGES)
def test_the_document_carries_the_notice_and_no_inline_code(
    client: FlaskClient, address: str
) -> None:
    response = client.get(address)
    html = response.get_data(as_text=True)
    assert response.status_code == 200
    assert html.count(NOTICE) >= 3
    assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?![^>]*\ssrc=)", html)
    assert not re.search(r"(src|href)=\"(https?:)?//", html)


@pytest.mark.parametrize("address", PAGES)
def test_everything_the_document_links_to_is_there(client: FlaskClient, address: str) -> None:
    html = client.get(address).get_data(as_text=True)
    addresses = {a.partition("#")[0] for a in re.findall(r"(?:src|href)=\"(/[^\"]*)\"", html)}
    assert len(addresses) > 10
    for linked in sorted(a for a in addresses if not a.startswith("/language/")):
        assert client.get(linked).status_code == 200, linked


@pytest.mark.parametrize("address", PAGES)
def test_every_page_leads_to_every_other_and_says_which_is_open(
    client: FlaskClient, address: str
) -> None:
    html = client.get(address).get_data(as_text=True)
    site = re.search(r"<nav class=\"site\".*?</nav>", html, re.DOTALL)
    assert site is not None
    assert set(PAGES) <= set(re.findall(r"href=\"([^\"]+)\"", site[0]))
    assert re.findall(r"href=\"([^\"]+)\" aria-current", site[0]) == [address]


def test_the_synthetic_field_is_served_with_a_name_that_says_so(client: FlaskClient) -> None:
    response = client.get("/samples/synthetic-smear.png")
    assert response.data == smear_png()
    assert response.content_type == "image/png"
    assert 'filename="synthetic-smear.png"' in response.headers["Content-Disposition"]


@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_samples_are_served_with_a_name_that_says_synthetic(client: FlaskClient, name: str) -> None:
    response = client.get(f"/samples/{name}.png")
    assert response.data == sample_png(name)
    assert response.content_type == "image/png"
    assert f'filename="{name}.png"' in response.headers["Content-Disposition"]


@pytest.mark.parametrize("name", ["basophil", "synthetic-basophil", "..%2f..%2fetc%2fpasswd"])
def test_an_unknown_sample_is_a_404_problem(client: FlaskClient, name: str) -> None:
    response = client.get(f"/samples/{name}.png")
    assert response.status_code == 404
    assert response.content_type.startswith("application/problem+json")


def test_every_figure_stands_with_its_protocol_and_its_interval(
    client: FlaskClient, model: Model
) -> None:
    html = client.get("/figures").get_data(as_text=True)
    assert html.count(NOTICE) >= 2
    for protocol, found in model.manifest.metrics.items():
        assert f">{protocol}</h3>" in html
        low, high = found["intervals"]["accuracy"]
        assert f"{found['accuracy']:.1%} <small>{low:.1%} to {high:.1%}</small>" in html
    assert 'href="/figures"' in client.get("/").get_data(as_text=True)


def test_the_settings_page_says_what_this_server_is_set_to(
    client: FlaskClient, model: Model
) -> None:
    html = client.get("/settings").get_data(as_text=True)
    assert html.count(NOTICE) >= 2
    assert 'href="/settings"' in client.get("/live").get_data(as_text=True)
    assert model.manifest.name in html
    own = load_profile("default")
    for one in load_classes().with_types(model.manifest.cell_types):
        row = f'<th scope="row">{display_name(one.name)}</th><td>'
        assert f"{row}<kbd>{one.key}</kbd>" in html
        assert one.loinc is None or f"<td>{one.loinc}</td>" in html
    for rule in own.critical:
        assert str(escape(rule.source)) in html
    for title in ("Adults, United Kingdom", own.title):
        assert f">{title}" in html
    for variable in ("MODEL", "DETECTOR", "CLASSES", "REFERENCE", "MAX_MEGAPIXELS"):
        assert f"HEMAVISION_{variable}" in html
