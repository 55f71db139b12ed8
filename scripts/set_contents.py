"""Write what the files of the small image sets are known by, into the wheel's tables.

    python scripts/set_contents.py ../shared/data

Run it again only where a set's own copy changes; `hemavision data verify` reads the table.
"""

from __future__ import annotations

import csv
import gzip
import io
import sys
from pathlib import Path

from hemavision.datasets import contents
from hemavision.images.opening import open_image

#: Files that every copy has byte for byte, and pictures that are encoded after the download.
EXACT = ("bcisc/cells/*.jpg", "bcisc/masks/*.png")
ENCODED = ("bcisc/fields/*.jpg", "lisc/cells/*.jpg", "draaslan/fields/*.jpg")


def main() -> None:
    data = Path(sys.argv[1])
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["set", "path", "sha256", "greys"])
    for pattern in (*EXACT, *ENCODED):
        for path in sorted(data.glob(pattern)):
            name, inside = path.relative_to(data).as_posix().split("/", 1)
            content = path.read_bytes()
            exact = pattern in EXACT
            sha256 = contents.sha256_of(content) if exact else ""
            greys = "" if exact else contents.greys_of(open_image(content).rgb).hex()
            table.writerow([name, inside, sha256, greys])
    target = Path(contents.__file__).parent / "tables" / contents.TABLE
    target.write_bytes(gzip.compress(out.getvalue().encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
