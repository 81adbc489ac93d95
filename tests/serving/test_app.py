"""The server, asked as clients ask TensorFlow Serving; answers beside the export's own signatures."""

import asyncio
import base64
import io
import json
import re

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from starlette.requests import Request
from starlette.responses import Response
from starlette.testclient import TestClient

from retrain.serving.app import Server
from retrain.serving.served_model import ServedModel

MODEL = "/v1/models/flowers"


def picture(side: int = 20, image_format: str = "JPEG") -> bytes:
    file = io.BytesIO()
    values = np.random.default_rng(side).integers(0, 256, [side, side + 3, 3], np.uint8)
    Image.fromarray(values).save(file, image_format)
    return file.getvalue()


def b64(contents: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(contents).decode()}


def flat(side: int) -> bytes:
    file = io.BytesIO()
    Image.new("L", (side, side)).save(file, "PNG")
    return file.getvalue()


LARGE = flat(1100)  # few bytes, many pixels


@pytest.fixture(scope="module", params=["litert", "tensorflow"])
def engine(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def client(served_exports, engine):
    return made(served_exports["one"], engine)


def made(exports, engine: str) -> TestClient:
    litert = str(exports / "tflite") if engine == "litert" else ""
    return TestClient(Server(ServedModel(str(exports / "saved_model"), litert, 1.0), "flowers", 10**6).app())


@pytest.fixture(scope="module")
def signatures(served_exports):
    loaded = {name: tf.saved_model.load(str(path / "saved_model")) for name, path in served_exports.items()}
    return {name: of.signatures for name, of in loaded.items()}


def test_files_are_answered_as_by_the_signature(client, signatures):
    files = [picture(20), picture(30, "PNG"), picture(9, "BMP")]
    answer = client.post(f"{MODEL}:predict", json={"instances": [b64(file) for file in files]})
    assert answer.status_code == 200
    expected = signatures["one"]["serving_bytes"](image_bytes=tf.constant(files))
    for place, found in enumerate(answer.json()["predictions"]):
        assert set(found) == {"classes", "scores", "familiarity"}
        assert found["classes"] == [name.decode() for name in expected["classes"][place].numpy()]
        np.testing.assert_allclose(found["scores"], expected["scores"][place], atol=1e-5)
        np.testing.assert_allclose(found["familiarity"], expected["familiarity"][place], atol=2e-3)


@pytest.mark.parametrize(
    "request_of",
    [
        lambda one: {"instances": [one]},
        lambda one: {"instances": [{"image_bytes": one}], "signature_name": "serving_bytes"},
        lambda one: {"inputs": {"image_bytes": [one]}},
        lambda one: {"inputs": [one]},
        lambda one: {"inputs": one, "signature_name": "serving_default"},
    ],
)
@pytest.mark.parametrize("version", ["", "/versions/1"])
def test_every_way_to_ask_is_answered(client, request_of, version):
    answer = client.post(f"{MODEL}{version}:predict", json=request_of(b64(picture()))).json()
    if "predictions" in answer:
        [classes] = [of["classes"] for of in answer["predictions"]]
    else:
        [classes] = answer["outputs"]["classes"]
    assert len(classes) == 10


def test_pixels_are_answered_as_by_the_signature(client, signatures):
    images = np.random.default_rng(0).random([2, 8, 8, 3], np.float32)
    expected = signatures["one"]["serving_default"](images=tf.constant(images))
    for ask in ({"instances": images.tolist()}, {"instances": [{"images": of} for of in images.tolist()]}):
        answer = client.post(f"{MODEL}:predict", json=ask).json()["predictions"]
        np.testing.assert_allclose([of["default"] for of in answer], expected["default"], atol=1e-5)
    columns = client.post(f"{MODEL}:predict", json={"inputs": {"images": images.tolist()}}).json()["outputs"]
    np.testing.assert_allclose(columns["default"], expected["default"], atol=1e-5)


def test_of_two_tasks_each_is_answered(served_exports, engine, signatures):
    client = made(served_exports["two"], engine)
    [found] = client.post(f"{MODEL}:predict", json={"instances": [b64(picture())]}).json()["predictions"]
    assert set(found) == {"classes/kind", "scores/kind", "classes/tags", "scores/tags"}
    expected = signatures["two"]["serving_bytes"](image_bytes=tf.constant([picture()]))
    for task in ("kind", "tags"):
        np.testing.assert_allclose(found[f"scores/{task}"], expected[f"scores/{task}"][0], atol=1e-5)


def test_classify_has_pairs(client):
    ask = {"examples": [{"image_bytes": b64(picture())}, b64(picture(30))]}
    results = client.post(f"{MODEL}:classify", json=ask).json()["results"]
    assert [len(pairs) for pairs in results] == [10, 10]
    scores = [score for _, score in results[0]]
    assert scores == sorted(scores, reverse=True)


def test_status_and_health(client):
    state = {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    assert client.get(MODEL).json() == {"model_version_status": [state]}
    assert client.get("/healthz").text == "ok\n"


def test_the_metadata_name_what_the_signatures_have(client, signatures):
    found = client.get(f"{MODEL}/metadata").json()
    assert found["model_spec"] == {"name": "flowers", "signature_name": "", "version": "1"}
    for name, described in found["metadata"]["signature_def"]["signature_def"].items():
        if name != "serving_images":
            signature = signatures["one"][name]
            assert set(described["inputs"]) == set(signature.structured_input_signature[1])
            assert set(described["outputs"]) == set(signature.structured_outputs)


def test_what_was_asked_is_counted(served_exports):
    client = made(served_exports["one"], "litert")
    client.post(f"{MODEL}:predict", json={"instances": [b64(picture())] * 3})
    client.post(f"{MODEL}:predict", json={})
    metrics = client.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert {"retrain_images_total 3", 'retrain_requests_total{what="predict",status="400"} 1'} < set(
        metrics.text.splitlines()
    )


def test_the_page_asks_for_its_model(client):
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "v1/models/flowers:predict" in page.text
    assert "<title>flowers</title>" in page.text
    said = "This picture is like none of the images that the classifier was trained on."
    assert f'found.familiarity < 0.05 ? "{said}"' in page.text
    assert not {"MODEL_NAME", "THRESHOLD"} & set(re.findall(r"[A-Z_]+", page.text))


def test_where_familiarity_is_not_told_no_picture_is_strange(served_exports):
    assert "found.familiarity < 0 ?" in made(served_exports["two"], "litert").get("/").text


def of_16_bits() -> bytes:
    file = io.BytesIO()
    Image.new("I;16", (4, 4)).save(file, "PNG")
    return file.getvalue()


def test_one_that_tensorflow_decodes(client):
    answer = client.post("/v1/models/flowers:predict", json={"instances": [b64(of_16_bits())]})
    assert answer.status_code == 200


@pytest.mark.parametrize("kind", ["TIFF", "AVIF", "PPM"])
def test_formats_that_pillow_decodes(client, kind):
    answer = client.post("/v1/models/flowers:predict", json={"instances": [b64(picture(20, kind))]})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("path", "ask", "status", "sentence"),
    [
        ("x:predict", {"instances": [b64(b"")]}, 404, "There is no model 'x' here, but 'flowers'."),
        (
            "flowers:predict",
            {"instances": [b64(b"no image")]},
            400,
            "The file cannot be decoded: JPEG, PNG, GIF, BMP, WebP, TIFF, AVIF or PNM was expected.",
        ),
        (
            "flowers:predict",
            {"instances": [b64(LARGE)]},
            413,
            "An image is not decoded: more than 1 megapixels.",
        ),
        ("flowers:predict", {"instances": "x" * 10**6}, 413, "The request has more than 1000000 bytes."),
    ],
)
def test_what_is_refused(client, path, ask, status, sentence):
    answer = client.post(f"/v1/models/{path}", json=ask)
    assert (answer.status_code, answer.json()) == (status, {"error": sentence})


@pytest.mark.parametrize("what", ["", ":predict", ":classify", "/metadata"])
@pytest.mark.parametrize("version", [0, 2, 10**30])
def test_a_version_that_is_not_there(client, what, version):
    path = f"{MODEL}/versions/{version}{what}"
    answer = client.post(path, json={}) if ":" in what else client.get(path)
    assert answer.status_code == 404
    assert answer.json() == {"error": f"There is no version {version} of 'flowers', but 1."}


@pytest.mark.parametrize("version", ["", "/versions/1"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_what_a_model_does_not_do(client, version, method):
    answer = client.request(method, f"{MODEL}{version}:regress")
    assert answer.status_code == 404
    assert answer.json() == {"error": "There is no ':regress' of 'flowers', but :predict and :classify."}


@pytest.mark.parametrize("version", ["", "/versions/1"])
@pytest.mark.parametrize("what", [":predict", ":classify"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_what_is_asked_by_post_alone(client, version, what, method):
    answer = client.request(method, f"{MODEL}{version}{what}")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json() == {"error": f"{method} {MODEL}{version}{what}: POST was expected."}


@pytest.mark.parametrize("path", ["/", "/healthz", "/metrics", MODEL, f"{MODEL}/metadata"])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_what_is_asked_by_get_alone(client, path, method):
    answer = client.request(method, path)
    assert (answer.status_code, set(answer.headers["allow"].split(", "))) == (405, {"GET", "HEAD"})
    assert answer.json() == {"error": f"{method} {path}: GET or HEAD was expected."}


def test_addresses_that_are_none(client):
    for path in ("/v2", f"{MODEL}/versions/x:predict", f"{MODEL}/labels/stable"):
        answer = client.get(path)
        sentence = f"There is nothing at {path}, but at /v1/models/flowers:predict and such."
        assert (answer.status_code, answer.json()) == (404, {"error": sentence})


@pytest.mark.parametrize("before", ["/", "/healthz/", f"{MODEL}/", f"{MODEL}/versions/", "/v1/models/"])
@pytest.mark.parametrize(
    "path", ["..%2f..%2fpage.html", "%2fetc%2fpasswd", "page.html", "%00", "file:%2f%2f%2fetc"]
)
def test_no_address_leads_to_a_file(client, before, path):
    assert client.get(before + path).status_code in (404, 405)


def test_when_too_many_wait(served_exports, monkeypatch):
    monkeypatch.setattr("retrain.serving.waiting_images.MOST_WAITING", 0)
    client = made(served_exports["one"], "litert")
    answer = client.post(f"{MODEL}:predict", json={"instances": [b64(picture())]})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json() == {"error": "Too many images wait to be classified: try again."}


def test_a_request_that_outlives_the_server_is_told_so(served_exports):
    """As uvicorn cancels it, when those that have begun were waited for."""
    exports = served_exports["one"]
    server = Server(ServedModel(str(exports / "saved_model"), str(exports / "tflite")), "flowers", 2**20)

    async def cancelled() -> Response:
        answer = asyncio.ensure_future(
            server._answer(
                Request({"type": "http", "path_params": {"name": "flowers"}}), lambda request: never()
            )
        )
        await asyncio.sleep(0)
        answer.cancel()
        return await answer

    async def never() -> None:
        await asyncio.sleep(60)

    response = asyncio.run(cancelled())
    assert response.status_code == 503
    assert json.loads(response.body) == {"error": "The server is stopping: ask another, or again later."}
