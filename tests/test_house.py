"""The house itself: set-up, packaging, documents, and the rules that no tool checks."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from datetime import date
from importlib.metadata import requires, version
from pathlib import Path

import audit
import licences
import pytest
import release
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from hemavision.records.results import NOTICE

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
PAGES = [*sorted(ROOT.glob("[A-Z]*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
PIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*==[0-9][A-Za-z0-9.!-]*")


def run(*command: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=200,
        stdin=subprocess.DEVNULL,
        check=False,
    )


# Set-up


def test_serve_installs_no_training_code() -> None:
    done = run("make", "--dry-run", "--always-make", "serve")
    assert done.returncode == 0, done.stderr
    assert "scripts/setup.sh" in done.stdout
    assert "train" not in done.stdout
    assert "hemavision serve" in done.stdout


@pytest.mark.parametrize(
    ("target", "pytest_runs"),
    [("test", '-m "not long"'), ("test-long", None)],
)
def test_the_test_commands_run_every_check(target: str, pytest_runs: str | None) -> None:
    done = run("make", "--dry-run", "--always-make", target)
    assert done.returncode == 0, done.stderr
    wanted = ("ruff check", "ruff format --check", "mypy", "lint-imports")
    assert [name for name in wanted if name not in done.stdout] == []
    (tests,) = [line for line in done.stdout.splitlines() if "/pytest " in line]
    # The long tier is everything: it selects nothing and leaves nothing out.
    assert re.findall(r" -m .*| -k .*| --ignore.*| --deselect.*", tests) == (
        [f" {pytest_runs}"] if pytest_runs else []
    )
    assert "setup.sh train,test" in done.stdout


@pytest.mark.parametrize(
    ("name", "commands"),
    [("run", ["make test"]), ("nightly", ["make test-long", "make compat"])],
)
def test_ci_calls_the_commands_that_a_person_does(name: str, commands: list[str]) -> None:
    script = ROOT / ".ci" / name
    assert os.access(script, os.X_OK)
    text = script.read_text(encoding="utf-8")
    assert re.findall(r"^(?:exec )?(make [a-z-]+)", text, flags=re.MULTILINE) == commands
    assert "set -euo pipefail" in text
    assert "export CI=true" in text
    assert "make test" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder with the set-up script and ``bin`` with nothing but the shell's tools."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "setup.sh", tmp_path / "scripts")
    (tmp_path / "bin").mkdir()
    for name in ("sh", "dirname", "id"):
        found = shutil.which(name)
        assert found
        (tmp_path / "bin" / name).symlink_to(found)
    return tmp_path


def test_setup_says_that_python_is_missing(bare: Path) -> None:
    done = run("sh", "scripts/setup.sh", cwd=bare, PATH=str(bare / "bin"), PYTHON="")
    assert done.returncode != 0
    assert "Python 3.11 or later" in done.stderr
    assert "apt-get install python3" in done.stderr


def test_setup_says_that_venv_is_missing(bare: Path) -> None:
    stub = bare / "bin" / "python3"
    # New enough, but `import ensurepip, venv` fails.
    stub.write_text('#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\n')
    stub.chmod(0o755)
    done = run("sh", "scripts/setup.sh", cwd=bare, PATH=str(bare / "bin"), PYTHON="")
    assert done.returncode != 0
    assert "python3-venv" in done.stderr


# Dependencies


def test_constraints_are_plain_pins_of_everything_that_is_needed() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").split("\n")
    assert [line for line in lines[:-1] if not PIN.fullmatch(line)] == []
    pins = dict(line.split("==") for line in lines[:-1])
    pinned = {canonicalize_name(name): pin for name, pin in pins.items()}
    assert "torch" not in pinned
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = config["optional-dependencies"].values()
    wanted = [Requirement(text) for part in (config["dependencies"], *extras) for text in part]
    for requirement in wanted:
        if requirement.marker is None or requirement.marker.evaluate():
            pin = pinned[canonicalize_name(requirement.name)]
            assert requirement.specifier.contains(pin), requirement


def test_inference_needs_no_framework() -> None:
    needed = [Requirement(text) for text in requires("hemavision") or []]
    plain = {r.name for r in needed if r.marker is None or r.marker.evaluate({"extra": ""})}
    assert "onnxruntime" in plain
    assert plain.isdisjoint({"keras", "tensorflow", "tensorflow-cpu", "onnx", "jax"})


def test_no_copyleft_licence_came_in_and_the_page_is_true() -> None:
    assert licences.main(["--check"]) == 0


def test_a_licence_that_is_not_known_is_refused() -> None:
    licensed = {"a": "MIT", "b": "GPL-3.0-only", "c": licences.NOT_SAID, "d": "EUPL 1.2"}
    licensed |= {"fpdf2": "LGPL-3.0-only", "e": "GNU Affero General Public License v3"}
    named = [problem.partition(":")[0] for problem in licences.unheard_of(licensed)]
    assert named == ["b", "c", "d", "e"]
    assert licences.licence_of("namex") == "Apache License"  # which its own file alone says


def test_the_audit_takes_exceptions_with_a_reason_and_a_day_only() -> None:
    found = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["2"]}
    report = {"dependencies": [
        {"name": "a", "version": "1", "vulns": [found]},
        {"name": "b", "version": "1", "vulns": []},
        {"name": "c", "skip_reason": "not found"},
    ]}  # fmt: skip
    today = date(2026, 1, 1)
    sound = {
        "id": "CVE-1",
        "package": "a",
        "until": today,
        "reason": "Nothing here calls that part.",
    }
    told = {
        "PYSEC-1, mended in 2": [],
        "": [sound],
        "look at it again": [sound | {"until": date(2025, 1, 1)}],
        "gives no reason": [sound | {"reason": "harmless"}],
        "must have": [{"id": "CVE-1", "package": "a"}],
        "no longer needed": [sound, sound | {"package": "b"}],
    }
    for said, exceptions in told.items():
        problems = "\n".join(audit.problems_in(report, exceptions, today))
        assert "c was not audited" in problems
        assert said in problems
        assert ("PYSEC-1" in problems) == (sound not in exceptions)
    kept = tomllib.loads(audit.EXCEPTIONS.read_text(encoding="utf-8")).get("exception", [])
    vulnerable = [
        {"name": e["package"], "version": "1", "vulns": [e | {"fix_versions": []}]} for e in kept
    ]
    assert list(audit.problems_in({"dependencies": vulnerable}, kept, date.today())) == []


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, its networks empty, built twice into the same bytes."""
    wheels = []
    for name in ("first", "second"):
        tree = tmp_path_factory.mktemp(name) / "tree"
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(ROOT / "src", tree / "src", ignore=ignored, copy_function=_copy_small)
        for packed in set(release.PACKED) - {"src"}:
            shutil.copyfile(ROOT / packed, tree / packed)
        os.utime(tree / "README.md", (len(name), len(name)))
        wheels.append(release.build(tree, tree.parent, 1_700_000_000))
    first, second = wheels
    assert first.read_bytes() == second.read_bytes()
    return first


