"""Pictures of what a case keeps: the right part of the right file, at the right size."""

from __future__ import annotations

import io
import re
import tracemalloc
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from fakes import FakeFinder
from fixtures_cases import cells_of, make_model
from fixtures_images import deep_png, difference, encoded
from fixtures_store import asked, take_back_step_5
from PIL import Image

from hemavision.casework.importing import Import, Source, import_images
from hemavision.casework.pictures import (
    THUMBNAIL_PX,
    HeatmapChoice,
    draw_thumbnail,
    look_at,
    show_cells,
    show_cutout,
    show_heatmap,
    show_image,
    show_thumbnail,
)
from hemavision.casework.recognition import Networks, read_cell, read_image, window_around
from hemavision.errors import MissingError, RefusedError
from hemavision.images.opening import open_image
from hemavision.reading.cell import Model
from hemavision.reading.explaining import overlay
from hemavision.records.results import Box, CellKind, Detection, ModelReference
from hemavision.store import Store, open_store
from hemavision.store.bucket import Bucket
from hemavision.store.cases import create_case
from hemavision.store.images import list_images, read_content, read_cutouts, read_thumbnails
from hemavision.store.records import Case, ImageKind, NewImage

WIDTH, HEIGHT = 640, 480
#: Cells of a field: wider than high, higher than wide, and by its border.
WIDE, HIGH, NEAR = Box(300, 200, 400, 280), Box(100, 330, 140, 400), Box(3, 400, 63, 460)
#: What lies outside a picture, as an empty slide does.
GREY = (226, 226, 230)


def shades() -> np.ndarray:
    """A field in which every place has its own colour, uint8 H×W×3; dark enough to be named."""
    x, y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    return np.stack([x / 4, y / 3, (x + y) / 8], axis=-1).astype(np.uint8)


FIELD = encoded(Image.fromarray(shades()), "PNG")


def keep(store: Store, content: bytes, *found: Box) -> Case:
    """A case with an image, a field of these white cells if there are any."""
    finder = FakeFinder([(shades(), [Detection(CellKind.WHITE, box, 0.9) for box in found])])
    case = create_case(store, "A case", "", "ann")
    networks = Networks(make_model(), finder)
    kind = ImageKind.FIELD if found else ImageKind.CELL
    into = Import(store, case.id, networks, "ann", kind)
    assert [o.error for o in import_images(into, [Source("a.png", lambda: content)])] == [None]
    return case


def cut(box: Box) -> np.ndarray:
    return shades()[box.top : box.bottom, box.left : box.right]


@pytest.mark.parametrize(
    ("box", "window"),
    [
        (WIDE, Box(250, 140, 450, 340)),
        (HIGH, Box(50, 295, 190, 435)),
        (NEAR, Box(0, 370, 93, 480)),
        (Box(600, 2, 630, 32), Box(585, 0, 640, 47)),
    ],
)
def test_a_field_s_cell_is_cut_out_with_as_much_again_around_it(
    store: Store, box: Box, window: Box
) -> None:
    assert window_around(box, WIDTH, HEIGHT) == window
    (cell,) = cells_of(store, keep(store, FIELD, box))
    picture = show_cutout(store, cell.case_id, cell.id)
    assert picture.media_type == "image/png"
    np.testing.assert_array_equal(open_image(picture.content).rgb, cut(window))
    rgb, there = look_at(store, cell.case_id, cell.id)
    np.testing.assert_array_equal(rgb, cut(window))
    assert cell.box == box
    np.testing.assert_array_equal(rgb[there.top : there.bottom, there.left : there.right], cut(box))


def test_what_is_not_kept_is_cut_out_again_and_looks_the_same(store: Store) -> None:
    """With image files in a bucket the database keeps no picture around a field's cell."""
    shown = []
    for bucket, content in ((None, FIELD), (Bucket("memory://pictures"), FIELD + b"again")):
        store.bucket = bucket
        cells = cells_of(store, keep(store, content, WIDE, NEAR))
        assert len(read_cutouts(store, [cell.id for cell in cells])) == (0 if bucket else 2)
        model, wish = make_model(), HeatmapChoice()
        pictures = [list(show_cells(store, cells, of).values()) for of in (model, None)]
        for cell in cells:
            at = (store, cell.case_id, cell.id)
            pictures.append(
                [show_cutout(*at), show_thumbnail(*at, 84), show_heatmap(store, cell, model, wish)]
            )
            rgb, box = look_at(*at)
            pictures.append([rgb.tobytes(), box])
        shown.append(pictures)
    assert shown[0] == shown[1]


def test_of_a_single_cell_the_whole_image_is_shown(store: Store) -> None:
    (cell,) = cells_of(store, keep(store, FIELD))
    assert show_cutout(store, cell.case_id, cell.id).content == FIELD
    rgb, box = look_at(store, cell.case_id, cell.id)
    np.testing.assert_array_equal(rgb, shades())
    assert box == cell.box == Box(0, 0, WIDTH, HEIGHT)


