"""What a person can send by mistake, through REST: a clear answer, and the server goes on."""

from __future__ import annotations

import base64
import io
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from fixtures_images import BAD, HEIGHT, ODD, WIDTH, file_name
from flask import Flask
from flask.testing import FlaskClient

from hemavision import Model
from hemavision.web import create_app

URL = "/api/v1/classify"


@pytest.fixture(autouse=True)
def alive_after(client: FlaskClient, good: bytes) -> Iterator[None]:
    """After each test the application still answers."""
    yield
    assert client.post(URL, data=files(("ok.jpg", good))).status_code == 200


def files(*named: tuple[str, bytes]) -> dict[str, object]:
    return {"images": [(io.BytesIO(content), name) for name, content in named]}


def assert_problem(response: object, status: int, kind: str) -> str:
    """Check the one error shape; return its detail."""
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    body = response.json() if callable(response.json) else response.json
    assert {"type", "title", "status", "detail"} <= set(body)
    assert body["status"] == status
    assert body["type"] == f"/docs#{kind}"
    return str(body["detail"])


@pytest.mark.parametrize("case", BAD)
def test_a_bad_image_harms_no_other(
    client: FlaskClient, bad_and_odd_images: dict[str, bytes], good: bytes, case: str
) -> None:
    bad = (file_name(case), bad_and_odd_images[case])
    response = client.post(URL, data=files(("first.jpg", good), bad, ("last.jpg", good)))
    assert response.status_code == 200
    first, middle, last = response.json["results"]
    assert first["prediction"]["probabilities"] == last["prediction"]["probabilities"]
    assert set(middle) == {"filename", "error"}
    assert middle["filename"] == file_name(case)
    assert middle["error"]["type"] == "/docs#bad-image"
    assert middle["error"]["status"] == 422
    assert len(middle["error"]["detail"]) > 20


@pytest.mark.parametrize("case", BAD)
def test_a_bad_image_alone_is_a_problem(
    client: FlaskClient, bad_and_odd_images: dict[str, bytes], case: str
) -> None:
    response = client.post(URL, data=files((file_name(case), bad_and_odd_images[case])))
    detail = assert_problem(response, 422, "no-image-readable")
    (item,) = response.json["results"]
    assert item["error"]["detail"] == detail


@pytest.mark.parametrize("case", BAD)
def test_a_bad_image_in_json(
    client: FlaskClient, bad_and_odd_images: dict[str, bytes], good: bytes, case: str
) -> None:
    images = [base64.b64encode(content).decode() for content in (bad_and_odd_images[case], good)]
    first, second = client.post(URL, json={"images": images}).json["results"]
    assert first["error"]["type"] == "/docs#bad-image"
    assert "prediction" in second


@pytest.mark.parametrize("case", BAD)
def test_a_bad_image_for_the_demo_client(
    client: FlaskClient, bad_and_odd_images: dict[str, bytes], case: str
) -> None:
    file = (io.BytesIO(bad_and_odd_images[case]), file_name(case))
    assert_problem(client.post("/predict", data={"file": file}), 422, "bad-image")


@pytest.mark.parametrize("case", ODD)
def test_an_odd_image_is_converted(
    client: FlaskClient, bad_and_odd_images: dict[str, bytes], case: str
) -> None:
    data = files((file_name(case), bad_and_odd_images[case])) | {"heatmaps": "all"}
    (item,) = client.post(URL, data=data).json["results"]
    assert (item["prediction"]["width"], item["prediction"]["height"]) == (WIDTH, HEIGHT)
    assert item["overlay"].startswith("data:image/png;base64,")


def test_odd_images_together(client: FlaskClient, bad_and_odd_images: dict[str, bytes]) -> None:
    named = [(file_name(case), bad_and_odd_images[case]) for case in [*ODD, *BAD]]
    items = client.post(URL, data=files(*named)).json["results"]
    failed = [item["filename"] for item in items if "error" in item]
    assert failed == [file_name(case) for case in BAD]


def test_base64_that_is_not(client: FlaskClient, good: bytes) -> None:
    images = [{"filename": "a.jpg", "data": "!!"}, base64.b64encode(good).decode()]
    first, second = client.post(URL, json={"images": images}).json["results"]
    assert "not sound base64" in first["error"]["detail"]
    assert "prediction" in second


def test_wrong_field_name(client: FlaskClient, good: bytes) -> None:
    response = client.post(URL, data={"photo": (io.BytesIO(good), "a.jpg")})
    detail = assert_problem(response, 400, "no-image")
    assert "'photo'" in detail
    assert "'images'" in detail


