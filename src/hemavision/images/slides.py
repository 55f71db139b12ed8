"""Whole slides as pyramids that are read a piece at a time: what OpenSlide reads, and DICOM.

Both libraries are the extra ``slides``, and imported when a slide is opened.
"""

from __future__ import annotations

import math
from contextlib import AbstractContextManager
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

import numpy as np
from PIL import Image

from hemavision import settings
from hemavision.errors import ImageError, JobError
from hemavision.images.dicom import is_dicom as has_dicom_mark
from hemavision.images.foreign_files import SLIDE_SUFFIXES
from hemavision.records.results import Box

DICOM_SUFFIX = ".dcm"
#: What a DICOM file of a slide says that it is (PS3.4 B.5), and in how many first bytes.
_OF_SLIDE, _DICOM_HEAD = b"1.2.840.10008.5.1.4.1.1.77.1.6", 2048
_TIFF_SUFFIXES = (".tif", ".tiff")
#: OpenSlide's word for a tiled TIFF of no vendor.
_GENERIC = "generic-tiff"
#: A pixel's side in µm that is believed: a TIFF whose resolution is that of print says 350.
BELIEVED_UM = (0.02, 5.0)
#: Pieces that an overview is read in, one under the other.
STRIPS = 64


class _Levels(Protocol):
    """What both libraries can: the levels of a file and pieces of them."""

    size: tuple[int, int]
    um_per_px: float | None
    #: Of each level, how many times smaller it is than the first; 1 first.
    shrinks: tuple[float, ...]

    def piece(self, level: int, corner: tuple[int, int], size: tuple[int, int]) -> Image.Image:
        """Return a piece of a level as RGB.

        Args:
            level: its number.
            corner: left and top, in pixels of the first level.
            size: width and height, in pixels of the level.
        """
        ...

    def close(self) -> None:
        """Give the file back."""
        ...


class Slide(AbstractContextManager["Slide"]):
    """An open slide.

    Attributes:
        width: in pixels of its first level, as all boxes here.
        height: likewise.
        um_per_px: side of such a pixel in µm; ``None`` where the file does not say.
    """

    def __init__(self, path: Path) -> None:
        """Open the slide at a path: a file, or a folder of DICOM files.

        Raises:
            ImageError: it is missing, damaged or no slide; the message does not name it.
            JobError: the extra ``slides`` is not installed.
        """
        is_dicom = path.is_dir() or path.suffix.lower() == DICOM_SUFFIX
        try:
            self._levels: _Levels = _Dicom(path) if is_dicom else _OpenSlide(path)
        except ImportError as error:
            raise JobError(
                f"{path}: reading whole slides needs packages that are not installed ({error}). "
                "pip install 'hemavision[slides]' brings them."
            ) from error
        except Exception as error:  # the libraries raise whatever their parsing met
            if not path.exists():
                raise ImageError("there is no such file.") from error
            raise ImageError(f"no slide that can be read ({_reason(error)}).") from error
        self.width, self.height = self._levels.size
        said = self._levels.um_per_px
        is_believed = said is not None and BELIEVED_UM[0] <= said <= BELIEVED_UM[1]
        self.um_per_px = said if is_believed else None

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._levels.close()

    def read(self, box: Box, size: tuple[int, int]) -> np.ndarray:
        """Return a part of the slide, from the smallest level that is fine enough.

        Args:
            box: of the part, inside the slide.
            size: width and height to give it, in pixels.

        Returns:
            uint8 H×W×3; what was not scanned is white.

        Raises:
            ImageError: it cannot be read; open the slide anew before the next part is.
        """
        shrink = max((box.right - box.left) / size[0], 1.0)
        # A level that is a hair too coarse is meant, where 16.0003 stands for 16.
        level = max(n for n, s in enumerate(self._levels.shrinks) if s <= 1.01 * shrink)
        of_level = self._levels.shrinks[level]
        wanted = (
            max(1, round((box.right - box.left) / of_level)),
            max(1, round((box.bottom - box.top) / of_level)),
        )
        try:
            piece = self._levels.piece(level, (box.left, box.top), wanted)
        except Exception as error:  # as above
            raise ImageError(
                f"this part of the slide cannot be read ({_reason(error)})."
            ) from error
        if piece.size != size:
            piece = piece.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
        return np.asarray(piece)

    def overview(self, longest_px: int) -> np.ndarray:
        """Return the whole slide, uint8 H×W×3, its longer side so many pixels or as it is."""
        shrink = max(max(self.width, self.height) / longest_px, 1.0)
        size = (max(1, round(self.width / shrink)), max(1, round(self.height / shrink)))
        # In strips: a file without small levels would have to be in memory whole.
        edges = np.linspace(0, size[1], min(size[1], STRIPS) + 1).round().astype(int)
        places = (edges * (self.height / size[1])).round().astype(int)
        strips = [
            self.read(Box(0, int(top), self.width, int(bottom)), (size[0], int(rows)))
            for top, bottom, rows in zip(places, places[1:], np.diff(edges), strict=False)
        ]
        return np.concatenate(strips)


