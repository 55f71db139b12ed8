"""The doors by which a stranger's bytes come in, each with sound files to begin from.

Every sound file is drawn or generated here, but for a few real images that stand in the folder of
the image sets: those are read at run time and kept nowhere.
"""

from __future__ import annotations

import csv
import io
import json
import logging
import os
import pickle
import shutil
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from PIL import Image

from hemavision import errors
from hemavision.settings import data_folder

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests"))  # where the engine that takes no time is

#: Model files that four versions of Keras really wrote.
KERAS_FILES = ROOT / "tests" / "keras_files" / "files"
#: A real image that is larger is left out: it would take the time of a hundred.
LARGEST_REAL = 2**16
Seeds = Callable[[], list[bytes]]


@dataclass(frozen=True)
class Door:
    """A way in.

    Attributes:
        seeds: gives sound inputs.
        enter: takes one input, with the folder that a file may be put into for the door to open.
        refusals: the errors that an input may meet; any other is a finding.
        words: bytes that mean something there.
    """

    seeds: Seeds
    enter: Callable[[bytes, Path], None]
    refusals: tuple[type[Exception], ...]
    words: tuple[bytes, ...] = ()


def _drawn(width: int = 48, height: int = 36) -> np.ndarray:
    """Return a small stained picture, uint8 H×W×3."""
    y, x = np.mgrid[:height, :width]
    inside = (x - width / 2) ** 2 + (y - height / 2) ** 2 < (height / 3) ** 2
    rgb = np.where(inside[..., None], (96, 48, 140), (228, 214, 222)).astype(np.uint8)
    rgb[..., 1] ^= (x % 7).astype(np.uint8)
    return rgb


def image_files() -> list[bytes]:
    """Return images of every format that is read, in the layouts that differ in reading."""
    rgb = Image.fromarray(_drawn())
    exif = Image.Exif()
    exif[0x0112] = 6
    clear = rgb.convert("RGBA")
    clear.putalpha(128)
    many: dict[str, Any] = {"save_all": True, "append_images": [rgb.rotate(90), rgb.rotate(180)]}
    wanted: list[tuple[Image.Image, str, dict[str, Any]]] = [
        (rgb, "JPEG", {"exif": exif}), (rgb, "JPEG", {"progressive": True}),
        (rgb.convert("CMYK"), "JPEG", {}), (rgb.convert("L"), "JPEG", {}),
        (rgb, "PNG", {}), (clear, "PNG", {}), (rgb.quantize(16), "PNG", {"transparency": 1}),
        (rgb.convert("1"), "PNG", {}), (rgb.convert("I;16"), "PNG", {}), (rgb, "PNG", many),
        (rgb, "BMP", {}), (rgb.quantize(16), "BMP", {}), (rgb, "GIF", many), (rgb, "WEBP", many),
        (rgb, "WEBP", {}), (clear, "WEBP", {"lossless": True}), (rgb, "TIFF", many),
        *((rgb, "TIFF", {"compression": c}) for c in ("tiff_lzw", "tiff_adobe_deflate", "jpeg",
                                                      "packbits")),
        (rgb.convert("1"), "TIFF", {"compression": "group4"}),
    ]  # fmt: skip
    files = []
    for image, form, options in wanted:
        stream = io.BytesIO()
        image.save(stream, form, **options)
        files.append(stream.getvalue())
    deep = _drawn().astype(np.uint16) * 257
    planes = np.moveaxis(deep, 2, 0)
    layouts: list[tuple[np.ndarray, dict[str, Any]]] = [
        (deep, {"photometric": "rgb"}), (deep, {"photometric": "rgb", "compression": "zlib"}),
        (deep, {"photometric": "rgb", "tile": (16, 16)}),
        (planes, {"photometric": "rgb", "planarconfig": "separate"}),
        (planes, {"imagej": True, "metadata": {"axes": "CYX"}}),
        (planes, {"ome": True, "metadata": {"axes": "CYX"}, "bigtiff": True}),
        (deep[..., 0].astype(np.float32), {"photometric": "miniswhite"}),
    ]  # fmt: skip
    for samples, options in layouts:
        stream = io.BytesIO()
        tifffile.imwrite(stream, samples, **options)
        files.append(stream.getvalue())
    return files + _dicom_files() + list(_real_images())


def _dicom_files() -> list[bytes]:
    from fixtures_dicom import a_dicom

    jpeg = io.BytesIO()
    Image.fromarray(_drawn()).save(jpeg, "JPEG")
    within = a_dicom(jpeg.getvalue(), PhotometricInterpretation="YBR_FULL_422")
    icon = a_dicom(_drawn(), icon=True, implicit=True, PlanarConfiguration=1)
    return [a_dicom(_drawn(), shared=0.0001), icon, within]