def test_a_right_and_a_wrong_field(client: FlaskClient, good: bytes) -> None:
    data = files(("a.jpg", good)) | {"photo": (io.BytesIO(good), "b.jpg")}
    assert "'photo'" in assert_problem(client.post(URL, data=data), 400, "bad-option")


def test_a_file_sent_as_text(client: FlaskClient) -> None:
    response = client.post(URL, data={"images": "smear.jpg"}, content_type="multipart/form-data")
    assert "send it as a file" in assert_problem(response, 400, "no-image")


@pytest.mark.parametrize("url", [URL, "/predict"])
def test_no_file(client: FlaskClient, url: str) -> None:
    response = client.post(url, data=b"--x--\r\n", content_type="multipart/form-data; boundary=x")
    assert_problem(response, 400, "no-image")
    assert_problem(client.post(url), 400, "no-image")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("{", "bad-request"),
        ("\ufffe", "bad-request"),
        ("[]", "bad-request"),
        ("[" * 100_000, "bad-request"),
        ('{"images": ' + "[" * 100_000, "bad-request"),
        ("{}", "no-image"),
        ('{"image": "AAAA"}', "no-image"),
        ('{"images": []}', "no-image"),
        ('{"images": "AAAA"}', "no-image"),
        ('{"images": [1]}', "bad-request"),
        ('{"images": [{"filename": "a"}]}', "bad-request"),
        ('{"images": [{"data": "AAAA", "filename": 1}]}', "bad-request"),
        ('{"images": [{"data": "AAAA", "path": "/etc/passwd"}]}', "bad-request"),
    ],
)
def test_json_of_the_wrong_shape(client: FlaskClient, body: str, kind: str) -> None:
    response = client.post(URL, data=body, content_type="application/json")
    assert_problem(response, 400, kind)


def test_json_that_is_not_utf8(client: FlaskClient) -> None:
    response = client.post(URL, data=b'{"images": ["\xff"]}', content_type="application/json")
    assert_problem(response, 400, "bad-request")


@pytest.mark.parametrize("kind", ["image/jpeg", "application/x-www-form-urlencoded", "text/plain"])
def test_another_kind_of_body(client: FlaskClient, good: bytes, kind: str) -> None:
    response = client.post(URL, data=good, content_type=kind)
    assert kind in assert_problem(response, 415, "unsupported-media-type")


def test_500_files_at_once(client: FlaskClient, good: bytes) -> None:
    response = client.post(URL, data=files(*[(f"{n}.jpg", good) for n in range(500)]))
    detail = assert_problem(response, 422, "too-many-images")
    assert "500 images" in detail
    assert response.json["limit"] == 100


def test_2000_files_at_once(client: FlaskClient) -> None:
    response = client.post(URL, data=files(*[(f"{n}.jpg", b"") for n in range(2000)]))
    assert "100 images" in assert_problem(response, 413, "too-large")


