"""Pages speak their reader's language, the API English, and a choice leads nowhere else."""

from __future__ import annotations

import io
import json
import re

import pytest
from fixtures_cases import make_model
from flask.testing import FlaskClient
from pypdf import PdfReader

from hemavision.records.results import NOTICE
from hemavision.store import Store
from hemavision.web import create_app
from hemavision.words import spoken

GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}


def language_of(html: str) -> str:
    found = re.search(r'<html lang="(\w+)">', html)
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ({}, "en"),
        (GERMAN, "de"),
        ({"Accept-Language": "fr, en;q=0.3, de;q=0.1"}, "en"),
        ({"Accept-Language": "fr"}, "en"),
    ],
)
def test_a_page_speaks_what_the_browser_asks_for(
    client: FlaskClient, asked: dict[str, str], language: str
) -> None:
    answer = client.get("/", headers=asked)
    html = answer.get_data(as_text=True)
    assert language_of(html) == language == answer.headers["Content-Language"]
    assert {"Accept-Language", "Cookie"} <= set(answer.vary)
    assert ("Bilder wählen" in html) == (language == "de")
    assert NOTICE in re.sub(r"<[^>]+>", "", html)
    assert spoken() == "en"  # in this thread, afterwards


def test_a_choice_is_kept_before_what_the_browser_asks_for(client: FlaskClient) -> None:
    html = client.get("/smear", headers=GERMAN).get_data(as_text=True)
    (way,) = re.findall(r'<a href="(/language/[^"]*)" lang="en" hreflang="en">English</a>', html)
    answer = client.get(way)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/smear")
    cookie = answer.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert language_of(client.get("/smear", headers=GERMAN).get_data(as_text=True)) == "en"


@pytest.mark.parametrize(
    "elsewhere", ["//evil.example", "/\\evil.example", "https://evil.example", "/a\nb"]
)
def test_a_choice_leads_to_this_site_alone(client: FlaskClient, elsewhere: str) -> None:
    answer = client.get("/language/de", query_string={"next": elsewhere})
    assert answer.headers["Location"] == "/"


def test_nothing_is_spoken_that_nobody_translated(client: FlaskClient) -> None:
    assert client.get("/language/fr").status_code == 404
    client.set_cookie("language", "../../etc/passwd")
    assert language_of(client.get("/").get_data(as_text=True)) == "en"


def test_a_script_carries_its_words_and_english_none(client: FlaskClient) -> None:
    def script(**headers: str) -> str:
        html = client.get("/", headers=headers).get_data(as_text=True)
        (address,) = re.findall(r'<script type="module" src="([^"]+)">', html)
        answer = client.get(address)
        assert answer.cache_control.immutable
        return answer.get_data(as_text=True)

    german, english = script(**GERMAN), script()
    assert german.endswith(english)
    told = german.removesuffix(english)
    words = json.loads(re.search(r"words: (\{.*\}), sentences: (\[.*\]) \};\n$", told)[1])
    assert words["Waiting"] == "Wartet"
    assert words["{n} cell"] == ["{n} Zelle", "{n} Zellen"]
    assert 'language: "de", plural: (n) => Number((n != 1))' in told
    assert len(german.encode()) - len(english.encode()) < 100_000


def test_the_api_stays_english_after_a_german_page(client: FlaskClient) -> None:
    client.get("/language/de")
    assert language_of(client.get("/login").get_data(as_text=True)) == "de"
    assert spoken() == "en"  # in the same thread
    types = client.get("/api/v1/cell-types", headers=GERMAN).json["cell_types"]
    assert "Neutrophil" in [one["display_name"] for one in types]
    trouble = client.get("/api/v1/cases/77", headers=GERMAN).json
    assert trouble["detail"] == "There is no case 77."


def test_a_report_speaks_what_its_address_says(store: Store) -> None:
    client = create_app(make_model(), "127.0.0.1", store=store).test_client()
    case = client.post("/api/v1/cases", json={"name": "Probe"}).json["case"]["id"]
    report = f"/api/v1/cases/{case}/report"
    english = client.get(f"{report}.html", headers=GERMAN).get_data(as_text=True)
    german = client.get(f"{report}.html?language=de").get_data(as_text=True)
    assert (language_of(english), language_of(german)) == ("en", "de")
    assert "Preliminary, not signed" in english
    for words in (NOTICE, "Vorläufig, nicht signiert", "Es wurde kein Leukozyt gezählt."):
        assert words in german
    pdf = PdfReader(io.BytesIO(client.get(f"{report}.pdf?language=de").data))
    text = " ".join(page.extract_text() for page in pdf.pages).replace("\n", " ")
    assert "DIFFERENZIALBLUTBILD EINES BLUTAUSSTRICHS" in text
    assert "kann nicht erkennen" in text
    assert "95 %, exakt" in text
    assert pdf.trailer["/Root"]["/Lang"] == "de"
    told = client.get(f"{report}.json?language=de").json
    assert told["in_words"] == ["No white cell has been counted."]
    refused = client.get(f"{report}.html?language=fr")
    assert refused.status_code == 400
    assert refused.json["detail"] == "No language 'fr'; there are en, de."
