"""The live page's count over a whole slide: each white cell once, whatever the server does."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import numpy as np
import pytest
from fixtures_slide import Slide, SlideFinder, make_slide, serpentine, write_clip
from PIL import Image, ImageFilter
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect
from werkzeug.serving import make_server

from hemavision import Model
from hemavision.web import create_app

from .accessibility import everywhere
from .conftest import ARGUMENTS, chromium
from .pages import wait_until
from .serving import listening
from .stage import Camera, Film, MovingStage, count, fake_camera, show, start

#: Of the film, pixels from one frame to the next, at 30 a second: 360 a second.
FILM_STEP_PX = 12
FRAMES_A_SECOND = 30
#: Frames that are out of focus before the page says so, and one more.
OUT_OF_FOCUS = 7

#: Starts a server on a port with the shipped models; gives what kills it, and its address.
Serve = Callable[[int, Model], AbstractContextManager[tuple[Callable[[], None], str]]]


@pytest.fixture
def contexts() -> Iterator[list[BrowserContext]]:
    """Windows that are closed when the test ends."""
    opened: list[BrowserContext] = []
    yield opened
    for context in opened:
        context.close()


@pytest.fixture
def camera(
    request: pytest.FixtureRequest, browser: Browser, contexts: list[BrowserContext]
) -> Iterator[Camera]:
    """A camera over a slide: a stage that is moved frame by frame, or a film of a larger slide."""
    if request.param == "stage":
        yield MovingStage(request.getfixturevalue("slide"), browser, contexts)
        return
    slide = make_slide(request.getfixturevalue("data"), columns=3, rows=2)
    points = serpentine(slide, FILM_STEP_PX)
    clip = request.getfixturevalue("tmp_path") / "pan.mjpeg"
    write_clip(slide, points, clip)
    playwright: Playwright = request.getfixturevalue("playwright")
    real = playwright.chromium.launch(
        executable_path=chromium(), args=[*ARGUMENTS, *fake_camera(clip)]
    )
    yield Film(slide, len(points) / FRAMES_A_SECOND, real, contexts)
    real.close()


@contextmanager
def as_thread(port: int, model: Model) -> Iterator[tuple[Callable[[], None], str]]:
    """A server in this process, whose port is closed when it is killed."""
    server = make_server("127.0.0.1", port, create_app(model), threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()

    def kill() -> None:
        server.shutdown()
        thread.join()
        server.server_close()

    yield kill, f"http://127.0.0.1:{port}"
    if thread.is_alive():
        kill()


@contextmanager
def as_process(port: int, model: Model) -> Iterator[tuple[Callable[[], None], str]]:
    """A real ``hemavision serve``, killed as by a power cut."""
    del model  # the process opens it itself
    process = subprocess.Popen(
        [sys.executable, "-m", "hemavision", "serve", "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )

    def kill() -> None:
        process.kill()
        process.communicate()

    assert process.stdout
    yield kill, process.stdout.readline().split()[-1]
    if process.poll() is None:
        kill()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.mark.parametrize(
    ("camera", "least"),
    [("stage", 2), pytest.param("film", 6, marks=pytest.mark.long)],
    indirect=["camera"],
)
def test_every_white_cell_of_the_slide_is_counted_once(
    camera: Camera, least: int, model: Model
) -> None:
    truth = len(camera.slide.white_cells)
    assert truth >= least
    # The finder knows the slide by heart: here the page's own work is tested.
    with listening(create_app(model, finder=SlideFinder(camera.slide))) as url:
        page = camera.open(url)
        start(page)
        # It answers the makers' own boxes, so no cell may be missing or counted twice: after
        # once there and back every cell has been in view at least twice.
        camera.pan(page)
        expect(page.locator("[data-role=white]")).to_have_text(str(truth))
        shown = page.locator("[data-role=bars] .bar-value").all_inner_texts()
        assert sum(int(text.split(" ")[0]) for text in shown) == truth
        camera.pan(page, 0.5)
        assert settled_count(page) == truth


def tolerance_of_the_detector(slide: Slide) -> int:
    """How far a count may be from the truth where a detector, not the slide, finds the cells.

    The detector must reach an AP50 of 0.97 for white cells, which leaves it one mistake in some
    thirty; on a slide of six or seven one mistake either way is what a good one may make: a cell
    that the set's makers did not box, or a clump of platelets taken for one.
    """
    return max(1, round(0.1 * len(slide.white_cells)))


@pytest.mark.parametrize(
    ("camera", "serve", "share"),
    [("stage", as_thread, 0.35), pytest.param("film", as_process, 1, marks=pytest.mark.long)],
    indirect=["camera"],
)
def test_with_the_real_detector_and_over_a_restart_the_count_is_the_truth(
    camera: Camera, serve: Serve, share: float, model: Model
) -> None:
    truth, tolerance = len(camera.slide.white_cells), tolerance_of_the_detector(camera.slide)
    port = free_port()
    failed: list[str] = []
    with serve(port, model) as (kill, address):
        page = camera.open(address)
        start(page)
        camera.pan(page, share)
        before = settled_count(page)
        assert abs(before - truth) <= tolerance
        page.on("requestfailed", lambda request: failed.append(request.url))
        kill()
        gone = page.get_by_text("The server does not answer")
        camera.look(page)
        expect(gone).to_be_visible()
        expect(page.locator(".server-trouble")).to_contain_text("the count is kept")
        # The camera's own picture shows: an old frame would pass for what is there now.
        expect(page.locator(".scope[data-fresh=false]")).to_be_visible()
        wait_until(page, lambda: bool(camera.look(page)) or len(failed) > 1)
        assert count(page) == before
    with serve(port, model):
        wait_until(page, lambda: bool(camera.look(page)) or gone.is_hidden())
        camera.pan(page, share)
        # What was counted before is known again: nothing counts twice for the server's sake.
        assert before <= settled_count(page) <= truth + tolerance


def settled_count(page: Page) -> int:
    """Return the count after the last frame: a switch makes the panel tell it at once."""
    for _ in range(2):
        page.keyboard.press("h")
    return count(page)


def test_a_problem_of_the_server_is_said_in_its_own_words(
    browser: Browser, slide: Slide, model: Model, contexts: list[BrowserContext]
) -> None:
    app = create_app(model)
    app.extensions["hemavision"].detector = None
    with listening(app) as url:
        camera = MovingStage(slide, browser, contexts)
        page = camera.open(url)
        start(page)
        camera.look(page)
        trouble = page.locator(".server-trouble")
        expect(trouble).to_contain_text("There is no detector")
        expect(trouble).to_contain_text("HEMAVISION_DETECTOR")
        assert everywhere(page) == []


def test_a_field_out_of_focus_is_said_on_the_page(
    browser: Browser, live_url: str, slide: Slide, contexts: list[BrowserContext]
) -> None:
    blurred = Image.fromarray(slide.rgb).filter(ImageFilter.GaussianBlur(7))
    camera = MovingStage(Slide(np.asarray(blurred), slide.cells), browser, contexts)
    page = camera.open(live_url)
    start(page)
    show(page, [(0, 0)] * OUT_OF_FOCUS)
    expect(page.locator(".caution")).to_contain_text("not sharp")
