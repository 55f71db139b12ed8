"""``hemavision doctor``: each check gives a level, a message and the fix."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

import click

from hemavision import settings
from hemavision.errors import HemaVisionError, StoreError

OLDEST_PYTHON = (3, 11)
CONVERTING = ("h5py", "onnx")
TRAINING = ("keras", "tensorflow", "onnx", "scipy", "sklearn", "matplotlib")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    #: Something optional is missing.
    WARN = "warn"
    #: HemaVision cannot do its work.
    FAIL = "fail"


@dataclass(frozen=True)
class Check:
    """One finding; ``fix`` is what to do, empty where all is well."""

    level: Level
    name: str
    message: str
    fix: str = ""


#: What is at a store's place → how bad that is, in words, and the fix.
STORES = {
    "sound": (Level.OK, "{cases}, writable", ""),
    "missing": (Level.OK, "will be made on first use", ""),
    "older": (Level.OK, "{cases}, writable; brought up to date when it is next opened", ""),
    "foreign": (Level.WARN, "holds something else's tables and no cases",
                "Set HEMAVISION_STORE to another file or database."),
    "newer": (Level.FAIL, "a newer HemaVision made it (step {step})",
              "pip install --upgrade hemavision"),
    "read-only": (Level.FAIL, "{cases}, but it cannot be written",
                  "Let this user write the file and its folder, or the database."),
    "denied": (Level.FAIL, "cannot be opened ({reason})",
               "Let this user read and write the file and its folder."),
    "damaged": (Level.FAIL, "damaged, or no store ({reason})",
                "Bring back a copy, or set HEMAVISION_STORE to another file."),
    "unreachable": (Level.FAIL, "does not let us look ({reason})",
                    "Start the server, or mend host, name and password in HEMAVISION_STORE."),
}  # fmt: skip


def run_checks() -> Iterator[Check]:
    """Yield every finding; a check that breaks is itself a failed one."""
    checks: tuple[Callable[[], Iterator[Check]], ...] = (
        check_python, check_runtime, check_settings, check_models, check_detector, check_profile,
        check_store, check_data, check_keras, check_convert, check_training, check_port,
        check_cache, check_browser,
    )  # fmt: skip
    for check in checks:
        try:
            yield from check()
        except Exception as error:  # a doctor that falls over helps nobody
            name = check.__name__.removeprefix("check_")
            fix = "" if isinstance(error, HemaVisionError) else "Please report this."
            yield Check(Level.FAIL, name, str(error) or type(error).__name__, fix)


def check_python() -> Iterator[Check]:
    """Python is new enough."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST_PYTHON:
        yield Check(Level.FAIL, "python", version, "Install Python 3.11 or newer.")
    else:
        yield Check(Level.OK, "python", version)


def check_runtime() -> Iterator[Check]:
    """ONNX Runtime can be imported and has its CPU provider."""
    try:
        import onnxruntime
    except ImportError as error:
        fix = "Install it anew: pip install --force-reinstall onnxruntime"
        yield Check(Level.FAIL, "onnxruntime", str(error), fix)
        return
    yield Check(Level.OK, "onnxruntime", onnxruntime.__version__)


def check_settings() -> Iterator[Check]:
    """Whole-number settings are whole numbers, and no variable is misspelt."""
    for name in ("port", "max_body_mb", "max_images", "max_megapixels"):
        settings.whole_number(name)
    known = {setting.variable for setting in settings.SETTINGS}
    unknown = sorted(
        name for name in os.environ if name.startswith("HEMAVISION_") and name not in known
    )
    if unknown:
        message = f"{', '.join(unknown)} in the environment: no such setting"
        yield Check(Level.WARN, "settings", message, f"Known: {', '.join(sorted(known))}.")
    else:
        yield Check(Level.OK, "settings", f"{len(known)} known, all sound")


