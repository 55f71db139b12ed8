"""What each file of a set shows, so that one in another's place is named.

Where copies are alike byte for byte, a file is known by its SHA-256. Where pictures are encoded
after the download, two copies differ by a grey level and one is known by its mean greys instead.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from PIL import Image

TABLE = "contents.csv.gz"
#: A picture's greys are means over so many columns and rows.
CELLS = 6
#: Grey levels by which another encoder or filter may change a mean; measured, 1.
TOLERANCE = 4
#: Hexadecimal digits of a SHA-256 that are kept: enough against mistakes, which is what is meant.
DIGITS = 16


@dataclass(frozen=True)
class Content:
    """What one file is known by.

    Attributes:
        sha256: first digits of its bytes' SHA-256; empty where copies may differ in encoding.
        greys: the picture's mean greys, row by row; empty where ``sha256`` is known.
    """

    sha256: str = ""
    greys: bytes = b""

    def difference(self, data: bytes, rgb: np.ndarray) -> str:
        """Say how a file differs, given its bytes and its H×W×3 picture; empty if it does not."""
        if self.sha256 and sha256_of(data) != self.sha256:
            return "not the set's file"
        if self.greys and furthest(self.greys, greys_of(rgb)) > TOLERANCE:
            return "not the set's picture"
        return ""


def known_contents(name: str) -> dict[str, Content]:
    """Return what a set's files are known by, by their paths inside it; empty for some sets."""
    packed = (files("hemavision.datasets") / "tables" / TABLE).read_bytes()
    return {
        row["path"]: Content(row["sha256"], bytes.fromhex(row["greys"]))
        for row in csv.DictReader(gzip.decompress(packed).decode().splitlines())
        if row["set"] == name
    }


def sha256_of(data: bytes) -> str:
    """Return the first digits of some bytes' SHA-256."""
    return hashlib.sha256(data).hexdigest()[:DIGITS]


def greys_of(rgb: np.ndarray) -> bytes:
    """Return the mean greys of an H×W×3 picture, row by row, 0 to 255."""
    grey = Image.fromarray(rgb).convert("L")
    return grey.resize((CELLS, CELLS), Image.Resampling.BOX).tobytes()


def furthest(one: bytes, other: bytes) -> int:
    """Return the largest difference between two pictures' greys, in levels."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True))
