"""The real server is killed under the real page of a case, and started again."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, expect
from servers import Served, free_port

from hemavision.store import Store, open_store
from hemavision.store.cases import find_case, find_version
from hemavision.store.journal import list_entries
from hemavision.store.records import Page as Rows
from hemavision.store.verification import verify

from .bench import Bench, opened, saved, windows
from .pages import intercept

KINDS = {"1": "neutrophil", "2": "eosinophil"}
AWAY = "The server does not answer. Not saved yet: 2 cells and what you entered."


def test_what_is_decided_while_it_is_away_is_sent_once(
    browser: Browser, forked: Served, tmp_path: Path
) -> None:
    path, port = tmp_path / "store.sqlite", free_port()
    store = open_store(path)
    bench = Bench(f"http://127.0.0.1:{port}", store)
    number = bench.case(4)
    environment = {"HEMAVISION_STORE": str(path)}
    start = lambda: forked("--port", str(port), **environment)  # noqa: E731
    with windows(browser, bench) as go:
        with start():
            page = opened(go(f"/cases/{number}"))
            page.keyboard.press("1")
            expect(page.locator("[data-role=progress-words]")).to_have_text("1 of 4 decided")
            saved(page)
        page.keyboard.press("2")
        page.keyboard.press("2")
        page.get_by_label("Comment, for the report").fill("Away, and back.")
        expect(page.get_by_role("alert").filter(has_text=AWAY)).to_be_visible()
        expect(page.locator("[data-role=saved]")).to_have_text("Not saved")
        assert decisions(store, number) == 1
        with start():
            saved(page)
            expect(page.locator("[data-part=away]")).to_be_hidden()
            expect(page.get_by_role("log")).to_contain_text("The server answers again.")
    assert decisions(store, number) == 3
    assert find_case(store, number).entries.comment == "Away, and back."
    store.close()


def test_an_answer_that_got_lost_changes_nothing_twice(
    bench: Bench, go: Callable[..., Page]
) -> None:
    number = bench.case(2)
    page = opened(go(f"/cases/{number}"))
    sent: dict[str, list[str | None]] = {"cells": [], "sign": []}

    def lose_the_first(route: object) -> None:
        asked = route.request  # type: ignore[attr-defined]
        of_its_kind = sent[asked.url.rpartition("/")[2]]
        of_its_kind.append(asked.headers.get("idempotency-key"))
        if len(of_its_kind) > 1:
            route.continue_()  # type: ignore[attr-defined]
            return
        route.fetch()  # type: ignore[attr-defined]  # the server has it,
        route.abort()  # type: ignore[attr-defined]  # and the page never hears of it

    intercept(page, re.compile(r"/api/v1/cases/\d+/(cells|sign)$"), lose_the_first)
    # An answer comes to what is sent again alone; before it the next decision would go with it.
    with page.expect_response(re.compile(r"/cells$")):
        page.keyboard.press("1")
    expect(page.locator("[data-role=progress-words]")).to_have_text("1 of 2 decided")
    saved(page)
    with page.expect_response(re.compile(r"/cells$")):
        page.keyboard.press("2")
    saved(page)
    page.locator("[data-act=act-sign]").click()
    dialog = page.get_by_role("dialog", name="Sign the case")
    dialog.get_by_role("button", name=re.compile("^Sign")).click()
    expect(page.locator(".state-chip")).to_have_text("Signed")
    for keys, times in ((sent["cells"], 3), (sent["sign"], 2)):
        assert len(keys) == times
        assert keys[0] is not None
        assert keys[0] == keys[1]
    assert decisions(bench.store, number) == 2
    assert find_version(bench.store, number, 1).signed_at
    assert verify(bench.store).sound


def decisions(store: Store, number: int) -> int:
    entries, _ = list_entries(store, number, Rows())
    return sum(entry.action == "decide" for entry in entries)