@pytest.mark.parametrize("box", [WIDE, HIGH])
def test_a_thumbnail_shows_the_cell_and_a_little_around_it(store: Store, box: Box) -> None:
    """A square of 1.4 of its longer side, the cell in its middle."""
    (cell,) = cells_of(store, keep(store, FIELD, box))
    side = round(1.4 * max(box.right - box.left, box.bottom - box.top))
    picture = show_thumbnail(store, cell.case_id, cell.id, side)
    assert picture.media_type == "image/jpeg"
    square = Box.square((box.left + box.right) / 2, (box.top + box.bottom) / 2, side)
    assert difference(open_image(picture.content).rgb, cut(square)) < 2
    small = open_image(show_thumbnail(store, cell.case_id, cell.id, 48).content).rgb
    assert difference(small, Image.fromarray(cut(square)).resize((48, 48))) < 3


def test_a_thumbnail_at_the_border_is_filled_up_and_not_stretched(store: Store) -> None:
    (cell,) = cells_of(store, keep(store, FIELD, NEAR))
    rgb = open_image(show_thumbnail(store, cell.case_id, cell.id, 84).content).rgb
    # From 9 pixels beyond the left border to 8 above the lower one.
    assert difference(rgb[:, :7], np.full((84, 7, 3), GREY)) < 4
    assert difference(rgb[:, 11:], cut(Box(2, 388, 75, 472))) < 4


def test_of_a_single_cell_the_thumbnail_is_of_all_of_it(store: Store) -> None:
    (cell,) = cells_of(store, keep(store, FIELD))
    rgb = open_image(show_thumbnail(store, cell.case_id, cell.id, 64).content).rgb
    assert rgb.shape == (64, 64, 3)
    # 640 of 896 pixels wide and 480 high.
    inside = Image.fromarray(shades()).resize((46, 34))
    assert difference(rgb[15:49, 9:55], inside) < 8
    assert difference(rgb[:12], np.full((12, 64, 3), GREY)) < 4


def test_a_large_picture_s_thumbnail_takes_little_memory() -> None:
    rgb = np.broadcast_to(np.uint8([90, 60, 120]), (4000, 6000, 3))
    tracemalloc.start()
    jpeg = draw_thumbnail(rgb, Box(0, 0, 6000, 4000))
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert taken < 10 * 2**20
    shown = open_image(jpeg).rgb
    # 137 of 192 pixels wide and 91 high.
    assert difference(shown[52:140, 29:163], np.full((88, 134, 3), rgb[0, 0])) < 3
    assert difference(shown[:48], np.full((48, 192, 3), GREY)) < 3
    thin = draw_thumbnail(np.zeros((16, 6000, 3), np.uint8), Box(0, 0, 6000, 16))
    assert open_image(thin).rgb.shape == (THUMBNAIL_PX, THUMBNAIL_PX, 3)


@pytest.mark.parametrize("found", [(), (NEAR,)], ids=["single", "in a field"])
def test_a_gallery_s_thumbnail_is_made_once(store: Store, found: tuple[Box, ...]) -> None:
    """A store of before they were kept opens, and its cells look the same."""
    (cell,) = cells_of(store, keep(store, FIELD, *found))
    with asked() as statements:
        kept = show_thumbnail(store, cell.case_id, cell.id, THUMBNAIL_PX)
    (statement,) = statements
    assert not re.search("png|content", statement), "no picture is made smaller"
    assert open_image(kept.content).rgb.shape == (THUMBNAIL_PX, THUMBNAIL_PX, 3)
    with store.noting() as connection:
        take_back_step_5(connection)
    again = open_store(store.location)
    assert read_thumbnails(again, cell.case_id, [cell.id]) == {}
    assert show_thumbnail(again, cell.case_id, cell.id, THUMBNAIL_PX) == kept
    (late,) = cells_of(again, keep(again, encoded(Image.fromarray(shades()[:, ::-1]), "PNG")))
    assert read_thumbnails(again, late.case_id, [late.id])
    again.close()


def test_a_cell_is_shown_of_its_own_case_alone(store: Store) -> None:
    (cell,) = cells_of(store, keep(store, FIELD, WIDE))
    other = create_case(store, "Another", "", "ann").id
    assert read_thumbnails(store, other, [cell.id]) == {}
    for show in (show_cutout, look_at, partial(show_thumbnail, side_px=THUMBNAIL_PX)):
        with pytest.raises(MissingError, match=f"Case {other} has no cell {cell.id}"):
            show(store, other, cell.id)


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "GIF", "WEBP", "BMP"])
def test_what_browsers_show_is_sent_as_it_came(store: Store, format_: str) -> None:
    content = encoded(Image.fromarray(shades()), format_)
    case = keep(store, content)
    picture = show_image(store, list_images(store, case.id)[0])
    assert picture.content == content
    assert picture.media_type == f"image/{format_.lower()}"


def test_what_browsers_do_not_show_alike_is_sent_as_a_model_sees_it(store: Store) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.fromarray(shades())
    for content in (
        encoded(image, "TIFF"),
        encoded(image, "JPEG", exif=exif),
        deep_png(shades().astype(np.uint16) * 257),
    ):
        case = keep(store, content)
        picture = show_image(store, list_images(store, case.id)[0])
        assert picture.media_type == "image/png"
        np.testing.assert_array_equal(open_image(picture.content).rgb, open_image(content).rgb)


