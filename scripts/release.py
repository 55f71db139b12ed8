"""Build a release into dist/ (``make release``): the wheel, its SBOM (CycloneDX), their checksums.

What is built is the last commit, whatever lies beside it, and twice: the bytes must be the same, so
that anybody can build them again and compare.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from licences import licence_of, needed
from packageurl import PackageURL

ROOT = Path(__file__).resolve().parents[1]
PACKED = ("src", "pyproject.toml", "README.md", "LICENSE")


def build(tree: Path, into: Path, moment: int) -> Path:
    """Build the wheel of a tree that nothing was built in; return it.

    Args:
        tree: with :data:`PACKED`.
        into: the folder for the wheel.
        moment: seconds since 1970 that files in it shall bear.
    """
    for path in sorted(tree.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    # Without isolation, so that what builds is what constraints.txt names.
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index"]
    environment = os.environ | {"SOURCE_DATE_EPOCH": str(moment), "PYTHONHASHSEED": "0"}
    subprocess.run(
        [*command, "--no-build-isolation", "-w", str(into), str(tree)],
        env=environment, stdin=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    (wheel,) = into.glob("*.whl")
    return wheel


def bill_of_materials(wheel: Path, moment: int) -> str:
    """Return the SBOM of a wheel as CycloneDX 1.6 in JSON: what a plain install brings, and why.

    The versions are those that the tests ran with; it is the same for the same wheel.
    """
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    bom = Bom(serial_number=uuid5(NAMESPACE_URL, f"hemavision {digest}"))
    bom.metadata.timestamp = datetime.fromtimestamp(moment, UTC)
    tree = needed()
    components = {name: _component(name) for name in tree}
    main = components.pop("hemavision")
    main.hashes.add(HashType(alg=HashAlgorithm.SHA_256, content=digest))
    bom.metadata.component = main
    bom.components.update(components.values())
    for name, below in tree.items():
        bom.register_dependency(components.get(name, main), [components[other] for other in below])
    return JsonV1Dot6(bom).output_as_string(indent=1) + "\n"


def _component(name: str) -> Component:
    is_ours = name == "hemavision"
    return Component(
        name=name,
        version=version(name),
        type=ComponentType.APPLICATION if is_ours else ComponentType.LIBRARY,
        bom_ref=name,
        purl=PackageURL("pypi", name=name, version=version(name)),
        licenses=[LicenseFactory().make_from_string(licence_of(name))],
    )


def main() -> int:
    """Build the last commit twice and compare; 1 where the bytes differ."""
    into = ROOT / "dist"
    into.mkdir(exist_ok=True)
    moment = int(_git("log", "-1", "--format=%ct"))
    with tempfile.TemporaryDirectory() as folder:
        wheels = [_built(Path(folder, name), moment) for name in ("first", "second")]
        first, second = (wheel.read_bytes() for wheel in wheels)
        if first != second:
            print("Two builds of the same commit differ; nothing was written.", file=sys.stderr)
            return 1
        bom = bill_of_materials(wheels[0], moment)
    name = wheels[0].name
    files = {name: first, name.replace(".whl", ".cdx.json"): bom.encode()}
    sums = "".join(f"{hashlib.sha256(c).hexdigest()}  {n}\n" for n, c in files.items())
    for file, content in (files | {"SHA256SUMS": sums.encode()}).items():
        (into / file).write_bytes(content)
    print(sums, end="")
    return 0


def _built(folder: Path, moment: int) -> Path:
    tree = folder / "tree"
    tree.mkdir(parents=True)
    packed = subprocess.run(
        ["git", "archive", "HEAD", *PACKED], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    subprocess.run(["tar", "-x", "-C", str(tree)], input=packed.stdout, check=True)
    return build(tree, folder, moment)


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