def test_the_bill_of_materials_names_what_a_plain_install_brings(wheel: Path) -> None:
    text = release.bill_of_materials(wheel, 1_700_000_000)
    assert text == release.bill_of_materials(wheel, 1_700_000_000)
    bom = json.loads(text)
    assert (bom["bomFormat"], bom["specVersion"]) == ("CycloneDX", "1.6")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    assert bom["metadata"]["component"]["hashes"] == [{"alg": "SHA-256", "content": digest}]
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
    pins = {canonicalize_name(name): pin for name, _, pin in (li.partition("==") for li in lines)}
    parts = {part["name"]: part for part in bom["components"]}
    assert {"flask", "onnxruntime", "markupsafe"} <= set(parts)
    assert {"pytest", "keras", "onnx"}.isdisjoint(parts)
    for name, part in parts.items():
        assert part["purl"] == f"pkg:pypi/{name}@{pins[name]}"
        assert part["licenses"]
    below = {tree["ref"]: tree.get("dependsOn", []) for tree in bom["dependencies"]}
    assert "flask" in below["hemavision"]
    assert "werkzeug" in below["flask"]


def test_the_wheel_carries_what_is_read(wheel: Path) -> None:
    assert wheel.name.startswith(f"hemavision-{version('hemavision')}-")
    packed = set(zipfile.ZipFile(wheel).namelist())
    folders = (
        "bundles",
        "datasets/tables",
        "profiles",
        "report/templates",
        "web/templates",
        "web/static",
    )
    read = [
        path.relative_to(ROOT / "src").as_posix()
        for folder in folders
        for path in (ROOT / "src" / "hemavision" / folder).rglob("*")
        if path.is_file()
    ]
    assert len(read) > len(folders)
    assert set(read) - packed == set()
    networks = {name.removeprefix("hemavision/bundles/") for name in packed if "onnx" in name}
    assert {"eight-types.onnx", "unseen-cells.onnx", "detectors/cells.onnx"} <= networks
    assert "seed.onnx" not in networks
    assert "hemavision/py.typed" in packed
    assert "hemavision/store/migrations/env.py" in packed
    assert "hemavision/store/migrations/versions/step_0001.py" in packed


