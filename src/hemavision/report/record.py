"""What a report is made from: one frozen record, whoever fills it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hemavision.agreement import Agreement
from hemavision.differential import Analyser, Confusion, Interval, Terms
from hemavision.reading.bundle import Manifest
from hemavision.records.cells import EIGHT_TYPES, UNNAMED
from hemavision.records.critical import Critical
from hemavision.records.reference import display_name, type_words
from hemavision.records.results import Prediction
from hemavision.words import _, written

#: A report shows at most so many reasons for and against a cell's type.
MOST_REASONS = 2


class ReportStatus(StrEnum):
    """How far the case is; the words are FHIR's."""

    #: Not signed: anything may still change.
    PRELIMINARY = "preliminary"
    #: Signed.
    FINAL = "final"
    #: Signed again after it had been opened once more.
    AMENDED = "amended"


@dataclass(frozen=True)
class Reading:
    """Who did what and when.

    Attributes:
        reader: their name.
        role: what they did, such as "first reader", "second reader, blind", "signed".
        at: when, ISO 8601 with its time zone.
    """

    reader: str
    role: str
    at: str


@dataclass(frozen=True)
class ReportCell:
    """A representative cell.

    Attributes:
        number: what it is called in the case.
        cell_type: as counted.
        picture: an image file of the cell.
        heatmap: an image file of the same with its heatmap over it, where there is one.
        suggested: what the model called it; empty where no model did.
        confidence: of that, 0 to 1.
        doubt: how far the model's answer is to be trusted: confident, check, unfamiliar.
        seen: what the model saw, in words.
        speaks_for: what of it speaks for the model's type, in words.
        speaks_against: what speaks against it or contradicts it, in words.
        rival: the type that it was weighed against: the next one whose looks are known.
    """

    number: str
    cell_type: str
    picture: bytes
    heatmap: bytes | None = None
    suggested: str = ""
    confidence: float | None = None
    doubt: str = ""
    seen: str = ""
    speaks_for: tuple[str, ...] = ()
    speaks_against: tuple[str, ...] = ()
    rival: str = ""

    @property
    def against_words(self) -> str:
        """What speaks against the model's type, and for which other, in a line."""
        words = ", ".join(map(_, self.speaks_against))
        if not self.rival:
            return _("against: {words}", words=words)
        return _("against (rather {type}): {words}", type=type_words(self.rival), words=words)

    @property
    def for_words(self) -> str:
        """What speaks for the model's type, in a line."""
        return _("for: {words}", words=", ".join(map(_, self.speaks_for)))

    @property
    def seen_words(self) -> str:
        """What was seen, in a line."""
        return ", ".join(_(part) for part in self.seen.split(", "))

    @property
    def model_words(self) -> str:
        """What the model called it, how surely, in a line."""
        same = self.suggested == self.cell_type
        parts = [
            _("model: the same")
            if same
            else _("model: {type}", type=display_name(self.suggested or ""))
        ]
        if self.confidence is not None:
            parts.append(_("{number}%", number=written(f"{100 * self.confidence:.0f}")))
        return ", ".join([*parts, _(self.doubt)] if self.doubt else parts)

    @classmethod
    def of(
        cls,
        number: str,
        cell_type: str,
        prediction: Prediction,
        picture: bytes,
        heatmap: bytes | None = None,
    ) -> ReportCell:
        """Return a cell with what its prediction says in words.

        Args:
            number: what the cell is called in the case.
            cell_type: as counted, by a person or by the model.
            prediction: the model's.
            picture: an image file of the cell.
            heatmap: an image file of the same with its heatmap over it.
        """
        reasons = prediction.reasons
        weighed = reasons.attributes if reasons else ()
        speaks_for = [reason.words for reason in weighed if reason.weight > 0]
        against = list(reasons.contradictions if reasons else ())
        against += [r.words for r in weighed if r.weight < 0 and r.words not in against]
        return cls(
            number=number,
            cell_type=cell_type,
            picture=picture,
            heatmap=heatmap,
            suggested=prediction.cell_type,
            confidence=prediction.confidence,
            doubt=prediction.status.value,
            seen=reasons.seen if reasons else "",
            speaks_for=tuple(speaks_for[:MOST_REASONS]),
            speaks_against=tuple(against[:MOST_REASONS]),
            rival=(reasons.compared_with or "") if reasons else "",
        )


