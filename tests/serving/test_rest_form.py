import json

import numpy as np
import pytest

from retrain.serving.rest_form import RequestError, read_classify, read_predict

SIZE = (2, 2)
GREY = np.full([2, 2, 3], 0.5).tolist()
FILE = {"b64": "AAE="}


def sentence(body: object, read=lambda body: read_predict(body, SIZE)) -> str:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(RequestError) as raised:
        read(text)
    return str(raised.value)


def test_what_is_read():
    asked = read_predict(json.dumps({"instances": [FILE, {"image_bytes": FILE}]}).encode(), SIZE)
    assert asked == ("image_bytes", [b"\0\1", b"\0\1"], False)
    asked = read_predict(json.dumps({"inputs": {"images": [GREY]}}).encode(), SIZE)
    assert (asked.kind, asked.images[0].dtype, asked.by_column) == ("images", np.float32, True)
    asked = read_classify(json.dumps({"examples": [FILE, {"x": FILE}]}).encode())
    assert asked == ("image_bytes", [b"\0\1", b"\0\1"], False)


IMAGE = 'An image is {"b64": "..."}, the bytes of its file, or RGB values [2][2][3].'


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ([], "The request has to be a JSON object."),
        ({}, 'The request has to have either "instances" or "inputs".'),
        ({"instances": [], "inputs": []}, 'The request has to have either "instances" or "inputs".'),
        ({"instances": []}, "A list of images was expected, with one image at least."),
        ({"instances": 3}, "A list of images was expected, with one image at least."),
        ({"instances": [{"b64": 3}]}, 'A file is given as {"b64": "..."}, its bytes in Base64.'),
        ({"instances": [{"b64": "?"}]}, 'What stands in "b64" is no Base64.'),
        ({"instances": [[1, 2]]}, IMAGE),
        ({"instances": ["text"]}, IMAGE),
        ({"instances": [[[1], [1, 2]]]}, IMAGE),
        (
            {"instances": [np.full([2, 2, 3], 255).tolist()]},
            "RGB values in [0, 1] were expected: divide bytes by 255.",
        ),
        ({"instances": [[[[10**400]]]]}, IMAGE),
        (
            {"inputs": {"\ud800": FILE, "x": 1}},
            "The only input is image_bytes or images, but the request has \\ud800, x.",
        ),
        (
            {"instances": [FILE], "signature_name": ["\ud800"]},
            "There is no signature ['\\ud800'], but serving_default, serving_bytes, serving_images.",
        ),
        ({"instances": [FILE, GREY]}, "A request has either files, as b64, or RGB values, but not both."),
        (
            {"instances": [FILE], "signature_name": "x"},
            "There is no signature 'x', but serving_default, serving_bytes, serving_images.",
        ),
        (
            {"instances": [GREY], "signature_name": "serving_bytes"},
            "The signature 'serving_bytes' takes image_bytes, and was given images.",
        ),
        (
            {"instances": [{"x": FILE}]},
            "The only input is image_bytes or images, but the request has x.",
        ),
    ],
)
def test_what_is_wrong_is_said(body, said):
    assert sentence(body) == said


def test_what_is_no_json():
    expected = '{"instances": [{"b64": "..."}]} was expected, where "b64" is a file in Base64.'
    assert sentence(b"x") == (
        f"The request is no JSON (Expecting value: line 1 column 1 (char 0)): {expected}"
    )
    form = b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n'
    for of_a_file in (b"\xff\xd8\xff\xe0\x00\x10JFIF", form + b"\xff\xd8\xff"):
        assert sentence(of_a_file) == f"The request is no JSON (it is no text): {expected}"
    assert sentence(b"\xff\xd8\xff", read_classify) == (
        'The request is no JSON (it is no text): {"examples": [{"image_bytes": {"b64": "..."}}]} was '
        'expected, where "b64" is a file in Base64.'
    )


def test_classify_needs_examples():
    said = 'The request has to have "examples", a list of one image at least.'
    assert sentence({"instances": [FILE]}, read_classify) == said
    assert sentence({"examples": [GREY]}, read_classify) == (
        'A file is given as {"b64": "..."}, its bytes in Base64.'
    )


def test_what_is_nested_too_deep_is_no_json():
    assert sentence(b'{"instances": ' + b"[" * 100_000).startswith(
        "The request is no JSON (maximum recursion"
    )
