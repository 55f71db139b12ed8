"""Model files that four versions of Keras really wrote (``scripts/make_keras_files.py``)."""

from __future__ import annotations

from pathlib import Path

import pytest

FILES = Path(__file__).parent / "files"
VERSIONS = ("2.12.0", "2.13.1", "2.15.0", "3.15.1")


@pytest.fixture(scope="session")
def files():
    return FILES
