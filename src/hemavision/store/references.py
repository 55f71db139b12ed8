"""What a cell can be compared with: signed cells of other cases, and cells of image sets.

A cell's embedding lies beside it as float16: two hundred cells take half a megabyte, and nothing is
computed when they are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import delete, func, insert, select

from hemavision.errors import MissingError
from hemavision.store.database import Store
from hemavision.store.records import State
from hemavision.store.schema import (
    cases,
    cells,
    embeddings,
    images,
    reads,
    reference_cells,
    versions,
)
from hemavision.store.second_readings import ReadState

#: So many cells of cases, the newest: each takes a server 5 kB, and stores grow.
MOST_OF_CASES = 20_000


@dataclass(frozen=True)
class ReferenceCell:
    """A named cell to compare with.

    Attributes:
        cell_type: as it was signed, or as the image set's authors named it.
        image_sha256: of the image file that shows it.
        source: name of the image set; empty for a cell of a case.
        case_id: of the case; 0 for a cell of an image set.
        number: of the cell, or of the reference cell.
    """

    cell_type: str
    image_sha256: str
    source: str
    case_id: int
    number: int


@dataclass(frozen=True)
class NewReference:
    """A cell of an image set on its way into the store, with its picture (JPEG)."""

    source: str
    cell_type: str
    image_sha256: str
    embedding: np.ndarray
    jpeg: bytes


def as_bytes(embedding: np.ndarray) -> bytes:
    """Return an embedding, float32 D, as it is kept: of length 1, float16."""
    length = float(np.linalg.norm(embedding)) or 1.0
    return (embedding / length).astype(np.float16).tobytes()


def stamp(store: Store, model_sha256: str) -> tuple[object, ...]:
    """Return what changes whenever :func:`read_references` would give something else."""
    signed = select(func.count(), func.count(versions.c.signed_at), func.max(versions.c.signed_at))
    mine = reference_cells.c.model_sha256 == model_sha256
    of_sets = select(func.count(), func.max(reference_cells.c.id)).where(mine)
    with store.reading() as connection:
        found = (*connection.execute(signed).one(), *connection.execute(of_sets).one())
    return (model_sha256, *found)


def read_references(store: Store, model_sha256: str) -> tuple[list[ReferenceCell], np.ndarray]:
    """Return every cell to compare with and, row by row, how a model saw it: float16 N×D.

    Cells of cases are the newest of those that are signed at present, :data:`MOST_OF_CASES`: an
    amended case counts when it is signed again.
    """
    kinds = (cells.c.decided_type, images.c.sha256, cells.c.case_id, cells.c.id)
    of_cases = (
        select(*kinds, embeddings.c.vector)
        .join_from(embeddings, cells, cells.c.id == embeddings.c.cell_id)
        .join(images, images.c.id == cells.c.image_id)
        .join(cases, cases.c.id == cells.c.case_id)
        .where(cases.c.state == State.SIGNED, embeddings.c.model_sha256 == model_sha256)
        .order_by(cells.c.id.desc())
        .limit(MOST_OF_CASES)
    )
    columns = (reference_cells.c.cell_type, reference_cells.c.image_sha256)
    of_sets = (
        select(*columns, reference_cells.c.source, reference_cells.c.id, reference_cells.c.vector)
        .where(reference_cells.c.model_sha256 == model_sha256)
        .order_by(reference_cells.c.id)
    )
    found: list[ReferenceCell] = []
    vectors: list[bytes] = []
    with store.reading() as connection:
        for kind, sha256, case_id, number, vector in connection.execute(of_cases):
            found.append(ReferenceCell(kind, sha256, "", case_id, number))
            vectors.append(vector)
        for kind, sha256, source, number, vector in connection.execute(of_sets):
            found.append(ReferenceCell(kind, sha256, source, 0, number))
            vectors.append(vector)
    together = np.frombuffer(b"".join(vectors), np.float16)
    return found, together.reshape(len(vectors), -1 if vectors else 0)


def read_embedding(store: Store, cell_id: int, model_sha256: str) -> np.ndarray | None:
    """Return how a model saw a cell, float16 D; None where that is not kept."""
    mine = (embeddings.c.cell_id == cell_id) & (embeddings.c.model_sha256 == model_sha256)
    with store.reading() as connection:
        vector = connection.execute(select(embeddings.c.vector).where(mine)).scalar()
    return None if vector is None else np.frombuffer(vector, np.float16)


def hidden_from(store: Store, case_id: int, who: str) -> tuple[set[int], set[str]]:
    """Return the cases whose cells are no references in a case for a reader, and their images.

    They are the case itself and every case that the reader is reading a second time: what was
    decided there must not come back as a neighbour's name, nor under another case's number.
    """
    blind = select(reads.c.case_id).where(reads.c.reader == who, reads.c.state == ReadState.OPEN)
    with store.reading() as connection:
        numbers = {case_id, *connection.execute(blind).scalars()}
        shown = select(images.c.sha256).where(images.c.case_id.in_(numbers))
        return numbers, set(connection.execute(shown).scalars())


def put_references(store: Store, model_sha256: str, new: Sequence[NewReference]) -> None:
    """Put cells of image sets in the place of those that were there."""
    with store.noting() as connection:
        # Under new numbers: whoever knows the old ones has to look again.
        highest = connection.execute(select(func.max(reference_cells.c.id))).scalar() or 0
        connection.execute(delete(reference_cells))
        rows = [
            {
                "id": number,
                "source": one.source,
                "cell_type": one.cell_type,
                "image_sha256": one.image_sha256,
                "model_sha256": model_sha256,
                "vector": as_bytes(one.embedding),
                "jpeg": one.jpeg,
            }
            for number, one in enumerate(new, highest + 1)
        ]
        if rows:
            connection.execute(insert(reference_cells), rows)


def read_reference_picture(store: Store, number: int) -> bytes:
    """Return the JPEG of a reference cell.

    Raises:
        MissingError: there is none of that number.
    """
    wanted = select(reference_cells.c.jpeg).where(reference_cells.c.id == number)
    with store.reading() as connection:
        jpeg: bytes | None = connection.execute(wanted).scalar()
    if jpeg is None:
        raise MissingError(f"There is no reference cell {number}.")
    return bytes(jpeg)
