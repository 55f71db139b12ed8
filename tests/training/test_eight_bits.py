"""A bundle in eight bits says what it said, in less, and says how it was made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from hemavision import open_model
from hemavision.cli import main
from hemavision.datasets.fields import bccd_test_fields
from hemavision.errors import BundleError
from hemavision.graph.eight_bits import LARGEST, LARGEST_BY_CHANNEL, SMALLEST, rounded
from hemavision.graph.from_bundle import take_apart
from hemavision.reading.bundle import find_bundle, sha256_of
from hemavision.reading.engine import OnnxEngine
from hemavision.reading.finding.detector import Detector, find_detector
from hemavision.records.results import CellKind
from hemavision.training.eight_bits import (
    OF_EACH,
    PAPERS,
    classifier_in_eight_bits,
    detector_in_eight_bits,
    of_each_laboratory,
)


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 3]))
def test_weights_are_rounded_with_no_more_loss_than_by_their_peak(seed: int, channels: int) -> None:
    rng = np.random.default_rng(seed)
    kernel = rng.standard_t(2, (4, channels, 3, 3)).astype(np.float32)
    kernel[3] = 0  # a filter that died in training
    largest = LARGEST_BY_CHANNEL if channels == 1 else LARGEST
    whole, scale = rounded(kernel)
    assert (whole == np.rint(whole)).all()
    assert np.abs(whole).max() <= largest
    peaks = np.maximum(np.abs(kernel).max(axis=(1, 2, 3)), SMALLEST)
    plain = (peaks / largest)[:, None, None, None]
    loss, usual = (
        ((n * step - kernel) ** 2).sum(axis=(1, 2, 3))
        for n, step in ((whole, scale[:, None, None, None]), (np.rint(kernel / plain), plain))
    )
    assert (loss <= usual * (1 + 1e-4) + 1e-12).all()
    assert (whole[3] == 0).all()


def test_a_classifier_in_eight_bits_says_the_same(few_samples, tmp_path: Path) -> None:
    full, small = find_bundle("eight-types"), tmp_path / "small.onnx"
    classifier_in_eight_bits(full, few_samples[:1], small, "hemavision export")
    assert small.stat().st_size < 0.8 * full.stat().st_size
    one, other = (open_model(bundle).predict(few_samples[2].path)[0] for bundle in (full, small))
    assert other.cell_type == one.cell_type
    assert other.confidence == pytest.approx(one.confidence, abs=0.1)
    assert other.novelty == pytest.approx(one.novelty, abs=0.15)
    assert other.morphology.keys() == one.morphology.keys()
    maps = [p.heatmap(one.cell_type).ravel() for p in (one, other)]
    assert np.corrcoef(maps)[0, 1] > 0.95
    papers = OnnxEngine(small).manifest.training[PAPERS]
    assert papers["of"] == sha256_of(full.read_bytes())
    assert papers["images"] == 1
    assert len(papers["data_digest"]) == 64
    with pytest.raises(BundleError, match="put in eight bits from"):
        take_apart(small)
    with pytest.raises(BundleError, match="in eight bits already"):
        classifier_in_eight_bits(small, few_samples[:1], tmp_path / "smaller.onnx", "")


@pytest.mark.parametrize("shown", [0, pytest.param(3, marks=pytest.mark.long)])
def test_the_detector_in_eight_bits_finds_the_same(data: Path, shown: int, tmp_path: Path) -> None:
    full, small = find_detector("cells"), tmp_path / "small.onnx"
    *fields, asked = bccd_test_fields(data)[: shown + 1]
    if not fields:
        with pytest.raises(BundleError, match="no image"):
            detector_in_eight_bits(full, fields, small, "")
        assert not small.exists()
        return
    detector_in_eight_bits(full, fields, small, "hemavision export")
    one, other = (
        [cell for cell in Detector(b).find(asked.open()) if cell.kind is CellKind.WHITE]
        for b in (full, small)
    )
    assert len(one) == len(other) > 0
    assert one[0].box.left == pytest.approx(other[0].box.left, abs=6)


def test_every_laboratory_shows_as_much(few_samples) -> None:
    chosen = of_each_laboratory(few_samples * OF_EACH)
    sources = [sample.source for sample in chosen]
    assert {sources.count(source) for source in set(sources)} == {OF_EACH}
    assert chosen == of_each_laboratory(few_samples * OF_EACH)


def test_a_run_is_exported_before_it_is_put_in_eight_bits(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["export", str(tmp_path), "--int8"])
    assert done.exit_code == 2
    assert "export it, and then" in done.output
