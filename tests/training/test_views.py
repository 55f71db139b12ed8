"""Views come out the same wherever they are made."""

from __future__ import annotations

import numpy as np
import pytest

from hemavision.training.augment import plain_view
from hemavision.training.recipes import Recipe
from hemavision.training.strangers import stranger_of
from hemavision.training.surroundings import among_others
from hemavision.training.views import Chosen, view_maker


def chosen(*places: int, elsewhere: float = 0.0, strange: bool = False) -> Chosen:
    count = len(places)
    return Chosen(np.array(places), np.full(count, elsewhere), np.full(count, strange))


def recipe(augment: str, surroundings: float = 0.0) -> Recipe:
    return Recipe("test", (), augment=augment, surroundings=surroundings)


@pytest.mark.parametrize("augment", ["none", "light", "full", "laboratories"])
def test_a_batch_is_its_key_s_and_uint8(few_crops, augment):
    asked = chosen(3, 0, 5, elsewhere=1.0)
    with view_maker(few_crops.crops, 0) as maker:
        one, again = (maker.views(asked, recipe(augment), 48, (1, 2, 3)) for _ in range(2))
        other = maker.views(asked, recipe(augment), 48, (1, 2, 4))
    assert one.shape == (3, 48, 48, 3)
    assert one.dtype == np.uint8
    np.testing.assert_array_equal(one, again)
    assert np.array_equal(one, other) == (augment == "none")


def test_processes_make_the_views_that_would_be_made_here(few_crops):
    batches = [chosen(0, 1, 2, 3, elsewhere=0.5), chosen(4, 5, 6, 7, elsewhere=0.5, strange=True)]
    with view_maker(few_crops.crops, 0) as here, view_maker(few_crops.crops, 2) as there:
        assert there.at_once == 2
        for index, asked in enumerate(batches):
            wanted = (asked, recipe("laboratories", 0.5), 48, (1, 1, index))
            np.testing.assert_array_equal(here.views(*wanted), there.views(*wanted))


def test_half_of_the_views_stay_at_home(few_crops):
    """Their positions are the same; the colours are other ones for those from elsewhere."""
    same = 0
    with view_maker(few_crops.crops, 0) as maker:
        for index in range(200):
            home, half = (
                maker.views(chosen(0, elsewhere=e), recipe("laboratories"), 48, (1, 1, index))
                for e in (0.0, 0.5)
            )
            same += np.array_equal(home, half)
    assert 70 <= same <= 130


def test_a_stranger_is_a_picture_of_something_else(few_crops):
    crop = few_crops.crops[0]
    pictures = [stranger_of(crop, np.random.default_rng(seed)) for seed in range(30)]
    assert {(p.shape, p.dtype) for p in pictures} == {(crop.shape, np.dtype(np.uint8))}
    assert not any(np.array_equal(p, crop) for p in pictures)
    assert len({p.tobytes() for p in pictures}) == 30
    view = plain_view(pictures[0], 48)
    with view_maker(few_crops.crops, 0) as maker:
        (cell,), (other,) = (
            maker.views(chosen(0, strange=s), recipe("light"), 48, (1, 1, 1)) for s in (False, True)
        )
    assert view.shape == cell.shape == other.shape
    assert not np.array_equal(cell, other)


def test_a_cell_stands_among_what_surrounds_another(few_crops):
    crop, other = few_crops.crops[0], few_crops.crops[9]
    middle, corner = slice(106, 146), slice(0, 40)
    as_it_was = 0
    for seed in range(20):
        seen = among_others(crop, other, np.random.default_rng(seed))
        assert (seen.shape, seen.dtype) == (crop.shape, np.uint8)
        turned = [np.rot90(other, turns)[corner, corner] for turns in range(4)]
        assert any(np.array_equal(seen[corner, corner], rim) for rim in turned)
        own, was = (picture[middle, middle].ravel() for picture in (seen, crop))
        assert np.corrcoef(own, was)[0, 1] > 0.95
        as_it_was += np.array_equal(own, was)
    assert 1 <= as_it_was <= 12


def test_nothing_is_lit_by_a_crop_that_shows_nothing(few_crops):
    blank = np.full_like(few_crops.crops[0], 128)
    seen = among_others(blank, few_crops.crops[0], np.random.default_rng(1))
    assert seen[126, 126].min() > 0


def test_surroundings_are_asked_for_by_the_recipe(few_crops):
    with view_maker(few_crops.crops, 0) as maker:
        alone, among = (
            maker.views(chosen(0, 9), recipe("none", surroundings=share), 48, (1, 1, 1))
            for share in (0.0, 1.0)
        )
    assert not np.array_equal(alone, among)
