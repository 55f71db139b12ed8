"""Finds every cell of a field with a detector's bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnxruntime
from PIL import Image

from hemavision.errors import BundleError
from hemavision.reading.bundle import SHIPPED
from hemavision.reading.finding.manifest import DetectorManifest, manifest_from_metadata
from hemavision.reading.finding.tiles import surest_boxes, tiles_of
from hemavision.reading.onnx_session import open_network, require_outputs
from hemavision.records.results import Box, CellKind, Detection, ModelReference

#: The sides of the network's input are multiples of this; the rest is filled with bright grey.
MULTIPLE, FILLING = 32, 235
#: Pixels of the input between two places of the network's map.
STRIDE = 4
#: Cells of one kind overlap by no more than this (intersection over union).
MOST_OVERLAP = 0.5
#: Red cells that are this many times larger or smaller than at home are looked at again at scale.
WRONG_SCALE = 1.3
#: How far the scale may be mended, and the fewest red cells to go by.
LARGEST_MEND, FEWEST_REDS = 3.0, 5
#: Where there are fewer, cells may be larger or smaller than at home: the middle of the field, as
#: much as fills so many pixels of the network's input, is looked at so many times larger, too.
OTHER_SCALES, PROBE_PX = (0.4, 2.5, 6.25), 320
#: What a red cell measures across in a dried smear (Price-Jones 1933: 6.7 to 7.7 in health), in µm.
RED_CELL_UM = 7.2
#: With these the runtime gives back, after a pass, what it holds for others.
_GIVE_BACK = onnxruntime.RunOptions()
_GIVE_BACK.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
#: Score from which on a red cell says something about the scale.
SURE = 0.3
DEFAULT_DETECTOR = "cells"
FOLDER = SHIPPED / "detectors"

#: Boxes (float B×4 in pixels of the field), kinds (int B) and scores (float B).
Found = tuple[np.ndarray, np.ndarray, np.ndarray]


class Detector:
    """A detector, opened once; ``find`` may be called from several threads."""

    def __init__(self, path: Path, threads: int = 0) -> None:
        """Open the bundle at ``path``; ``threads`` is 0 for one per core.

        Raises:
            BundleError: the file is missing, too large, damaged or no detector.
        """
        network = open_network(path, threads)
        self._session = network.session
        self.manifest: DetectorManifest = manifest_from_metadata(network.metadata, path)
        self.reference = ModelReference(self.manifest.name, network.sha256)
        require_outputs(network, ("scores", "edges"), path)

    def find(
        self, rgb: np.ndarray, least: float | None = None, um_per_px: float | None = None
    ) -> list[Detection]:
        """Find the cells of a field of any size.

        Args:
            rgb: uint8 H×W×3, 0 to 255.
            least: score from which on to report, instead of each kind's own threshold.
            um_per_px: side of a pixel in µm, where that is known: the scale to look at.

        Returns:
            The cells, the surest first, each with its box inside the field.
        """
        limits = np.array([self.manifest.thresholds[k] for k in self.manifest.kinds])
        if least is not None:
            limits = np.full_like(limits, least)
        height, width = rgb.shape[:2]
        boxes, kinds, scores = self._find_at_scale(rgb, limits, um_per_px)
        whole = np.rint(boxes).astype(int)
        whole[:, 0::2] = np.clip(whole[:, 0::2], 0, width)
        whole[:, 1::2] = np.clip(whole[:, 1::2], 0, height)
        found = [
            Detection(self.manifest.kinds[kind], Box(*map(int, box)), float(score))
            for box, kind, score in zip(whole, kinds, scores, strict=True)
            if box[2] > box[0] and box[3] > box[1]
        ]
        return sorted(found, key=lambda cell: -cell.score)

    def _find_at_scale(self, rgb: np.ndarray, limits: np.ndarray, um_per_px: float | None) -> Found:
        """Look at the scale that is known, or of home; look again where red cells differ there."""
        if um_per_px is not None:
            scale = self.manifest.red_px * um_per_px / RED_CELL_UM
            found = self._look(rgb, scale, limits)
        else:
            scale = self.manifest.scale
            found = self._look(rgb, scale, limits)
            if len(self._reds(found)) < FEWEST_REDS:
                scale = self._scale_told_by_the_middle(rgb, limits) or scale
                if scale != self.manifest.scale:
                    found = self._look(rgb, scale, limits)
        mend = self._mend(found, scale)
        return found if mend == 1.0 else self._look(rgb, scale * mend, limits)

    def _scale_told_by_the_middle(self, rgb: np.ndarray, limits: np.ndarray) -> float | None:
        """Return the other scale at which most red cells are seen there, if they are enough."""
        seen: dict[float, int] = {}
        for scale in (self.manifest.scale * times for times in OTHER_SCALES):
            rows, columns = (_middle(length, round(PROBE_PX / scale)) for length in rgb.shape[:2])
            seen[scale] = len(self._reds(self._look(rgb[rows, columns], scale, limits)))
        best = max(seen, key=lambda scale: seen[scale])
        return best if seen[best] >= FEWEST_REDS else None

    def _reds(self, found: Found) -> np.ndarray:
        """Return the boxes of the red cells that say something about the scale."""
        boxes, kinds, scores = found
        is_red = kinds == self.manifest.kinds.index(CellKind.RED)
        # However low the caller's own limit is: doubtful boxes have doubtful sizes.
        reds: np.ndarray = boxes[is_red & (scores >= SURE)]
        return reds

    def _mend(self, found: Found, scale: float) -> float:
        reds = self._reds(found)
        if len(reds) < FEWEST_REDS:
            return 1.0
        sides = np.sqrt((reds[:, 2] - reds[:, 0]) * (reds[:, 3] - reds[:, 1]))
        ratio = self.manifest.red_px / (float(np.median(sides)) * scale)
        if 1 / WRONG_SCALE <= ratio <= WRONG_SCALE:
            return 1.0
        return float(np.clip(ratio, 1 / LARGEST_MEND, LARGEST_MEND))

    def _look(self, rgb: np.ndarray, scale: float, limits: np.ndarray) -> Found:
        """Look at the whole field at a scale, tile by tile."""
        height, width = rgb.shape[:2]
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        image = Image.fromarray(rgb).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
        small = np.asarray(image)
        parts = []
        tiles = list(tiles_of(*size))
        for tile in tiles:
            boxes, kinds, scores = self._run(
                small[tile.top : tile.bottom, tile.left : tile.right],
                limits,
                # What several tiles took is not kept for the next, perhaps much smaller field.
                _GIVE_BACK if tile is tiles[-1] and len(tiles) > 1 else None,
            )
            boxes = boxes + np.array([tile.left, tile.top, tile.left, tile.top], np.float32)
            x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
            left, top, right, bottom = tile.own
            own = (x >= left) & (x < right) & (y >= top) & (y < bottom)
            parts.append((boxes[own], kinds[own], scores[own]))
        boxes, kinds, scores = (np.concatenate(values) for values in zip(*parts, strict=True))
        kept = _apart(boxes, kinds, scores)
        factors = np.array([width / size[0], height / size[1]] * 2, np.float32)
        return boxes[kept] * factors, kinds[kept], scores[kept]

    def _run(self, view: np.ndarray, limits: np.ndarray, options: Any = None) -> Found:
        height, width = view.shape[:2]
        canvas = np.full((-(-height // MULTIPLE) * MULTIPLE, -(-width // MULTIPLE) * MULTIPLE, 3),
                         FILLING, np.uint8)  # fmt: skip
        canvas[:height, :width] = view
        scores, edges = self._pass(canvas[None], options)
        kinds, rows, columns = np.nonzero(scores[0] >= limits[:, None, None])
        reach = edges[0][:, rows, columns]
        x, y = (columns + 0.5) * STRIDE, (rows + 0.5) * STRIDE
        boxes = np.stack([x - reach[0], y - reach[1], x + reach[2], y + reach[3]], axis=1)
        boxes = np.clip(boxes, 0, np.array([width, height] * 2)).astype(np.float32)
        return boxes, kinds, scores[0][kinds, rows, columns]

    def _pass(self, images: np.ndarray, options: Any = None) -> tuple[np.ndarray, np.ndarray]:
        """Run the network on uint8 N×H×W×3; return scores and edges, as the bundle gives them."""
        scores, edges = self._session.run(["scores", "edges"], {"image": images}, options)
        return scores, edges


def open_detector(name_or_path: str | Path = DEFAULT_DETECTOR, threads: int = 0) -> Detector:
    """Open a shipped detector by name or a bundle by path.

    Args:
        name_or_path: ``"cells"``, or an ``.onnx`` bundle.
        threads: for the network; 0 is one per core.

    Raises:
        BundleError: there is no such detector, or the file is not a sound one.
    """
    return Detector(find_detector(name_or_path), threads)


def find_detector(name_or_path: str | Path) -> Path:
    """Return the file of a shipped detector's name or of a path.

    Raises:
        BundleError: there is no such detector.
    """
    shipped = FOLDER / f"{name_or_path}.onnx"
    path = shipped if shipped.is_file() else Path(name_or_path)
    if not path.is_file():
        names = ", ".join(sorted(p.stem for p in FOLDER.glob("*.onnx"))) or "none"
        raise BundleError(
            f"No detector {str(name_or_path)!r}: neither a file nor a shipped one ({names})."
        )
    return path


def _middle(length: int, most: int) -> slice:
    """Return the middle of a side, no longer than ``most``."""
    start = max((length - most) // 2, 0)
    return slice(start, start + min(length, most))


def _apart(boxes: np.ndarray, kinds: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return which boxes stay when those of one kind may not show the same cell."""
    kept = [
        positions[surest_boxes(boxes[positions], scores[positions], MOST_OVERLAP)]
        for positions in (np.flatnonzero(kinds == kind) for kind in np.unique(kinds))
    ]
    return np.concatenate(kept) if kept else np.empty(0, int)


class Finder(Protocol):
    """Anything that finds cells."""

    @property
    def reference(self) -> ModelReference:
        """Which weights find them."""
        ...

    def find(self, rgb: np.ndarray, *, um_per_px: float | None = None) -> list[Detection]:
        """Return the cells of a field, surest first.

        Args:
            rgb: uint8 H×W×3, of any size.
            um_per_px: side of a pixel in µm, where that is known.

        Returns:
            Their boxes in whole pixels, inside the field.
        """
        ...
