"""Opens a bundle's network on the CPU: what cells' bundles and the detector's have in common."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import onnxruntime

from hemavision.errors import BundleError
from hemavision.reading.bundle import check_bundle, sha256_of


@dataclass(frozen=True)
class Network:
    """A network, opened once; its session may be run from several threads.

    Attributes:
        session: that runs it.
        metadata: of the file, in which the manifest stands.
        sha256: of the file.
    """

    session: onnxruntime.InferenceSession
    metadata: dict[str, str]
    sha256: str


def open_network(path: Path, threads: int) -> Network:
    """Open the ONNX file at ``path``; ``threads`` is 0 for one per core.

    Raises:
        BundleError: the file is missing, too large or damaged.
    """
    content = check_bundle(path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Spinning threads would take a core from the web server between two requests.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        # The very bytes that were checked and hashed.
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        metadata = session.get_modelmeta().custom_metadata_map
    except Exception as error:  # onnxruntime's errors share no public base class
        raise BundleError(f"{path} is not a usable ONNX file: {error}") from error
    sha256 = sha256_of(content)
    del content
    _give_back_freed_memory()
    return Network(session, metadata, sha256)


def _give_back_freed_memory() -> None:
    """Return to the system what opening took and freed: glibc would keep some 45 MB a network."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # other C libraries have none
        if trim is not None:
            trim(0)


def require_outputs(network: Network, names: Iterable[str], path: Path) -> None:
    """Raise BundleError where the network at ``path`` does not give all these outputs."""
    missing = set(names) - {output.name for output in network.session.get_outputs()}
    if missing:
        raise BundleError(f"{path} lacks the outputs {', '.join(sorted(missing))}.")
