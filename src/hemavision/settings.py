"""Every setting, once: this list feeds the CLI's defaults, the environment and the docs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from hemavision.errors import SettingsError

#: Requests without images that a server answers at once, beside those with images.
OTHERS_AT_ONCE = 4


@dataclass(frozen=True)
class Setting:
    """A setting: its environment variable is ``HEMAVISION_`` and the name in capitals."""

    name: str
    default: str
    help: str

    @property
    def variable(self) -> str:
        """The environment variable's name."""
        return f"HEMAVISION_{self.name.upper()}"


SETTINGS = (
    Setting("data", "../shared/data", "Folder of the image sets, for training and tests."),
    Setting(
        "model",
        "eight-types",
        "Model to use: a shipped name, a bundle's or a Keras file's path.",
    ),
    Setting("detector", "cells", "Detector to use: a shipped name or a bundle's path."),
    Setting("host", "127.0.0.1", "Address that `serve` listens on."),
    Setting("port", "5000", "Port that `serve` tries first."),
    Setting(
        "proxies",
        "0",
        "Reverse proxies in front of `serve`, whose word for a visitor's address, scheme and "
        "host name is taken (`X-Forwarded-For`, `-Proto`, `-Host`); see [proxy.md](proxy.md).",
    ),
    Setting(
        "at_once",
        "0",
        "Requests with images that `serve` works on at once; 0 is one a core "
        "([operations.md](operations.md)).",
    ),
    Setting(
        "waiting",
        "32",
        "Requests with images that may wait for their turn; one more is answered 503 with "
        "`Retry-After`.",
    ),
    Setting(
        "log",
        "words",
        "What `serve` writes to stderr: `words`, what went wrong; `json`, that and every request, "
        "an object a line.",
    ),
    Setting(
        "account_failures",
        "5",
        "Failed logins for one account within a quarter of an hour; then the answer is 429 until "
        "that is over.",
    ),
    Setting("address_failures", "30", "The same from one address, for whatever accounts."),
    Setting(
        "costly_a_minute",
        "1200",
        "Requests a minute from one address that a network, a report, an export or a login "
        "answers, where other machines can reach `serve`; then the answer is 429. 0 is no limit.",
    ),
    Setting("max_body_mb", "25", "Largest request body, in MiB."),
    Setting("max_images", "100", "Most images in one request."),
    Setting("max_megapixels", "100", "Largest image, in millions of pixels."),
    Setting(
        "store",
        "user",
        "Where cases are kept: a file, a database's URL (`postgresql://…`), or `user` for a file "
        "in the user's data directory.",
    ),
    Setting(
        "images",
        "store",
        "Where the store's new image files are kept: `store` for the database itself, or a "
        "folder's URL of anything that fsspec knows (`s3://bucket/images`, with the extra "
        "`cloud`); see [cases.md](cases.md).",
    ),
    Setting(
        "ray_address",
        "none",
        "Ray cluster that jobs are done on: `auto`, `local` or `HOST:PORT`; `none` is this machine "
        "alone. See [cluster.md](cluster.md).",
    ),
    Setting("reference", "default", "Reference-range profile: a shipped name or a TOML file."),
    Setting(
        "classes",
        "default",
        "What readers may call the cells of a new case: a shipped list (`default`, `stages`) or a "
        "TOML file; see [guide.md](guide.md#classes-of-your-own).",
    ),
)
_BY_NAME = {setting.name: setting for setting in SETTINGS}


def text(name: str) -> str:
    """Return a setting's value: the environment's, or the default."""
    setting = _BY_NAME[name]
    return os.environ.get(setting.variable, setting.default)


def is_given(name: str) -> bool:
    """Whether the environment has a word about a setting, be it the default's."""
    return _BY_NAME[name].variable in os.environ


def whole_number(name: str, least: int = 1) -> int:
    """Return a setting that is a whole number, ``least`` or more.

    Raises:
        SettingsError: it is not one.
    """
    value = text(name)
    if not value.isdecimal() or int(value) < least:
        variable = _BY_NAME[name].variable
        raise SettingsError(f"{variable} is {value!r}; it must be a whole number from {least} on.")
    return int(value)


def data_folder() -> Path:
    """Return the folder of the image sets."""
    return Path(text("data"))
