"""Images and their files: each file once, each image of a case whole or not at all."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from hemavision.errors import MissingError, RefusedError, StoreError
from hemavision.records.json_values import Count, Record, Share, of_type
from hemavision.records.results import Box, CellKind, Detection, ModelReference
from hemavision.store.bucket import Bucket
from hemavision.store.cases import open_case, touch
from hemavision.store.cells import read_cells
from hemavision.store.chain import Event, Transaction, seal_suggestions
from hemavision.store.database import Store
from hemavision.store.records import Cell, ImageKind, Look, NewCell, NewImage, StoredImage
from hemavision.store.references import as_bytes
from hemavision.store.schema import (
    cells,
    contents,
    cutouts,
    embeddings,
    images,
    log,
    signed_heatmaps,
    thumbnails,
)

#: Boxes that share more of the smaller one are around one cell: one may lie in the other.
SAME_CELL = 2 / 3


@dataclass(frozen=True)
class CutCell(Record):
    """A white cell at the border.

    Attributes:
        image_id: its image.
        box: around it, in pixels of the image.
        score: the finder's, 0 to 1.
    """

    image_id: Count
    box: Box
    score: Share


def list_cut_cells(store: Store, case_id: int) -> list[CutCell]:
    """Return the cut cells of a case that no reader has counted yet, by image, top ones first."""
    places = (cells.c.image_id, cells.c.left, cells.c.top, cells.c.right, cells.c.bottom)
    here = select(*places).where(cells.c.case_id == case_id)
    found = select(images.c.id, images.c.others).where(images.c.case_id == case_id)
    counted: defaultdict[int, list[Box]] = defaultdict(list)
    with store.reading() as connection:
        rows = connection.execute(found.order_by(images.c.id)).all()
        for image_id, *edges in connection.execute(here):
            counted[image_id].append(Box(*edges))
    cut = [
        CutCell(number, Box(**other["box"]), other["score"])
        for number, others in rows
        for other in others
        if other["kind"] == CellKind.WHITE
    ]
    return sorted(
        (one for one in cut if not is_there(one.box, counted[one.image_id])),
        key=lambda one: (one.image_id, one.box.top, one.box.left),
    )


def is_there(box: Box, others: Iterable[Box]) -> bool:
    """Return whether one of the boxes is around the same cell."""
    return any(covered(box, other) > SAME_CELL for other in others)


def covered(one: Box, other: Box) -> float:
    """Return the area that two boxes share as a part of the smaller one's."""
    wide = min(one.right, other.right) - max(one.left, other.left)
    high = min(one.bottom, other.bottom) - max(one.top, other.top)
    both = max(wide, 0) * max(high, 0)
    areas = [(b.right - b.left) * (b.bottom - b.top) for b in (one, other)]
    return both / min(areas)


def has_image(store: Store, case_id: int, sha256: str) -> str | None:
    """Return the name under which a file of this content is in a case already, or None."""
    mine = (images.c.case_id == case_id) & (images.c.sha256 == sha256)
    with store.reading() as connection:
        return connection.execute(select(images.c.name).where(mine)).scalar()


def cases_with(store: Store, sha256: str, other_than: int) -> list[int]:
    """Return the other cases that hold a file of this content."""
    with store.reading() as connection:
        found = select(images.c.case_id).where(
            images.c.sha256 == sha256, images.c.case_id != other_than
        )
        return list(connection.execute(found.order_by(images.c.case_id)).scalars())


def add_image(store: Store, case_id: int, image: NewImage, who: str) -> bool:
    """Put an image and its cells into a case, in one transaction.

    Returns:
        Whether it was added: False where a file of the same content is in the case already.

    Raises:
        MissingError: there is no such case.
        RefusedError: the case is signed.
    """
    with store.writing(who) as turn:
        case = open_case(turn.connection, case_id)
        mine = (images.c.case_id == case_id) & (images.c.sha256 == image.sha256)
        if turn.connection.execute(select(images.c.id).where(mine)).first():
            return False
        number = _insert_image(turn, case_id, image, store.bucket)
        outside = store.bucket is not None
        added = [_insert_cell(turn, number, case_id, cell, outside) for cell in image.cells]
        seal = seal_suggestions(turn.connection, number)[-1]
        about = {"image": number, "name": image.name, "kind": image.kind}
        detail = about | {"cells": added, "suggestions": seal}
        turn.record(
            [
                Event(
                    "import",
                    case_id,
                    touch(turn, case, case.state),
                    image_sha256=image.sha256,
                    model_sha256=image.model.sha256,
                    detail=detail,
                )
            ]
        )
    return True