def is_slide(path: Path) -> bool:
    """Whether a file on this machine is a whole slide: by its name, a TIFF by its pages.

    A tiled TIFF of no vendor is one where it holds a pyramid or more pixels than a field may have.
    Without OpenSlide no TIFF is. A DICOM file is one unless it says that it is something else.
    """
    suffix = path.suffix.lower()
    if suffix == DICOM_SUFFIX:
        return not _is_other_dicom(path)
    if suffix not in _TIFF_SUFFIXES:
        return suffix in SLIDE_SUFFIXES
    try:
        import openslide
    except ImportError:
        return False
    try:
        vendor = openslide.OpenSlide.detect_format(path)
        if vendor != _GENERIC:
            return vendor is not None
        with openslide.OpenSlide(path) as file:
            width, height = file.dimensions
            most = settings.whole_number("max_megapixels") * 1_000_000
            return bool(file.level_count > 1 or width * height > most)
    except Exception:  # a damaged file is a picture's reader's to name
        return False


def _is_other_dicom(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(_DICOM_HEAD)
    except OSError:  # a slide's reader says why
        return False
    return has_dicom_mark(head) and _OF_SLIDE not in head


def is_dicom(name: str) -> bool:
    """Whether a name promises a DICOM file."""
    return PurePosixPath(name).suffix.lower() == DICOM_SUFFIX


class _OpenSlide:
    """A slide by OpenSlide."""

    def __init__(self, path: Path) -> None:
        import openslide

        self._file: Any = openslide.OpenSlide(path)
        self.size: tuple[int, int] = self._file.dimensions
        self.shrinks: tuple[float, ...] = tuple(self._file.level_downsamples)
        said = [self._file.properties.get(f"openslide.mpp-{axis}") for axis in "xy"]
        self.um_per_px: float | None = None
        if all(said):
            self.um_per_px = math.sqrt(float(said[0]) * float(said[1]))

    def piece(self, level: int, corner: tuple[int, int], size: tuple[int, int]) -> Image.Image:
        seen = self._file.read_region(corner, level, size)
        white = Image.new("RGB", seen.size, (255, 255, 255))
        white.paste(seen, mask=seen.getchannel("A"))
        return white

    def close(self) -> None:
        self._file.close()


class _Dicom:
    """A slide by wsidicom: a file, or a folder of the files of one slide."""

    def __init__(self, path: Path) -> None:
        from wsidicom import WsiDicom

        self._file: Any = WsiDicom.open(path)
        levels = [self._file.pyramid[n] for n in range(len(self._file.pyramid))]
        self._numbers = [level.level for level in levels]
        self._sizes = [(level.size.width, level.size.height) for level in levels]
        self.size: tuple[int, int] = self._sizes[0]
        self.shrinks: tuple[float, ...] = tuple(self.size[0] / width for width, _ in self._sizes)
        try:
            mpp = self._file.mpp
            self.um_per_px: float | None = math.sqrt(mpp.width * mpp.height)
        except Exception:  # wsidicom says so that the file does not say it
            self.um_per_px = None

    def piece(self, level: int, corner: tuple[int, int], size: tuple[int, int]) -> Image.Image:
        shrink, (width, height) = self.shrinks[level], self._sizes[level]
        left, top = (
            min(int(corner[0] / shrink), width - 1),
            min(int(corner[1] / shrink), height - 1),
        )
        inside = min(size[0], width - left), min(size[1], height - top)
        seen: Image.Image = self._file.read_region((left, top), self._numbers[level], inside)
        return seen.convert("RGB")

    def close(self) -> None:
        self._file.close()


def _reason(error: Exception) -> str:
    return str(error).strip().rstrip(".") or type(error).__name__
