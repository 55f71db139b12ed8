"""Where everything stands on the PDF's pages: in the margins, and nothing on anything else."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from hemavision.report import Report, ReportCell, ReportInput, as_pdf
from hemavision.report.as_pdf import BAR_COLOURS, CELLS_A_ROW, FLAG_COLOURS, PICTURE_MM, ROW_MM
from hemavision.report.rows import rows_of
from hemavision.report.sheet import (
    APRICOT,
    AZURE,
    BOTTOM_MM,
    EOSIN,
    INK,
    INK_2,
    MARGIN_MM,
    RANGE,
    Place,
    Sheet,
    TextStyle,
)  # fmt: skip

#: Of an A4 page, in millimetres; lines of small letters are 3 high.
WIDTH, HEIGHT = 210.0, 297.0
HAIR = 0.25


@dataclass(frozen=True)
class Box:
    """What covers a place on a page."""

    page: int
    left: float
    top: float
    right: float
    bottom: float
    what: str
    look: TextStyle | None = None


@dataclass
class Drawn:
    """All that was drawn, in order."""

    texts: list[Box] = field(default_factory=list)
    pictures: list[Box] = field(default_factory=list)
    fills: list[tuple[float, float, tuple[float, float], Any]] = field(default_factory=list)
    strokes: list[tuple[tuple[float, float], tuple[float, float]]] = field(default_factory=list)

    def find(self, what: str) -> Box:
        """Return the first text of these words."""
        return next(box for box in self.texts if box.what == what)


def draw(given: ReportInput, patch: pytest.MonkeyPatch) -> Drawn:
    """Write the PDF and return what was drawn where."""
    drawn = Drawn()

    class Watched(Sheet):
        def text(self, text: str, look: TextStyle, place: Place | None = None) -> float:
            at = place or Place(self.left, self.y, self.width)
            width = min(self.width_of(text, look), at.width)
            left = at.x if at.side == "L" else at.x + at.width - width
            page = self.pages.page
            end = super().text(text, look, place)
            top = at.y if page == self.pages.page else 0.0
            edges = (self.pages.page, left, top, left + width, end)
            drawn.texts.append(Box(*edges, text, look))
            return end

        def picture(self, jpeg: bytes, x: float, y: float, side: float, words: str) -> None:
            super().picture(jpeg, x, y, side, words)
            drawn.pictures.append(Box(self.pages.page, x, y, x + side, y + side, words))

        def fill(self, x: float, y: float, size: tuple[float, float], colour: Any) -> None:
            super().fill(x, y, size, colour)
            drawn.fills.append((x, y, size, colour))

        def stroke(self, start: tuple[float, float], end: tuple[float, float]) -> None:
            super().stroke(start, end)
            drawn.strokes.append((start, end))

    patch.setattr(as_pdf, "Sheet", Watched)
    as_pdf.write_pdf(Report.of(given))
    return drawn


@pytest.fixture(scope="module")
def usual(usual_case: ReportInput) -> Drawn:
    """The usual case, drawn once."""
    with pytest.MonkeyPatch.context() as patch:
        return draw(usual_case, patch)


def check_places(drawn: Drawn) -> None:
    """Everything lies between the margins, and nothing on anything else."""
    boxes = [box for box in (*drawn.texts, *drawn.pictures) if box.what]
    for box in boxes:
        assert box.left >= MARGIN_MM - HAIR, box
        assert box.right <= WIDTH - MARGIN_MM + HAIR, box
        assert 0 < box.top < box.bottom <= HEIGHT - BOTTOM_MM + HAIR, box
    for one, other in itertools.combinations(boxes, 2):
        if one.page == other.page:
            wide = min(one.right, other.right) - max(one.left, other.left)
            high = min(one.bottom, other.bottom) - max(one.top, other.top)
            assert min(wide, high) <= HAIR, (one, other)


def test_nothing_lies_on_anything_else(usual: Drawn) -> None:
    assert len(usual.texts) > 100
    assert len(usual.pictures) == 16
    check_places(usual)


def test_nor_does_it_where_there_is_much_to_say(
    usual_case: ReportInput, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings = tuple(replace(r, reader=r.reader * 5) for r in usual_case.readings * 3)
    cells = [
        replace(cell, seen="nucleus, " * (5 * place), heatmap=cell.heatmap if place % 2 else None)
        for place, cell in enumerate(usual_case.cells)
    ]
    given = replace(
        usual_case,
        case_name="A name of some length, " * 5,
        slide="S" * 150,
        readings=readings,
        comment="Words, " * 300,
        amendment_reason="A reason, " * 30,
        cells=tuple(cells * 3),
    )
    drawn = draw(given, monkeypatch)
    check_places(drawn)
    assert max(box.page for box in drawn.texts) > 1


def test_the_least_there_is_to_say_fits_too(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = draw(ReportInput("9", "A case", {}, "2026-11-25T14:10:00+00:00"), monkeypatch)
    check_places(drawn)
    assert (drawn.pictures, drawn.fills, drawn.strokes) == ([], [], [])


def test_a_row_a_type_one_below_the_other(usual: Drawn, usual_case: ReportInput) -> None:
    rows = rows_of(Report.of(usual_case))
    heads = ["Type", "Cells", "%", "95% interval", "Range, %", "Flag", "× 10⁹/L", "Analyser",
             "Estimate, %"]  # fmt: skip
    places = [usual.find(head) for head in heads]
    assert [p.left for p in places] == sorted(p.left for p in places)
    assert len({p.top for p in places}) == 1
    names = [
        next(b for b in usual.texts if b.what == row.name and b.top > places[0].top) for row in rows
    ]
    for above, below in itertools.pairwise(names):
        assert below.top - above.top == pytest.approx(ROW_MM)
    for name, row in zip(names, rows, strict=True):
        cells = [b for b in usual.texts if name.top - 1 < b.top < name.top + 1 and b.what]
        said = [row.count, row.percent, row.interval, row.reference, row.flag,
                f"{row.absolute} {row.absolute_flag}".strip(),
                row.analyser + " *" * row.analyser_differs, row.corrected]  # fmt: skip
        assert [b.what for b in cells] == [row.name, *(text for text in said if text)]
        for cell in cells:
            head = min(
                places, key=lambda p: min(abs(p.left - cell.left), abs(p.right - cell.right))
            )
            same = head.left if head.what in ("Type", "Flag") else head.right
            end = cell.left if head.what in ("Type", "Flag") else cell.right
            assert end == pytest.approx(same, abs=HAIR), (head, cell)


def test_the_bars_are_drawn_to_one_scale(usual: Drawn, usual_case: ReportInput) -> None:
    rows = rows_of(Report.of(usual_case))
    left, right = usual.find("0").left, usual.find("90%").right
    wide = right - left
    assert wide > 5
    bands = [fill for fill in usual.fills if fill[3] == RANGE]
    bars = [fill for fill in usual.fills if fill[3] != RANGE]
    assert len(bands) == sum(bool(row.reference) for row in rows)
    ranged = [row for row in rows if row.reference]
    for (x, _, (width, height), _), row in zip(bands, ranged, strict=True):
        low, high = row.bar.reference or (0, 0)
        assert (x, width) == pytest.approx((left + low * wide, (high - low) * wide))
        assert 3 < height < ROW_MM
    for (x, y, (width, height), colour), row, n in zip(bars, rows, itertools.count(), strict=False):
        assert (x, width) == pytest.approx((left, row.bar.share * wide))
        assert colour == BAR_COLOURS[row.flag_kind]
        line, *ends = usual.strokes[3 * n : 3 * n + 3]
        middle = y + height / 2
        assert [*line[0], *line[1]] == pytest.approx(
            [left + row.bar.low * wide, middle, left + row.bar.high * wide, middle]
        )
        for end, at in zip(ends, line, strict=True):
            assert [end[0][0], end[1][0]] == pytest.approx([at[0], at[0]])
            assert end[0][1] + end[1][1] == pytest.approx(2 * middle)
            assert height < end[1][1] - end[0][1] < ROW_MM
    assert len(usual.strokes) == 3 * len(rows) == 3 * len(bars)


def test_a_band_lies_in_the_row_of_its_bar(usual: Drawn, usual_case: ReportInput) -> None:
    rows = [row for row in rows_of(Report.of(usual_case)) if row.reference]
    bands = [fill for fill in usual.fills if fill[3] == RANGE]
    for band, row in zip(bands, rows, strict=True):
        name = next(b for b in usual.texts if b.what == row.name and b.look and b.look.bold)
        middle = band[1] + band[2][1] / 2
        assert middle == pytest.approx((name.top + name.bottom) / 2)
        place = usual.fills.index(band)
        assert usual.fills[place + 1][1] + usual.fills[place + 1][2][1] / 2 == pytest.approx(middle)


def test_cells_stand_four_in_a_row_each_beside_its_heatmap(usual: Drawn) -> None:
    pairs = list(zip(usual.pictures[::2], usual.pictures[1::2], strict=True))
    for picture, heatmap in pairs:
        assert heatmap.what == f"{picture.what}, with its heatmap"
        assert picture.right - picture.left == pytest.approx(PICTURE_MM)
        assert (heatmap.top, heatmap.bottom) == pytest.approx((picture.top, picture.bottom))
        assert heatmap.left == pytest.approx(picture.right, abs=1)
        caption = min(
            (b for b in usual.texts if b.top >= picture.bottom and b.left == picture.left),
            key=lambda box: box.top,
        )
        assert caption.top - picture.bottom < 1
        assert caption.what.replace("  ", " ").split(" #")[0] in picture.what
    lefts = [picture.left for picture, _ in pairs]
    assert lefts[:CELLS_A_ROW] == lefts[CELLS_A_ROW:] == sorted(lefts[:CELLS_A_ROW])
    assert lefts[0] == MARGIN_MM
    assert {round(b - a, 3) for a, b in itertools.pairwise(lefts[:CELLS_A_ROW])} == {47.0}
    assert [p.what.split(",")[0] for p, _ in pairs] == [f"Cell #{n}" for n in range(1, 9)]


def test_what_is_sure_stands_out(usual: Drawn, usual_case: ReportInput) -> None:
    """By colour and by weight; what is merely possible in another colour, the rest in ink."""
    flag = usual.find("possibly low").look
    assert flag is not None
    assert (flag.colour, flag.bold) == (FLAG_COLOURS["open"], False)
    counts = {"monocyte": 12, "lymphocyte": 5, "neutrophil": 81, "eosinophil": 2}
    with pytest.MonkeyPatch.context() as patch:
        drawn = draw(replace(usual_case, counts=counts, cells=()), patch)
    sure = drawn.find("low").look
    assert sure is not None
    assert (sure.colour, sure.bold) == (FLAG_COLOURS["sure"], True)
    colours = {fill[3] for fill in drawn.fills}
    assert colours == {RANGE, *BAR_COLOURS.values()}
    differs = usual.find("60.0 *").look
    assert differs is not None
    assert (differs.colour, differs.bold) == (EOSIN, True)
    for what, colour in (("150", INK), ("68.4 – 80.8", INK_2), ("2 – 10", INK_2)):
        look = usual.find(what).look
        assert look is not None
        assert (look.colour, look.bold) == (colour, False), what


def test_who_has_signed_is_told_by_the_status_s_colour(
    usual: Drawn, usual_case: ReportInput, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed = usual.find("Signed")
    assert signed.look == TextStyle(10, AZURE, bold=True)
    assert signed.right == pytest.approx(WIDTH - MARGIN_MM, abs=HAIR)
    assert usual.find("version 1").top == pytest.approx(signed.bottom)
    given = replace(usual_case, status=as_pdf.ReportStatus.PRELIMINARY, cells=())
    drawn = draw(given, monkeypatch)
    assert drawn.find("Preliminary, not signed").look == TextStyle(10, APRICOT, bold=True)


def test_a_cell_says_no_more_than_is_known_of_it(
    usual_case: ReportInput, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = usual_case.cells[0].picture
    cells = (
        ReportCell("#1", "blast", picture),
        ReportCell("#2", "blast", picture, suggested="blast"),
        ReportCell("#3", "blast", picture, suggested="monocyte", confidence=0.456, doubt="check"),
    )
    drawn = draw(replace(usual_case, cells=cells), monkeypatch)
    said = [box.what for box in drawn.texts]
    first = said.index("Blast  #1")
    assert said[first : first + 5] == [
        "Blast  #1", "Blast  #2", "model: the same", "Blast  #3", "model: Monocyte, 46%, check",
    ]  # fmt: skip
    assert [p.what for p in drawn.pictures] == [f"Cell #{n}, Blast" for n in (1, 2, 3)]


def test_letters_have_one_of_a_few_sizes_and_sections_stand_apart(usual: Drawn) -> None:
    """In points; and in millimetres, a heading from what is above it."""
    sizes = {box.look.size for box in usual.texts if box.look}
    assert sizes == {7.0, 7.4, 7.6, 8, 8.2, 8.4, 8.5, 8.6, 10, 11.5, 20}
    by_heading = {box.what: box for box in usual.texts if box.look and box.look.size == 11.5}
    assert list(by_heading) == ["200 white cells", "In words", "Cells"]
    for heading in by_heading.values():
        above = max(b.bottom for b in usual.texts if b.what and b.bottom <= heading.top)
        assert 2.9 < heading.top - above < 5
        below = min(
            box.top
            for box in (*usual.texts, *usual.pictures)
            if box.what and box.top >= heading.bottom
        )
        assert 0.3 < below - heading.bottom < 1
    said = next(b for b in usual.texts if b.what == "Left shift.")
    assert said.look == TextStyle(8.5, INK_2)
    doubtful = usual.find("0.00 possibly low").look
    assert doubtful is not None
    assert doubtful.colour == FLAG_COLOURS["open"]