def _real_images() -> Iterator[bytes]:
    """Give the first small image of each kind in each image set that is here."""
    for image_set in sorted(data_folder().resolve().glob("*/")):
        found = set()
        for folder, _, names in os.walk(image_set):
            for path in (Path(folder, name) for name in sorted(names)[:20]):
                is_new = path.suffix.lower() not in found | {".csv", ".xml", ".txt", ".md"}
                if is_new and path.stat().st_size < LARGEST_REAL:
                    found.add(path.suffix.lower())
                    yield path.read_bytes()


def open_an_image(content: bytes, _: Path) -> None:
    from hemavision.images.opening import open_image
    from hemavision.images.pixel_size import read_pixel_um

    read_pixel_um(content)
    open_image(content)


@cache
def bundle_files() -> list[bytes]:
    """Return a small bundle, and the same network called a detector."""
    import onnx

    from hemavision.keras_files.convert import Conversion, read_model, write_as
    from hemavision.reading.finding.manifest import MANIFEST_KEY, DetectorManifest
    from hemavision.records.results import CellKind

    source = KERAS_FILES / "keras-3.15.1-sequential.keras"
    target = Path("bundle.onnx")
    types = tuple(f"type {number}" for number in range(_types_of(read_model(source))))
    write_as(read_model(source), source, target, Conversion(cell_types=types))
    bundle = target.read_bytes()
    target.unlink()
    model = onnx.load_from_string(bundle)
    kinds = tuple(CellKind)
    told = DetectorManifest("d", kinds, dict.fromkeys(kinds, 0.5), 1.0, 20.0, "ab")
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, {MANIFEST_KEY: told.to_json()})
    for output, name in zip(model.graph.output, ("scores", "edges"), strict=False):
        for node in model.graph.node:
            node.output[:] = [name if o == output.name else o for o in node.output]
            node.input[:] = [name if i == output.name else i for i in node.input]
        output.name = name
    return [bundle, model.SerializeToString()]


def _types_of(network: Any) -> int:
    return int([la.options["units"] for la in network.layers if la.kind == "Dense"][-1])


def open_a_bundle(content: bytes, folder: Path) -> None:
    from hemavision.graph.from_bundle import network_from_bundle
    from hemavision.reading.engine import OnnxEngine
    from hemavision.reading.finding.detector import Detector

    path = folder / "stranger.onnx"
    path.write_bytes(content)
    if b"hemavision.detector" in content:
        Detector(path, 1)
        return
    OnnxEngine(path, 1)
    network_from_bundle(path)


def keras_files() -> list[bytes]:
    """Return Keras's files in all its forms, and one of PyTorch's old ones."""
    paths = [p for p in sorted(KERAS_FILES.iterdir()) if p.suffix in (".keras", ".h5")]
    return [path.read_bytes() for path in paths] + [_tensors()]


def _tensors() -> bytes:
    """Return what PyTorch before 1.6 saved of one tensor."""
    from hemavision.keras_files.torch_tensors import MAGIC

    def word(text: str) -> bytes:
        return b"X" + len(text).to_bytes(4, "little") + text.encode()

    storage = b"(" + word("storage") + b"ctorch\nFloatStorage\n" + word("7") + word("cpu")
    tensor = (
        b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"K\x06NtQ"
        b"K\x00(K\x02K\x03t(K\x03K\x01t\x89ccollections\nOrderedDict\n)RtR"
    )
    head = b"".join(pickle.dumps(part, 2) for part in (MAGIC, 1001, {"little_endian": True}))
    named = b"\x80\x02ccollections\nOrderedDict\n)R(" + word("a") + tensor + b"u."
    stored = (6).to_bytes(8, "little") + np.arange(6, dtype="<f4").tobytes()
    return head + named + pickle.dumps(["7"], 2) + stored


def open_a_keras_file(content: bytes, folder: Path) -> None:
    from hemavision.graph.shapes import shapes_of
    from hemavision.keras_files.convert import read_model
    from hemavision.keras_files.torch_tensors import read_tensors

    if content.startswith(b"\x80\x02"):
        path = folder / "stranger.pth"
        path.write_bytes(content)
        read_tensors(path)
        return
    path = folder / ("stranger.keras" if content.startswith(b"PK") else "stranger.h5")
    path.write_bytes(content)
    network = read_model(path)
    if None not in network.input_shape:
        shapes_of(network)


