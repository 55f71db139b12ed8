"""Finds what is wrong with a split before the first training step."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace

from hemavision.datasets.samples import Sample
from hemavision.datasets.splits import Split
from hemavision.errors import DataError


def check_split(split: Split, *, skip_bad: bool = False) -> Split:
    """Return the split, without what is wrong in it if ``skip_bad``.

    An image in two parts is kept in the one that judges: test before validation before
    training.

    Raises:
        DataError: names every file that is missing or stands in two parts (unless
            ``skip_bad``), and any class with nothing to train or to validate on.
    """
    problems: list[str] = []
    seen: dict[str, tuple[str, Sample]] = {}
    parts: dict[str, list[Sample]] = {}
    for part in ("test", "validation", "train"):
        kept = []
        for sample in getattr(split, part):
            problem = _problem(sample, part, seen)
            if problem:
                problems.append(problem)
            else:
                kept.append(sample)
        parts[part] = kept
    if problems and not skip_bad:
        listed = "\n".join(problems[:50])
        raise DataError(
            f"{len(problems)} bad images ({split.protocol}); mend them, or go on without them "
            f"with --skip-bad:\n{listed}"
        )
    for part in ("train", "validation"):
        _check_classes(split, part, parts[part])
    return replace(split, train=parts["train"], validation=parts["validation"], test=parts["test"])


def _problem(sample: Sample, part: str, seen: dict[str, tuple[str, Sample]]) -> str | None:
    try:
        content = hashlib.sha256(sample.path.read_bytes()).hexdigest()
    except OSError as error:
        return f"{sample.path}: cannot be read ({error.strerror})"
    other_part, other = seen.setdefault(content, (part, sample))
    if other_part != part:
        return f"{sample.path}: in {part}, and the same image as {other.path} in {other_part}"
    return None


def _check_classes(split: Split, part: str, samples: list[Sample]) -> None:
    protocol, cell_types = split.protocol, split.cell_types
    counts = Counter(sample.cell_type for sample in samples)
    # A type that the network does not name may teach where its set answers the further questions.
    unexplained = {sample.cell_type for sample in samples if not sample.answers}
    strange = sorted(unexplained - set(cell_types))
    if strange:
        raise DataError(
            f"{protocol}: unknown cell types {', '.join(strange)}; known are "
            f"{', '.join(cell_types)} (folders are named after them)."
        )
    empty = [cell_type for cell_type in cell_types if not counts[cell_type]]
    if empty:
        raise DataError(f"{protocol}: no {part} images of {', '.join(empty)}.")
