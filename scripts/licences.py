"""Write docs/licences.md: every dependency's licence, and stop where one is copyleft unheard of.

``make docs`` calls it; ``--check`` writes nothing and says whether the page is out of date.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "licences.md"
#: What people install; the rest is for whoever works on the program.
EXTRAS = ("postgres", "batch", "cloud", "convert", "train")
#: Licences that ask more of whoever passes a program on than to name them.
COPYLEFT = re.compile(
    r"(?i)\b[AL]?GPL|General Public|\bMPL|Mozilla|\bEUPL|\bSSPL|\bCC-BY-(SA|NC)|\bEPL"
)
#: Those that are there all the same, and why they may be. Each is a package of its own that pip
#: fetches from its makers: nothing of it is copied, changed or packed into the wheel.
KNOWN = {
    "certifi": "a list of certificates; MPL 2.0 asks for changed files of it, and there are none",
    "fpdf2": "writes the PDF; LGPL asks that it can be replaced, and it can: pip does",
    "psycopg": "speaks to PostgreSQL, an extra; LGPL as above",
    "psycopg-binary": "the same, compiled",
}
NOT_SAID = "not said"
#: Licences as their texts call themselves.
_NAMED = re.compile(
    r"MIT License|BSD [23]-Clause License|Apache (Software )?License|Mozilla Public License"
    r"|GNU( \w+)? GENERAL PUBLIC LICENSE",
    re.IGNORECASE,
)
_CLASSIFIER = "License :: OSI Approved :: "


def needed(extras: Iterable[str] = ()) -> dict[str, list[str]]:
    """Return what the program needs, name → what that needs, by normalised names, sorted.

    Raises:
        PackageNotFoundError: one of them is not installed here.
    """
    found: dict[str, list[str]] = {}
    waiting = [("hemavision", frozenset(extras))]
    while waiting:
        name, wanted = waiting.pop()
        below = [
            requirement
            for requirement in map(Requirement, metadata.requires(name) or ())
            if requirement.marker is None
            or any(requirement.marker.evaluate({"extra": extra}) for extra in ("", *wanted))
        ]
        names = {canonicalize_name(r.name) for r in below}
        found[name] = sorted({*found.get(name, ()), *names})
        waiting += [
            (canonicalize_name(r.name), frozenset(r.extras))
            for r in below
            if canonicalize_name(r.name) not in found or r.extras
        ]
    return {name: found[name] for name in sorted(found)}


def licence_of(name: str) -> str:
    """Return a package's licence in its makers' words: an SPDX expression where they give one."""
    about = metadata.metadata(name)
    if expression := about.get("License-Expression"):
        return expression
    told = [c for c in about.get_all("Classifier") or () if c.startswith("License ::")]
    named = [c.removeprefix(_CLASSIFIER) for c in told if c.startswith(_CLASSIFIER)]
    if named:
        return ", ".join(named)
    short = (about.get("License") or "UNKNOWN").strip().splitlines()[0]
    return short if short != "UNKNOWN" and len(short) < 60 else _in_its_file(name)


def _in_its_file(name: str) -> str:
    """Return the licence that a package's own file names."""
    for file in metadata.files(name) or ():
        if re.match(r"licen[cs]e|copying", file.name, re.IGNORECASE):
            found = _NAMED.search(file.read_text()[:2000])
            return found[0] if found else NOT_SAID
    return NOT_SAID


def unheard_of(licences: dict[str, str]) -> Iterator[str]:
    """Say of each package that is copyleft, or says nothing, why it may not be there."""
    for name, licence in licences.items():
        if (licence == NOT_SAID or COPYLEFT.search(licence)) and name not in KNOWN:
            yield (
                f"{name}: {licence}. Leave it out, or say in KNOWN (scripts/licences.py) why it "
                "may be there."
            )


def page() -> str:
    """Return docs/licences.md."""
    plain, all_ = needed(), needed(EXTRAS)
    head = """# Licences of the dependencies

<!-- Written by `make docs` from the packages themselves; do not edit. -->

HemaVision is under the MIT licence. What a plain install needs on Linux, and what its extras need
besides, stands here in the makers' own words; what tests and builds it does not. `make licences`
stops where a copyleft licence has come in that is not named below with its reason.

| package | licence | needed by |
|---|---|---|
"""
    rows = "".join(
        f"| {name} | {licence_of(name)} | {'a plain install' if name in plain else 'an extra'} |\n"
        for name in all_
        if name != "hemavision"
    )
    reasons = "".join(f"- **{name}**: {why}.\n" for name, why in KNOWN.items() if name in all_)
    why = "With a condition of their own, and why they are here all the same:"
    return f"{head}{rows}\n{why}\n\n{reasons}"


def main(arguments: list[str]) -> int:
    """Write the page; 1 where it is out of date (with ``--check``) or a licence may not be here."""
    problems = list(unheard_of({n: licence_of(n) for n in needed(EXTRAS) if n != "hemavision"}))
    if not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != page():
        if "--check" in arguments:
            problems.append("docs/licences.md is out of date: run `make docs`.")
        else:
            PAGE.write_text(page(), encoding="utf-8")
            print("docs/licences.md written")
    print(*problems, sep="\n", end="\n" if problems else "", file=sys.stderr)
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
