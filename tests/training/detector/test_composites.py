"""Cells of one picture on the field of another: where they are said to be, in its light."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hemavision.datasets.fields import NAMES, read_bcisc_fields, split_fields
from hemavision.datasets.protocols import DETECTORS
from hemavision.images.stain import nuclear_stain
from hemavision.records.results import CellKind
from hemavision.training.detector.composites import SIZES, compose, cut_out
from hemavision.training.detector.opened import OpenField, open_field

RED, WHITE = list(NAMES).index(CellKind.RED), list(NAMES).index(CellKind.WHITE)


@pytest.fixture(scope="module")
def split(data: Path):
    return split_fields(data)


@pytest.fixture(scope="module")
def cells(split):
    return {sample.source: sample for sample in reversed(split.cells)}


@pytest.fixture(scope="module")
def reds(split) -> OpenField:
    """A field with red cells alone."""
    fields = (f for f in split.train if f.source == "draaslan" and (f.kinds == RED).all())
    return open_field(next(fields))


@pytest.mark.parametrize("source", ["pbc", "jtsc", "bcisc", "lisc"])
def test_a_cell_is_set_where_its_box_says(cells, reds, source):
    cutout = cut_out(cells[source])
    assert cutout.exact == (source in ("jtsc", "bcisc"))
    red = np.median(np.sqrt((reds.boxes[:, 2:] - reds.boxes[:, :2]).prod(axis=1)))
    met = 0
    for seed in range(12):
        field = compose(reds, [cutout], np.random.default_rng(seed))
        new = field.boxes[field.kinds == WHITE]
        assert 1 <= len(new) <= 3
        assert len(field.boxes) == len(field.kinds) == len(field.exact)
        changed = (field.rgb != reds.rgb).any(axis=-1)
        for left, top, right, bottom in new:
            inside = changed[int(top) : int(bottom), int(left) : int(right)]
            assert inside.mean() > 0.4
            if left > 0 and right < 256 and top > 0 and bottom < 256:
                longest = max(right - left, bottom - top)
                assert SIZES[0] * red - 1 <= longest <= SIZES[1] * red + 1
                seen = nuclear_stain(field.rgb.astype(np.float32))
                met += seen[int(top) : int(bottom), int(left) : int(right)].mean() > 0.1
        assert (field.kinds == RED).sum() <= len(reds.kinds)
    assert met >= 6, "a nucleus is in most of the boxes"


def test_the_light_of_the_field_shines_through_what_is_no_cell(cells, reds):
    """Where the cut-out lets all its own light pass, the field's own background is seen."""
    cutout = cut_out(cells["pbc"])
    edge = cutout.passed[0, 0]
    assert np.all(edge > 0.5)
    assert cutout.cover[0, 0] == 0
    assert cutout.cover.max() == 1


def test_a_protocol_s_detector_sees_nothing_of_what_is_kept_from_it(data: Path) -> None:
    assert {source for protocol in DETECTORS.values() for source in protocol.without}
    for protocol in DETECTORS.values():
        split = protocol.fields(data)
        seen = {f.source for f in split.train + split.validation} | {s.source for s in split.cells}
        assert not seen & set(protocol.without)
        test = {field.name for field in split.test}
        bccd = {f.name for f in split.train + split.validation if f.source == "bccd"}
        assert not test & bccd


def test_a_field_whose_other_cells_nobody_marked_teaches_where_nothing_is_stained(data: Path):
    field = open_field(read_bcisc_fields(data)[0])
    white, red, platelet = (field.asked[..., kind] > 127 for kind in range(3))
    assert not red.any()
    assert not platelet.any()
    assert 0.3 < white.mean() < 1.0
    left, top, right, bottom = field.boxes[0].astype(int)
    assert not white[(top + bottom) // 2, (left + right) // 2]
