"""Engines: a batch of crops in, probabilities, heatmaps and embeddings out."""

from hemavision.reading.engine.averaged import run_averaged
from hemavision.reading.engine.engine import Engine, EngineOutput
from hemavision.reading.engine.fake_engine import FakeEngine
from hemavision.reading.engine.onnx_engine import OnnxEngine

__all__ = ["Engine", "EngineOutput", "FakeEngine", "OnnxEngine", "run_averaged"]
