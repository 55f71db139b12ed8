"""The examples of ``deploy/``: parsers take them, and what they name is there."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from compose_spec import PyCompose
from fixtures_cases import make_model
from servers import certificate, nginx_file, program

from hemavision import settings
from hemavision.store.database import find_url, make_engine
from hemavision.web import create_app
from hemavision.web.gate import FINISH_S

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
#: The oldest Kubernetes that the example is for, and the newest that its validator knows.
VERSIONS = ("1.29", kubernetes_validate.latest_version())
#: PostgreSQL's own default, less those that it keeps for its administrator.
CONNECTIONS = 100 - 3
PORT = 5000


def words(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


def kubernetes(text: str) -> dict[str, Any]:
    """Return the example's objects by kind."""
    return {one["kind"]: one for one in yaml.safe_load_all(text)}


def check_compose(text: str) -> dict[str, Any]:
    """Return the services.

    Raises:
        ValueError: it is not as the Compose specification says, or names what is not there.
    """
    compose = PyCompose.from_yaml(text)
    compose.validate()
    values = yaml.safe_load(text)
    services: dict[str, Any] = values["services"]
    for service in services.values():
        named = [v.split(":")[0] for v in service.get("volumes", []) if not v.startswith(".")]
        if not {*service.get("depends_on", {})} <= {*services}:
            raise ValueError(f"{service['depends_on']} are not all there")
        if not {*named} <= {*values["volumes"]}:
            raise ValueError(f"{named} are not all there")
    return services


def check_kubernetes(text: str, *versions: str) -> None:
    for version in versions:
        for one in yaml.safe_load_all(text):
            kubernetes_validate.validate(one, version, strict=True)


def test_compose_s_parser_takes_its_example() -> None:
    text = words("compose.yaml")
    services = check_compose(text)
    assert services["web-1"] == services["web-2"]
    for old, new in (
        ("healthcheck:", "healthchek:"),
        ("stop_grace_period: 40s", "stop_grace_period: soon"),
        ("condition: service_healthy", "condition: healthy"),
        ("      web-1:", "      web-3:"),
        ("- database:/", "- databse:/"),
    ):
        assert old in text
        with pytest.raises(ValueError):  # noqa: PT011  # each parser has words of its own
            check_compose(text.replace(old, new, 1))


def test_kubernetes_s_schemas_take_their_example() -> None:
    text = words("kubernetes.yaml")
    check_kubernetes(text, *VERSIONS)
    for old, new in (("readinessProbe", "readynessProbe"), ("minReplicas: 2", "minReplicas: two")):
        assert old in text
        with pytest.raises(kubernetes_validate.ValidationError):
            check_kubernetes(text.replace(old, new), VERSIONS[0])
    found = kubernetes(text)
    pod = found["Deployment"]["spec"]["template"]
    for kind, path in (
        ("Service", ("selector",)),
        ("PodDisruptionBudget", ("selector", "matchLabels")),
        ("NetworkPolicy", ("podSelector", "matchLabels")),
        ("Deployment", ("selector", "matchLabels")),
    ):
        value = found[kind]["spec"]
        for step in path:
            value = value[step]
        assert value == pod["metadata"]["labels"], kind
    name = found["Deployment"]["metadata"]["name"]
    assert found["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]["name"] == name
    (rule,) = found["Ingress"]["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    assert path["backend"]["service"]["name"] == found["Service"]["metadata"]["name"]
    sources = [next(iter(source.values()))["name"] for source in container(found)["envFrom"]]
    assert sources == [found[kind]["metadata"]["name"] for kind in ("ConfigMap", "Secret")]


def test_nginx_takes_its_example(tmp_path: Path) -> None:
    certificate(tmp_path)
    blocks = re.sub(r"web-\d", "localhost", words("nginx.conf"))
    blocks = blocks.replace("/etc/nginx/tls/smears.", f"{tmp_path}/")
    command = [program("nginx"), "-t", "-p", str(tmp_path), "-c"]
    for text, status in ((blocks, 0), (blocks.replace("non_idempotent", "nonidempotent"), 1)):
        written = nginx_file(tmp_path, text)
        done = subprocess.run([*command, written], check=False, capture_output=True)
        assert done.returncode == status, done.stderr


def test_what_the_examples_say_of_the_server_holds() -> None:
    compose, found = check_compose(words("compose.yaml")), kubernetes(words("kubernetes.yaml"))
    web, pod, box = (
        compose["web-1"],
        found["Deployment"]["spec"]["template"]["spec"],
        container(found),
    )
    known = {setting.variable for setting in settings.SETTINGS}
    for path in DEPLOY.iterdir():
        assert set(re.findall(r"HEMAVISION_\w+", path.read_text(encoding="utf-8"))) <= known, path
    probes = [box[f"{when}Probe"]["httpGet"] for when in ("startup", "readiness", "liveness")]
    asked = re.search(r"http://127\.0\.0\.1:(\d+)(/\S+)'", web["healthcheck"]["test"][-1])
    assert asked is not None
    client = create_app(make_model()).test_client()
    for address in {*(probe["path"] for probe in probes), asked[2]}:
        assert client.get(address).status_code == 200, address
    assert [port["containerPort"] for port in box["ports"]] == [int(asked[1])] == [PORT]
    assert {probe["port"] for probe in probes} == {port["name"] for port in box["ports"]}
    assert set(re.findall(r"web-\d:(\d+)", words("nginx.conf"))) == {str(PORT)}
    assert set(re.findall(r"server (web-\d)", words("nginx.conf"))) == {
        name for name in compose if name.startswith("web-")
    }
    body = f"{next(s.default for s in settings.SETTINGS if s.name == 'max_body_mb')}m"
    annotations = found["Ingress"]["metadata"]["annotations"]
    assert annotations["nginx.ingress.kubernetes.io/proxy-body-size"] == body
    assert f"client_max_body_size {body};" in words("nginx.conf")
    # Killed no sooner than what was accepted is answered.
    before_s = int(box["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] >= before_s + FINISH_S
    assert int(web["stop_grace_period"].removesuffix("s")) >= FINISH_S
    assert pod["securityContext"]["runAsUser"] == int(
        re.findall(r"USER (\d+)", words("Dockerfile"))[0]
    )
    assert {compose[name]["image"] for name in ("web-1", "bucket")} == {"hemavision"}
    assert box["image"].rpartition("/")[2].startswith("hemavision:")
    pool: Any = make_engine(find_url("postgresql://nobody@nowhere/nothing")).pool
    most = found["HorizontalPodAutoscaler"]["spec"]["maxReplicas"]
    assert most * (pool.size() + pool._max_overflow) <= CONNECTIONS


def test_the_image_is_made_of_what_is_here() -> None:
    text = words("Dockerfile")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    copied = [name for line in re.findall(r"COPY (.*) \S+", text) for name in line.split()]
    assert all((ROOT / name).exists() for name in copied)
    (extras,) = re.findall(r"/source\[([\w,]+)\]", text)
    assert {*extras.split(",")} <= {*project["optional-dependencies"]}
    assert {project["readme"], *project["license-files"]} <= {*copied}
    (module,) = re.findall(r"\"python:([\w.]+)", text)
    assert (ROOT / "src" / Path(*module.split("."))).with_suffix(".py").is_file()
    assert f"HEMAVISION_PORT={PORT}" in text
    assert f"EXPOSE {PORT}" in text


def container(found: dict[str, Any]) -> dict[str, Any]:
    (one,) = found["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert isinstance(one, dict)
    return one