@pytest.mark.parametrize("found", [(), (WIDE,)], ids=["single", "in a field"])
def test_a_heatmap_lies_over_the_cut_out(store: Store, found: tuple[Box, ...]) -> None:
    (cell,) = cells_of(store, keep(store, FIELD, *found))
    model = make_model()
    rgb, _ = look_at(store, cell.case_id, cell.id)
    whole = Box(0, 0, rgb.shape[1], rgb.shape[0])
    (there,) = model.predict_boxes([rgb], [whole])
    assert there.cell_type == cell.suggestion.cell_type
    for opacity in (0.0, 0.4, 1.0):
        shown = show_heatmap(store, cell, model, HeatmapChoice(opacity=opacity))
        assert shown.media_type == "image/png"
        expected = overlay(rgb, there.heatmap(), whole, opacity)
        assert difference(open_image(shown.content).rgb, expected) < 1
    assert show_heatmap(store, cell, model, HeatmapChoice()) == show_heatmap(
        store, cell, model, HeatmapChoice(cell.suggestion.cell_type, 0.4)
    )


def test_a_heatmap_of_another_type_is_another(store: Store) -> None:
    (cell,) = cells_of(store, keep(store, FIELD, WIDE))
    model = make_model()
    other = next(t for t in model.manifest.cell_types if t != cell.suggestion.cell_type)
    rgb = open_image(show_heatmap(store, cell, model, HeatmapChoice(other, 1.0)).content).rgb
    assert len(np.unique(rgb.reshape(-1, 3), axis=0)) == 1, "nothing speaks for it anywhere"
    with pytest.raises(RefusedError, match=r"No 'blast'; the model knows .*neutrophil"):
        show_heatmap(store, cell, model, HeatmapChoice("blast"))


def test_another_model_does_not_explain_what_it_did_not_say(store: Store) -> None:
    (cell,) = cells_of(store, keep(store, FIELD, WIDE))
    other = Model(make_model()._engine, ModelReference("other", "1" * 64))
    with pytest.raises(RefusedError, match=r"fake \(000000000000…\) named this cell; other is"):
        show_heatmap(store, cell, other, HeatmapChoice())


def read(content: bytes, *found: Detection, kind: ImageKind | None = None) -> NewImage:
    rgb = open_image(content).rgb
    return read_image(Networks(make_model(), FakeFinder([(rgb, found)])), "f.png", content, kind)


def test_what_was_found_is_kept_whole_and_named_as_a_smear_s_cells_are() -> None:
    white = Detection(CellKind.WHITE, WIDE, 0.9)
    others = (
        Detection(CellKind.RED, HIGH, 0.7),
        Detection(CellKind.WHITE, Box(0, 0, 60, 60), 0.6),
        Detection(CellKind.PLATELET, Box(500, 20, 510, 30), 0.5),
    )
    image = read(FIELD, white, *others)
    assert (image.kind, image.width, image.height) == (ImageKind.FIELD, WIDTH, HEIGHT)
    assert image.others == others
    (cell,) = image.cells
    again = read_cell(make_model(), FIELD, WIDE)
    assert (again.box, again.cutout) == (cell.box, cell.cutout) == (WIDE, again.cutout)
    assert replace(again.prediction, milliseconds=cell.prediction.milliseconds) == cell.prediction
    assert (cell.prediction.width, cell.prediction.height) == (WIDTH, HEIGHT)


@pytest.mark.parametrize(("height", "kind"), [(363, ImageKind.CELL), (364, ImageKind.FIELD)])
def test_a_picture_of_two_cells_size_may_be_a_field(height: int, kind: ImageKind) -> None:
    """If white and red cells are found in it, and nobody says what it is."""
    rgb = np.full((height, 2 * 363 - 1, 3), 90, np.uint8)
    content = encoded(Image.fromarray(rgb), "PNG")
    found = (
        Detection(CellKind.WHITE, Box(100, 100, 150, 150), 0.9),
        Detection(CellKind.RED, Box(200, 100, 250, 150), 0.9),
    )
    assert read(content, *found).kind is kind
    assert read(content, *found[:1]).kind is read(content, *found[1:]).kind is ImageKind.CELL
    assert read(content, *found, kind=ImageKind.CELL).kind is ImageKind.CELL
    assert read(content, kind=ImageKind.FIELD).kind is ImageKind.FIELD


def test_the_file_s_own_bytes_are_kept(store: Store) -> None:
    case = keep(store, FIELD, WIDE, HIGH)
    (image,) = list_images(store, case.id)
    assert read_content(store, image.sha256) == FIELD
    assert len(cells_of(store, case)) == image.cells == 2
    cutout = show_cutout(store, case.id, cells_of(store, case)[1].id)
    with Image.open(io.BytesIO(cutout.content)) as picture:
        assert picture.size == (140, 140)
