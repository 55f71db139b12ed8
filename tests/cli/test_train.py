"""``hemavision train``: what it refuses before it looks at anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from hemavision.cli import main


@pytest.mark.parametrize("how", [["--protocol", "all-fields"], [".", "--from", "eight-types"]])
def test_processes_are_refused_where_nothing_would_use_them(how: list[str], tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = CliRunner().invoke(main, ["train", *how, "--processes", "2", "--out", str(out)])
    assert result.exit_code == 2
    assert "--processes" in result.output
    assert not out.exists()