def add_cell(
    store: Store, image: StoredImage, cell: NewCell, who: str, key: str | None = None
) -> Cell:
    """Put a cell that nobody had found into a field.

    Args:
        store: where the field is.
        image: the field.
        cell: with its box inside the field, in pixels.
        who: found it.
        key: of the request; one that comes again is answered with the cell that it added.

    Raises:
        RefusedError: the case is signed, the image is no field, or a cell is there already.
    """
    if image.kind is not ImageKind.FIELD:
        raise RefusedError("no-field", f"{image.name} shows one cell, which the case has.")
    with store.writing(who, key) as turn:
        case = open_case(turn.connection, image.case_id)
        if turn.repeated is not None:
            known = turn.came_of("add", log.c.cell_id)
            return read_cells(turn.connection, case.id, [known])[known]
        _refuse_known(turn.connection, image.id, cell.box)
        number = _insert_cell(turn, image.id, case.id, cell, store.bucket is not None)
        seal = seal_suggestions(turn.connection, image.id)[-1]
        detail = {"image": image.id, "box": asdict(cell.box), "suggestions": seal}
        event = Event(
            "add",
            case.id,
            touch(turn, case, case.state),
            cell_id=number,
            image_sha256=image.sha256,
            model_sha256=cell.prediction.model.sha256,
            detail=detail,
        )
        turn.record([event])
        return read_cells(turn.connection, case.id, [number])[number]


def list_images(store: Store, case_id: int) -> list[StoredImage]:
    """Return a case's images in the order in which they came."""
    with store.reading() as connection:
        return _read_images(connection, images.c.case_id == case_id)


def find_image(store: Store, case_id: int, number: int) -> StoredImage:
    """Return an image of a case.

    Raises:
        MissingError: the case has none of that number.
    """
    with store.reading() as connection:
        return read_image(connection, case_id, number)


def read_image(connection: Connection, case_id: int, number: int) -> StoredImage:
    """Return an image of a case as a transaction sees it.

    Raises:
        MissingError: the case has none of that number.
    """
    found = _read_images(connection, (images.c.case_id == case_id) & (images.c.id == number))
    if not found:
        raise MissingError(f"Case {case_id} has no image {number}.")
    return found[0]


def find_others(store: Store, image_id: int) -> list[Detection]:
    """Return what else was found in an image."""
    with store.reading() as connection:
        found = connection.execute(select(images.c.others).where(images.c.id == image_id))
        return [of_type(one, Detection) for one in found.scalar_one()]


def read_content(store: Store, sha256: str) -> bytes:
    """Return an image file's bytes as they came.

    Raises:
        MissingError: there is none of that SHA-256, or it is not where it was kept.
        StoreError: it lies outside the database, at a place that is not set or not reached.
    """
    with store.reading() as connection:
        found = connection.execute(select(contents.c.content).where(contents.c.sha256 == sha256))
        content: bytes | None = found.scalar()
    if content is None:
        raise MissingError(f"There is no image file {sha256}.")
    if content:
        return bytes(content)
    if store.bucket is None:
        raise StoreError(
            f"The image file {sha256} lies outside the database. Set HEMAVISION_IMAGES to the "
            "place that it was kept at."
        )
    return store.bucket.read(sha256)


def find_look(store: Store, case_id: int, cell_id: int) -> Look:
    """Return what a picture of a cell is made from, and nothing that takes long to read.

    Raises:
        MissingError: the case has no such cell.
    """
    box = (cells.c.left, cells.c.top, cells.c.right, cells.c.bottom)
    image = (images.c.width, images.c.height, images.c.sha256, images.c.kind, images.c.notes)
    found = (
        select(*box, *image, cutouts.c.png)
        .join_from(cells, images, cells.c.image_id == images.c.id)
        .outerjoin(cutouts, cutouts.c.cell_id == cells.c.id)
        .where(cells.c.case_id == case_id, cells.c.id == cell_id)
    )
    with store.reading() as connection:
        row = connection.execute(found).one_or_none()
    if row is None:
        raise MissingError(f"Case {case_id} has no cell {cell_id}.")
    *edges, width, height, sha256, kind, notes, png = row
    cutout = None if png is None else bytes(png)
    return Look(Box(*edges), width, height, sha256, ImageKind(kind), tuple(notes), cutout)


def read_thumbnails(store: Store, case_id: int, cell_ids: Sequence[int]) -> dict[int, bytes]:
    """Return cell → its JPEG for galleries, of those of a case's cells that have one."""
    kept = (thumbnails.c.cell_id, thumbnails.c.jpeg)
    found = select(*kept).join(cells, cells.c.id == thumbnails.c.cell_id)
    mine = found.where(cells.c.case_id == case_id, cells.c.id.in_(cell_ids))
    with store.reading() as connection:
        return {cell: bytes(jpeg) for cell, jpeg in connection.execute(mine)}