def archive_files() -> list[bytes]:
    """Return archives of either kind, in every compression, with images and what is none."""
    jpeg, png = image_files()[0], image_files()[4]
    entries = {"a/cell.jpg": jpeg, "b/Größe.png": png, "notes.txt": b"no image" * 9, "c.heic": b""}
    files = []
    methods = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    for method in methods:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", method) as packed:
            for name, content in entries.items():
                packed.writestr(name, content)
        files.append(stream.getvalue())
    for mode, form in (("w", tarfile.PAX_FORMAT), ("w:gz", tarfile.GNU_FORMAT),
                       ("w:bz2", tarfile.USTAR_FORMAT), ("w:xz", tarfile.PAX_FORMAT)):  # fmt: skip
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode=mode, format=form) as tar:  # type: ignore[call-overload]
            for name, content in (entries | {"long/" * 30 + "n.png": png}).items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
        files.append(stream.getvalue())
    return files


def open_an_archive(content: bytes, folder: Path) -> None:
    from contextlib import suppress

    from hemavision.casework.files import open_files
    from hemavision.images.archives import open_zip_or_tar, picture_entries

    opened = open_zip_or_tar(io.BytesIO(content))
    if opened is not None:
        with opened:
            for _, entry in picture_entries(opened):
                with suppress(errors.ArchiveError):
                    opened.read(entry)
    path = folder / "stranger.zip"
    path.write_bytes(content)
    for source in open_files([path]):
        with suppress(errors.ImageError):
            source.read()


def table_files() -> list[bytes]:
    """Return tables of cells as they are written and as spreadsheets save them, and a profile."""
    from hemavision.records.reference import SHIPPED

    head = ["path", "cell_type", "status", "p_neutrophil", "p_monocyte", "kind", "cut"]
    rows = [[f"{n}.png", "neutrophil", "confident", 0.9, 0.1, "white", n % 2] for n in range(4)]
    texts = []
    for separator in ",;\t":
        stream = io.StringIO()
        csv.writer(stream, delimiter=separator).writerows([head, *rows])
        texts.append(stream.getvalue())
    prediction = {"cell_type": "monocyte", "status": "check"}
    field = {
        "differential": {"cell_types": {"monocyte": {}}},
        "cells": [{"kind": "white", "prediction": prediction, "cut": False}],
    }
    lines = [prediction | {"probabilities": {"monocyte": 1.0}}, field]
    return [
        *(text.encode() for text in texts),
        ("sep=;\n" + texts[1]).encode("utf-16"),
        texts[1].replace("neutrophil", "Größe").encode("cp1252"),
        "".join(json.dumps(line) + "\n" for line in lines).encode(),
        *(path.read_bytes() for path in sorted(SHIPPED.glob("*.toml"))),
    ]


def read_a_table(content: bytes, folder: Path) -> None:
    from hemavision.cli.counted import read_cells
    from hemavision.records.reference import load_profile

    path = folder / "stranger"
    path.write_bytes(content)
    if b"[cell_types" in content:
        load_profile(path)
    else:
        read_cells(path)


#: An answer's body is looked at as far as this.
_JSON = {"Content-Type": "application/json"}


def requests() -> list[bytes]:
    """Return requests of every kind: the first line, the headers, an empty line, the body."""
    import base64

    jpeg = image_files()[0]
    form = b'--b\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n--b--\r\n'
    upload = form % (b"images", b'; filename="a.jpg"', jpeg)
    archive = form % (b"images", b'; filename="a.zip"', archive_files()[1])
    multipart = {"Content-Type": "multipart/form-data; boundary=b"}
    as_json = json.dumps({"images": [base64.b64encode(jpeg).decode()]}).encode()
    change = {"id": 1, "revision": 0, "cell_type": "neutrophil"}
    wanted: list[tuple[str, dict[str, str], bytes]] = [
        *((f"POST /api/v1/{at}?heatmaps=all", multipart, upload) for at in ("classify", "smears")),
        ("POST /api/v1/live", {"Content-Type": "image/jpeg"}, jpeg),
        ("POST /api/v1/classify", _JSON, as_json), ("POST /predict", multipart, upload),
        ("POST /api/v1/cases/1/images?kind=cell", multipart, archive),
        ("POST /api/v1/cases", _JSON, b'{"name": "A", "slide": "S-1"}'),
        ("POST /api/v1/session", _JSON, b'{"name": "a", "password": "correct horse"}'),
        ("PATCH /api/v1/cases/1/cells", _JSON | {"Idempotency-Key": "k"},
         json.dumps({"changes": [change], "seen": [1]}).encode()),
        ("PUT /api/v1/cases/1/entries", _JSON, b'{"revision": 1, "entries": {}}'),
        ("POST /api/v1/cases/1/sign", _JSON, b'{"revision": 1, "acknowledged": ["blast"]}'),
        ("POST /api/v1/cases/1/reads", _JSON, b'{"sample": 1, "seed": 2}'),
        ("POST /api/v1/smears/export?form=csv", _JSON, b'{"smears": [{"cells": []}]}'),
        *((f"GET {at}", {"Accept": "*/*", "Cookie": "hemavision_session=a"}, b"") for at in (
            "/", "/docs", "/static/js/app.js", "/metrics", "/health/ready", "/api/v1/models",
            "/api/v1/cases?limit=2&search=a", "/api/v1/cases/1/cells?cell_type=blast",
            "/api/v1/cases/1/report.pdf?suggestions=true", "/api/v1/cases/1/report.fhir.json",
            "/api/v1/cases/1/cells/1/heatmap?opacity=0.5", "/api/v1/cases/1/log",
            "/api/v1/cases/1/images/1/part?left=0&top=0&right=9&bottom=9",
            "/api/v1/agreement?period=day", "/api/v1/verify?expect=" + "a" * 64)),
    ]  # fmt: skip
    return [
        "".join([f"{line}\n", *(f"{name}: {value}\n" for name, value in headers.items()), "\n"])
        .encode() + body
        for line, headers, body in wanted
    ]  # fmt: skip