def check_models() -> Iterator[Check]:
    """Every shipped model and the one in use open and give sound numbers."""
    import numpy as np

    from hemavision.reading.bundle import find_bundle, shipped_bundles
    from hemavision.reading.cell import open_model

    in_use = find_bundle(settings.text("model"))
    grey = np.full((240, 320, 3), 128, np.uint8)
    for path in sorted({*shipped_bundles(), in_use}):
        name = f"model {path.stem}"
        try:
            prediction = next(iter(open_model(path, threads=1).predict_arrays([grey])))
            total = sum(prediction.probabilities.values())
        except Exception as error:  # whatever a damaged graph makes the runtime raise
            yield Check(Level.FAIL, name, str(error), "Install HemaVision anew.")
            continue
        if abs(total - 1) < 1e-3:
            message = f"answers in {prediction.milliseconds:.0f} ms"
            yield Check(Level.OK, name, message + (", in use" if path == in_use else ""))
        else:
            message = f"probabilities sum to {total:.3f}"
            yield Check(Level.FAIL, name, message, "Install HemaVision anew.")


def check_detector() -> Iterator[Check]:
    """The detector in use opens and finds nothing in a plain picture."""
    import numpy as np

    from hemavision.reading.finding.detector import open_detector

    detector = open_detector(settings.text("detector"), threads=1)
    started = time.perf_counter()
    detector.find(np.full((480, 640, 3), 128, np.uint8))
    took_ms = (time.perf_counter() - started) * 1000
    yield Check(Level.OK, "detector", f"{detector.manifest.name} answers in {took_ms:.0f} ms")


def check_profile() -> Iterator[Check]:
    """The list of classes and the reference ranges in use can be read."""
    from hemavision.records.classes import load_classes
    from hemavision.records.reference import load_profile

    classes = load_classes(settings.text("classes"))
    yield Check(Level.OK, "classes", f"list {classes.name}, {len(classes.classes)} classes")
    profile = load_profile(settings.text("reference"), classes.names())
    yield Check(Level.OK, "reference", f"profile {profile.name}")


def check_store() -> Iterator[Check]:
    """The store of cases opens and takes changes; none is made, and none brought up to date."""
    from hemavision.store.inspection import inspect_store

    try:
        found = inspect_store()
    except StoreError as error:
        fix = "Set HEMAVISION_STORE to a file, or to postgresql://USER@HOST/NAME."
        yield Check(Level.FAIL, "store", str(error), fix)
        return
    level, words, fix = STORES[found.condition]
    counted = f"{found.cases:,} {'case' if found.cases == 1 else 'cases'} at step {found.step}"
    said = words.format(cases=counted, step=found.step, reason=found.reason)
    yield Check(level, "store", f"{found.location}: {said}", fix)


def check_data() -> Iterator[Check]:
    """The image sets are where the setting says."""
    from hemavision.datasets.catalogue import CATALOGUE

    folder = settings.data_folder()
    missing = [image_set.name for image_set in CATALOGUE if not (folder / image_set.name).is_dir()]
    if missing:
        message = f"no {', '.join(missing)} in {folder} (training and tests need them)"
        fix = "Set HEMAVISION_DATA, or run `hemavision data download`."
        yield Check(Level.WARN, "data", message, fix)
    else:
        yield Check(Level.OK, "data", f"{len(CATALOGUE)} image sets in {folder}")


def check_keras() -> Iterator[Check]:
    """Which Keras writes ``.keras`` and ``.weights.h5``; looked up, not imported."""
    legacy = os.environ.get("TF_USE_LEGACY_KERAS") in ("1", "true", "True")
    package = "tf_keras" if legacy else "keras"
    version = _version(package)
    if version is None:
        message = f"no {package} (only training and writing .keras and .weights.h5 need it)"
        fix = "pip install tf_keras" if legacy else "pip install 'hemavision[train]'"
        yield Check(Level.WARN, "keras", message, fix)
        return
    is_keras_3 = int(version.split(".")[0]) >= 3
    backend = os.environ.get("KERAS_BACKEND", "tensorflow") if is_keras_3 else "tensorflow"
    if importlib.util.find_spec(backend) is None:
        message = f"{package} {version}, but its backend {backend} is missing"
        fix = f"pip install {backend}, or set KERAS_BACKEND to the one that you have."
        yield Check(Level.WARN, "keras", message, fix)
        return
    message = f"{package} {version} on {backend}"
    if not legacy and _version("tf_keras"):
        message += f"; tf_keras {_version('tf_keras')} beside it (TF_USE_LEGACY_KERAS=1 takes that)"
    yield Check(Level.OK, "keras", message)


