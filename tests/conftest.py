"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

from hemavision import Model, open_model
from hemavision.settings import data_folder

# How fast the machine is says nothing of what a property holds for.
hypothesis.settings.register_profile(
    "any-machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any-machine")
pytest_plugins = ["fixtures_images", "fixtures_report", "fixtures_store", "fixtures_cases"]


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of the image sets."""
    folder = data_folder().resolve()
    if not (folder / "kaggle_wbc").is_dir():
        missing(f"image sets at {folder} (set HEMAVISION_DATA)")
    return folder


@pytest.fixture(scope="session")
def model() -> Model:
    """The shipped default model."""
    return open_model()


def missing(what: str) -> None:
    """Fail in CI, skip elsewhere: a test's real part is not there."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"missing: {what}", pytrace=False)
    pytest.skip(f"missing: {what}")
