import json

import pytest
import tensorflow as tf

from retrain.modules.inspection.description import Description
from retrain.modules.inspection.findings import FAILS, HINT, OK, Finding
from retrain.modules.signatures import Signature
from retrain.report.inspection import as_json, as_text

IMAGES = {"images": tf.TensorSpec([None, 8, 8, 3], tf.float32)}
OUTPUTS = {"default": [None, 5], "Net/a": [None, 4, 4, 5], "Net/b": None, "Net/c": [None, 1]}
DESCRIPTION = Description(
    handle="a/module",
    format="TF1 Hub module",
    size_on_disk=1_234_567,
    image_size=(8, 8),
    parameters=3_510_000,
    trainable_variables=2,
    trainable_parameters=999,
    update_ops=4,
    regularization_losses=1,
    flops_per_image=999_600,
    operations=17,
    other_operations=[],
    signatures={
        "default": Signature(IMAGES, {"default": tf.TensorSpec([None, 5], tf.float64)}),
        "image_feature_vector": Signature(
            IMAGES, {key: tf.TensorSpec(shape, tf.float32) for key, shape in OUTPUTS.items()}
        ),
    },
)
GOOD = {"input": Finding(OK, "images"), "output keys": Finding(HINT, "'a' without a name")}
BAD = {**GOOD, "any batch size": Finding(FAILS, "it differs"), "features": Finding(FAILS, "none")}


@pytest.fixture(autouse=True)
def terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")


def test_text():
    assert (
        as_text(DESCRIPTION, GOOD)
        == """\
a/module
  format                 TF1 Hub module
  size on disk           1.23 MB
  image size             8 x 8
  parameters             3.51 M
  trainable              999 in 2 variables
  update ops             4
  regularization losses  1
  FLOPs per image        1 M (convolutions and matrix products)
  operations             17 kinds, which compute and do nothing else

Signatures
  default               images [None, 8, 8, 3] -> default float64 [None, 5]
  image_feature_vector  images [None, 8, 8, 3] -> default [None, 5], Net/a [None, 4, 4, 5], 2 more

Promises of the Common Signatures for Images
  ok     input        images
  hint   output keys  'a' without a name

It conforms."""
    )


def test_text_of_one_that_does_not_conform():
    text = as_text(DESCRIPTION, BAD)
    assert "\n  FAILS  any batch size  it differs\n" in text
    assert text.endswith("\nIt does not conform: any batch size, features.")


def test_what_is_not_known_and_what_is_not_there():
    text = as_text(Description("a", "Keras model", *[None] * 10, {}), GOOD)
    facts = text.partition("\n\n")[0].splitlines()[2:]
    assert [line.split("  ")[-1].strip() for line in facts] == ["none", *["unknown"] * 7]


def test_operations_that_do_more():
    text = as_text(DESCRIPTION._replace(other_operations=["PrintV2", "WriteFile"]), GOOD)
    line = "operations             17 kinds, of which these do more than compute: PrintV2, WriteFile"
    assert f"\n  {line}\n" in text


@pytest.mark.parametrize("columns", ["50", "80", "300"])
def test_text_is_as_wide_as_the_terminal(monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    lines = as_text(DESCRIPTION, {"input": Finding(OK, "word " * 100)}).splitlines()
    assert max(map(len, lines)) <= max(64, min(int(columns), 110))


def test_json():
    found = json.loads(as_json(DESCRIPTION, BAD))
    assert found["conforms"] is False
    assert json.loads(as_json(DESCRIPTION, GOOD))["conforms"] is True
    assert (found["format"], found["size_on_disk"], found["image_size"]) == (
        "TF1 Hub module",
        1_234_567,
        [8, 8],
    )
    assert found["promises"][2] == {"promise": "any batch size", "verdict": "FAILS", "seen": "it differs"}
    features = found["signatures"]["image_feature_vector"]
    assert features["inputs"] == {"images": {"dtype": "float32", "shape": [None, 8, 8, 3]}}
    assert {key: it["shape"] for key, it in features["outputs"].items()} == OUTPUTS
