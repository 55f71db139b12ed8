"""Cells that were reviewed in cases, as a data set of one's own."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner
from fixtures_cases import REVIEWED_EACH

from hemavision.cli import main


def run(*arguments: object) -> str:
    done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_training_and_validation_take_it_as_it_is(reviewed: Path, tmp_path: Path) -> None:
    out = tmp_path / "cells"
    said = run("cases", "--store", reviewed, "export", out)
    assert f"{REVIEWED_EACH} eosinophil, {REVIEWED_EACH} lymphocyte" in said
    card = run("validate", out)
    assert f"{2 * REVIEWED_EACH} cells" in card
    run("train", "--from", "eight-types", out, "--out", tmp_path / "ours.onnx")
    again = run("validate", out, "--model", tmp_path / "ours.onnx")
    assert f"{2 * REVIEWED_EACH} cells" in again
