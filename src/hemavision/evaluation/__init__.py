"""Measures a shipped model: protocols, metrics, intervals, heatmap scores, the model card.

Runs the path that users run (ONNX bundles through :mod:`hemavision.reading.cell`), never Keras.
scipy, scikit-learn, matplotlib and onnx are imported here and nowhere in serving.
"""
