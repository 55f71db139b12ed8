"""How often a sample is drawn, and how often it looks as from elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from hemavision.datasets.samples import Sample
from hemavision.training.batches import abroad_shares, draw_weights
from hemavision.training.recipes import RECIPES, Recipe


def samples_of(*kinds: tuple[str, str, int]) -> list[Sample]:
    """Make so many samples of each (image set, type)."""
    return [
        Sample(Path("none"), cell_type, str(index), source)
        for source, cell_type, count in kinds
        for index in range(count)
    ]


SAMPLES = samples_of(
    ("home", "neutrophil", 8),
    ("home", "basophil", 2),
    ("home", "erythroblast", 4),
    ("away", "neutrophil", 1),
    ("away", "basophil", 1),
)


def drawn(recipe: Recipe) -> dict[tuple[str, str], float]:
    weights = draw_weights(SAMPLES, recipe)
    total: dict[tuple[str, str], float] = {}
    for sample, weight in zip(SAMPLES, weights, strict=True):
        key = (sample.source, sample.cell_type)
        total[key] = total.get(key, 0.0) + float(weight)
    return total


def recipe_with(**more) -> Recipe:
    weights = (("home", 3.0), ("away", 1.0))
    return Recipe("drawn", (), source_weights=weights, rare_types=0.0, **more)


def test_types_are_even_within_a_set_however_many_there_are():
    share = drawn(recipe_with())
    assert share["home", "neutrophil"] == pytest.approx(share["home", "basophil"])
    assert share["home", "basophil"] == pytest.approx(3 * share["away", "basophil"])
    assert sum(share.values()) == pytest.approx(1.0)


def test_a_weighted_type_is_drawn_so_much_less_in_every_set():
    share = drawn(recipe_with(type_weights=(("basophil", 0.25),)))
    for source in ("home", "away"):
        assert share[source, "basophil"] == pytest.approx(0.25 * share[source, "neutrophil"])


def test_what_few_sets_show_is_drawn_less_and_seldom_as_from_elsewhere():
    share = drawn(Recipe("drawn", (), source_weights=(("home", 1.0),), rare_types=1.0))
    assert share["home", "erythroblast"] == pytest.approx(0.5 * share["home", "neutrophil"])
    by_type = {s.cell_type: a for s, a in zip(SAMPLES, abroad_shares(SAMPLES), strict=True)}
    assert by_type == {"neutrophil": 1.0, "basophil": 1.0, "erythroblast": 0.5}


def test_the_shipped_recipe_draws_what_blood_seldom_holds_less():
    assert dict(RECIPES["eight-types"].type_weights) == {"eosinophil": 0.64, "basophil": 0.26}
