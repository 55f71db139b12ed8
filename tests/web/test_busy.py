"""A busy server: who waits, who is told to come again, and what is answered meanwhile."""

from __future__ import annotations

import io
import json
import logging
import re
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
import waitress
import yaml
from fakes import FakeEngine, FakeFinder
from fixtures_cases import make_model
from fixtures_images import cell_png
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families
from waiting import until

from hemavision.errors import SettingsError
from hemavision.reading.cell import Model
from hemavision.reading.engine import EngineOutput
from hemavision.records.results import ModelReference
from hemavision.web import create_app, gate, gunicorn, logs
from hemavision.web.gate import FullError, Gate
from hemavision.web.services import NAME

ROOT = Path(__file__).parents[2]
CLASSIFY = "/api/v1/classify"
SECRET = "Doe-Jane-1970.png"


# The gate


def test_they_go_in_as_they_came_and_one_too_many_is_told_when_to_come_again() -> None:
    narrow, order, held = Gate(1, 3), [], threading.Event()

    def go(number: int) -> None:
        with narrow.turn() as waited_s:
            order.append((number, waited_s > 0))
            held.wait(60)

    with ThreadPoolExecutor(4) as pool:
        for number in range(4):
            pool.submit(go, number)
            until(lambda number=number: (narrow.running, narrow.waiting) == (1, number))
        with pytest.raises(FullError, match="3 requests"), narrow.turn():
            pass
        held.set()
    assert order == [(0, False), (1, True), (2, True), (3, True)]
    assert (narrow.running, narrow.waiting) == (0, 0)
    # A place is free again after what failed inside, too.
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), narrow.turn():
            raise ZeroDivisionError
    assert narrow.running == 0


def test_how_long_to_wait_follows_from_how_long_it_usually_takes() -> None:
    full = Gate(2, 0)
    full.running = 2
    for usual_s, said_s in ((0.0, 1), (0.4, 1), (5.2, 6), (900.0, 60)):
        full._usual_s = usual_s
        with pytest.raises(FullError) as refused, full.turn():
            pass
        assert refused.value.retry_after_s == said_s


