"""Image files outside the database: there before they are named, gone with their last name."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fixtures_cases import new_image
from sqlalchemy import select

from hemavision.errors import MissingError, StoreError
from hemavision.store import Store, open_store
from hemavision.store.cases import create_case
from hemavision.store.images import add_image, list_images, read_content
from hemavision.store.removing import remove_image
from hemavision.store.schema import contents
from hemavision.store.verification import verify

_NUMBERS = count(1)
Open = Callable[[str], Store]


@pytest.fixture(params=["memory", pytest.param("s3", marks=pytest.mark.long)])
def home(request: pytest.FixtureRequest) -> str:
    """The URL of an empty folder for image files."""
    if request.param == "memory":
        return f"memory://images-{next(_NUMBERS)}"
    s3: Any = request.getfixturevalue("s3")
    bucket = f"here-{next(_NUMBERS)}"
    s3.mkdir(bucket)
    return f"s3://{bucket}/files"


@pytest.fixture
def open_at(tmp_path: Path, blank_file: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Open the same store, its image files wherever they are said to be."""
    shutil.copy(blank_file, tmp_path / "store.sqlite")

    def opened(images: str) -> Store:
        monkeypatch.setenv("HEMAVISION_IMAGES", images)
        return open_store(tmp_path / "store.sqlite")

    return opened


def files_at(home: str) -> dict[str, bytes]:
    """Name → bytes of what lies there."""
    system, root = fsspec.core.url_to_fs(home, use_listings_cache=False)
    return {Path(name).name: system.cat_file(name) for name in system.find(root)}


def test_a_file_lies_outside_as_long_as_a_case_shows_it(open_at: Open, home: str) -> None:
    store = open_at("store")
    case = create_case(store, "One", "", "ann")
    inside, outside = new_image(0), new_image(1)
    add_image(store, case.id, inside, "ann")
    store.close()
    store = open_at(home)  # from now on; what is in the database stays there
    other = create_case(store, "Other", "", "ann")
    for into in (case.id, other.id):
        assert add_image(store, into, outside, "ann")
    add_image(store, other.id, inside, "ann")
    assert files_at(home) == {outside.sha256: outside.content}
    with store.reading() as connection:
        rows = connection.execute(select(contents.c.sha256, contents.c.byte_count)).all()
    assert dict(map(tuple, rows)) == {i.sha256: len(i.content) for i in (inside, outside)}
    assert [read_content(store, i.sha256) for i in (inside, outside)] == [
        inside.content,
        outside.content,
    ]
    assert verify(store).sound
    for into, left in ((case.id, 1), (other.id, 0)):
        (number,) = (i.id for i in list_images(store, into) if i.sha256 == outside.sha256)
        remove_image(store, into, number, "Another patient's", "ann")
        assert len(files_at(home)) == left
    assert verify(store).sound
    with pytest.raises(MissingError):
        read_content(store, outside.sha256)
    # What was taken out may come again.
    assert add_image(store, case.id, outside, "ann")
    assert read_content(store, outside.sha256) == outside.content
    store.close()


def test_a_file_that_is_changed_or_gone_is_found(open_at: Open, home: str) -> None:
    store = open_at(home)
    case = create_case(store, "One", "", "ann")
    image = new_image(0)
    add_image(store, case.id, image, "ann")
    system, root = fsspec.core.url_to_fs(home)
    place = f"{root}/{image.sha256[:2]}/{image.sha256}"
    system.pipe_file(place, image.content[:-1])
    with pytest.raises(MissingError, match="is not what was kept"):
        read_content(store, image.sha256)
    assert verify(store).problem == f"the image file {image.sha256} is not what was imported"
    assert verify(store, deep=False).sound
    system.rm_file(place)
    with pytest.raises(MissingError, match="There is no such image file at"):
        read_content(store, image.sha256)
    assert not verify(store).sound
    # Gone is gone: nothing keeps the image from being taken out.
    remove_image(store, case.id, list_images(store, case.id)[0].id, "Lost", "ann")
    assert verify(store).sound
    store.close()


def test_an_image_is_not_named_whose_file_was_not_taken(
    open_at: Open, home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_at(home)
    case = create_case(store, "One", "", "ann")

    def refuse(*_: object) -> None:
        raise ConnectionError("no route to host")

    assert store.bucket is not None
    with monkeypatch.context() as patch:
        patch.setattr(store.bucket, "_place", (type("Gone", (), {"pipe_file": refuse})(), ""))
        with pytest.raises(StoreError, match=r"cannot be reached \(no route to host\)"):
            add_image(store, case.id, new_image(0), "ann")
    assert list_images(store, case.id) == []
    assert add_image(store, case.id, new_image(0), "ann")
    store.close()
    without = open_at("store")
    with pytest.raises(StoreError, match="Set HEMAVISION_IMAGES to the place"):
        read_content(without, new_image(0).sha256)
    assert not verify(without).sound
    without.close()
    for nowhere in ("nowhere://x", "images"):
        with pytest.raises(StoreError, match="HEMAVISION_IMAGES"):
            open_at(nowhere)