class _Application:
    """The application on a store of one case, made anew now and then so that it stays small."""

    REQUESTS = 1000

    def __init__(self) -> None:
        self.left, self.folder = 0, Path()

    def __call__(self, content: bytes, folder: Path) -> None:
        if self.left == 0 or folder != self.folder:
            self._begin(folder)
        self.left -= 1
        head, _, body = content.partition(b"\n\n")
        line, *headers = head.decode("latin-1").split("\n")
        method, _, target = line.partition(" ")
        path, _, query = target.partition("?")
        environ = {
            "REQUEST_METHOD": method or "GET", "PATH_INFO": path, "QUERY_STRING": query,
            "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
            "SCRIPT_NAME": "", "REMOTE_ADDR": "127.0.0.1", "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body), "wsgi.errors": io.StringIO(),
            "CONTENT_LENGTH": str(len(body)),
        }  # fmt: skip
        for name, _, value in (header.partition(":") for header in headers):
            key = name.strip().upper().replace("-", "_")
            environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value.strip()
        said: list[str] = []
        answer = self.app.wsgi_app(environ, lambda status, headers, _=None: said.append(status))
        try:
            answered = b"".join(answer)
        finally:
            answer.close()
        if said[0].startswith("500"):
            raise RuntimeError(f"{said[0]}: {self.heard.getvalue()[-4000:]}")
        if int(said[0][:3]) >= 400 and method != "HEAD":
            json.loads(answered)

    def _begin(self, folder: Path) -> None:
        from fakes import FakeFinder
        from fixtures_cases import make_model, new_image

        from hemavision.store import open_store
        from hemavision.store.cases import create_case
        from hemavision.store.images import add_image
        from hemavision.web import create_app

        self.left, self.folder, self.heard = self.REQUESTS, folder, io.StringIO()
        blank, path = folder / "blank.sqlite", folder / "store.sqlite"
        if not blank.exists():
            store = open_store(blank)
            case = create_case(store, "A case", "S-1", "ann")
            add_image(store, case.id, new_image(), "ann")
            store.close()
        else:
            self.app.extensions["hemavision"].store.close()
        shutil.copy(blank, path)
        self.app = create_app(make_model(), finder=FakeFinder(), store=open_store(path))
        self.app.logger.handlers = [logging.StreamHandler(self.heard)]
        self.app.logger.propagate = False


DOORS: dict[str, Door] = {
    "images": Door(image_files, open_an_image, (errors.ImageError,), (b"IHDR", b"\xff\xc0")),
    "bundles": Door(bundle_files, open_a_bundle, (errors.BundleError,), (b'"version": 1',)),
    "keras": Door(keras_files, open_a_keras_file, (errors.BundleError,),
                  (b'"class_name"', b"Sequential", b"null", b"[[[[")),
    "archives": Door(archive_files, open_an_archive, (errors.ArchiveError,),
                     (b"PK\x01\x02", b"PK\x05\x06", b"../", b"ustar")),
    "tables": Door(table_files, read_a_table, (errors.SettingsError, errors.DataError),
                   (b"cell_type", b"status", b'"', b"sep=", b"1e999", b"nan", b"percent")),
    "api": Door(requests, _Application(), (),
                (b"/api/v1/", b"cases/1", b"reads/1", b"\r\n--b", b"null", b"true", b"-1", b"%00",
                 b"Bearer hv_", b"9007199254740993")),
}  # fmt: skip
