"""Engines: a batch of crops in, probabilities, heatmaps and embeddings out."""

from hemavision.reading.engine.averaged import run_averaged
from hemavision.reading.engine.engine import Engine, EngineOutput, OnnxEngine

__all__ = ["Engine", "EngineOutput", "OnnxEngine", "run_averaged"]
