"""A4 sheets with the report's inks and letters: the primitives that the PDF is drawn with."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

from fpdf import FPDF
from fpdf.fonts import TTFFont

from hemavision.records.results import NOTICE
from hemavision.report.lettering import CORE_ENCODING, Lettering, find_face, letters_of
from hemavision.words import _

Colour = tuple[int, int, int]

INK, INK_2, LINE = (36, 26, 51), (93, 81, 112), (221, 214, 230)
EOSIN, AZURE, APRICOT = (179, 50, 95), (44, 95, 174), (164, 86, 10)
RANGE, SHARE, OPEN = (223, 233, 247), (143, 127, 176), (207, 138, 77)
#: Of the page, in millimetres.
MARGIN_MM, BOTTOM_MM = 13.0, 14.0
#: A point is a 72nd of an inch.
POINT_MM = 25.4 / 72
LINE_HEIGHT = 1.27
_UNICODE, _UNICODE_SERIF = "Machine", "MachineSerif"
_CORE, _CORE_SERIF = "Helvetica", "Times"


class _Pages(FPDF):
    """Pages with the notice and their number at the foot."""

    def __init__(self) -> None:
        super().__init__(format="A4", unit="mm")
        self.family = _CORE

    def footer(self) -> None:
        """Write the foot of a page."""
        self.set_y(-9)
        self.set_font(self.family, size=7)
        self.set_text_color(*INK_2)
        self.cell(self.epw / 2, 4, _(NOTICE))
        self.cell(self.epw / 2, 4, f"{self.page_no()} / {{nb}}", align="R")


@dataclass(frozen=True)
class TextStyle:
    """How text looks: size in points, colour, weight and kind."""

    size: float = 9.0
    colour: Colour = INK
    bold: bool = False
    serif: bool = False


@dataclass(frozen=True)
class Place:
    """Where text goes: left, top and width in millimetres, and its side: L, R or C."""

    x: float
    y: float
    width: float
    side: str = "L"


class Sheet:
    """Draws on A4 pages, from the top down, in millimetres."""

    def __init__(self, all_text: str) -> None:
        """Begin the first page.

        Args:
            all_text: what will be written, to choose letters that have it.
        """
        pages = _Pages()
        pages.core_fonts_encoding = CORE_ENCODING
        pages.c_margin = 0
        pages.set_margins(MARGIN_MM, 11, MARGIN_MM)
        pages.set_auto_page_break(True, BOTTOM_MM)
        face = find_face(all_text)
        self.lettering = Lettering(letters_of(Path(face.regular)) if face else None)
        if face:
            pages.family = _UNICODE
            pages.add_font(_UNICODE, fname=face.regular)
            pages.add_font(_UNICODE, style="B", fname=face.bold)
            pages.add_font(_UNICODE_SERIF, fname=face.serif)
            pages.add_font(_UNICODE_SERIF, style="B", fname=face.serif)
        self.pages = pages
        pages.add_page()

    def close(self) -> None:
        """Close the fonts' files, which fpdf2 keeps open."""
        for font in self.pages.fonts.values():
            if isinstance(font, TTFFont):
                font.ttfont.close()

    @property
    def left(self) -> float:
        """The left edge."""
        return MARGIN_MM

    @property
    def width(self) -> float:
        """Between the edges."""
        return float(self.pages.epw)

    @property
    def y(self) -> float:
        """Where the next thing goes."""
        return float(self.pages.get_y())

    def move_to(self, y: float) -> None:
        """Go on from a height."""
        self.pages.set_xy(MARGIN_MM, y)

    def gap(self, height: float) -> None:
        """Leave room."""
        self.move_to(self.y + height)

    def keep(self, height: float) -> None:
        """Begin a new page where less than a height is left."""
        if self.pages.will_page_break(height):
            self.pages.add_page()
            self.move_to(self.y)

    def text(self, text: str, look: TextStyle, place: Place | None = None) -> float:
        """Write text, wrapped to its width; return where it ends.

        Args:
            text: any; letters that the font lacks are replaced.
            look: of it.
            place: the whole width from here on by default, and the next thing goes below it.
        """
        at = place or Place(MARGIN_MM, self.y, self.width)
        self._use(look)
        self.pages.set_xy(at.x, at.y)
        height = look.size * POINT_MM * LINE_HEIGHT
        fitted = self.lettering.fit(text)
        self.pages.multi_cell(
            at.width, height, fitted, align=at.side, new_x="LEFT", new_y="NEXT", padding=0
        )
        end = self.y
        self.move_to(end)
        return end

    def width_of(self, text: str, look: TextStyle) -> float:
        """Return how wide a line of text is."""
        self._use(look)
        return (
            float(self.pages.get_string_width(self.lettering.fit(text))) + 2 * self.pages.c_margin
        )

    def line(self, y: float, colour: Colour = LINE, thickness: float = 0.15) -> None:
        """Draw a line across the page."""
        self.pages.set_draw_color(*colour)
        self.pages.set_line_width(thickness)
        self.pages.line(MARGIN_MM, y, MARGIN_MM + self.width, y)

    def stroke(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Draw a thin line in ink."""
        self.pages.set_draw_color(*INK)
        self.pages.set_line_width(0.25)
        self.pages.line(*start, *end)

    def fill(self, x: float, y: float, size: tuple[float, float], colour: Colour) -> None:
        """Fill a rectangle of a width and a height."""
        if size[0] > 0:
            self.pages.set_fill_color(*colour)
            self.pages.rect(x, y, *size, style="F")

    def picture(self, jpeg: bytes, x: float, y: float, side: float, words: str) -> None:
        """Put a JPEG into a square, whole, with words for those who do not see it."""
        self.pages.image(
            io.BytesIO(jpeg), x, y, side, side, keep_aspect_ratio=True,
            alt_text=self.lettering.fit(words),
        )  # fmt: skip

    def _use(self, look: TextStyle) -> None:
        family = self.pages.family
        if look.serif:
            family = _CORE_SERIF if family == _CORE else _UNICODE_SERIF
        self.pages.set_font(family, "B" if look.bold else "", look.size)
        self.pages.set_text_color(*look.colour)
