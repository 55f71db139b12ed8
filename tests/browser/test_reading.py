"""One image: every way in, and everything that can be done with its answer."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from drawings.cells import SAMPLE_NAMES, draw_field
from PIL import Image
from playwright.sync_api import Page, expect

from hemavision import Model, Prediction, open_image, overlay
from hemavision.reading.explaining.overlay import OPACITY
from hemavision.records.results import NOTICE

from .pages import calm, choose, hold, pixels, settle


def drag(page: Page, kind: str, *paths: Path) -> None:
    """Drag files over the page as the operating system would."""
    session = page.context.new_cdp_session(page)
    session.send(
        "Input.dispatchDragEvent",
        {
            "type": kind,
            "x": 500,
            "y": 400,
            "data": {"items": [], "files": [str(p) for p in paths], "dragOperationsMask": 1},
        },
    )


def percent(probability: float) -> str:
    """Return a probability as the page writes it: never more certain than it is."""
    if probability > 0.999:
        return ">99.9%"
    return "<0.1%" if probability < 0.001 else f"{probability:.1%}"


def test_drop_names_the_cell_as_python_does(page: Page, smears: list[Path], model: Model) -> None:
    drag(page, "dragEnter", smears[0])
    expect(page.get_by_text("Release to read")).to_be_visible()
    drag(page, "drop", smears[0])
    settle(page)
    expect(page.get_by_text("Release to read")).to_be_hidden()
    expected = model.predict(smears[0])[0]
    answer = page.get_by_role("region", name="Answer")
    expect(answer.get_by_role("heading", level=2)).to_have_text(expected.cell_type.capitalize())
    expect(answer).to_contain_text(percent(expected.confidence))
    expect(answer).to_contain_text(expected.status.value.capitalize())
    expect(answer).to_contain_text(NOTICE)
    expect(answer).to_contain_text("ms with the round trip")
    expect(answer).to_contain_text(f"Model {expected.model.name}")
    for cell_type, probability in expected.probabilities.items():
        row = answer.get_by_role("listitem").filter(
            has_text=cell_type.capitalize().replace("_", " ")
        )
        expect(row).to_contain_text(percent(probability))


def test_the_preview_is_there_before_the_answer(page: Page, smears: list[Path]) -> None:
    held = hold(page)
    choose(page, smears[0])
    page.wait_for_selector(".viewer[data-map=false][data-settled=true]")
    expect(page.get_by_role("region", name="Answer")).to_contain_text("Reading")
    preview = pixels(page)
    assert np.asarray(Image.open(io.BytesIO(preview)).convert("RGB")).std() > 10
    held[0].continue_()
    settle(page)
    assert pixels(page) != preview


def test_bars_grow_to_the_probabilities(page: Page, smears: list[Path], model: Model) -> None:
    page.emulate_media(reduced_motion="no-preference")
    choose(page, smears[1])
    settle(page)
    calm(page)
    for cell_type, probability in model.predict(smears[1])[0].probabilities.items():
        bar = page.locator(f"[data-bar={cell_type}] .bar")
        width = bar.locator("i").evaluate("bar => bar.getBoundingClientRect().width")
        assert width / bar.bounding_box()["width"] == pytest.approx(probability, abs=0.01)


def test_paste(open_page: Callable[..., Page]) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    page.evaluate(
        """async (url) => {
            const blob = await (await fetch(url)).blob();
            await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
        }""",
        f"/samples/{SAMPLE_NAMES[0]}.png",
    )
    page.keyboard.press("Control+V")
    settle(page)
    expect(page.get_by_role("option")).to_contain_text("pasted-image.png")


@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_samples_are_labelled_and_read(page: Page, name: str) -> None:
    cell_type = name.removeprefix("synthetic-")
    button = page.get_by_role("button", name=f"{cell_type.capitalize()} Synthetic")
    button.click()
    settle(page)
    expect(page.get_by_role("option")).to_contain_text(f"{name}.png")
    expect(page.get_by_text("Synthetic drawing")).to_be_visible()


def drawn(prediction: Prediction, name: str, rgb: np.ndarray) -> np.ndarray:
    """Return a type's heatmap over the picture, as faint as the page draws it."""
    likeliest = max(prediction.probabilities.values())
    opacity = OPACITY * (prediction.probabilities[name] / likeliest) ** 0.5
    return overlay(rgb, prediction.heatmap(name), prediction.box, opacity)


