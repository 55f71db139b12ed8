from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemavision.reading.finding.tiles import OVERLAP_PX, TILE_PX, tiles_of

SIDES = st.integers(min_value=1, max_value=8000)


@given(SIDES, SIDES)
def test_every_place_is_seen_and_owned_once(width, height):
    tiles = list(tiles_of(width, height))
    rng = np.random.default_rng(1)
    for x, y in zip(rng.uniform(0, width, 20), rng.uniform(0, height, 20), strict=True):
        owners = [t for t in tiles if t.own[0] <= x < t.own[2] and t.own[1] <= y < t.own[3]]
        assert len(owners) == 1
        assert owners[0].left <= x <= owners[0].right
        assert owners[0].top <= y <= owners[0].bottom
    for tile in tiles:
        assert 0 <= tile.left < tile.right <= width
        assert tile.right - tile.left <= TILE_PX


@given(st.integers(min_value=TILE_PX + 1, max_value=8000))
def test_an_owner_sees_the_whole_of_a_cell_at_a_seam(width):
    """What two tiles share holds a cell of any place whole, in the tile that owns its centre."""
    for tile in tiles_of(width, 10):
        if tile.left > 0:
            assert tile.own[0] - tile.left >= OVERLAP_PX / 2 - 1
        if tile.right < width:
            assert tile.right - tile.own[2] >= OVERLAP_PX / 2 - 1


@pytest.mark.parametrize("side", [200, TILE_PX])
def test_a_small_field_is_one_tile(side):
    (tile,) = tiles_of(side, side)
    assert (tile.left, tile.top, tile.right, tile.bottom) == (0, 0, side, side)