@pytest.mark.parametrize(
    ("quota", "expected"), [("50000 100000", 1), ("max 100000", 3), ("250000 100000", 3), ("", 3)]
)
def test_cores_are_those_that_a_container_may_use(
    quota: str, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cpu.max").write_text(quota)
    monkeypatch.setattr(gate, "_QUOTA", tmp_path / "cpu.max")
    monkeypatch.setattr(gate.os, "sched_getaffinity", lambda _: {0, 1, 5}, raising=False)
    assert gate.cores() == expected
    monkeypatch.setenv("HEMAVISION_AT_ONCE", "0")
    monkeypatch.setenv("HEMAVISION_WAITING", "7")
    assert (Gate().at_once, Gate().most_waiting) == (expected, 7)


# The server


class Held(FakeEngine):
    """Answers when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.let = threading.Event()

    def run(self, crops: np.ndarray) -> EngineOutput:
        assert self.let.wait(60)
        return super().run(crops)


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Held, Gate]]:
    """A real server whose networks one request may use while one waits."""
    monkeypatch.setenv("HEMAVISION_AT_ONCE", "1")
    monkeypatch.setenv("HEMAVISION_WAITING", "1")
    engine = Held()
    app = create_app(Model(engine, ModelReference("held", "0" * 64)), finder=FakeFinder())
    server = waitress.create_server(app, host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}", engine, app.extensions[NAME].gate
    finally:
        engine.let.set()
        server.close()
        thread.join(timeout=60)


def post(address: str, path: str = CLASSIFY) -> requests.Response:
    return requests.post(address + path, files={"images": (SECRET, cell_png(0))}, timeout=60)


def test_a_full_server_refuses_politely_and_still_shows_its_pages(
    busy: tuple[str, Held, Gate],
) -> None:
    address, engine, narrow = busy
    engine.let.set()
    assert post(address).status_code == 200
    assert requests.get(f"{address}/health/ready", timeout=60).status_code == 200
    engine.let.clear()
    with ThreadPoolExecutor(2) as pool:
        waiting: list[Future[requests.Response]] = []
        for number in range(2):
            waiting.append(pool.submit(post, address))
            until(lambda number=number: (narrow.running, narrow.waiting) == (1, number))
        for path in (CLASSIFY, "/api/v1/smears", "/predict"):
            refused = post(address, path)
            assert refused.status_code == 503
            assert refused.json()["type"] == "/docs#busy"
            assert int(refused.headers["Retry-After"]) == refused.json()["retry_after_s"] > 0
        frame = requests.post(
            f"{address}/api/v1/live", b"", headers={"Content-Type": "image/jpeg"}, timeout=60
        )
        assert frame.status_code == 503
        # Asking whether it is ready does not wait for the networks, which answered just now.
        for path in ("/", "/health/live", "/health/ready", "/static/js/main.js"):
            assert requests.get(address + path, timeout=60).status_code == 200
        found = counted(requests.get(f"{address}/metrics", timeout=60).text)
        assert found["hemavision_waiting"] == found["hemavision_working"] == 1
        assert found["hemavision_waiting_limit"] == found["hemavision_working_limit"] == 1
        engine.let.set()
        assert [answer.result().status_code for answer in waiting] == [200, 200]


def counted(text: str) -> dict[str, float]:
    """Each series' value by its name and the value of its last label."""
    return {
        " ".join([s.name, *list(s.labels.values())[-1:]]): s.value
        for family in text_string_to_metric_families(text)
        for s in family.samples
    }


# What is seen from outside


class Foreign(FakeEngine):
    """Says of every image that its colours are foreign."""

    def run(self, crops: np.ndarray) -> EngineOutput:
        output = super().run(crops)
        output.foreign[:] = 2.0
        return output


def ask(app: Flask, images: int = 1, **more: Any) -> Any:
    sent = [(io.BytesIO(cell_png(n)), f"{n}{SECRET}") for n in range(images)]
    return app.test_client().post(CLASSIFY, data={"images": sent} | more)


def test_stages_and_foreign_colours_are_counted() -> None:
    app = create_app(Model(Foreign(), ModelReference("foreign", "0" * 64)), finder=FakeFinder())
    assert ask(app, 3, heatmaps="overlay").status_code == 200
    found = counted(app.test_client().get("/metrics").text)
    for stage, times in (("decode", 3), ("pass", 3), ("overlay", 3), ("detect", 0)):
        assert found[f"hemavision_stage_seconds_count {stage}"] == times
    assert found["hemavision_stage_seconds_sum pass"] > 0
    assert found["hemavision_foreign_colours_total"] == 3
    assert found["hemavision_waiting_seconds_count"] == 1
    assert create_app(make_model(), finder=FakeFinder()).test_client().get("/metrics").text


def test_operators_files_name_what_is_counted() -> None:
    """The dashboard, the alarms and the page: nothing that does not exist, nothing left out."""
    app = create_app(make_model(), finder=FakeFinder())
    families = list(text_string_to_metric_families(app.test_client().get("/metrics").text))
    known = {sample.name for family in families for sample in family.samples}
    # What has labels has no sample before it counts.
    for kind, ending in (("counter", "total"), ("histogram", "bucket")):
        known |= {f"{family.name}_{ending}" for family in families if family.type == kind}
    dashboard = json.loads((ROOT / "docs" / "grafana.json").read_text(encoding="utf-8"))
    shown = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    (group,) = yaml.safe_load((ROOT / "docs" / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    alarms = [rule["expr"] for rule in group["rules"]]
    for expression in [*shown, *alarms]:
        named = set(re.findall(r"\b(?:hemavision|process)_\w+", expression))
        assert named, expression
        assert named <= known, expression
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    ours = {
        family.name
        for family in families
        if family.name.startswith("hemavision_") and not family.name.endswith("_created")
    }
    assert {name for name in ours if f"`{name}" not in page} == set()
    assert {rule["alert"] for rule in group["rules"] if rule["alert"] not in page} == set()


def test_a_request_s_line_says_what_became_of_it_and_nothing_of_its_image(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Whatever other tests of this process did to them.
    for name in ("", "hemavision", "hemavision.web", "hemavision.requests"):
        logger = logging.getLogger(name)
        fresh = {"handlers": [], "filters": [], "propagate": True, "disabled": False}
        for what, value in (fresh | {"level": logger.level}).items():
            monkeypatch.setattr(logger, what, value)
    monkeypatch.setenv("HEMAVISION_LOG", "json")
    logs.write_lines()
    app = create_app(make_model(), finder=FakeFinder())
    good = ask(app)
    named = app.test_client().get(f"/{SECRET}", headers={"X-Request-ID": "from-a.proxy_1"})
    odd = app.test_client().get("/health/live", headers={"X-Request-ID": "a b\u00e9"})
    app.extensions[NAME].model = None
    failed = ask(app)
    text = capsys.readouterr().err
    lines = [json.loads(line) for line in text.splitlines()]
    told = [line for line in lines if line["level"] == "info"]
    answers = (good, named, odd, failed)
    assert [line["request_id"] for line in told] == [a.headers["X-Request-ID"] for a in answers]
    assert [line["status"] for line in told] == [200, 404, 200, 500]
    assert [line["rule"] for line in told] == [CLASSIFY, None, "/health/live", CLASSIFY]
    assert told[0]["milliseconds"] > 0
    assert told[0]["bytes_received"] > len(cell_png(0))
    assert named.headers["X-Request-ID"] == "from-a.proxy_1"
    assert re.fullmatch("[0-9a-f]{32}", odd.headers["X-Request-ID"])
    assert "Jane" not in json.dumps(told)
    (error,) = [line for line in lines if line["level"] == "error"]
    assert error["request_id"] == failed.headers["X-Request-ID"]
    assert "Traceback" in error["error"]


def test_another_way_to_log_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEMAVISION_LOG", "xml")
    with pytest.raises(SettingsError, match="HEMAVISION_LOG is 'xml'"):
        logs.write_lines()


def test_gunicorn_is_set_as_serve_is() -> None:
    of_settings = Gate()
    assert gunicorn.threads > of_settings.at_once + of_settings.most_waiting
    assert gunicorn.bind == "127.0.0.1:5000"