def _copy_small(source: str, target: str) -> None:
    """Copy a file, a network by its name alone: which files are packed is asked, not what is in."""
    if source.endswith(".onnx"):
        Path(target).touch()
    else:
        shutil.copy(source, target)


# Documents


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    local = [t.split("#")[0] for t in targets if not re.match(r"[a-z]+:|#", t)]
    assert [target for target in local if not (page.parent / target).exists()] == []


def test_every_page_of_the_documentation_can_be_reached() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = [
        p.relative_to(ROOT / "docs").as_posix() for p in PAGES if p.is_relative_to(ROOT / "docs")
    ]
    assert [page for page in pages if page != "README.md" and f"({page})" not in index] == []


@pytest.mark.parametrize(
    "name", ["README.md", "docs/README.md", "docs/guide.md", "SECURITY.md", "CITATION.cff"]
)
def test_the_notice_stands_where_people_start(name: str) -> None:
    assert NOTICE in (ROOT / name).read_text(encoding="utf-8")


def test_readme_s_figures_are_those_of_the_records() -> None:
    done = run(sys.executable, "scripts/readme_figures.py", "--check")
    assert done.returncode == 0, done.stderr


def test_readme_s_figures_are_filled_only_between_their_markers(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "readme_figures.py", tmp_path / "scripts")
    before = "above\n<!-- figures -->\nold\n<!-- /figures -->\nbetween\n"
    page = before + "<!-- speed -->\nold\n<!-- /speed -->\nbelow\n"
    (tmp_path / "README.md").write_text(page, encoding="utf-8")
    record = tmp_path / "docs" / "results" / "one_pass.json"
    record.parent.mkdir(parents=True)
    scale = tmp_path / "docs" / "scale.md"
    scale.write_text(
        "<!-- measured -->\n<!-- /measured -->\n<!-- plan -->\n<!-- /plan -->\n", encoding="utf-8"
    )
    operations = tmp_path / "docs" / "operations.md"
    operations.write_text("<!-- load -->\nold\n<!-- /load -->\n", encoding="utf-8")
    record.write_text(
        '{"facts": {"rounds": 3, "images": 2, "processor": "P", "cores": 2, "libraries": "L"},'
        ' "overhead_percent": [1.0, 0.5, 2.0],'
        ' "ways": [{"key": "a", "title": "the slow way", "median_ms": 400.04,'
        ' "ratio": [15.0, 14.0, 16.0]}]}',
        encoding="utf-8",
    )
    # In this process: the test above starts the script as a person does.
    runpy.run_path(str(tmp_path / "scripts" / "readme_figures.py"), run_name="__main__")
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert text.startswith("above\n<!-- figures -->\nNot measured")
    assert "| the slow way | 400.0 | 15.00 [14.00, 16.00] |" in text
    assert text.endswith("<!-- /speed -->\nbelow\n")
    for path, name in ((operations, "load"), (scale, "measured")):
        assert path.read_text(encoding="utf-8").startswith(f"<!-- {name} -->\nNot measured")


def test_the_changelog_knows_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "## [Unreleased]" in text or f"## [{version('hemavision')}]" in text
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {version('hemavision')}\n" in citation


# Rules


def test_every_module_keeps_to_the_rules() -> None:
    broken = {p.relative_to(ROOT / "src").as_posix(): list(_broken_by(p)) for p in SOURCES}
    assert {path: rules for path, rules in broken.items() if rules} == {}