def read_cutouts(store: Store, cell_ids: Sequence[int]) -> dict[int, bytes]:
    """Return cell → PNG of what is around it, for those cells of fields that have one kept."""
    wanted = cutouts.c.cell_id.in_(cell_ids)
    with store.reading() as connection:
        found = connection.execute(select(cutouts.c.cell_id, cutouts.c.png).where(wanted))
        return {cell: bytes(png) for cell, png in found}


def read_signed_heatmaps(store: Store, case_id: int, version: int) -> dict[int, bytes]:
    """Return cell → PNG of the heatmaps that were signed with a version of a case."""
    mine = (signed_heatmaps.c.case_id == case_id) & (signed_heatmaps.c.version == version)
    with store.reading() as connection:
        found = select(signed_heatmaps.c.cell_id, signed_heatmaps.c.png).where(mine)
        return {cell: bytes(png) for cell, png in connection.execute(found)}


def _refuse_known(connection: Connection, image_id: int, box: Box) -> None:
    places = (cells.c.left, cells.c.top, cells.c.right, cells.c.bottom)
    there = select(cells.c.id, *places).where(cells.c.image_id == image_id)
    for number, *edges in connection.execute(there.order_by(cells.c.id)):
        if is_there(box, [Box(*edges)]):
            message = f"Cell {number} is at this place already."
            raise RefusedError("there-already", message, [number])


def _insert_image(turn: Transaction, case_id: int, image: NewImage, bucket: Bucket | None) -> int:
    known = select(contents.c.sha256).where(contents.c.sha256 == image.sha256)
    if not turn.connection.execute(known).first():
        # In this writer's turn: whoever takes the file's last name away waits for it.
        if bucket is not None:
            bucket.write(image.sha256, image.content)
        here, size = b"" if bucket else image.content, len(image.content)
        turn.connection.execute(
            insert(contents).values(sha256=image.sha256, content=here, byte_count=size)
        )
    values = {
        "case_id": case_id,
        "sha256": image.sha256,
        "name": image.name,
        "kind": image.kind,
        "width": image.width,
        "height": image.height,
        "notes": list(image.notes),
        "others": [asdict(found) for found in image.others],
        "model_name": image.model.name,
        "model_sha256": image.model.sha256,
        "added_at": turn.at,
        "added_by": turn.who,
        "pixel_um": image.pixel_um,
    }
    return turn.add(images, **values)


def _insert_cell(
    turn: Transaction, image_id: int, case_id: int, cell: NewCell, outside: bool
) -> int:
    prediction = cell.prediction
    number = turn.add(
        cells,
        case_id=case_id,
        image_id=image_id,
        **asdict(cell.box),
        suggested_type=prediction.cell_type,
        confidence=prediction.confidence,
        status=prediction.status,
        prediction=prediction.to_json(),
        model_sha256=prediction.model.sha256,
        revision=0,
    )
    # Cut-outs are most of a database's bytes; where it is to have no pictures of its own they are
    # cut out of their field again whenever they are looked at.
    if cell.cutout is not None and not outside:
        turn.connection.execute(insert(cutouts).values(cell_id=number, png=cell.cutout))
    if cell.thumbnail is not None:
        turn.connection.execute(insert(thumbnails).values(cell_id=number, jpeg=cell.thumbnail))
    if prediction.embedding is not None:
        vector = as_bytes(prediction.embedding)
        named = {"cell_id": number, "model_sha256": prediction.model.sha256}
        turn.connection.execute(insert(embeddings).values(**named, vector=vector))
    return number


def _read_images(connection: Connection, wanted: Any) -> list[StoredImage]:
    rows = connection.execute(select(images).where(wanted).order_by(images.c.id)).all()
    numbers = [row.id for row in rows]
    of_images = select(cells.c.image_id, func.count()).where(cells.c.image_id.in_(numbers))
    grouped = of_images.group_by(cells.c.image_id)
    counts: dict[int, int] = {row[0]: row[1] for row in connection.execute(grouped)}
    return [_as_image(row, counts.get(row.id, 0)) for row in rows]


def _as_image(row: Row[Any], count: int) -> StoredImage:
    return StoredImage(
        id=row.id,
        case_id=row.case_id,
        name=row.name,
        sha256=row.sha256,
        kind=ImageKind(row.kind),
        width=row.width,
        height=row.height,
        notes=tuple(row.notes),
        others=dict(Counter(other["kind"] for other in row.others)),
        cells=count,
        model=ModelReference(row.model_name, row.model_sha256),
        added_at=row.added_at,
        added_by=row.added_by,
        pixel_um=row.pixel_um,
    )
