"""The cells most like a cell, by what the network saw: of signed cases and of image sets.

Ten thousand cells are one product of a matrix and a vector; nothing but NumPy is needed.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from pathlib import Path

import numpy as np

from hemavision.casework.pictures import look_again
from hemavision.casework.recognition import digest, draw_thumbnail
from hemavision.datasets.samples import (
    Sample,
    read_bccd_cells,
    read_bcisc,
    read_lisc,
    read_pbc,
)
from hemavision.errors import DataError
from hemavision.images.opening import open_image
from hemavision.reading.cell import Model
from hemavision.reading.field import name_white_cells
from hemavision.records.cells import EIGHT_TYPES
from hemavision.records.json_values import Count, Record, Share
from hemavision.records.results import CellKind, Detection
from hemavision.store import Store
from hemavision.store.cells import find_cell
from hemavision.store.references import (
    NewReference,
    ReferenceCell,
    as_bytes,
    hidden_from,
    put_references,
    read_embedding,
    read_references,
    stamp,
)

MOST_SIMILAR = 6
#: A cosine from which on two pictures show one cell, saved twice: it is no second opinion.
SAME_CELL = 0.99


@dataclass(frozen=True)
class Similar(Record):
    """A named cell that looks like another one.

    Attributes:
        cell_type: as it was signed, or as its image set's authors named it.
        similarity: cosine of what the network saw of both, 0 to 1.
        source: name of the image set; empty for a cell of a case.
        case_id: of the signed case that it is of; null for a cell of an image set.
        cell_id: of the cell there.
        reference_id: of a cell of an image set.
    """

    cell_type: str
    similarity: Share
    source: str
    case_id: Count | None
    cell_id: Count | None
    reference_id: Count | None


@dataclass(frozen=True)
class _Index:
    """Every cell to compare with, and how the model saw them: float32 N×D, of length 1."""

    stamp: tuple[object, ...]
    cells: Sequence[ReferenceCell]
    vectors: np.ndarray


@dataclass
class References:
    """What a process keeps of the cells to compare with, read anew when a case was signed."""

    _index: _Index | None = None
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def similar(self, store: Store, model: Model, cell: tuple[int, int], who: str) -> list[Similar]:
        """Return the six most similar cells of other slides, the most similar first.

        Args:
            store: where the cells are.
            model: whose eyes compare them; a cell that another one named is looked at again.
            cell: numbers of the case and of the cell in it.
            who: asks; what this reader is reading blind is left out with its images.

        Raises:
            MissingError: the case has no such cell.
        """
        case_id, cell_id = cell
        index = self._read(store, model.reference.sha256)
        if not index.cells:
            return []
        mine = index.vectors @ _embedding(store, model, case_id, cell_id)
        cases, files = hidden_from(store, case_id, who)
        hidden = [one.case_id in cases or one.image_sha256 in files for one in index.cells]
        mine[np.array(hidden) | (mine >= SAME_CELL)] = -1.0
        best = np.argsort(-mine, kind="stable")[:MOST_SIMILAR]
        shown = [place for place in best if mine[place] > 0]
        return [_described(index.cells[place], float(mine[place])) for place in shown]

    def _read(self, store: Store, model_sha256: str) -> _Index:
        now = stamp(store, model_sha256)
        with self._turn:
            if self._index is None or self._index.stamp != now:
                found, vectors = read_references(store, model_sha256)
                self._index = _Index(now, found, vectors.astype(np.float32))
            return self._index


def _described(cell: ReferenceCell, similarity: float) -> Similar:
    of_set = bool(cell.source)
    return Similar(
        cell.cell_type,
        min(similarity, 1.0),
        cell.source,
        None if of_set else cell.case_id,
        None if of_set else cell.number,
        cell.number if of_set else None,
    )


def _embedding(store: Store, model: Model, case_id: int, cell_id: int) -> np.ndarray:
    """Return how the model sees a cell, float32 D of length 1: as it is kept, or looked at now."""
    kept = read_embedding(store, cell_id, model.reference.sha256)
    if kept is None:
        seen = look_again(store, find_cell(store, case_id, cell_id), model).embedding
        kept = np.frombuffer(as_bytes(np.asarray(seen)), np.float16)
    return kept.astype(np.float32)


def read_image_sets(
    store: Store, model: Model, data: Path, each: int, advance: Callable[[int], None]
) -> dict[str, int]:
    """Look at cells of the image sets and keep them to compare with, in place of earlier ones.

    Args:
        store: that keeps them.
        model: that looks.
        data: folder of the image sets.
        each: so many cells of a type, taken from all sets in turn.
        advance: is called with 1 after each cell.

    Returns:
        Type → cells that are kept.

    Raises:
        DataError: the folder has none of the sets.
    """
    samples = chosen(data, each)
    new = []
    for sample in samples:
        new.append(_reference(sample, model))
        advance(1)
    put_references(store, model.reference.sha256, new)
    return {name: sum(s.cell_type == name for s in samples) for name in EIGHT_TYPES}


def chosen(data: Path, each: int) -> list[Sample]:
    """Return so many cells of each type, from all image sets in turn; none of a test list.

    Raises:
        DataError: the folder has none of the sets.
    """
    by_type: defaultdict[str, list[list[Sample]]] = defaultdict(list)
    for samples in _sets(data):
        for name in EIGHT_TYPES:
            own = [sample for sample in samples if sample.cell_type == name]
            step = max(1, len(own) // each)
            by_type[name].append(own[::step])
    if not by_type:
        raise DataError(
            f"{data} holds no image set with named cells. Set HEMAVISION_DATA to the folder of the "
            "image sets, or run `hemavision data download`."
        )
    taken = []
    for name in EIGHT_TYPES:
        in_turn = chain.from_iterable(zip_longest(*by_type[name]))
        taken += [sample for sample in in_turn if sample is not None][:each]
    return taken


def _sets(data: Path) -> Iterator[list[Sample]]:
    readers: tuple[Callable[[], list[Sample]], ...] = (
        lambda: read_pbc(data / "pbc", "train"),
        lambda: read_bcisc(data / "bcisc"),
        lambda: read_lisc(data / "lisc"),
        lambda: read_bccd_cells(data / "bccd"),
    )
    for read in readers:
        try:
            yield read()
        except DataError:
            continue  # this set is not there


def _reference(sample: Sample, model: Model) -> NewReference:
    content = sample.path.read_bytes()
    rgb = open_image(content).rgb
    if sample.box is None:
        (seen,) = model.predict_arrays([rgb])
    else:
        (seen,) = name_white_cells(model, rgb, [Detection(CellKind.WHITE, sample.box, 1.0)])
    jpeg = draw_thumbnail(rgb, sample.box or seen.box)
    embedding = np.asarray(seen.embedding)
    return NewReference(sample.source, sample.cell_type, digest(content), embedding, jpeg)