def test_switching_the_class_shows_its_map_at_once(
    page: Page, smears: list[Path], model: Model
) -> None:
    answer, rgb = model.predict(smears[0])[0], open_image(smears[0]).rgb
    # What is hardly believed is hardly seen; types without any evidence look alike.
    different = len({drawn(answer, name, rgb).tobytes() for name in answer.probabilities})
    assert different >= 2
    choose(page, smears[0])
    settle(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    seen = set()
    for radio in page.get_by_role("group", name="Heatmap for").get_by_role("radio").all():
        radio.check()
        seen.add(pixels(page))
    assert 2 <= len(seen) <= different
    assert asked == []


def test_opacity_slider(page: Page, smears: list[Path]) -> None:
    choose(page, smears[0])
    settle(page)
    slider = page.get_by_role("slider", name="Opacity")
    expect(slider).to_have_value("40")
    shots = [pixels(page)]
    for value in ("0", "100"):
        slider.fill(value)
        expect(page.locator("output[for=opacity]")).to_have_text(f"{value}%")
        shots.append(pixels(page))
    assert len(set(shots)) == 3
    # At 100 the map alone shows: the field far from the cell is the jet scale's zero.
    image = np.asarray(Image.open(io.BytesIO(shots[2])).convert("RGB")).reshape(-1, 3)
    assert (np.abs(image.astype(int) - [0, 0, 128]).max(axis=1) <= 2).mean() > 0.2


def test_side_by_side_and_box(page: Page, smears: list[Path]) -> None:
    choose(page, smears[0])
    settle(page)
    shots = [pixels(page)]
    page.get_by_role("radio", name="Side by side").check()
    expect(page.get_by_text("Original", exact=True)).to_be_visible()
    shots.append(pixels(page))
    page.get_by_role("checkbox", name="Located cell").uncheck()
    shots.append(pixels(page))
    assert len(set(shots)) == 3


def test_zoom_and_pan(page: Page, smears: list[Path]) -> None:
    choose(page, smears[0])
    settle(page)
    level = page.get_by_label("Zoom level")
    fitted = pixels(page)
    page.get_by_role("button", name="Zoom in").click()
    expect(level).to_have_text("1.4×")
    box = page.locator(".viewer").bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 200)
    page.mouse.wheel(0, -600)
    expect(level).not_to_have_text("1.4×")
    zoomed = pixels(page)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 120, steps=4)
    page.mouse.up()
    assert pixels(page) != zoomed
    page.get_by_role("button", name="Fit the image").click()
    expect(level).to_have_text("1.0×")
    page.mouse.move(0, 0)
    assert pixels(page) == fitted


def test_pinch(open_page: Callable[..., Page], smears: list[Path]) -> None:
    page = open_page(has_touch=True)
    choose(page, smears[0])
    settle(page)
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *xs: int) -> None:
        points = [{"x": x, "y": 400, "id": i} for i, x in enumerate(xs)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 380, 480)
    for spread in (20, 40, 60, 80):
        touch("touchMove", 380 - spread, 480 + spread)
    touch("touchEnd")
    expect(page.get_by_label("Zoom level")).to_have_text("2.6×")


def test_clinical_context(page: Page, smears: list[Path], model: Model) -> None:
    choose(page, smears[0])
    settle(page)
    context = page.get_by_role("region", name="Clinical context")
    cell_type = model.predict(smears[0])[0].cell_type
    expect(context.get_by_role("heading", level=3)).to_contain_text(cell_type.capitalize())
    for words in ("% of white cells", "What it does", "high count", "low count", "Source"):
        expect(context).to_contain_text(words)


def test_the_saved_overlay_is_the_one_python_draws(
    page: Page, model: Model, tmp_path: Path
) -> None:
    name = SAMPLE_NAMES[3]
    page.locator(f"[data-name='{name}.png']").click()
    settle(page)
    page.get_by_role("radio", name="Monocyte").check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Overlay PNG").click()
    assert download.value.suggested_filename == f"{name}-monocyte-heatmap.png"
    saved = np.asarray(Image.open(download.value.path()).convert("RGB")).astype(int)
    rgb = draw_field("neutrophil")
    prediction = model.predict(rgb)[0]
    expected = drawn(prediction, "monocyte", rgb)
    assert saved.shape == expected.shape
    assert np.abs(saved - expected).mean() < 0.8  # a canvas blends in 255 steps
    assert np.abs(saved - expected).max() <= 4


def test_the_saved_json_is_the_answer(page: Page, smears: list[Path], model: Model) -> None:
    choose(page, smears[0])
    settle(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="JSON").click()
    assert download.value.suggested_filename == f"{smears[0].stem}-hemavision.json"
    saved = json.loads(Path(download.value.path()).read_text())
    assert saved["prediction"]["cell_type"] == model.predict(smears[0])[0].cell_type
    assert saved["prediction"]["notice"] == NOTICE


def test_a_tiff_that_the_browser_cannot_show(
    page: Page, smears: list[Path], tmp_path: Path, model: Model
) -> None:
    path = tmp_path / "scan.tif"
    Image.open(smears[0]).save(path)
    choose(page, path)
    settle(page)
    shown = Image.open(io.BytesIO(pixels(page))).convert("L")
    assert np.asarray(shown).std() > 10
    expect(page.get_by_role("region", name="Answer")).to_contain_text(
        model.predict(path)[0].cell_type.capitalize()
    )