def _broken_by(path: Path) -> Iterator[str]:
    """Yield what a module does that none may."""
    text = path.read_text(encoding="utf-8")
    if text.count("\n") >= 400:
        yield "400 lines or more"
    if path.stem in {"utils", "helpers", "common", "manager"}:
        yield "a name that says nothing"
    if found := re.search(r"\b(TODO|FIXME|XXX|NotImplementedError)\b", text):
        yield found[0]
    functions = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef)]
    for function in functions:
        if _parameters(function) > 6 and not _is_command(function):
            yield f"more than six parameters: {function.name}"


def _parameters(function: ast.FunctionDef) -> int:
    arguments = function.args
    names = [a.arg for a in arguments.posonlyargs + arguments.args + arguments.kwonlyargs]
    return len([name for name in names if name not in ("self", "cls")])


def _is_command(function: ast.FunctionDef) -> bool:
    """Whether click calls it: its parameters are the command's options."""
    return any("command" in ast.unparse(decorator) for decorator in function.decorator_list)


def test_what_is_costly_is_started_by_one_worker(request: pytest.FixtureRequest) -> None:
    """Said of this test itself: without its group a browser would start in every worker."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        assert request.node.nodeid.endswith("@test_house.py")


def test_what_is_long_has_a_fast_twin() -> None:
    """The mark stands on some of a test's parameters, never on all of it: both share each check."""
    lonely = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if path.name != "conftest.py"  # what it marks are parameters: the databases above the store
        for line in _long_without_twin(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert lonely == []


@pytest.mark.parametrize(
    ("marked", "lonely"),
    [
        ('@pytest.mark.parametrize("n", [4, pytest.param(50, marks=pytest.mark.long)])', False),
        ('@pytest.mark.parametrize("n", [1, pytest.param(2, marks=[pytest.mark.long])])', False),
        (
            '@pytest.mark.parametrize("n", [1, *(pytest.param(n, marks=pytest.mark.long)'
            " for n in (2, 3))])",
            False,
        ),
        ('@pytest.mark.parametrize("n", [pytest.param(50, marks=pytest.mark.long)])', True),
        ("@pytest.mark.long", True),
        ('@pytest.mark.parametrize("n", [1, 2], ids=str)\n@pytest.mark.long', True),
        ("@pytest.fixture(params=[1, pytest.param(2, marks=pytest.mark.long)])", False),
        ("@pytest.fixture(params=[pytest.param(2, marks=pytest.mark.long)])", True),
        ("pytestmark = pytest.mark.long\n", True),
        ("from pytest import mark\nLONG = mark.long\n", True),
    ],
)
def test_a_long_test_without_a_twin_is_seen(marked: str, lonely: bool) -> None:
    assert bool(_long_without_twin(ast.parse(f"{marked}\ndef test(n): ..."))) is lonely


def _long_without_twin(tree: ast.Module) -> list[int]:
    """Return the lines of ``mark.long`` that stand elsewhere than on one of several parameters."""
    allowed: set[ast.AST] = set()
    for values in map(_parameters_of, ast.walk(tree)):
        marks = [list(_long_marks_of(value)) for value in values]
        if [] in marks:
            allowed.update(mark for found in marks for mark in found)
    return [n.lineno for n in ast.walk(tree) if _is_long_mark(n) and n not in allowed]


def _parameters_of(node: ast.AST) -> list[ast.expr]:
    """Return the parameters that a test or a fixture is given, where this is what gives them."""
    if not isinstance(node, ast.Call):
        return []
    given = {
        "pytest.mark.parametrize": node.args[1:2],
        "pytest.fixture": [k.value for k in node.keywords if k.arg == "params"],
    }.get(ast.unparse(node.func), [])
    return [v for values in given if isinstance(values, ast.List | ast.Tuple) for v in values.elts]


def _long_marks_of(value: ast.expr) -> Iterator[ast.AST]:
    """Yield the marks ``long`` that a ``pytest.param`` has as its ``marks=``."""
    if isinstance(value, ast.Starred) and isinstance(value.value, ast.GeneratorExp):
        value = value.value.elt
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "pytest.param":
        for keyword in value.keywords:
            if keyword.arg == "marks":
                yield from filter(_is_long_mark, ast.walk(keyword.value))


def _is_long_mark(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "long" and "mark" in ast.unparse(node)
