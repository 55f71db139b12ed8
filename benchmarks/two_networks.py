"""The eight-type network's time per cell against the first network's, all heatmaps included.

Both are shipped bundles and take the same photographs, from the decoded image to the answer. In a
round each reads all images, one at a time; the ratio is formed within a round.

    python benchmarks/two_networks.py --rounds 15

Needs the image sets (HEMAVISION_DATA).
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from hemavision.images.opening import open_image
from hemavision.reading.cell import Model, open_model
from hemavision.settings import data_folder

FIRST, SECOND = "unseen-cells", "eight-types"
#: What the project asks of itself; the run reports against it and asserts nothing.
MUST_RATIO = 0.60


def read_all(model: Model, images: list[np.ndarray]) -> float:
    """Return the milliseconds an image."""
    started = time.perf_counter()
    for image in images:
        list(model.predict_arrays([image]))
    return (time.perf_counter() - started) * 1000 / len(images)


def main() -> None:
    """Time both networks and print medians and the ratio with its range."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--images", type=int, default=6)
    arguments = parser.parse_args()
    paths = sorted((data_folder() / "kaggle_wbc" / "TEST").glob("*/*.jpeg"))
    chosen = paths[:: len(paths) // arguments.images][: arguments.images]
    images = [open_image(path).rgb for path in chosen]
    models = {name: open_model(name) for name in (FIRST, SECOND)}
    for model in models.values():
        read_all(model, images)
    rounds = [
        {name: read_all(model, images) for name, model in models.items()}
        for _ in range(arguments.rounds)
    ]
    for name in models:
        print(f"{name}: {np.median([r[name] for r in rounds]):.1f} ms a cell")
    ratios = [r[SECOND] / r[FIRST] for r in rounds]
    print(
        f"{SECOND} takes {np.median(ratios):.2f} [{min(ratios):.2f}, {max(ratios):.2f}] of "
        f"{FIRST}'s time (must: at most {MUST_RATIO:.2f}), {arguments.rounds} rounds of "
        f"{len(images)} images"
    )


if __name__ == "__main__":
    main()
