"""What a printed report says in small letters: of the models, of the methods, of the ranges."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hemavision._version import __version__
from hemavision.report.as_html import figure_words, time_words
from hemavision.report.findings import EXACT, Report, merged_words
from hemavision.report.record import ReportModel
from hemavision.words import _, said, written


def fine_print(report: Report) -> list[str]:
    """Return its paragraphs, without marks."""
    return [*map(_model, report.given.models), *_methods(report)]


def level_words(report: Report) -> str:
    """Return how sure the intervals are: "95%"."""
    return _("{number}%", number=written(f"{100 * report.differential.level:g}"))


def _model(model: ReportModel) -> str:
    by = _("<b>Model {name}</b> <code>{digest}</code>.", name=model.name, digest=model.sha256[:12])
    knows = _(
        "It gives every cell one of its {n} types and <b>cannot see</b> {unseen}.",
        n=len(model.knows),
        unseen=", ".join(map(said, model.cannot_see)),
    )
    return _plain(" ".join([by, *map(figure_words, model.figures), knows]))


def _plain(text: str) -> str:
    """Return words without the marks that the page has in them."""
    return re.sub(r"</?(?:b|code)>", "", text)


def _methods(report: Report) -> list[str]:
    texts = []
    if report.corrected:
        texts.append(
            _(
                "<b>Estimate, no count:</b> the differential behind the model's calls, {method}; "
                "validated on {protocol}.",
                method=said(report.corrected.method),
                protocol=report.corrected.protocol,
            )
        )
    if report.given.no_estimate:
        texts.append(
            _(
                "<b>No estimate</b> of the differential behind the model's calls: {why}",
                why=said(report.given.no_estimate),
            )
        )
    if report.comparison:
        merged = merged_words(report.comparison)
        head, method = _("Analyser (* differs):"), said(report.comparison.method)
        texts.append(f"{head} {method}. {merged}".strip())
    texts.append(" ".join(_of_counting(report)))
    return [_plain(text) for text in texts]


def _of_counting(report: Report) -> Iterator[str]:
    found, profile = report.differential, report.given.terms.profile
    yield _(
        "Intervals: {level}, {exact}, of counting alone. A flag is given where the whole interval "
        "lies outside the range, “possibly” where only the share does; bands behind the bars are "
        "the ranges.",
        level=level_words(report),
        exact=_(EXACT),
    )
    if found.white_cells:
        yield _("Absolute counts carry no error of the white cell count.")
    if profile:
        yield _("Ranges: {source}.", source=said(profile.source))
    yield _(
        "Made {when} by {program}.",
        when=time_words(report.given.made_at),
        program=" ".join(["HemaVision", __version__]),
    )
