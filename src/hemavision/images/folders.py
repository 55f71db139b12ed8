"""Which files of a folder are pictures."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from pathlib import Path, PurePosixPath

from hemavision.images.foreign_files import kind_of
from hemavision.images.opening import IMAGE_SUFFIXES


def is_picture(name: str) -> bool:
    """Whether a file's name promises a picture, be it of a kind that is not read."""
    return PurePosixPath(name).suffix.lower() in IMAGE_SUFFIXES or kind_of(name) is not None


def search(
    folder: Path,
    skip: Collection[Path] = (),
    on_error: Callable[[OSError], None] | None = None,
) -> Iterator[Path]:
    """Yield the pictures of a folder, to any depth, in order.

    Args:
        folder: that exists.
        skip: folders to leave out, such as those that results are written to.
        on_error: is told of each folder that cannot be read.
    """
    left_out = {os.path.realpath(path) for path in skip}
    for root, folders, files in os.walk(folder, onerror=on_error):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and os.path.realpath(Path(root, name)) not in left_out
        )
        # Names with a leading dot are other systems' notes about an image, not images.
        for name in sorted(files):
            if is_picture(name) and not name.startswith("."):
                yield Path(root, name)
