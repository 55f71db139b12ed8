"""What every engine promises, held against each of them on real cells."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeEngine

from hemavision.images.opening import open_image
from hemavision.reading.bundle import shipped_bundles
from hemavision.reading.cell import Model
from hemavision.reading.engine import Engine, EngineOutput, OnnxEngine
from hemavision.reading.finding import locate_cell
from hemavision.reading.preprocess import crop_and_resize
from hemavision.records.results import ModelReference, Prediction, Status

ENGINES: dict[str, Callable[[], Engine]] = {"fake": FakeEngine} | {
    path.stem: lambda path=path: OnnxEngine(path) for path in shipped_bundles()
}
FIELDS = ("probabilities", "heatmaps", "embedding", "novelty", "foreign")


@pytest.fixture(scope="module", params=list(ENGINES))
def engine(request: pytest.FixtureRequest) -> Engine:
    return ENGINES[request.param]()


@pytest.fixture(scope="module")
def crops(engine: Engine, data: Path) -> np.ndarray:
    size = engine.manifest.preprocess.size_px
    images = [
        open_image(sorted(folder.iterdir())[0]).rgb
        for folder in sorted((data / "kaggle_wbc" / "TEST").iterdir())
        if folder.is_dir()
    ]
    return np.stack([crop_and_resize(rgb, locate_cell(rgb), size) for rgb in images])


@pytest.fixture(scope="module")
def output(engine: Engine, crops: np.ndarray) -> EngineOutput:
    return engine.run(crops)


def test_shapes_and_types(engine: Engine, crops: np.ndarray, output: EngineOutput) -> None:
    count, kinds = len(crops), len(engine.manifest.cell_types)
    assert output.probabilities.shape == (count, kinds)
    assert output.heatmaps.shape[:2] == (count, kinds)
    assert output.heatmaps.ndim == 4
    assert output.embedding.shape[0] == count
    assert output.novelty.shape == output.foreign.shape == (count,)
    assert {getattr(output, name).dtype for name in FIELDS} == {np.dtype(np.float32)}


def test_ranges(output: EngineOutput) -> None:
    assert all(np.isfinite(getattr(output, name)).all() for name in FIELDS)
    assert np.allclose(output.probabilities.sum(axis=1), 1.0, atol=1e-5)
    assert (output.probabilities >= 0).all()
    assert (output.heatmaps >= 0).all()
    assert (output.novelty >= 0).all()
    assert (output.foreign >= 0).all()
    assert output.heatmaps.max() > 0


def test_a_batch_answers_as_its_images_alone(
    engine: Engine, crops: np.ndarray, output: EngineOutput
) -> None:
    for index in range(len(crops)):
        alone = engine.run(crops[index : index + 1])
        for name in FIELDS:
            expected, got = getattr(output, name)[index], getattr(alone, name)[0]
            scale = max(1.0, float(np.abs(expected).max()))
            assert np.abs(expected - got).max() < 1e-5 * scale, name


@pytest.mark.parametrize("value", [0, 255])
def test_a_crop_of_one_colour_gives_numbers(engine: Engine, value: int) -> None:
    size = engine.manifest.preprocess.size_px
    output = engine.run(np.full((1, size, size, 3), value, np.uint8))
    assert all(np.isfinite(getattr(output, name)).all() for name in FIELDS)


def test_the_crops_are_left_as_they_were(engine: Engine, crops: np.ndarray) -> None:
    before = crops.copy()
    engine.run(crops)
    assert np.array_equal(before, crops)


def test_several_threads_at_once_get_the_same_answers(
    engine: Engine, crops: np.ndarray, output: EngineOutput
) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: engine.run(crops[:2]), range(8)))
    for answer in answers:
        assert np.allclose(answer.probabilities, output.probabilities[:2], atol=1e-6)


def test_a_fake_engine_answers_by_brightness_in_the_images_order() -> None:
    engine = FakeEngine()
    model = Model(engine, ModelReference("fake", "0" * 64))
    greys = (200, 20, 100, 250)
    images = [np.full((40, 60, 3), grey, np.uint8) for grey in greys]
    types = engine.manifest.cell_types
    named = [prediction.cell_type for prediction in model.predict(images)]
    assert named == [types[grey * len(types) // 256] for grey in greys]


@pytest.mark.parametrize(
    ("confidence", "novelty", "status"),
    [
        (0.97, 0.5, Status.CONFIDENT),
        (0.60, 0.5, Status.CHECK),
        (0.97, 1.5, Status.UNFAMILIAR),
        (0.60, 1.5, Status.UNFAMILIAR),
    ],
)
def test_the_pipeline_s_word_follows_from_the_engine_s_numbers(
    confidence: float, novelty: float, status: Status
) -> None:
    engine = FakeEngine(confidence=confidence, novelty=novelty)
    model = Model(engine, ModelReference("fake", "0" * 64))
    assert model.predict(np.full((30, 30, 3), 90, np.uint8))[0].status is status


@pytest.mark.parametrize(("foreign", "told"), [(0.9, False), (1.1, True)])
def test_colours_of_no_known_laboratory_are_told(foreign: float, told: bool) -> None:
    class Elsewhere(FakeEngine):
        def run(self, crops: np.ndarray) -> EngineOutput:
            return replace(super().run(crops), foreign=np.full(len(crops), foreign, np.float32))

    model = Model(Elsewhere(), ModelReference("fake", "0" * 64))
    (answer,) = model.predict([np.full((30, 30, 3), 90, np.uint8)])
    assert answer.foreign_colours is told
    assert Prediction.from_json(answer.to_json()).foreign_colours is told
