"""Throw mutated files at every door by which a stranger's bytes come in: ``scripts/fuzz.py``.

Each door has a process of its own, with a small claim on the processor. An input may take
:data:`MOST_S` seconds of processor time and :data:`MOST_MB` of memory, may meet the project's own
errors and no other, and may leave no file behind. Atheris chooses what to mutate by the code that
it reached; without it (it is not made for every system) the choice is by lot. What is reached is
kept in a folder, and the same command goes on where it stopped.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fuzz_mutations import LONGEST, mutate

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

MOST_S, MOST_MB = 2.0, 512
#: An input that is still at work after so many seconds is ended with its process.
HANGS_S = 120
#: A door whose process died so often is left.
MOST_DEATHS = 20


# Judging


@dataclass
class Tally:
    """What came of a door's inputs.

    Attributes:
        slowest_s: processor seconds of the slowest.
        largest_mb: memory that the largest took beyond what there was before it.
        refused: inputs that were refused with an error of the project's own.
        findings: what is wrong → the file that shows it.
    """

    inputs: int = 0
    slowest_s: float = 0.0
    largest_mb: float = 0.0
    refused: int = 0
    deaths: int = 0
    findings: dict[str, str] = field(default_factory=dict)


class Judge:
    """Lets inputs in at a door and keeps count; what is wrong is kept as a file."""

    def __init__(self, name: str, kept: Path, tally: Tally, box: Path) -> None:
        """Take the door's name, the folder for findings, the count, and an empty folder.

        The process is to work in the folder ``work`` of ``box``; what stands there after an input
        was left behind.
        """
        from fuzz_doors import DOORS

        self.door, self.kept, self.tally = DOORS[name], kept, tally
        self.given, self.work = box / "given", box / "work"

    def try_out(self, content: bytes) -> None:
        """Let one input in."""
        before_mb, begun = _begin_memory(), time.process_time()
        try:
            self.door.enter(content, self.given)
        except self.door.refusals:
            self.tally.refused += 1
        except Exception as error:
            if not _is_a_refusal_in_words(error):
                self._find(_place_of(error), content)
        took, most = time.process_time() - begun, _memory_mb("VmHWM") - before_mb
        self.tally.inputs += 1
        if took > self.tally.slowest_s:
            self.tally.slowest_s = took
            self._keep("slowest", content)
        self.tally.largest_mb = max(self.tally.largest_mb, most)
        if took > MOST_S:
            self._find(f"{took:.1f} s", content)
        if most > MOST_MB:
            self._find(f"{most:.0f} MB", content)
        if left := sorted(path.name for path in self.work.iterdir()):
            self._find(f"left behind: {left[0]}", content)
            for name in left:
                (self.work / name).unlink()

    def _find(self, what: str, content: bytes) -> None:
        if what not in self.tally.findings:
            self.tally.findings[what] = self._keep(
                hashlib.sha256(content).hexdigest()[:12], content
            )

    def _keep(self, name: str, content: bytes) -> str:
        self.kept.mkdir(parents=True, exist_ok=True)
        (self.kept / name).write_bytes(content)
        return name


def _is_a_refusal_in_words(error: Exception) -> bool:
    """Whether the command line would end with a sentence."""
    import click

    return isinstance(error, click.ClickException)


def _place_of(error: Exception) -> str:
    """Name an error by its kind and the last place of ours that it went through."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "hemavision" in f.filename] or frames
    where = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}"
    last = [line for line in str(error).strip().splitlines() if line.strip()][-1:]
    return f"{type(error).__name__} at {where}: {''.join(last)[:100]}"