def check_convert() -> Iterator[Check]:
    """What ``hemavision convert`` can read and write here."""
    missing = [name for name in CONVERTING if importlib.util.find_spec(name) is None]
    if missing:
        message = f"{', '.join(missing)} missing: model files of Keras are not read or written"
        yield Check(Level.WARN, "convert", message, "pip install 'hemavision[convert]'")
        return
    reads, writes, lacking = [".onnx", ".keras", ".h5", ".weights.h5"], [".onnx", ".h5"], []
    if importlib.util.find_spec("tensorflow") is None:
        lacking.append("SavedModel needs TensorFlow")
    else:
        reads.append("SavedModel")
    if any(check.level is Level.WARN for check in check_keras()):
        lacking.append(".keras and .weights.h5 are written by an installed Keras")
    else:
        writes += [".keras", ".weights.h5"]
    message = f"reads {', '.join(reads)}; writes {', '.join(writes)}"
    if lacking:
        message += f" ({'; '.join(lacking)})"
        yield Check(Level.WARN, "convert", message, "pip install 'hemavision[train]'")
    else:
        yield Check(Level.OK, "convert", message)


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def check_training() -> Iterator[Check]:
    """The training extra is installed; looked up, not imported."""
    missing = [name for name in TRAINING if importlib.util.find_spec(name) is None]
    if missing:
        message = f"{', '.join(missing)} missing (only training and evaluation need it)"
        yield Check(Level.WARN, "training", message, "pip install 'hemavision[train]'")
    else:
        yield Check(Level.OK, "training", "extra installed")


def check_port() -> Iterator[Check]:
    """The port that ``serve`` tries first is free."""
    from hemavision.cli.serve import listen

    wanted = settings.whole_number("port")
    with listen(settings.text("host"), wanted) as bound:
        got = bound.getsockname()[1]
    if got != wanted:
        message = f"{wanted} is taken; `serve` would use {got}"
        yield Check(Level.WARN, "port", message, "Set HEMAVISION_PORT, or stop what is there.")
    else:
        yield Check(Level.OK, "port", f"{wanted} is free")


def check_cache() -> Iterator[Check]:
    """Downloads have somewhere to go."""
    from hemavision.datasets.download import cache_folder

    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            free = shutil.disk_usage(folder).free
    except OSError as error:
        fix = "Make it writable, or set XDG_CACHE_HOME."
        yield Check(Level.WARN, "cache", f"cannot write to {folder}: {error.strerror}", fix)
        return
    yield Check(Level.OK, "cache", f"{folder}, {free / 1e9:.0f} GB free")


def check_browser() -> Iterator[Check]:
    """A Chromium for the browser tests."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found:
        yield Check(Level.OK, "browser", str(Path(found)))
    else:
        message = "no Chromium (only the browser tests need it)"
        yield Check(Level.WARN, "browser", message, "Install your system's chromium package.")


_MARKS = {"ok": ("ok", "green"), "warn": ("warning", "yellow"), "fail": ("FAILED", "red")}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line and check.")
def doctor(as_json: bool) -> None:
    """Check that this installation can do its work, and say what to do where it cannot.

    A warning limits what is possible (no training extra, no image sets); a failure stops
    the work, and the exit status is then 1.
    """

    failed = False
    for check in run_checks():
        failed = failed or check.level is Level.FAIL
        if as_json:
            click.echo(json.dumps(asdict(check)))
            continue
        mark, colour = _MARKS[check.level.value]
        click.echo(f"{click.style(f'{mark:<9}', colour)}{check.name:<20}{check.message}")
        if check.fix:
            click.echo(f"{'':<29}→ {check.fix}")
    sys.exit(1 if failed else 0)
