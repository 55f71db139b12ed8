"""Says how many small faults the fast tests catch: ``make mutants``.

A fault is a mutant of one operator, number, condition, decorator or loop, as cosmic-ray makes them.
They are drawn by a seed, as many from each room, and each is tried against the fast tests of its
room alone, in a copy of the repository: a mutant that passes them all has survived.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path
from queue import SimpleQueue

from cosmic_ray.ast import ast_nodes, get_ast_from_path
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = Path("src/hemavision")
#: Each room and the tests that hold it.
ROOMS = {
    "differential": ("tests/differential", "tests/cli/test_differential.py"),
    "store": ("tests/store", "tests/cli/test_cases.py"),
    "images/opening.py": (
        "tests/images/test_opening.py",
        "tests/images/test_raw_files.py",
        "tests/images/test_sample_depth.py",
    ),
    "reading/cell.py": ("tests/reading/test_cell.py", "tests/contract"),
    "reading/finding": ("tests/reading/finding",),
    "report": ("tests/report",),
    "batch": ("tests/batch", "tests/cli/test_jobs.py"),
    "casework": ("tests/casework", "tests/cli/test_cases.py"),
    "web/api": ("tests/web",),
}
#: A mutant that makes the tests run on and on is caught; on a slow machine sound ones take long.
LONGEST_S = 900


@dataclass(frozen=True)
class Mutant:
    """One change of one place.

    Attributes:
        room: one of :data:`ROOMS`.
        path: of the module, from the repository's root.
        line: where, from 1.
        operator: cosmic-ray's name of the kind of change.
        occurrence: which of the places for that operator in the module.
    """

    room: str
    path: Path
    line: int
    operator: str
    occurrence: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=60, help="How many mutants.")
    parser.add_argument("--seed", type=int, default=1, help="Of the draw.")
    parser.add_argument("--lanes", type=int, default=2, help="How many are tried at once.")
    parser.add_argument("--room", choices=ROOMS, help="Draw from this one alone.")
    options = parser.parse_args()
    rooms = [options.room] if options.room else list(ROOMS)
    drawn = draw(rooms, options.count, random.Random(options.seed))
    with tempfile.TemporaryDirectory(prefix="hemavision-mutants-") as scratch:
        # Some tests act as another user, who must be able to read what is tested.
        Path(scratch).chmod(0o755)
        copies: SimpleQueue[Path] = SimpleQueue()
        for lane in range(options.lanes):
            copies.put(copied(Path(scratch) / str(lane)))
        with ThreadPoolExecutor(options.lanes) as pool:
            sound = list(pool.map(lambda room: passes(room, copies), rooms))
            failing = [room for room, passed in zip(rooms, sound, strict=True) if not passed]
            if failing:
                sys.exit(f"Without any mutant the tests of {', '.join(failing)} fail.")
            survived = list(pool.map(lambda mutant: survives(mutant, copies), drawn))
    lost = sum(survived)
    caught = len(drawn) - lost
    print(
        f"{caught} of {len(drawn)} mutants caught ({caught / len(drawn):.0%}), seed {options.seed}"
    )


def draw(rooms: list[str], count: int, chance: random.Random) -> list[Mutant]:
    """Draw as many mutants from each room, at most one at each place."""
    by_room = []
    for room in rooms:
        places: dict[tuple[Path, int, int], list[Mutant]] = defaultdict(list)
        for path in modules_in(room):
            for place, mutant in mutants_of(room, path):
                places[place].append(mutant)
        chosen = chance.sample(sorted(places), len(places))
        by_room.append([chance.choice(places[place]) for place in chosen])
    in_turn = [m for m in chain.from_iterable(zip_longest(*by_room)) if m is not None]
    return in_turn[:count]


def modules_in(room: str) -> list[Path]:
    folder = ROOT / PACKAGE / room
    found = [folder] if folder.suffix else sorted(folder.rglob("*.py"))
    return [path.relative_to(ROOT) for path in found]


def mutants_of(room: str, path: Path) -> Iterator[tuple[tuple[Path, int, int], Mutant]]:
    """Give every mutant of a module and its place; what is never run has none."""
    silent = annotations_in((ROOT / path).read_text(encoding="utf-8"))
    tree = get_ast_from_path(ROOT / path)
    for name in operator_names():
        kind = get_operator(name)
        if kind.arguments():
            continue
        operator = kind()
        places = chain.from_iterable(map(operator.mutation_positions, ast_nodes(tree)))
        for occurrence, (start, _) in enumerate(places):
            if not any(first <= start < last for first, last in silent):
                yield (path, *start), Mutant(room, path, start[0], name, occurrence)


def annotations_in(source: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Return where annotations stand, (line, column) from and to: they are never evaluated."""
    found: list[ast.expr | None] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            found.append(node.returns)
        elif isinstance(node, ast.arg | ast.AnnAssign):
            found.append(node.annotation)
    return [
        ((node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0))
        for node in found
        if node is not None
    ]


def copied(folder: Path) -> Path:
    """Copy what is tracked, as it is in the working tree."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


def passes(room: str, copies: SimpleQueue[Path]) -> bool:
    """Return whether a room's fast tests pass in the next free copy."""
    copy = copies.get()
    try:
        return run_tests(copy, room, said=True)
    finally:
        copies.put(copy)


def survives(mutant: Mutant, copies: SimpleQueue[Path]) -> bool:
    """Return whether the room's tests pass with the mutant, and say so."""
    copy = copies.get()
    module = copy / mutant.path
    sound = module.read_text(encoding="utf-8")
    try:
        mutated = mutate_code(sound, get_operator(mutant.operator)(), mutant.occurrence)
        module.write_text(mutated, encoding="utf-8")
        passed = run_tests(copy, mutant.room)
    finally:
        module.write_text(sound, encoding="utf-8")
        copies.put(copy)
    verdict = "SURVIVED" if passed else "caught"
    print(f"{verdict:8} {mutant.path}:{mutant.line} {changed(sound, mutated)}", flush=True)
    return passed


def changed(sound: str, mutated: str) -> str:
    """Return the first line that differs, before and after."""
    lines = zip(sound.splitlines(), mutated.splitlines(), strict=False)
    before, after = next(((a, b) for a, b in lines if a != b), ("", ""))
    return f"{before.strip()!r} -> {after.strip()!r}"


def run_tests(copy: Path, room: str, *, said: bool = False) -> bool:
    """Return whether a room's fast tests pass in a copy; what fails may be said."""
    command = [sys.executable, "-m", "pytest", "-x", "-m", "not long", "-p", "no:cacheprovider"]
    data = Path(os.environ.get("HEMAVISION_DATA", ROOT / "../shared/data")).resolve()
    environment = os.environ | {
        "CI": "true",
        "HEMAVISION_DATA": str(data),
        "PYTHONPATH": str(copy / "src"),
        # Two changes of a module within a second would pass for one.
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    try:
        done = subprocess.run(
            [*command, *ROOMS[room]],
            cwd=copy,
            env=environment,
            capture_output=True,
            timeout=LONGEST_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    if done.returncode and said:
        print(done.stdout.decode()[-2000:], flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    main()