def test_as_many_files_as_allowed(
    model: Model, good: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEMAVISION_MAX_IMAGES", "12")
    client = create_app(model).test_client()
    items = client.post(URL, data=files(*[(f"{n}.jpg", good) for n in range(12)])).json["results"]
    assert [item["filename"] for item in items] == [f"{n}.jpg" for n in range(12)]
    assert all("prediction" in item for item in items)


@pytest.mark.parametrize("url", [URL, "/predict"])
def test_a_body_of_30_mb_through_a_real_server(served: str, url: str) -> None:
    response = requests.post(
        served + url, files={"image": ("big.jpg", bytes(30 * 2**20))}, timeout=60
    )
    assert "25 MiB" in assert_problem(response, 413, "too-large")
    assert requests.get(served + "/health/live", timeout=10).status_code == 200


def test_a_json_body_of_30_mb(client: FlaskClient) -> None:
    body = json.dumps({"images": ["A" * 30 * 2**20]})
    response = client.post(URL, data=body, content_type="application/json")
    assert "25 MiB" in assert_problem(response, 413, "too-large")


def test_limits_are_settings(model: Model, good: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEMAVISION_MAX_BODY_MB", "1")
    monkeypatch.setenv("HEMAVISION_MAX_IMAGES", "2")
    client = create_app(model).test_client()
    large = client.post(URL, data=files(("a.jpg", bytes(2**20 + 1))))
    assert "1 MiB" in assert_problem(large, 413, "too-large")
    many = client.post(URL, data=files(*[("a.jpg", good)] * 3))
    assert "may have 2" in assert_problem(many, 422, "too-many-images")


@pytest.mark.parametrize(
    "name", ["../../../etc/passwd", "/etc/passwd", "C:\\Windows\\win.ini", "..\\..\\x.jpg"]
)
def test_a_path_as_file_name_is_only_echoed(
    client: FlaskClient, good: bytes, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    encoded = base64.b64encode(good).decode()
    by_json = client.post(URL, json={"images": [{"filename": name, "data": encoded}]})
    quoted = name.replace("\\", "\\\\")  # as curl writes it in a quoted string
    by_form = client.post(URL, data=files((quoted, good)))
    assert by_json.json["results"][0]["filename"] == name
    assert by_form.json["results"][0]["filename"] == name
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "echoed"),
    [
        (b"\xff\xfe\xe9.jpg", "\ufffd\ufffd\ufffd.jpg"),
        ("zölle 細胞.jpg".encode(), "zölle 細胞.jpg"),
        (b"a\x1b[31mb\x07.jpg", "a\ufffd[31mb\ufffd.jpg"),
        (b"x" * 5000 + b".jpg", "x" * 255),
        (b"", ""),
    ],
)
def test_odd_file_names_through_a_real_server(
    served: str, good: bytes, name: bytes, echoed: str
) -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="images"; filename="' + name + b'"\r\n\r\n'
    response = raw_post(served, head + good + b"\r\n--b--\r\n")
    assert response["results"][0]["filename"] == echoed
    assert "prediction" in response["results"][0]


def test_a_lone_surrogate_as_file_name(client: FlaskClient, good: bytes) -> None:
    encoded = base64.b64encode(good).decode()
    body = '{"images": [{"filename": "\\udcff.jpg", "data": "' + encoded + '"}]}'
    response = client.post(URL, data=body, content_type="application/json")
    assert response.json["results"][0]["filename"] == "?.jpg"


def test_a_multipart_body_cut_off(client: FlaskClient, good: bytes) -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="images"; filename="a.jpg"\r\n\r\n'
    response = client.post(URL, data=head + good, content_type="multipart/form-data; boundary=b")
    assert "ends early" in assert_problem(response, 400, "bad-request")


@pytest.mark.parametrize("boundary", ["", "; boundary=", "; boundary=é"])
def test_a_multipart_body_without_a_usable_boundary(client: FlaskClient, boundary: str) -> None:
    response = client.post(URL, data=b"--b--", content_type=f"multipart/form-data{boundary}")
    assert "boundary" in assert_problem(response, 400, "bad-request")


def test_a_file_name_that_is_not_utf8_harms_no_other(client: FlaskClient, good: bytes) -> None:
    part = b'Content-Disposition: form-data; name="images"; filename="%s"\r\n\r\n' + good
    body = b"".join(
        b"--b\r\n" + part.replace(b"%s", name) + b"\r\n" for name in (b"\xff", b"b.jpg")
    )
    response = client.post(
        URL, data=body + b"--b--\r\n", content_type="multipart/form-data; boundary=b"
    )
    assert [item["filename"] for item in response.json["results"]] == ["\ufffd", "b.jpg"]


def test_a_model_that_fails_on_one_image_answers_the_others(
    app: Flask, model: Model, good: bytes, bad_and_odd_images: dict[str, bytes]
) -> None:
    class Fragile:
        """Fails on a batch that holds the blank picture."""

        reference, manifest = model.reference, model.manifest

        def found_by(self, finder):
            return self

        def predict_arrays(self, images):
            if any(image.std() == 0 for image in images):
                raise FloatingPointError("secret /srv/path")
            return model.predict_arrays(images)

    import numpy as np
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(np.full((64, 64, 3), 9, np.uint8)).save(stream, "PNG")
    client = create_app(Fragile()).test_client()
    data = files(("a.jpg", good), ("blank.png", stream.getvalue()), ("b.jpg", good))
    first, middle, last = client.post(URL, data=data).json["results"]
    assert "prediction" in first
    assert "prediction" in last
    assert middle["error"]["type"] == "/docs#internal"
    assert "secret" not in str(middle)


def raw_post(served: str, body: bytes) -> dict[str, object]:
    """Post a multipart body byte for byte: no client would write these file names."""
    address = urlsplit(served)
    head = (
        f"POST {URL} HTTP/1.1\r\nHost: {address.netloc}\r\nConnection: close\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall(head.encode() + body)
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    result: dict[str, object] = json.loads(received.split(b"\r\n\r\n", 1)[1])
    return result


def test_what_was_done_to_open_an_image_is_told(
    client: FlaskClient, bad_and_odd_images: dict[str, bytes]
) -> None:
    for place in ("classify", "smears"):
        files = {"images": (io.BytesIO(bad_and_odd_images["animated_gif"]), "moving.gif")}
        (result,) = client.post(f"/api/v1/{place}", data=files).json["results"]
        assert any("frame" in note for note in result["notes"])