def _begin_memory() -> float:
    """Let the most memory be counted from here; return what is held now, in MB."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _memory_mb("VmRSS")


def _memory_mb(row: str) -> float:
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(row):
                return int(line.split()[1]) / 1000
    return 0.0


@contextmanager
def boxed(name: str, kept: Path, tally: Tally) -> Iterator[Judge]:
    """Give a judge, with this process at work in a folder that has to stay empty."""
    before, in_memory = Path.cwd(), "/dev/shm" if Path("/dev/shm").is_dir() else None
    kept = kept.resolve()
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=in_memory) as folder:
        box = Path(folder)
        for part in ("given", "work"):
            (box / part).mkdir()
        os.chdir(box / "work")
        tempfile.tempdir = str(box / "work")
        try:
            yield Judge(name, kept, tally, box)
        finally:
            os.chdir(before)
            tempfile.tempdir = None


def by_lot(judge: Judge, inputs: int, seed: int) -> None:
    """Try so many inputs, each a sound one changed a few times by lot."""
    chance, seeds = random.Random(seed), judge.door.seeds()
    for _ in range(inputs):
        content = chance.choice(seeds)
        for _ in range(chance.randrange(3) + 1):
            content = mutate(content, chance, judge.door.words)
        judge.try_out(content)


# A door's process


def fuzz(name: str, inputs: int, folder: Path) -> None:
    """Try so many inputs at a door; tell what came of it in ``folder/NAME.json``."""
    record = (folder / f"{name}.json").resolve()
    tally = Tally(**json.loads(record.read_text())) if record.exists() else Tally()
    with boxed(name, folder / "findings" / name, tally) as judge:
        seeds = judge.door.seeds()
        for path in judge.work.iterdir():
            path.unlink()
        end = tally.inputs + inputs

        def tell() -> None:
            record.write_text(json.dumps(asdict(tally)))

        def one(content: bytes) -> None:
            judge.try_out(content)
            if tally.inputs % 100 == 0:
                tell()
            if tally.inputs >= end:
                tell()
                os._exit(0)  # Atheris never comes back

        if "atheris" in sys.modules:
            _by_atheris(judge, one, seeds, folder.resolve() / "reached" / name)
        while tally.inputs < end:
            by_lot(judge, min(100, end - tally.inputs), tally.inputs)
            tell()


def _by_atheris(
    judge: Judge, one: Callable[[bytes], None], seeds: list[bytes], corpus: Path
) -> None:
    import atheris

    for place in (corpus, judge.kept):
        place.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        (corpus / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    words = judge.door.words
    options = {
        "max_len": LONGEST, "timeout": HANGS_S, "rss_limit_mb": 0, "verbosity": 0, "len_control": 0,
        "seed": judge.tally.inputs + 1, "artifact_prefix": f"{judge.kept}/died-",
    }  # fmt: skip

    def custom(content: bytes, longest: int, seed: int) -> bytes:
        chance = random.Random(seed)
        # Of what reached something new most is refused early; sound files lead further in.
        begin = chance.choice(seeds) if chance.random() < 0.5 else content
        return mutate(begin, chance, words)[:longest]

    arguments = [sys.argv[0], str(corpus), *(f"-{key}={value}" for key, value in options.items())]
    atheris.Setup(arguments, one, custom_mutator=custom)
    atheris.Fuzz()


def _instrumented(name: str) -> None:
    """Import what is ours, and what reads for us in Python, so that Atheris sees it run."""
    try:
        import atheris
    except ImportError:
        return
    ours = ["hemavision", "zipfile", "tarfile"]
    with atheris.instrument_imports(include=ours, enable_loader_override=False):
        import fuzz_doors

        # What a door imports when it is entered has to be imported here.
        for seed in fuzz_doors.DOORS[name].seeds()[:1]:
            with tempfile.TemporaryDirectory() as folder, suppress(Exception):
                fuzz_doors.DOORS[name].enter(seed, Path(folder))


# The command


def main() -> int:
    """Fuzz the doors one after the other and print the table; 1 where anything was found."""
    from fuzz_doors import DOORS

    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--doors", default=",".join(DOORS), help="by default all of them")
    arguments.add_argument(
        "--inputs", type=int, default=17_000, help="that each door has had in the end"
    )
    arguments.add_argument("--folder", type=Path, default=ROOT / "runs" / "fuzz")
    arguments.add_argument("--door", help=argparse.SUPPRESS)
    given = arguments.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    if given.door:
        fuzz(given.door, given.inputs, given.folder)
        return 0
    tallies = {name: _in_process(name, given) for name in given.doors.split(",")}
    print("| door | inputs | refused | slowest, CPU-s | largest, MB | findings |")
    print("|---|---|---|---|---|---|")
    for name, tally in tallies.items():
        found = len(tally.findings) + tally.deaths
        print(f"| {name} | {tally.inputs:,} | {tally.refused:,} | {tally.slowest_s:.2f} | "
              f"{tally.largest_mb:.0f} | {found} |")  # fmt: skip
    print(f"{sum(tally.inputs for tally in tallies.values()):,} inputs in all.")
    for name, tally in tallies.items():
        for what, file in tally.findings.items():
            print(f"{name}: {what} ({given.folder / 'findings' / name / file})")
    return int(any(tally.findings or tally.deaths for tally in tallies.values()))


def _in_process(name: str, given: argparse.Namespace) -> Tally:
    record = given.folder / f"{name}.json"
    environment: dict[str, Any] = {**os.environ, "OMP_NUM_THREADS": "1"}
    while True:
        tally = Tally(**json.loads(record.read_text())) if record.exists() else Tally()
        left = given.inputs - tally.inputs
        if left <= 0 or tally.deaths >= MOST_DEATHS:
            return tally
        command = [sys.executable, __file__, "--door", name, "--inputs", str(left)]
        log = given.folder / f"{name}.log"
        with log.open("wb") as stream:
            done = subprocess.run(
                ["nice", "-n", "10", *command, "--folder", str(given.folder)],
                env=environment, stdin=subprocess.DEVNULL, stderr=stream, check=False,
            )  # fmt: skip
        if done.returncode:
            tally = Tally(**json.loads(record.read_text())) if record.exists() else Tally()
            tally.deaths += 1
            tally.inputs += 1
            record.write_text(json.dumps(asdict(tally)))
            log.rename(log.with_suffix(f".died-{tally.deaths}.log"))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    if "--door" in sys.argv:
        _instrumented(sys.argv[sys.argv.index("--door") + 1])
    sys.exit(main())
