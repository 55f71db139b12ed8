"""Ask whether any pinned package has a known vulnerability: ``make audit``.

pip-audit asks PyPI's own service about constraints.txt. What is found stands in the way, unless
scripts/audit.toml says why it does no harm here, and until when that holds. A package that the
service does not know was not audited, and stands in the way too.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
EXCEPTIONS = ROOT / "scripts" / "audit.toml"
FIELDS = {"id", "package", "reason", "until"}
#: Shorter is no reason.
SHORTEST_REASON = 20


def problems_in(
    report: dict[str, Any], exceptions: list[dict[str, Any]], today: date
) -> Iterator[str]:
    """Yield what stands in the way.

    Args:
        report: as ``pip-audit --format json`` gives it.
        exceptions: of scripts/audit.toml.
        today: decides which of them still hold.
    """
    holding = {}
    for exception in exceptions:
        named = f"The exception {exception.get('id')!r}"
        if set(exception) != FIELDS:
            yield f"{named} must have {', '.join(sorted(FIELDS))} and nothing else."
        elif len(exception["reason"].strip()) < SHORTEST_REASON:
            yield f"{named} gives no reason: say why it does no harm here."
        elif exception["until"] < today:
            yield f"{named} held until {exception['until']}: look at it again."
        else:
            holding[exception["package"], exception["id"]] = exception
    for package in report["dependencies"]:
        name = package["name"]
        if "skip_reason" in package:
            yield f"{name} was not audited: {package['skip_reason']}"
        for found in package.get("vulns", ()):
            keys = [(name, known) for known in (found["id"], *found.get("aliases", ()))]
            excused = [holding.pop(key) for key in keys if key in holding]
            if not excused:
                mended = ", ".join(found["fix_versions"]) or "no version yet"
                yield f"{name} {package['version']}: {found['id']}, mended in {mended}."
    for package, known in holding:
        yield f"The exception {known!r} of {package} is no longer needed: take it out."


def main() -> int:
    """Print what stands in the way; 1 where there is anything, or nobody could be asked."""
    command = [sys.executable, "-m", "pip_audit", "--format=json", "--progress-spinner=off"]
    command += ["--no-deps", "--disable-pip", f"--requirement={ROOT / 'constraints.txt'}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        print(done.stderr[-2000:], "\nThe service did not answer; nothing was audited.", sep="")
        return 1
    exceptions = tomllib.loads(EXCEPTIONS.read_text(encoding="utf-8")).get("exception", [])
    problems = list(problems_in(report, exceptions, date.today()))
    print(*problems, sep="\n", end="\n" if problems else "")
    print(f"{len(report['dependencies'])} packages, {len(problems)} problems.")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
