"""The tables as the code sees them. The migrations make them; a test holds the two together.

Times are text, ISO 8601 in UTC: the log's hashes cover what is written, so what is written must
be the same to the letter on every database.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

#: SQLite numbers rows by itself only where the column is plainly INTEGER.
NUMBER = BigInteger().with_variant(Integer, "sqlite")
TIME = String(32)
DIGEST = String(64)
NAME = String(80)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: Image files, each once, whichever cases show them. One that lies outside (:class:`Bucket`) has no
#: bytes here: no image has none.
contents = Table(
    "contents",
    metadata,
    Column("sha256", DIGEST, primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("byte_count", NUMBER, nullable=False),
)

cases = Table(
    "cases",
    metadata,
    Column("id", NUMBER, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("slide", String(200), nullable=False),
    # Name and slide without case: not every database can fold letters beyond ASCII.
    Column("words", String(800), nullable=False),
    Column("state", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("created_by", NAME, nullable=False),
    Column("updated_at", TIME, nullable=False),
    Column("updated_by", NAME, nullable=False),
    # What a reader entered beside the cells; a case in which nobody did has an empty object.
    Column("entries", JSON, nullable=False, server_default="{}"),
    # What its cells may be called; an empty object is the default list, of before step 0008.
    Column("classes", JSON, nullable=False, server_default="{}"),
)

#: What was signed, and why it was opened again.
versions = Table(
    "versions",
    metadata,
    Column("case_id", NUMBER, ForeignKey("cases.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("opened_at", TIME, nullable=False),
    Column("opened_by", NAME, nullable=False),
    Column("reason", Text, nullable=False),
    Column("signed_at", TIME),
    Column("signed_by", NAME),
    Column("decisions", JSON),
    Column("entries", JSON),
    # What its report says besides; none where it was signed before step 0003.
    Column("figures", JSON),
)

#: The heatmaps that a signed version's report shows: the model that made them may be gone.
signed_heatmaps = Table(
    "signed_heatmaps",
    metadata,
    Column("case_id", NUMBER, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("cell_id", NUMBER, ForeignKey("cells.id"), primary_key=True),
    Column("png", LargeBinary, nullable=False),
    ForeignKeyConstraint(["case_id", "version"], ["versions.case_id", "versions.version"]),
)

images = Table(
    "images",
    metadata,
    Column("id", NUMBER, primary_key=True),
    Column("case_id", NUMBER, ForeignKey("cases.id"), nullable=False),
    Column("sha256", DIGEST, ForeignKey("contents.sha256"), nullable=False),
    Column("name", String(255), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("notes", JSON, nullable=False),
    Column("others", JSON, nullable=False),
    Column("model_name", NAME, nullable=False),
    Column("model_sha256", DIGEST, nullable=False),
    Column("added_at", TIME, nullable=False),
    Column("added_by", NAME, nullable=False),
    # Micrometres that a pixel is wide, where the file says so.
    Column("pixel_um", Float),
    UniqueConstraint("case_id", "sha256"),
)

cells = Table(
    "cells",
    metadata,
    Column("id", NUMBER, primary_key=True),
    Column("case_id", NUMBER, ForeignKey("cases.id"), nullable=False),
    Column("image_id", NUMBER, ForeignKey("images.id"), nullable=False),
    Column("left", Integer, nullable=False),
    Column("top", Integer, nullable=False),
    Column("right", Integer, nullable=False),
    Column("bottom", Integer, nullable=False),
    Column("suggested_type", NAME, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("status", String(16), nullable=False),
    Column("prediction", JSON, nullable=False),
    Column("model_sha256", DIGEST, nullable=False),
    Column("decided_type", NAME),
    Column("decided_by", NAME),
    Column("decided_at", TIME),
    Column("revision", Integer, nullable=False),
    # A case's cells are counted from it alone: their rows are long.
    Index(None, "case_id", "decided_type", "status"),
    Index(None, "image_id"),
)

#: What is around a cell of a field, as PNG; none where image files lie outside.
cutouts = Table(
    "cutouts",
    metadata,
    Column("cell_id", NUMBER, ForeignKey("cells.id"), primary_key=True),
    Column("png", LargeBinary, nullable=False),
)

#: Cells as galleries show them, as JPEG; those of before step 0005 have none.
thumbnails = Table(
    "thumbnails",
    metadata,
    Column("cell_id", NUMBER, ForeignKey("cells.id"), primary_key=True),
    Column("jpeg", LargeBinary, nullable=False),
)

#: How a network saw a cell, as float16 bytes; those of before step 0009 have none.
embeddings = Table(
    "embeddings",
    metadata,
    Column("cell_id", NUMBER, ForeignKey("cells.id"), primary_key=True),
    Column("model_sha256", DIGEST, nullable=False),
    Column("vector", LargeBinary, nullable=False),
)

#: Cells of public image sets, named by their authors, to compare a case's cells with.
reference_cells = Table(
    "reference_cells",
    metadata,
    Column("id", NUMBER, primary_key=True),
    Column("source", NAME, nullable=False),
    Column("cell_type", NAME, nullable=False),
    Column("image_sha256", DIGEST, nullable=False),
    Column("model_sha256", DIGEST, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    Column("jpeg", LargeBinary, nullable=False),
)

#: Second readings of a case.
reads = Table(
    "reads",
    metadata,
    Column("id", NUMBER, primary_key=True),
    Column("case_id", NUMBER, ForeignKey("cases.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("reader", NAME, nullable=False),
    Column("state", String(16), nullable=False),
    Column("seed", NUMBER, nullable=False),
    Column("opened_at", TIME, nullable=False),
    Column("closed_at", TIME),
    # The case's version when it was finished; none before that.
    Column("closed_version", Integer),
    Index(None, "case_id"),
)

read_cells = Table(
    "read_cells",
    metadata,
    Column("read_id", NUMBER, ForeignKey("reads.id"), primary_key=True),
    Column("cell_id", NUMBER, ForeignKey("cells.id"), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("decided_type", NAME),
    Column("decided_at", TIME),
    Column("revision", Integer, nullable=False),
    # What the first reader said by the moment when the reading was finished.
    Column("first_type", NAME),
)

readers = Table(
    "readers",
    metadata,
    Column("name", NAME, primary_key=True),
    Column("role", String(16), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("created_at", TIME, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("sha256", DIGEST, primary_key=True),
    Column("reader", NAME, ForeignKey("readers.name"), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("expires_at", TIME, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", NUMBER, primary_key=True),
    Column("reader", NAME, ForeignKey("readers.name"), nullable=False),
    Column("label", String(80), nullable=False),
    Column("sha256", DIGEST, nullable=False, unique=True),
    Column("created_at", TIME, nullable=False),
    Column("revoked_at", TIME),
)

#: Failed logins of late, by account and by address.
attempts = Table(
    "attempts",
    metadata,
    Column("id", NUMBER, primary_key=True),
    Column("subject", String(255), nullable=False),
    Column("at", TIME, nullable=False),
    Index(None, "subject", "at"),
)

#: Who did what, append-only: triggers refuse changes, and each row's hash covers the one before.
log = Table(
    "log",
    metadata,
    Column("id", NUMBER, primary_key=True, autoincrement=False),
    Column("at", TIME, nullable=False),
    Column("who", NAME, nullable=False),
    Column("action", String(32), nullable=False),
    Column("case_id", NUMBER),
    Column("case_revision", Integer),
    Column("cell_id", NUMBER),
    Column("before", Text),
    Column("after", Text),
    Column("image_sha256", DIGEST),
    Column("model_sha256", DIGEST),
    Column("batch", NUMBER, nullable=False),
    Column("detail", Text, nullable=False),
    Column("previous", DIGEST, nullable=False),
    Column("hash", DIGEST, nullable=False),
    Index(None, "case_id"),
    # Who added a cell by hand, or what was undone, among thousands of decisions.
    Index(None, "case_id", "action", "cell_id"),
    Index(None, "batch"),
)

#: Requests that changed something and said how they will be called if they come again: what came of
#: each. Kept for a day.
answered = Table(
    "answered",
    metadata,
    Column("who", NAME, primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("batch", NUMBER, nullable=False),
    Column("at", TIME, nullable=False),
)

#: The highest number of each table that was taken out: SQLite would give it again.
taken_out = Table(
    "taken_out",
    metadata,
    Column("of_table", NAME, primary_key=True),
    Column("highest", NUMBER, nullable=False),
)

#: One row: how long the log is and its last hash. Writers take turns by locking it.
chain = Table(
    "chain",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("length", NUMBER, nullable=False),
    Column("head", DIGEST, nullable=False),
)
