"""At a terminal, ``hemavision convert`` asks for what neither file nor options say."""

from __future__ import annotations

import os
import pty
import select
import sys
import time
from pathlib import Path

import onnx

from hemavision.reading.bundle import manifest_from_metadata

FILES = Path(__file__).parents[1] / "keras_files" / "files"


def at_a_terminal(answers: list[str], *arguments: object) -> tuple[int, str]:
    """Run ``hemavision convert`` on a pseudo-terminal, typing a line at each question."""
    process, terminal = pty.fork()
    if process == 0:
        command = [sys.executable, "-m", "hemavision", "convert", *map(str, arguments)]
        os.execv(sys.executable, command)
    shown, waiting, deadline = "", list(answers), time.monotonic() + 120
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            part = os.read(terminal, 4096).decode()
        except OSError:  # the other side has closed it
            break
        shown += part
        if waiting and shown.rstrip(" ").endswith(":"):
            os.write(terminal, f"{waiting.pop(0)}\n".encode())
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), shown


def test_types_scaling_and_crop_are_asked_for(tmp_path: Path) -> None:
    target = tmp_path / "mine.onnx"
    source = FILES / "keras-3.15.1-sequential.keras"
    code, shown = at_a_terminal(["a,b,c,d", "zero-to-one", "nucleus"], source, target)
    assert code == 0, shown
    assert "squares around the cell scaled zero-to-one" in shown
    metadata = {entry.key: entry.value for entry in onnx.load(target).metadata_props}
    manifest = manifest_from_metadata(metadata, target)
    assert manifest.cell_types == ("a", "b", "c", "d")
    assert manifest.preprocess.crop == "nucleus"


def test_what_the_options_say_is_not_asked_for(tmp_path: Path) -> None:
    options = ("--types", "a,b,c", "--scaling", "none", "--crop", "whole")
    source = FILES / "keras-3.15.1-sequential.keras"
    code, shown = at_a_terminal([], source, tmp_path / "mine.onnx", *options)
    assert code == 1
    assert "4 types apart and 3 are named" in shown
    assert not (tmp_path / "mine.onnx").exists()
