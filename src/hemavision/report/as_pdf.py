"""The report as PDF: one A4 page in a usual case, more where there is more to say."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from hemavision._version import __version__
from hemavision.records.reference import display_name
from hemavision.report.as_html import (
    STATUS_WORDS,
    agreement_words,
    notice,
    shows_signature,
    time_words,
)
from hemavision.report.as_json import write_json
from hemavision.report.findings import (
    PER_LITRE,
    Report,
    absolute_number,
    begin_sentence,
    counted_words,
    critical_words,
    number,
)
from hemavision.report.fine_print import fine_print, level_words
from hemavision.report.pictures import small_jpeg
from hemavision.report.record import ReportCell, ReportStatus
from hemavision.report.rows import Row, rows_of, top_of_scale
from hemavision.report.sheet import (
    APRICOT,
    AZURE,
    EOSIN,
    INK,
    INK_2,
    LINE_HEIGHT,
    OPEN,
    POINT_MM,
    RANGE,
    SHARE,
    Place,
    Sheet,
    TextStyle,
)
from hemavision.words import ENGLISH, _, said, speaking, spoken, written

SMALL, TINY = TextStyle(8.2, INK_2), TextStyle(7.0, INK_2)
HEADING = TextStyle(11.5, INK, serif=True)
ROW_MM, COLUMN_GAP_MM = 5.1, 3.4
CELLS_A_ROW, CELL_GAP_MM, PICTURE_MM = 4, 4.0, 17.5
BAR_COLOURS = {"none": SHARE, "sure": EOSIN, "open": OPEN}
FLAG_COLOURS = {"none": INK, "sure": EOSIN, "open": APRICOT}


def write_pdf(report: Report) -> bytes:
    """Return the file.

    Raises:
        ImageError: a picture of a cell is no image.
    """
    with speaking(ENGLISH):  # for programs
        values = write_json(report)
    with closing(Sheet(values)) as sheet:
        _describe(sheet, report)
        _head(sheet, report)
        _table(sheet, report)
        _counts(sheet, report)
        _words(sheet, report)
        _cells(sheet, report)
        _fine(sheet, report)
        return bytes(sheet.pages.output())


def _describe(sheet: Sheet, report: Report) -> None:
    pages = sheet.pages
    pages.set_title(_("{case} – differential", case=report.given.case_name).replace("–", "-"))
    pages.set_subject(notice().striptags())
    pages.set_creator(f"HemaVision {__version__}")
    pages.set_producer(f"HemaVision {__version__}")
    pages.set_lang(spoken())
    try:
        made = datetime.fromisoformat(report.given.made_at)
    except ValueError:
        return
    pages.set_creation_date(made if made.tzinfo else made.replace(tzinfo=UTC))


def _head(sheet: Sheet, report: Report) -> None:
    given, top = report.given, sheet.y
    aside = 46.0
    sheet.text(_("Differential of a blood smear").upper(), TextStyle(7.6, EOSIN))
    title = Place(sheet.left, sheet.y, sheet.width - aside)
    end = sheet.text(given.case_name, TextStyle(20, INK, serif=True), title)
    signed = given.status is not ReportStatus.PRELIMINARY
    status = TextStyle(10, AZURE if signed else APRICOT, bold=True)
    right = Place(sheet.left + sheet.width - aside, top + 3, aside, "R")
    below = sheet.text(_(STATUS_WORDS[given.status]), status, right)
    version = Place(right.x, below, aside, "R")
    end = max(end, sheet.text(_("version {number}", number=given.version), SMALL, version))
    sheet.line(end + 1.4)
    sheet.move_to(end + 2)
    sheet.text(notice().striptags(), TextStyle(8.4, EOSIN, bold=True))
    sheet.line(sheet.y + 0.6)
    sheet.gap(2)
    facts = [(_("Slide"), given.slide), (_("Case"), given.case_id)]
    facts.append((_("Begun"), time_words(given.opened_at)))
    facts += [
        (begin_sentence(said(r.role)), f"{r.reader}, {time_words(r.at)}") for r in given.readings
    ]
    if shows_signature(given):
        facts.append((_("Signed at"), time_words(given.signed_at)))
    _facts(sheet, facts)
    if given.amendment_reason:
        sheet.gap(1)
        amended = _("Amended:")
        sheet.text(f"{amended} {given.amendment_reason}", TextStyle(9, APRICOT))
    if given.critical:
        sheet.gap(1.4)
    for sentence in critical_words(given):
        sheet.text(sentence, TextStyle(10, EOSIN, bold=True))


def _facts(sheet: Sheet, facts: list[tuple[str, str]]) -> None:
    """Write pairs of a label and its value side by side, as many as a line takes."""
    x, y, lowest = sheet.left, sheet.y, sheet.y
    value_look = TextStyle(8.5)
    for label, value in facts:
        if not value:
            continue
        width = max(sheet.width_of(label, TINY), sheet.width_of(value, value_look)) + 0.5
        width = min(width, sheet.width)
        if x > sheet.left and x + width > sheet.left + sheet.width:
            x, y = sheet.left, lowest + 1
        middle = sheet.text(label, TINY, Place(x, y, width))
        lowest = max(lowest, sheet.text(value, value_look, Place(x, middle, width)))
        x += width + 4
    sheet.move_to(lowest)


@dataclass(frozen=True)
class _Column:
    """A column of the table: its head, what stands in it, its side and its width."""

    head: str
    key: str
    side: str
    width: float = 0.0


def _columns(sheet: Sheet, report: Report, rows: list[Row]) -> list[_Column]:
    """Return the columns, each as wide as its widest text; the bars take the rest."""
    found = report.differential
    columns = [
        _Column(_("Type"), "name", "L"),
        _Column(_("Cells"), "count", "R"),
        _Column("%", "percent", "R"),
        _Column(_("{level} interval", level=level_words(report)), "interval", "R"),
        _Column("", "bar", "L"),
    ]
    if any(row.reference for row in rows):
        columns += [_Column(_("Range, %"), "reference", "R"), _Column(_("Flag"), "flag", "L")]
    if found.white_cells:
        columns.append(_Column(PER_LITRE, "absolute", "R"))
    if report.comparison:
        columns.append(_Column(_("Analyser"), "analyser", "R"))
    if report.corrected:
        columns.append(_Column(_("Estimate, %"), "corrected", "R"))
    widths = {column.key: _width(sheet, column, rows) for column in columns if column.key != "bar"}
    widths["bar"] = sheet.width - sum(widths.values())
    return [replace(column, width=widths[column.key]) for column in columns]


def _width(sheet: Sheet, column: _Column, rows: list[Row]) -> float:
    texts = [sheet.width_of(*_cell(row, column.key)) for row in rows]
    return max(sheet.width_of(column.head, TINY), *texts) + COLUMN_GAP_MM


def _table(sheet: Sheet, report: Report) -> None:
    found = report.differential
    sheet.gap(3)
    total, target = written(f"{found.total:,}"), written(f"{found.target:,}")
    sheet.text(
        _("{total} of {target} white cells", total=total, target=target)
        if found.missing
        else _("{n} white cells", n=total),
        HEADING,
    )
    if not found.shares:
        return
    sheet.gap(0.6)
    rows = rows_of(report)
    columns = _columns(sheet, report, rows)
    _table_head(sheet, columns, top_of_scale(report))
    for row in rows:
        sheet.keep(ROW_MM)
        _table_row(sheet, columns, row)


def _table_head(sheet: Sheet, columns: list[_Column], top: float) -> None:
    x, y = sheet.left, sheet.y
    for column in columns:
        width = column.width - COLUMN_GAP_MM
        if column.key == "bar":
            sheet.text("0", TINY, Place(x, y, width / 2))
            sheet.text(_("{number}%", number=written(f"{top:.0f}")), TINY, Place(x, y, width, "R"))
        else:
            sheet.text(column.head, TINY, Place(x, y, width, column.side))
        x += column.width
    end = y + 3.8
    sheet.line(end, INK, 0.2)
    sheet.move_to(end)


def _table_row(sheet: Sheet, columns: list[_Column], row: Row) -> None:
    x, y = sheet.left, sheet.y
    for column in columns:
        width = column.width - COLUMN_GAP_MM
        if column.key == "bar":
            _bar(sheet, row, Place(x, y, width))
        else:
            text, look = _cell(row, column.key)
            lift = (ROW_MM - look.size * POINT_MM * LINE_HEIGHT) / 2
            # A hair wider than it was measured, so that rounding never wraps it.
            left = x - 0.2 if column.side == "R" else x
            sheet.text(text, look, Place(left, y + lift, width + 0.2, column.side))
        x += column.width
    sheet.line(y + ROW_MM)
    sheet.move_to(y + ROW_MM)


def _cell(row: Row, key: str) -> tuple[str, TextStyle]:
    text = str(getattr(row, key))
    if key in ("name", "percent"):
        return text, TextStyle(8.6, INK, bold=True)
    if key == "flag":
        return text, TextStyle(8.4, FLAG_COLOURS[row.flag_kind], bold=row.flag_kind == "sure")
    if key == "absolute" and row.absolute_flag:
        return f"{text} {row.absolute_flag}", TextStyle(8.4, FLAG_COLOURS[row.absolute_kind])
    if key == "analyser" and row.analyser_differs:
        return f"{text} *", TextStyle(8.4, EOSIN, bold=True)
    if key == "corrected":
        return text, TextStyle(7.4, INK_2)
    return text, TextStyle(8.4, INK if key == "count" else INK_2)


def _bar(sheet: Sheet, row: Row, place: Place) -> None:
    x, y, width, bar = place.x, place.y, place.width, row.bar
    if bar.reference:
        low, high = bar.reference
        sheet.fill(x + width * low, y + 0.5, (width * (high - low), ROW_MM - 1), RANGE)
    colour = BAR_COLOURS[row.flag_kind]
    sheet.fill(x, y + ROW_MM / 2 - 0.95, (width * bar.share, 1.9), colour)
    middle, low, high = y + ROW_MM / 2, x + width * bar.low, x + width * bar.high
    sheet.stroke((low, middle), (high, middle))
    for end in (low, high):
        sheet.stroke((end, middle - 1.1), (end, middle + 1.1))


def _counts(sheet: Sheet, report: Report) -> None:
    found, given = report.differential, report.given
    facts = []
    if found.white_cells:
        blood = found.white_cells
        before = (
            _(", corrected from {before}", before=absolute_number(blood.entered))
            if blood.corrected
            else ""
        )
        count = f"{absolute_number(blood.value)} {PER_LITRE}{before}"
        facts.append((_("White cell count"), count))
    if found.nucleated_red:
        red = found.nucleated_red
        value = f"{number(red.value)} ({number(red.low)} – {number(red.high)})"
        facts.append((_("Nucleated red cells for 100 white cells"), value))
    facts += [
        (_("Counted apart: {types}", types=display_name(name)), written(f"{count:,}"))
        for name, count in found.left_out.items()
        if count
    ]
    if found.undecided:
        label = _("Further cells, not counted") if report.uncounted else _("Undecided, not counted")
        facts.append((label, written(f"{found.undecided:,}")))
    if given.terms.profile:
        facts.append((_("Reference ranges"), said(given.terms.profile.title)))
    if facts:
        sheet.gap(1.6)
        _facts(sheet, facts)


def _words(sheet: Sheet, report: Report) -> None:
    given = report.given
    sheet.gap(3)
    sheet.keep(14)
    sheet.text(_("In words"), HEADING)
    sheet.gap(0.4)
    for sentence in counted_words(report):
        sheet.text(f"·  {sentence}", TextStyle(8.5))
    if given.comment:
        sheet.gap(0.8)
        sheet.text(given.comment, TextStyle(8.5, INK_2))
    if given.agreement:
        sheet.gap(0.8)
        who = begin_sentence(said(given.agreement_of or "second reading"))
        sheet.text(f"{who}: {agreement_words(given.agreement)}", TextStyle(8.5))


def _cells(sheet: Sheet, report: Report) -> None:
    cells = report.given.cells
    if not cells:
        return
    sheet.gap(3)
    width = (sheet.width - (CELLS_A_ROW - 1) * CELL_GAP_MM) / CELLS_A_ROW
    sheet.keep(PICTURE_MM + 20)
    sheet.text(_("Cells"), HEADING)
    sheet.gap(0.8)
    for start in range(0, len(cells), CELLS_A_ROW):
        sheet.keep(PICTURE_MM + 26)
        y, lowest = sheet.y, sheet.y
        for place, cell in enumerate(cells[start : start + CELLS_A_ROW]):
            x = sheet.left + place * (width + CELL_GAP_MM)
            _pictures(sheet, cell, x, y)
            lowest = max(lowest, _caption(sheet, cell, Place(x, y + PICTURE_MM + 0.6, width)))
        sheet.move_to(lowest + 1.6)


def _pictures(sheet: Sheet, cell: ReportCell, x: float, y: float) -> None:
    words = ", ".join([_("Cell {id}", id=cell.number), display_name(cell.cell_type)])
    sheet.picture(small_jpeg(cell.picture), x, y, PICTURE_MM, words)
    if cell.heatmap:
        beside = x + PICTURE_MM + 0.6
        words = ", ".join([words, _("with its heatmap")])
        sheet.picture(small_jpeg(cell.heatmap), beside, y, PICTURE_MM, words)


def _caption(sheet: Sheet, cell: ReportCell, place: Place) -> float:
    name = f"{display_name(cell.cell_type)}  {cell.number}"
    y = sheet.text(name, TextStyle(8, INK, bold=True), place)
    lines = []
    lines += [cell.model_words] if cell.suggested else []
    lines += [cell.seen_words] if cell.seen else []
    lines += [cell.for_words] if cell.speaks_for else []
    lines += [cell.against_words] if cell.speaks_against else []
    for line in lines:
        y = sheet.text(line, TextStyle(7, INK_2), Place(place.x, y, place.width))
    return y


def _fine(sheet: Sheet, report: Report) -> None:
    sheet.gap(2)
    sheet.keep(16)
    sheet.line(sheet.y, INK, 0.2)
    sheet.gap(1.2)
    for text in fine_print(report):
        sheet.text(text, TINY)
        sheet.gap(0.5)
    if sheet.lettering.missing:
        points = " ".join(sorted(f"U+{ord(letter):04X}" for letter in sheet.lettering.missing))
        sheet.text(
            _(
                "Letters that this file's font lacks stand as ?: {points}. The HTML report has "
                "them.",
                points=points,
            ),
            TINY,
        )
