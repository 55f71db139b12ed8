"""Which letters a PDF can show, and whose shapes they have.

fpdf2 carries no font. The ones that every PDF reader has hold the letters of Western Europe only
(Windows-1252) and are drawn with whatever the reader takes for them, so a font of the machine is
embedded where one is found: the one that has most of the report's letters. A letter that it
lacks loses its accent, or is shown as ``?`` and named at the foot of the report.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

CORE_ENCODING = "windows-1252"


@dataclass(frozen=True)
class Face:
    """A font of the machine: the files of its regular, its bold and a serif to head it."""

    regular: str
    bold: str
    serif: str

    @property
    def is_there(self) -> bool:
        """Whether all its files are."""
        return all(Path(name).is_file() for name in (self.regular, self.bold, self.serif))


_DEBIAN, _FEDORA, _ARCH = (
    "/usr/share/fonts/truetype/", "/usr/share/fonts/", "/usr/share/fonts/TTF/",
)  # fmt: skip
_WINDOWS, _MAC = "C:/Windows/Fonts/", "/System/Library/Fonts/Supplemental/"
#: Where Linux, macOS and Windows keep fonts with many letters; the narrower first.
FACES = (
    *(
        Face(
            f"{folder}DejaVuSansCondensed.ttf",
            f"{folder}DejaVuSansCondensed-Bold.ttf",
            f"{folder}DejaVuSerifCondensed.ttf",
        )
        for folder in (f"{_DEBIAN}dejavu/", f"{_FEDORA}dejavu-sans-fonts/", _ARCH)
    ),
    *(
        Face(f"{folder}DejaVuSans.ttf", f"{folder}DejaVuSans-Bold.ttf", f"{folder}{serif}.ttf")
        for folder in (f"{_DEBIAN}dejavu/", f"{_FEDORA}dejavu-sans-fonts/", _ARCH)
        for serif in ("DejaVuSerif", "DejaVuSans")
    ),
    Face(
        f"{_DEBIAN}liberation/LiberationSans-Regular.ttf",
        f"{_DEBIAN}liberation/LiberationSans-Bold.ttf",
        f"{_DEBIAN}liberation/LiberationSerif-Regular.ttf",
    ),
    Face(f"{_WINDOWS}arial.ttf", f"{_WINDOWS}arialbd.ttf", f"{_WINDOWS}georgia.ttf"),
    Face(f"{_MAC}Arial.ttf", f"{_MAC}Arial Bold.ttf", f"{_MAC}Georgia.ttf"),
    *(
        Face(name, name, name)
        for name in (f"{_MAC}Arial Unicode.ttf", "/Library/Fonts/Arial Unicode.ttf")
    ),
)
#: What stands for letters that have no accent to lose. A raised 9 must not become a plain one:
#: 10⁹ is not 109.
STAND_INS = {
    "⁹": "^9", "κ": "kappa", "−": "-", "≥": ">=", "≤": "<=", "≠": "<>", "≈": "~", "µ": "µ",
    "μ": "µ", "Ł": "L", "ł": "l", "Đ": "D", "đ": "d", "ı": "i", "Ħ": "H", "ħ": "h",
    "\u2011": "-", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\t": " ",
}  # fmt: skip
UNKNOWN = "?"


@dataclass
class Lettering:
    """What can be written, and what could not.

    Attributes:
        letters: code points of the font; ``None`` for the fonts that every reader has.
        missing: letters that were asked for and shown as :data:`UNKNOWN`.
    """

    letters: frozenset[int] | None = None
    missing: set[str] = field(default_factory=set)

    def fit(self, text: str) -> str:
        """Return text that can be written, as near to the given one as it gets."""
        # Composed first: an accent of its own may be in no font where the whole letter is.
        composed = unicodedata.normalize("NFC", text)
        return "".join(self._letter(letter) for letter in composed)

    def has(self, letter: str) -> bool:
        """Whether a letter can be written as it is."""
        if letter == "\n":
            return True
        if not letter.isprintable():
            return False
        if self.letters is not None:
            return ord(letter) in self.letters
        try:
            letter.encode(CORE_ENCODING)
        except UnicodeEncodeError:
            return False
        return True

    def _letter(self, letter: str) -> str:
        if self.has(letter):
            return letter
        if letter in STAND_INS:
            return STAND_INS[letter]
        if unicodedata.combining(letter) or unicodedata.category(letter) == "Cf":
            return ""
        bare = "".join(
            part for part in unicodedata.normalize("NFD", letter) if not unicodedata.combining(part)
        )
        if bare and bare != letter and all(self.has(part) for part in bare):
            return bare
        self.missing.add(letter)
        return UNKNOWN


def find_face(text: str, faces: Iterable[Face] = FACES) -> Face | None:
    """Return the font of the machine that has most letters of a text; None where there is none.

    Args:
        text: all that will be written.
        faces: where to look, the preferred first.
    """
    wanted = {ord(letter) for letter in unicodedata.normalize("NFC", text) if letter.isprintable()}
    best, most = None, -1
    for face in faces:
        if face.is_there:
            found = len(wanted & letters_of(Path(face.regular)))
            best, most = (face, found) if found > most else (best, most)
            if found == len(wanted):
                break
    return best


def letters_of(font: Path) -> frozenset[int]:
    """Return the code points that a font file has a shape for."""
    from fontTools.ttLib import TTFont

    with TTFont(font, lazy=True) as opened:
        return frozenset(opened.getBestCmap())
