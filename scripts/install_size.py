"""Prints what `pip install .` downloads, package by package, and the sum."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-cache-dir"]
        command += ["--constraint", str(ROOT / "constraints.txt"), "--dest", folder, str(ROOT)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        files = sorted(Path(folder).iterdir(), key=lambda path: -path.stat().st_size)
        # The package itself (with its weights) comes from this repository, not from elsewhere.
        pulled = [path for path in files if not path.name.startswith("hemavision")]
        for path in pulled:
            print(f"{path.stat().st_size / 1e6:8.1f} MB  {path.name}")
        total = sum(path.stat().st_size for path in pulled)
        print(f"{total / 1e6:8.1f} MB  in {len(pulled)} packages")


if __name__ == "__main__":
    main()
