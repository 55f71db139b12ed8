"""Prints how large the house is: lines and modules by room and language, and public names.

python scripts/size.py
"""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "hemavision"
LANGUAGES = {".py": "Python", ".js": "JavaScript", ".css": "CSS", ".html": "HTML"}
#: Modules of fewer lines hold little.
SMALL = 60


def main() -> None:
    rooms: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    names = 0
    for path in sorted(PACKAGE.rglob("*")):
        if path.suffix not in LANGUAGES or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8")
        inside = path.relative_to(PACKAGE).parts
        room = inside[0] if len(inside) > 1 else "(the root)"
        rooms[LANGUAGES[path.suffix], room].append(len(text.splitlines()))
        names += public_names(text) if path.suffix == ".py" else 0
    print(f"{'':<12}{'room':<14}{'modules':>8}{'lines':>8}{f'under {SMALL}':>10}")
    for (language, room), lines in sorted(rooms.items()):
        print_row(language, room, lines)
    for language in LANGUAGES.values():
        print_row(language, "all", [n for key, found in rooms.items() for n in found
                                    if key[0] == language])  # fmt: skip
    print(f"{names:,} public functions, classes and constants at the top of Python modules")


def print_row(language: str, room: str, lines: list[int]) -> None:
    small = sum(n < SMALL for n in lines)
    print(f"{language:<12}{room:<14}{len(lines):>8}{sum(lines):>8,}{small:>10}")


def public_names(source: str) -> int:
    """Return how many names at the top of a module do not begin with an underscore."""
    names: set[str] = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names.update(target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return sum(not name.startswith("_") for name in names)


if __name__ == "__main__":
    main()