@dataclass(frozen=True)
class ModelFigure:
    """A figure of a model on images that it was tested on.

    Attributes:
        protocol: what those were, in words or as ``hemavision evaluate`` names it.
        accuracy: 0 to 1.
        interval: of it, where known.
        n_images: how many.
        note: whether the model had seen the photographs before.
    """

    protocol: str
    accuracy: float
    interval: Interval | None
    n_images: int
    note: str = ""


@dataclass(frozen=True)
class ReportModel:
    """A model that suggested types.

    Attributes:
        name: of the bundle.
        sha256: of its file.
        figures: how good it was, each with its protocol.
        knows: the types that it can name.
        cannot_see: what it cannot name, in words.
    """

    name: str
    sha256: str
    figures: tuple[ModelFigure, ...]
    knows: tuple[str, ...]
    cannot_see: tuple[str, ...]

    @classmethod
    def of(cls, manifest: Manifest, sha256: str) -> ReportModel:
        """Return what a bundle's manifest says of its model.

        Args:
            manifest: the bundle's.
            sha256: of the bundle's file.
        """
        figures = []
        for protocol, metrics in manifest.metrics.items():
            if "accuracy" in metrics:
                low, high = metrics.get("intervals", {}).get("accuracy", (None, None))
                interval = None if low is None else (float(low), float(high))
                n_images, note = int(metrics.get("n_images", 0)), str(metrics.get("leaks", ""))
                figure = ModelFigure(protocol, float(metrics["accuracy"]), interval, n_images, note)
                figures.append(figure)
        unknown = [
            f"{display_name(name).lower()}s"
            for name in EIGHT_TYPES
            if name not in manifest.cell_types
        ]
        return cls(manifest.name, sha256, tuple(figures), manifest.cell_types, (*unknown, *UNNAMED))


@dataclass(frozen=True)
class ReportInput:
    """Everything that a report says, before anything is counted.

    Attributes:
        case_id: what the case is called where it is kept.
        case_name: for people.
        counts: type → cells, as :func:`hemavision.differential.find_differential` takes them.
        made_at: when this report was made, ISO 8601 with its time zone.
        terms: reference ranges, total white cell count, target and level.
        status: how far the case is.
        slide: the slide's own name.
        version: counts up with each amendment, from 1.
        amendment_reason: why a signed case was opened again; empty for the first version.
        opened_at: when the case was begun, ISO 8601; empty where unknown.
        signed_at: when it was signed, ISO 8601; empty where it was not.
        readings: who did what and when, in order.
        comment: the reader's own words.
        cells: representative cells, in the order to show them.
        models: that suggested types.
        analyser: what an analyser said of the same blood.
        model_calls: type → cells as the model called them, for an estimate that corrects its
            confusions; needs ``confusion``.
        confusion: the model's, from a validation.
        no_estimate: why an estimate that was wanted is not there, in words.
        agreement: with a second reader or with the model.
        agreement_of: between whom, such as "second reader, blind".
        notes: what has to be known of the report's own figures, in sentences.
        critical: what must not be overlooked, the weightiest first.
        acknowledged: the critical types that whoever signed named.
        provisional: whether the counts hold suggestions that nobody has committed: such shares are
            read against no range.
    """

    case_id: str
    case_name: str
    counts: Mapping[str, int]
    made_at: str
    terms: Terms = field(default_factory=Terms)
    status: ReportStatus = ReportStatus.PRELIMINARY
    slide: str = ""
    version: int = 1
    amendment_reason: str = ""
    opened_at: str = ""
    signed_at: str = ""
    readings: tuple[Reading, ...] = ()
    comment: str = ""
    cells: tuple[ReportCell, ...] = ()
    models: tuple[ReportModel, ...] = ()
    analyser: Analyser | None = None
    model_calls: Mapping[str, int] | None = None
    confusion: Confusion | None = None
    no_estimate: str = ""
    agreement: Agreement | None = None
    agreement_of: str = ""
    notes: tuple[str, ...] = ()
    critical: tuple[Critical, ...] = ()
    acknowledged: tuple[str, ...] = ()
    provisional: bool = False
