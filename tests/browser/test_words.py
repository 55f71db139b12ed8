"""All words of the pages are in the catalogue: in a language of brackets none stands outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import polib
import pytest
from playwright.sync_api import Browser, Page, expect

from hemavision import words
from hemavision.store import Store
from hemavision.store.cases import enter, find_case
from hemavision.store.cells import Filter, decide, list_cells
from hemavision.store.records import Change
from hemavision.store.records import Page as Rows

from .bench import opened, windows
from .pages import WINDOW, frames

#: A language that nobody speaks: every word as it is, between brackets.
CODE = "xx"
HEADERS = {"Accept-Language": CODE}
#: What is data, the name of something, or said to be in another language.
DATA = (
    "script, style, noscript, code, kbd, time, [lang=en], .languages, .brand, .file-name, "
    ".thumb-name, .case-name, .case-slide, .case-sub, [data-role=name], [data-role=slide], "
    "[data-role=reader], .import-list, .log b, nav[aria-label*=Endpoints], main article h3, "
    "[data-part=model-line], .media, article a, #networks + article dd"
)
NAMES = (
    r"JSON|CSV|COCO|VOC|YOLO|GeoJSON|HTML|PDF|FHIR|LOINC|SHA-256|µm|HemaVision|UTC|eight-types|fake|"
    r"pbc(?:-four)?|unseen-cells|by|local|ann|Fields|S-1|synthetic-[\w-]+|png|field|cells?-\d"
)
OUTSIDE = """([data, names]) => {
  const found = [];
  const known = new RegExp(`(?<![\\\\p{L}-])(${names})(?![\\\\p{L}])`, "gu");
  const read = (text, depth) => {
    let left = "";
    for (const sign of text) {
      if (sign === "⟦") depth += 1;
      else if (sign === "⟧") depth -= 1;
      else if (depth === 0) left += sign;
    }
    return [left.replace(known, ""), depth];
  };
  const note = (where, left) => {
    if (/\\p{L}{2}/u.test(left)) found.push(`${where}: ${left.trim().slice(0, 90)}`);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let depth = 0;
  while (walker.nextNode()) {
    const { currentNode: node } = walker;
    const [left, after] = read(node.data, depth);
    depth = after;
    if (!node.parentElement.closest(data)) note(node.parentElement.outerHTML.slice(0, 70), left);
  }
  const told = ["aria-label", "aria-roledescription", "alt", "title", "placeholder", "content"];
  for (const name of told) {
    for (const element of document.querySelectorAll(`body [${name}], meta[name=description]`)) {
      if (element.closest(data) || !element.hasAttribute(name)) continue;
      note(name, read(element.getAttribute(name).replace(/For research use only\\..*$/, ""), 0)[0]);
    }
  }
  note("the title", read(document.title, 0)[0]);
  return [...new Set(found)];
}"""


@pytest.fixture(scope="module")
def brackets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Make the language of brackets, for this process's servers."""
    folder = tmp_path_factory.mktemp("words")
    catalogue = polib.pofile(str(words.FOLDER / "hemavision.pot"))
    catalogue.metadata["Plural-Forms"] = "nplurals=2; plural=(n != 1);"
    for entry in catalogue:
        if entry.msgid_plural:
            entry.msgstr_plural = {0: f"⟦{entry.msgid}⟧", 1: f"⟦{entry.msgid_plural}⟧"}
        else:
            entry.msgstr = entry.msgid if entry.msgid == "1,234.5" else f"⟦{entry.msgid}⟧"
    catalogue.save(str(folder / f"{CODE}.po"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(words, "FOLDER", folder)
        words.languages.cache_clear()
        words.catalogue.cache_clear()
        yield
    words.languages.cache_clear()
    words.catalogue.cache_clear()


def outside(page: Page) -> list[str]:
    """Return the words of a page that are in no catalogue."""
    assert page.locator("html").get_attribute("lang") == CODE
    frames(page)
    found: list[str] = page.evaluate(OUTSIDE, [DATA, NAMES])
    return found


Walk = Callable[[Browser, pytest.FixtureRequest], Iterator[tuple[str, list[str]]]]


def looking_at(path: str, look: Callable[[Page], None] = lambda page: None) -> Walk:
    """Return a walk of one page, as it is after a look."""

    def walk(browser: Browser, request: pytest.FixtureRequest) -> Iterator[tuple[str, list[str]]]:
        context = browser.new_context(
            **WINDOW, base_url=request.getfixturevalue("url"), extra_http_headers=HEADERS
        )
        page = context.new_page()
        page.goto(path)
        expect(page.locator("main")).to_be_visible()
        look(page)
        yield path, outside(page)
        context.close()

    return walk


def answered(page: Page) -> None:
    page.locator("[data-sample]").first.click()
    ready = "[data-download=json]:enabled, [data-export=json]:enabled"
    expect(page.locator(ready).first).to_be_visible()


def with_a_card(page: Page) -> None:
    answered(page)
    page.locator("[data-part=gallery] [data-cell]").first.click()
    page.get_by_role("application").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-part=card]")).to_be_visible()


def a_case(browser: Browser, request: pytest.FixtureRequest) -> Iterator[tuple[str, list[str]]]:
    """Walk a case from its cells to its amendment, the lists, and its report."""
    bench = request.getfixturevalue("bench")
    case = bench.fields(2)
    with windows(browser, bench) as window:
        page = opened(window(f"/cases/{case}", extra_http_headers=HEADERS))
        for name in dialogs(page):
            yield name, outside(page)
        decide_all(bench.store, case)
        page.reload()
        yield from sheet_of(opened(page), "the case, decided")
        stop_short(bench.store, case)
        page.reload()
        yield from sheet_of(opened(page), "the case, its count complete")
        for name in signing(page):
            yield name, outside(page)
        for path in ("/cases", "/agreement"):
            page.goto(path)
            shown = page.locator("[data-part=list] tbody tr, [data-role=chart] svg")
            expect(shown.first).to_be_visible()
            yield path, outside(page)
        page.goto(f"/api/v1/cases/{case}/report.html?language={CODE}")
        yield "the report", outside(page)


def dialogs(page: Page) -> Iterator[str]:
    """Open what a case's page has, one after the other; give each one's name when it is there."""
    yield "the case"
    page.locator(".cell").first.focus()
    page.keyboard.press("i")
    expect(page.locator("[data-part=inspector]")).to_be_visible()
    yield "a cell, large"
    page.keyboard.press("Escape")
    for part, act in [("keys", "act-keys"), ("log", "act-log"), ("reads", "act-reads")]:
        page.locator(f"[data-act={act}]").click()
        expect(page.locator(f"[data-part={part}]")).to_be_visible()
        yield act
        page.keyboard.press("Escape")
    page.keyboard.press("f")
    expect(page.locator("[data-part=field-view]")).to_be_visible()
    yield "the field"
    page.locator("[data-part=field-view] form button").click()
    page.locator("[data-act=act-sign]").click()
    expect(page.locator("[data-part=sign]")).to_be_visible()
    yield "what is left before signing"
    page.keyboard.press("Escape")


def decide_all(store: Store, case: int) -> None:
    cells, _ = list_cells(store, case, Filter(), Rows(1000))
    kinds = ["blast", "neutrophil", "immature_granulocyte", "erythroblast"]
    changes = [Change(cell.id, cell.revision, kinds[n % 4]) for n, cell in enumerate(cells)]
    decide(store, case, changes, "ann")
    entries = replace(
        find_case(store, case).entries, white_cells=6.2, analyser={"neutrophil": 20.0}
    )
    enter(store, case, entries, "ann")


def stop_short(store: Store, case: int) -> None:
    """Let the count be complete without some cells, critical ones among them."""
    cells, _ = list_cells(store, case, Filter(), Rows(1000))
    changes = [Change(cell.id, cell.revision, None) for cell in cells if cell.id % 3 == 0]
    decide(store, case, changes, "ann")
    enter(store, case, replace(find_case(store, case).entries, target=10), "ann")


def sheet_of(page: Page, name: str) -> Iterator[tuple[str, list[str]]]:
    """Look at a case and at what whoever signs it is shown."""
    yield name, outside(page)
    page.locator("[data-act=act-sign]").click()
    expect(page.locator("[data-part=sign] input[type=checkbox]").first).to_be_visible()
    yield f"{name}: the sheet", outside(page)
    page.keyboard.press("Escape")


def signing(page: Page) -> Iterator[str]:
    """Sign a case whose count is complete, and look at what was signed."""
    page.locator("[data-act=act-sign]").click()
    boxes = page.locator("[data-part=sign] input[type=checkbox]")
    expect(page.locator("[data-role=rest]")).not_to_be_empty()
    for box in boxes.all():
        box.check()
    page.locator("[data-role=confirm]").click()
    expect(page.locator("[data-part=banner]")).to_be_visible()
    yield "the case, signed"
    page.locator("[data-act=act-amend]").click()
    yield "an amendment"


WALKS = {
    "smear": looking_at("/smear", with_a_card),
    "live": looking_at("/live"),
    "figures": looking_at("/figures"),
    "settings": looking_at("/settings"),
    "docs": looking_at("/docs"),
    "login": looking_at("/login"),
    "case": a_case,
}


@pytest.mark.parametrize(
    "walk",
    [
        pytest.param(looking_at("/", answered), id="cell"),
        *(pytest.param(walk, marks=pytest.mark.long, id=name) for name, walk in WALKS.items()),
    ],
)
def test_every_word_is_in_the_catalogue(
    browser: Browser, brackets: None, request: pytest.FixtureRequest, walk: Walk
) -> None:
    found = dict(walk(browser, request))
    assert found
    assert {name: left for name, left in found.items() if left} == {}
