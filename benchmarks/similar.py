"""The six most similar of ten thousand cells, beside one look of the network at a cell.

A store of its own holds so many reference cells with drawn embeddings, and one case of a real cell.
In a round the cell is looked up and looked at; figures are medians of processor time over rounds,
the ratio is formed within a round and given with its range.

    python benchmarks/similar.py --cells 10000 --rounds 30

Needs the image sets (HEMAVISION_DATA).
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import hemavision
from hemavision.casework.recognition import Networks, read_image
from hemavision.casework.references import References
from hemavision.images.opening import open_image
from hemavision.settings import data_folder
from hemavision.store import open_store
from hemavision.store.cases import create_case
from hemavision.store.cells import Filter, list_cells
from hemavision.store.images import add_image
from hemavision.store.records import Page
from hemavision.store.references import NewReference, put_references


def milliseconds(act: Callable[[], object]) -> float:
    """Return the processor time that something takes: of all threads, whatever else runs here."""
    started = time.process_time()
    act()
    return (time.process_time() - started) * 1000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cells", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    model = hemavision.open_model(threads=1)
    content = next((data_folder() / "pbc" / "eosinophil").iterdir()).read_bytes()
    rgb = open_image(content).rgb
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder) / "store.sqlite")
        case = create_case(store, "One", "", "ann")
        image = read_image(Networks(model), "cell.jpg", content)
        add_image(store, case.id, image, "ann")
        cell = list_cells(store, case.id, Filter(), Page())[0][0].id
        seen = np.asarray(image.cells[0].prediction.embedding)
        random = np.random.default_rng(0)
        drawn = seen + random.normal(0, seen.std(), (options.cells, len(seen)))
        put_references(
            store,
            model.reference.sha256,
            [
                NewReference("drawn", "eosinophil", f"{n:064}", row, b"")
                for n, row in enumerate(drawn)
            ],
        )
        kept = References()
        first = milliseconds(lambda: kept.similar(store, model, (case.id, cell), "ann"))
        rounds = [
            (
                milliseconds(lambda: kept.similar(store, model, (case.id, cell), "ann")),
                milliseconds(lambda: list(model.predict_arrays([rgb]))),
            )
            for _ in range(options.rounds)
        ]
        store.close()
    ratios = sorted(lookup / look for lookup, look in rounds)
    lookup, look = (statistics.median(times) for times in zip(*rounds, strict=True))
    print(f"{options.cells:,} cells: a look-up {lookup:.1f} ms, the first one {first:.0f} ms;")
    print(f"a look of the network {look:.1f} ms. A look-up takes {statistics.median(ratios):.2f}")
    print(f"[{ratios[0]:.2f}, {ratios[-1]:.2f}] times as long.")


if __name__ == "__main__":
    main()
