"""Every error HemaVision raises on purpose.

HemaVisionError
├── ImageError      an image that cannot be read or is not safe to open
├── ArchiveError    an archive, or an entry of one, that cannot be read or is not safe to
├── BundleError     a model file that is missing, damaged or not ours
├── SettingsError   a setting, option or profile that does not make sense
├── DataError       an image set that is missing, incomplete or inconsistent
├── TrainingError   a training run that cannot start, resume or end well
├── JobError        a job's folder that is another job's, in use, or asks for what is not there
├── PlaceError      a bucket, server or cluster that cannot be reached; the same command goes on
└── StoreError      the store cannot be opened or used
    ├── MissingError    no such case, image, cell or reader
    ├── RefusedError    not in the state that it is in: signed, undecided, …
    ├── ConflictError   somebody else was first
    └── LoginError      a name or password that is not right, or too many of them

Messages name what was received and what to do about it. Nothing here knows HTTP.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class HemaVisionError(Exception):
    """Base of all expected errors; ``str(error)`` is fit to show to a person."""


class ImageError(HemaVisionError):
    """An image could not be decoded, or is too large or too small to trust."""


class ArchiveError(HemaVisionError):
    """An archive, or one entry of it, is damaged or not safe; who opened it adds its name."""


class BundleError(HemaVisionError):
    """A model bundle is missing, damaged, or not one that HemaVision wrote."""


class SettingsError(HemaVisionError):
    """A setting or option has a value that cannot be used."""


class DataError(HemaVisionError):
    """An image set is missing, incomplete or inconsistent."""


class TrainingError(HemaVisionError):
    """A training run cannot start, resume or finish."""


class JobError(HemaVisionError):
    """A job cannot be begun or gone on with as it was asked for; nothing was done."""


class PlaceError(HemaVisionError):
    """A place of images, or the cluster, cannot be reached; what is done is kept."""


class StoreError(HemaVisionError):
    """The store cannot be opened, or was asked for something that makes no sense.

    Attributes:
        advice: what to do, without a word of where the store is; empty where nobody knows.
    """

    def __init__(self, message: str, advice: str = "") -> None:
        """Take the sentence for people, and what to do about it."""
        super().__init__(f"{message} {advice}".rstrip())
        self.advice = advice


class MissingError(StoreError):
    """There is no such case, image, cell, reading or reader."""


class RefusedError(StoreError):
    """What was asked for is not allowed as things stand.

    Attributes:
        code: for programs, such as ``"undecided"``.
        cells: the cells that stand in the way, by number.
    """

    def __init__(self, code: str, message: str, cells: Sequence[int] = ()) -> None:
        """Take the code, the sentence for people and the cells."""
        super().__init__(message)
        self.code = code
        self.cells = tuple(cells)


class ConflictError(StoreError):
    """Somebody else changed it first; nothing was done.

    Attributes:
        changes: what is there now and who made it, one JSON object each.
    """

    def __init__(self, message: str, changes: Sequence[dict[str, Any]]) -> None:
        """Take the sentence for people and the changes."""
        super().__init__(message)
        self.changes = tuple(changes)


class LoginError(StoreError):
    """A name or password that is not right, or too many of them of late.

    Attributes:
        retry_after_s: seconds to wait before another try is looked at; 0 for none.
    """

    def __init__(self, message: str, retry_after_s: int = 0) -> None:
        """Take the sentence for people and the wait."""
        super().__init__(message)
        self.retry_after_s = retry_after_s
