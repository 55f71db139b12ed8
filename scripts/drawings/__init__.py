"""Drawn cells and fields: the samples of the pages, and what tests and documents show."""
