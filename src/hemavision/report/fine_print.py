"""What stands below a report in small print: models, methods, and what its figures rest on."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from hemavision._version import __version__
from hemavision.reading.bundle import ABROAD
from hemavision.records.reference import type_words
from hemavision.report.findings import EXACT, Report, merged_words
from hemavision.report.record import ModelFigure, ReportModel
from hemavision.words import _, marked, said, written


def fine_print(report: Report, analyser: str) -> Iterator[Markup]:
    """Yield the paragraphs, in the spoken language.

    Args:
        report: whose.
        analyser: how the paragraph about it begins.
    """
    given, corrected, comparison = report.given, report.corrected, report.comparison
    yield from map(_model, given.models)
    if corrected:
        estimate = marked(
            "<b>Estimate, no count:</b> the differential behind the model's calls, {method}; "
            "validated on {protocol}.",
            method=said(corrected.method),
            protocol=corrected.protocol,
        )
        types = ", ".join(map(type_words, corrected.unvalidated))
        missing = marked("Not validated: {types}.", types=types)
        yield Markup(" ").join([estimate, missing] if types else [estimate])
    if given.no_estimate:
        yield marked(
            "<b>No estimate</b> of the differential behind the model's calls: {why}",
            why=said(given.no_estimate),
        )
    if comparison:
        words = Markup("<b>{}</b> {}. {}")
        yield words.format(analyser, said(comparison.method), merged_words(comparison))
    yield Markup(" ").join(_of_counting(report))


def level_words(report: Report) -> str:
    """Return how sure the report's intervals are: "95%"."""
    return _("{number}%", number=written(f"{100 * report.differential.level:g}"))


def time_words(at: str) -> str:
    """Return an ISO 8601 time for people: ``2026-11-25 14:03 UTC``."""
    date, _rest, rest = at.partition("T")
    if not rest:
        return date
    zone = "UTC" if rest.endswith(("Z", "+00:00")) else rest.lstrip(".:0123456789")
    return f"{date} {rest[:5]} {zone}".strip()


def _model(model: ReportModel) -> Markup:
    by = marked(
        "<b>Model {name}</b> <code>{digest}</code>.", name=model.name, digest=model.sha256[:12]
    )
    knows = marked(
        "It gives every cell one of its {n} types and <b>cannot see</b> {unseen}.",
        n=len(model.knows),
        unseen=", ".join(map(said, model.cannot_see)),
    )
    abroad = [figure.accuracy for figure in model.figures if figure.protocol.startswith(ABROAD)]
    rest = [figure for figure in model.figures if not figure.protocol.startswith(ABROAD)]
    far = [_figures_abroad(abroad)] if abroad else []
    return Markup(" ").join([by, *far, *map(_figure, rest), knows])


def _figures_abroad(shares: list[float]) -> str:
    """Return in a sentence what networks taught without a laboratory scored in it."""
    least, most = (written(f"{100 * end:.1f}") for end in (min(shares), max(shares)))
    return _(
        "Right on {least} to {most}% of the images of {n} laboratories never seen, each by a "
        "network taught without it.",
        least=least,
        most=most,
        n=len(shares),
    )


def _figure(figure: ModelFigure) -> str:
    """Return what a model scored, in a sentence."""
    values = {
        "share": written(f"{100 * figure.accuracy:.1f}"),
        "n": written(f"{figure.n_images:,}"),
        "protocol": figure.protocol,
    }
    if not figure.interval:
        return _("Right on {share}% of {n} images, protocol {protocol}.", **values)
    low, high = (written(f"{100 * end:.1f}") for end in figure.interval)
    return _(
        "Right on {share}% ({low} to {high}%) of {n} images, protocol {protocol}.",
        low=low,
        high=high,
        **values,
    )


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
    program = f"HemaVision {__version__}"
    yield _("Made {when} by {program}.", when=time_words(report.given.made_at), program=program)
