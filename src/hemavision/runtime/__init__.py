"""Engines: a batch of crops in, probabilities, heatmaps and embeddings out."""

from hemavision.runtime.engine import Engine, EngineOutput
from hemavision.runtime.fake_engine import FakeEngine
from hemavision.runtime.flips import run_flipped
from hemavision.runtime.onnx_engine import OnnxEngine

__all__ = ["Engine", "EngineOutput", "FakeEngine", "OnnxEngine", "run_flipped"]
