"""TensorFlow Serving's REST form of a request: JSON -> images, rows -> JSON.

Source of the form: https://www.tensorflow.org/tfx/serving/api_rest. An image is {"b64": "..."}, the bytes of
its file, or RGB values in [0, 1], [height][width][3]; either may stand under the name of the input,
`image_bytes` or `images`. With "instances" the answer has a prediction for each, with "inputs" a column for
each output.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from retrain.serving.served_model import DEFAULT, FAMILIARITY, Ranked, Row, ServedModel, ranked

BYTES, IMAGES = "image_bytes", "images"
SIGNATURES = {
    "serving_default": (BYTES, IMAGES),
    "serving_bytes": (BYTES,),
    "serving_images": (IMAGES,),
}
ROUNDING = 1 / 255  # a grey level
TO_PREDICT = '{"instances": [{"b64": "..."}]}'
TO_CLASSIFY = '{"examples": [{"image_bytes": {"b64": "..."}}]}'


class RequestError(Exception):
    """What is wrong with a request, in a sentence; answered with `status` and `headers`."""

    def __init__(self, sentence: str, status: int = 400, headers: Mapping[str, str] | None = None):
        super().__init__(sentence)
        self.status, self.headers = status, headers


class Asked(NamedTuple):
    """Images of a request.

    Attributes:
      kind: the input that they are for, BYTES or IMAGES.
      images: bytes of files, or arrays.
      by_column: whether outputs are asked for by column.
    """

    kind: str
    images: list[Any]
    by_column: bool


def read_predict(body: bytes, image_size: tuple[int, int]) -> Asked:
    """The images of a request to predict; RequestError for what is none."""
    request = _object(body, TO_PREDICT)
    by_column = "inputs" in request
    if by_column == ("instances" in request):
        raise RequestError('The request has to have either "instances" or "inputs".')
    values = request["inputs"] if by_column else request["instances"]
    if isinstance(values, dict) and by_column and "b64" not in values:
        values = _only(values)
    if isinstance(values, dict):
        values = [values]
    if not isinstance(values, list) or not values:
        raise RequestError("A list of images was expected, with one image at least.")
    kinds, images = zip(*(_image(value, image_size) for value in values), strict=True)
    if len(set(kinds)) > 1:
        raise RequestError("A request has either files, as b64, or RGB values, but not both.")
    _check_signature(request.get("signature_name") or "serving_default", kinds[0])
    return Asked(kinds[0], list(images), by_column)


def read_classify(body: bytes) -> Asked:
    """The files of a request to classify: {"examples": [{"image_bytes": {"b64": ...}}, ...]}."""
    request = _object(body, TO_CLASSIFY)
    examples = request.get("examples")
    if not isinstance(examples, list) or not examples:
        raise RequestError('The request has to have "examples", a list of one image at least.')
    return Asked(BYTES, [_file(value) for value in examples], by_column=False)


def predicted(rows: Sequence[Row], asked: Asked, model: ServedModel) -> dict[str, Any]:
    """The answer to predict."""
    answers = [_of_file(row, model) if asked.kind == BYTES else _of_pixels(row) for row in rows]
    if asked.by_column:
        columns = {key: [answer[key] for answer in answers] for key in answers[0]}
        return {"outputs": _sole(columns)}
    return {"predictions": [_sole(answer) for answer in answers]}


def classified(rows: Sequence[Row], model: ServedModel) -> dict[str, Any]:
    """The answer to classify: of each image pairs of a class of the first task and its score."""
    task, classes = next(iter(model.classes.items()))
    found = (ranked(model.probabilities(row)[task], classes) for row in rows)
    return {"results": [[list(pair) for pair in zip(*of, strict=True)] for of in found]}


def _object(body: bytes, expected: str) -> dict[str, Any]:
    try:
        request = json.loads(body)
    except (ValueError, RecursionError) as error:
        # What is sent is the file itself, or a form with it: where decoding failed tells nobody anything.
        reason = "it is no text" if isinstance(error, UnicodeDecodeError) else error
        raise RequestError(
            f'The request is no JSON ({reason}): {expected} was expected, where "b64" is a file in Base64.'
        ) from None
    if not isinstance(request, dict):
        raise RequestError("The request has to be a JSON object.")
    return request


def _only(values: Mapping[str, Any]) -> Any:
    if len(values) != 1 or next(iter(values)) not in (BYTES, IMAGES):
        raise RequestError(f"The only input is {BYTES} or {IMAGES}, but the request has {_plain(values)}.")
    return next(iter(values.values()))


def _plain(names: Iterable[str]) -> str:
    """Names as they can be answered: half of a pair of surrogates cannot."""
    return ", ".join(names).encode(errors="backslashreplace").decode()


def _image(value: Any, image_size: tuple[int, int]) -> tuple[str, Any]:
    """An image, and the input that it is for."""
    if isinstance(value, dict) and "b64" not in value:
        value = _only(value)
    return (BYTES, _file(value)) if isinstance(value, dict) else (IMAGES, _pixels(value, image_size))


def _file(value: Any) -> bytes:
    while isinstance(value, dict) and "b64" not in value and len(value) == 1:
        value = next(iter(value.values()))
    if not isinstance(value, dict) or not isinstance(value.get("b64"), str):
        raise RequestError('A file is given as {"b64": "..."}, its bytes in Base64.')
    try:
        return base64.b64decode(value["b64"], validate=True)
    except (binascii.Error, ValueError):
        raise RequestError('What stands in "b64" is no Base64.') from None


def _pixels(value: Any, image_size: tuple[int, int]) -> np.ndarray:
    height, width = image_size
    try:
        image = np.asarray(value, np.float32)
    except (ValueError, TypeError, OverflowError):
        image = np.zeros(0, np.float32)
    if image.shape != (height, width, 3):
        raise RequestError(
            f'An image is {{"b64": "..."}}, the bytes of its file, or RGB values [{height}][{width}][3].'
        )
    if not (image.min() >= -ROUNDING and image.max() <= 1 + ROUNDING):
        raise RequestError("RGB values in [0, 1] were expected: divide bytes by 255.")
    return image


def _check_signature(name: str, kind: str) -> None:
    if not isinstance(name, str) or name not in SIGNATURES:
        raise RequestError(f"There is no signature {name!a}, but {', '.join(SIGNATURES)}.", 404)
    if kind not in SIGNATURES[name]:
        raise RequestError(f"The signature {name!r} takes {SIGNATURES[name][0]}, and was given {kind}.")


def _of_file(row: Row, model: ServedModel) -> dict[str, Any]:
    """What serving_bytes gives."""
    answer: dict[str, Any] = {}
    for task, probabilities in model.probabilities(row).items():
        suffix = "" if len(model.classes) == 1 else f"/{task}"
        found: Ranked = ranked(probabilities, model.classes[task])
        answer |= {f"classes{suffix}": found.classes, f"scores{suffix}": found.scores}
    return answer | ({FAMILIARITY: float(row[FAMILIARITY])} if model.threshold is not None else {})


def _of_pixels(row: Row) -> dict[str, Any]:
    """What serving_default gives of pixels."""
    return {key: values.tolist() for key, values in sorted(row.items(), key=lambda of: of[0] != DEFAULT)}


def _sole(outputs: dict[str, Any]) -> Any:
    """An only output has no name."""
    return next(iter(outputs.values())) if len(outputs) == 1 else outputs
