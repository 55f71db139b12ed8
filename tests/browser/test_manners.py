"""What the page does behind the scenes: whom it asks, what it complains about, what it costs."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from .pages import (
    WINDOW,
    Watch,
    browser_seconds,
    calm,
    choose,
    frames,
    hold,
    opened_at,
    settle,
    slowness,
    wait_until,
)

#: Most of a core that the drifting cells may take, on a machine that is not slow.
MOST = 0.02
#: Frames of the drifting cells that are drawn to see what one costs.
DRAWN = 20


def test_nothing_is_asked_of_anyone_else_and_nothing_complains(
    page: Page, watch: Watch, smears: list[Path], url: str
) -> None:
    choose(page, *smears[:2])
    expect(page.locator(".progress-words")).to_have_text("2 of 2 read")
    settle(page)
    for name in ("Monocyte", "Side by side"):
        page.get_by_role("radio", name=name).check()
    with page.expect_download():
        page.get_by_role("button", name="Overlay PNG").click()
    asked = [address for address in watch.requests if not address.startswith(("blob:", "data:"))]
    assert {urlsplit(address).netloc for address in asked} == {urlsplit(url).netloc}
    assert len(asked) > 10
    assert watch.errors == []


def test_the_policy_forbids_inline_code_and_style(page: Page) -> None:
    response = page.goto("/")
    policy = response.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    blocked = page.evaluate(
        """async () => {
            const blocked = [];
            document.addEventListener("securitypolicyviolation",
                (event) => blocked.push(event.effectiveDirective));
            const script = document.createElement("script");
            script.textContent = "window.intruder = true";
            const box = document.createElement("div");
            box.innerHTML = '<p style="color: red">x</p>';
            document.body.append(script, box);
            while (blocked.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
            return { blocked, intruder: window.intruder ?? null };
        }"""
    )
    assert blocked["intruder"] is None
    assert {"script-src-elem", "style-src-attr"} <= set(blocked["blocked"])
    page.reload()  # the next test wants none of this in its page


def test_nothing_jumps_when_answers_arrive(page: Page, smears: list[Path]) -> None:
    page.emulate_media(reduced_motion="no-preference")
    held = hold(page)
    choose(page, smears[0])
    page.wait_for_selector(".viewer[data-settled=true]")
    frames(page)  # the change of view was asked for
    page.evaluate(
        """() => {
            window.shift = 0;
            window.sum = (entries) => { for (const { value } of entries) window.shift += value; };
            window.seen = new PerformanceObserver((list) => window.sum(list.getEntries()));
            window.seen.observe({ type: "layout-shift", buffered: false });
        }"""
    )
    wait_until(page, lambda: len(held) == 1)
    held[0].continue_()
    settle(page)
    calm(page)
    page.evaluate("window.sum(window.seen.takeRecords())")
    assert page.evaluate("window.shift") < 0.01


def test_a_file_name_is_text_and_never_markup(
    page: Page, watch: Watch, smears: list[Path], tmp_path: Path
) -> None:
    path = tmp_path / "<img src=x onerror=alert(1)>.jpeg"
    path.write_bytes(smears[0].read_bytes())
    choose(page, path)
    settle(page)
    expect(page.locator("[data-role=file-name]")).to_have_text(path.name)
    assert page.locator("img[src=x]").count() == 0
    assert watch.errors == []


#: Lets a test draw the cells at once that the page draws now and then.
AT_ONCE = """(() => {
    const setInterval = window.setInterval;
    window.setInterval = (draw, pause) => {
        window.drifting = { draw, pause };
        return setInterval(draw, pause);
    };
})()"""


def by_the_frame(drifting: Page) -> float:
    """The share of a core that a frame takes of the time between two."""
    pause = drifting.evaluate("window.drifting.pause")

    def seconds(draw: str) -> float:
        before = browser_seconds()
        drifting.evaluate(
            """async ([draw, count]) => {
                for (let frame = 0; frame < count; frame += 1) {
                    if (draw) window.drifting.draw();
                    await new Promise((resolve) => requestAnimationFrame(resolve));
                }
                await new Promise((resolve) => requestAnimationFrame(resolve));
            }""",
            [draw, DRAWN],
        )
        return browser_seconds() - before

    drawing = seconds("draw")
    assert drawing > 0
    return 1000 * (drawing - seconds("")) / DRAWN / pause


def by_the_clock(drifting: Page) -> float:
    """What the page takes in six seconds, without what it takes where nothing drifts."""

    def share(page: Page) -> float:
        before, started = browser_seconds(), time.perf_counter()
        time.sleep(6)
        return (browser_seconds() - before) / (time.perf_counter() - started)

    moving = share(drifting)
    assert moving > 0
    drifting.emulate_media(reduced_motion="reduce")
    still = share(drifting)
    drifting.emulate_media(reduced_motion="no-preference")
    return moving - still


@pytest.mark.parametrize("cost", [by_the_frame, pytest.param(by_the_clock, marks=pytest.mark.long)])
def test_the_drifting_cells_cost_under_two_percent_of_a_core(
    browser: Browser, url: str, cost: Callable[[Page], float]
) -> None:
    """Also where no GPU composes the window, as here."""
    context = browser.new_context(**WINDOW | {"reduced_motion": "no-preference", "base_url": url})
    context.add_init_script(AT_ONCE)
    page = opened_at(context, "/")
    page.wait_for_load_state("networkidle")
    costs: list[float] = []
    # Whatever else the browser does in that time only adds: the least of three is the cost.
    while len(costs) < 3 and min(costs, default=1.0) > MOST:
        costs.append(cost(page) / slowness(page))
    assert min(costs) <= MOST
    context.close()
