"""A job's table in three forms: each writes parts of it, and puts the parts together.

A table is a function of its rows: the same rows give the same bytes, in whatever parts they came
in whichever run.
"""

from __future__ import annotations

import csv
import json
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from hemavision.batch.schema import CELL, Column, Kind, Schema
from hemavision.errors import JobError
from hemavision.exports.table import FORMULA, plain
from hemavision.records.results import NOTICE

Row = Mapping[str, Any]
_NUMBERS: Mapping[Kind, Callable[[str], float]] = {Kind.WHOLE: int, Kind.NUMBER: float}
#: Rows that Parquet keeps together: a reader takes so many into memory at once.
GROUP_ROWS = 8192


class Form(Protocol):
    """A form of table."""

    def write(self, path: Path, rows: Sequence[Row]) -> None:
        """Write a part."""
        ...

    def join(self, path: Path, parts: Iterable[Path]) -> None:
        """Write the table of all parts, in their order."""
        ...

    def read(self, path: Path) -> Iterator[Row]:
        """Yield the rows of a part, as they were given to :meth:`write`."""
        ...


class JsonLines:
    """An object a line, pure ASCII; what is empty is null."""

    def __init__(self, schema: Schema) -> None:
        """Take the columns."""
        self._names = schema.names

    def write(self, path: Path, rows: Sequence[Row]) -> None:
        """Write a part."""
        with path.open("w", encoding="ascii", newline="\n") as stream:
            for row in rows:
                stream.write(json.dumps({name: row[name] for name in self._names}) + "\n")

    def join(self, path: Path, parts: Iterable[Path]) -> None:
        """Write the parts, one after the other."""
        with path.open("wb") as stream:
            _copy(parts, stream)

    def read(self, path: Path) -> Iterator[Row]:
        """Yield the rows of a part."""
        with path.open(encoding="ascii") as stream:
            yield from map(json.loads, stream)


class Csv:
    """A head and a line a row; lists are JSON, and what a spreadsheet takes for a formula is not.

    The head is the table's alone: parts have none.
    """

    def __init__(self, schema: Schema) -> None:
        """Take the columns."""
        self._columns = schema.columns

    def write(self, path: Path, rows: Sequence[Row]) -> None:
        """Write a part."""
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows(
                [_in_csv(column, row[column.name]) for column in self._columns] for row in rows
            )

    def join(self, path: Path, parts: Iterable[Path]) -> None:
        """Write the head and the parts."""
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerow([column.name for column in self._columns])
        with path.open("ab") as binary:
            _copy(parts, binary)

    def read(self, path: Path) -> Iterator[Row]:
        """Yield the rows of a part."""
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.reader(stream)
            # A field's cells are one value: thousands of them in a panorama.
            csv.field_size_limit(sys.maxsize)
            for row in reader:
                pairs = zip(self._columns, row, strict=True)
                yield {column.name: _out_of_csv(column, text) for column, text in pairs}


class Parquet:
    """Apache Parquet, packed by Zstandard; its metadata have the schema's name and the notice."""

    def __init__(self, schema: Schema) -> None:
        """Take the columns.

        Raises:
            JobError: pyarrow is not installed.
        """
        try:
            import pyarrow
            from pyarrow import parquet
        except ImportError as error:
            raise JobError(
                "Writing Parquet needs the package pyarrow: pip install 'hemavision[batch]'. "
                "Without it, --to csv and --to jsonl work."
            ) from error
        self._arrow, self._parquet = pyarrow, parquet
        types = {
            Kind.TEXT: pyarrow.string(),
            Kind.WHOLE: pyarrow.int32(),
            Kind.NUMBER: pyarrow.float64(),
            Kind.TRUTH: pyarrow.bool_(),
        }
        cell = pyarrow.struct([(column.name, types[column.kind]) for column in CELL])
        types[Kind.CELLS] = pyarrow.list_(cell)
        fields = [(column.name, types[column.kind]) for column in schema.columns]
        about = {"hemavision.schema": schema.name, "hemavision.notice": NOTICE}
        self._schema = pyarrow.schema(fields, metadata=about)

    def write(self, path: Path, rows: Sequence[Row]) -> None:
        """Write a part."""
        table = self._arrow.Table.from_pylist(list(rows), schema=self._schema)
        self._parquet.write_table(table, path, compression="zstd")

    def join(self, path: Path, parts: Iterable[Path]) -> None:
        """Write the parts in groups of so many rows, in memory for one group."""
        with self._parquet.ParquetWriter(path, self._schema, compression="zstd") as writer:
            for group in self._groups(parts):
                writer.write_table(group, row_group_size=GROUP_ROWS)

    def read(self, path: Path) -> Iterator[Row]:
        """Yield the rows of a part."""
        yield from self._parquet.ParquetFile(path).read(use_threads=False).to_pylist()

    def _groups(self, parts: Iterable[Path]) -> Iterator[Any]:
        waiting = self._schema.empty_table()
        for part in parts:
            # One thread, and none of what reads whole folders: 20 MiB less.
            read = self._parquet.ParquetFile(part).read(use_threads=False)
            waiting = self._arrow.concat_tables([waiting, read])
            while waiting.num_rows >= GROUP_ROWS:
                yield waiting.slice(0, GROUP_ROWS)
                waiting = waiting.slice(GROUP_ROWS)
        if waiting.num_rows:
            yield waiting


#: By the word of ``--to``, which ends the table's name, too.
FORMS: dict[str, Callable[[Schema], Form]] = {"jsonl": JsonLines, "csv": Csv, "parquet": Parquet}


def form_of(word: str, schema: Schema) -> Form:
    """Return what writes a form of table.

    Args:
        word: one of :data:`FORMS`.
        schema: the table's columns.

    Raises:
        JobError: the form needs a package that is not installed.
    """
    return FORMS[word](schema)


def _in_csv(column: Column, value: Any) -> Any:
    if column.kind is Kind.CELLS:
        return json.dumps(value)
    if isinstance(value, bool):
        return int(value)
    return plain(value)


def _out_of_csv(column: Column, text: str) -> Any:
    if column.kind is Kind.CELLS:
        return json.loads(text)
    if not text:
        return None
    if column.kind is Kind.TEXT:
        return text.removeprefix("'") if text[1:].startswith(FORMULA) else text
    return bool(int(text)) if column.kind is Kind.TRUTH else _NUMBERS[column.kind](text)


def _copy(parts: Iterable[Path], stream: Any) -> None:
    for part in parts:
        with part.open("rb") as source:
            shutil.copyfileobj(source, stream)
