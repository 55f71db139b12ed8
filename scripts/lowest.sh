#!/bin/sh
# Proves the lower bounds in pyproject.toml: an environment of its own with the oldest release of each
# direct dependency of a plain install, of `batch`, `convert` and `postgres`, and the fast tests of all that
# runs without the training side. The tests' own tools are those of constraints.txt.
set -eu
cd "$(dirname "$0")/.."
venv=.lowest
[ -x "$venv/bin/python" ] || .venv/bin/python -m venv "$venv"

.venv/bin/python - > "$venv/constraints.txt" <<'PYTHON'
import re, tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
extras = project["optional-dependencies"]
lowest = {}
small = [wanted for name in ("batch", "convert", "postgres") for wanted in extras[name]]
for wanted in (*project["dependencies"], *small):
    name, bound = re.match(r"([a-zA-Z0-9.-]+)(?:\[\w+\])?>=([\d.]+)", wanted).groups()
    lowest[name.lower()] = bound
tools = {}
for line in Path("constraints.txt").read_text().splitlines():
    name, _, version = line.partition("==")
    tools[re.sub("[-_.]+", "-", name.lower())] = version
runs = ("pytest", "pytest-timeout", "pytest-xdist", "hypothesis", "playwright", "pypdf", "psutil",
        "jsonschema-rs", "fhir.resources", "geojson", "shapely", "axe-playwright-python",
        "scikit-learn")
for name, bound in lowest.items():
    # pip takes the newest that it may: of the first minor version.
    print(f"{name}=={bound}" + ("" if bound.count(".") > 1 else ".*" if "." in bound else ".0.*"))
for name in runs:
    print(f"{name}=={tools[re.sub('[-_.]+', '-', name)]}")
PYTHON

"$venv/bin/python" -m pip install -qq --disable-pip-version-check \
    --constraint "$venv/constraints.txt" --editable ".[batch,convert,postgres]" \
    pytest pytest-timeout pytest-xdist hypothesis playwright pypdf psutil jsonschema-rs \
    fhir.resources geojson shapely axe-playwright-python scikit-learn
"$venv/bin/python" -m pytest -p no:cacheprovider --numprocesses 2 --dist loadgroup -m "not long" \
    tests/agreement tests/batch tests/browser tests/casework tests/cli tests/differential tests/images \
    tests/reading tests/records tests/report tests/store tests/web "$@"
