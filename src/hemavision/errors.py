"""Every error HemaVision raises on purpose.

HemaVisionError
├── ImageError      an image that cannot be read or is not safe to open
├── BundleError     a model file that is missing, damaged or not ours
├── SettingsError   a setting, option or profile that does not make sense
├── DataError       an image set that is missing, incomplete or inconsistent
└── TrainingError   a training run that cannot start, resume or end well

Messages name what was received and what to do about it. Nothing here knows HTTP.
"""

from __future__ import annotations


class HemaVisionError(Exception):
    """Base of all expected errors; ``str(error)`` is fit to show to a person."""


class ImageError(HemaVisionError):
    """An image could not be decoded, or is too large or too small to trust."""


class BundleError(HemaVisionError):
    """A model bundle is missing, damaged, or not one that HemaVision wrote."""


class SettingsError(HemaVisionError):
    """A setting or option has a value that cannot be used."""


class DataError(HemaVisionError):
    """An image set is missing, incomplete or inconsistent."""


class TrainingError(HemaVisionError):
    """A training run cannot start, resume or finish."""
