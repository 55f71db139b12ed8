"""The public image sets: what they are, whether a copy is sound, where to get one.

For training and tests; serving never imports this. Readers of samples live in
:mod:`hemavision.training.datasets`.
"""
