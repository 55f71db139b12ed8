"""What goes away or is replaced while the application answers."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fixtures_cases import at_once, cells_of, make_model, new_image
from fixtures_images import cell_png
from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import Engine

from hemavision.errors import BundleError
from hemavision.reading.bundle import find_bundle
from hemavision.reading.cell import open_model
from hemavision.store import open_store
from hemavision.store.cases import create_case
from hemavision.store.images import add_image
from hemavision.store.verification import verify
from hemavision.web import create_app


@contextmanager
def as_admin(server: str) -> Iterator[Any]:
    url = server.format("postgres").replace("postgresql:", "postgresql+psycopg:")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield lambda statement: connection.execute(text(statement))
    engine.dispose()


def test_the_database_goes_and_comes_back_in_the_middle_of_a_review(
    postgresql: str, database: str
) -> None:
    store = open_store(postgresql.format(database))
    case = create_case(store, "One", "", "ann")
    for number in range(2):
        add_image(store, case.id, new_image(number), "ann")
    client = create_app(make_model(), store=store).test_client()
    address = f"/api/v1/cases/{case.id}/cells"

    def decide(number: int, key: str, kind: str = "monocyte") -> Any:
        cell = cells[number]
        body = at_once([{"id": cell.id, "revision": cell.revision, "cell_type": kind}])
        return client.patch(address, json=body, headers={"Idempotency-Key": key})

    cells = cells_of(store, case)
    assert decide(0, "first").status_code == 200
    end = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"
    with as_admin(postgresql) as ask:
        ask(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
        ask(end)
        away = decide(1, "second")
        assert (away.status_code, away.json["type"]) == (503, "/docs#store-failed")
        assert "when it is back" in away.json["detail"]
        assert client.get("/health/ready").status_code == 503
        assert client.get("/").status_code == 200  # pages do not wait for it
        ask(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")
        assert [decide(1, "second").status_code for _ in range(2)] == [200, 200]
        cells = cells_of(store, case)
        assert [cell.revision for cell in cells] == [1, 1]

        def cut(connection: object, cursor: object, statement: str, *more: object) -> None:
            if statement.startswith("INSERT INTO log"):
                ask(end)

        event.listen(Engine, "after_cursor_execute", cut)
        try:
            assert decide(0, "third", "blast").status_code == 503
        finally:
            event.remove(Engine, "after_cursor_execute", cut)
        assert [cell.revision for cell in cells_of(store, case)] == [1, 1]
        assert decide(0, "third", "blast").status_code == 200
    assert [cell.revision for cell in cells_of(store, case)] == [2, 1]
    assert verify(store).sound
    store.close()


def test_a_bundle_that_is_replaced_while_it_serves_is_not_taken(tmp_path: Path) -> None:
    """The old network answers until the server starts again; a broken new one is then refused."""
    path = Path(shutil.copy(find_bundle("eight-types"), tmp_path / "own.onnx"))
    model = open_model(path)
    client = create_app(model).test_client()

    def answer() -> Any:
        files = {"images": (io.BytesIO(cell_png()), "a.png")}
        (result,) = client.post("/api/v1/classify", data=files).json["results"]
        del result["prediction"]["milliseconds"]
        return result

    before = answer()
    sound = path.read_bytes()
    for content in (b"no network", sound[: len(sound) // 2]):
        path.write_bytes(content)
        assert answer() == before
        with pytest.raises(BundleError, match=r"own\.onnx"):
            open_model(path)
    path.unlink()
    assert answer() == before
    assert client.get("/health/ready").status_code == 200
