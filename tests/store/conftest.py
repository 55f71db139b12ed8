"""Every test of the room twice: image files in the database, and in a bucket."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

_NUMBERS = count(1)


@pytest.fixture(
    autouse=True, params=["in-database", pytest.param("in-bucket", marks=pytest.mark.long)]
)
def image_files(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where stores that are opened keep image files."""
    if request.param == "in-database":
        return
    bucket = f"images-{next(_NUMBERS)}"
    s3: Any = request.getfixturevalue("s3")
    s3.mkdir(bucket)
    monkeypatch.setenv("HEMAVISION_IMAGES", f"s3://{bucket}/files")
