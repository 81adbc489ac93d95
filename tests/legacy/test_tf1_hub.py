"""Modules of the TF1 Hub format compute, and learn, what they do in the genuine library."""

import numpy as np
import pytest

from retrain.errors import InputError
from retrain.modules.loading import load_module
from retrain.modules.signatures import IMAGE_FEATURE_VECTOR
from tests.legacy.conftest import PUBLISHED, SHARED
from tests.legacy.descent import check, sgd_step

LOOP = "loop"
SMALL = [
    *["resource", "ref", "inference_only", "slim", "partitioned_ref", "partitioned_resource", "twice_ref"],
    *["conditional_ref", "conditional_resource", "loop", "ordered_ref", "ordered_resource"],
]


@pytest.fixture(params=[*SMALL, *PUBLISHED])
def case(request, legacy_modules):
    """A module's path, what the genuine library found, and how near we are to come."""
    wanted = request.param
    for path, figures in legacy_modules.items():
        if path.endswith(f"/modules/{wanted}"):
            return path, figures, wanted in SMALL
    pytest.skip(f"{SHARED / wanted} is not there")


def test_inference(case):
    path, figures, small = case
    module = load_module(path)
    assert list(module.image_size) == figures["expected_image_size"].tolist()
    images = figures["batches"][0]
    for signature in module.signatures:
        outputs = module.outputs(images, signature)
        expected = {
            key.partition("/")[2]: value for key, value in figures.items() if key.startswith(f"{signature}/")
        }
        assert set(outputs) == set(expected)
        for key in outputs:
            np.testing.assert_allclose(outputs[key], expected[key], rtol=0, atol=0 if small else 1e-5)
    np.testing.assert_allclose(
        module.outputs(images, "default")["default"], figures["called"], rtol=0, atol=1e-5
    )


def test_three_steps(case):
    path, figures, small = case
    module = load_module(path)
    if path.endswith(LOOP):
        with pytest.raises(InputError) as info:
            module(figures["batches"][1], training=True)
        assert str(info.value) == (
            f"{path!r} computes 'image_feature_vector' in a loop of TensorFlow 1 "
            f"('while/mul/ReadVariableOp/Enter'), through which it cannot be trained; use it frozen, without "
            f"--fine_tune."
        )
        return
    counts = [len(module.trainable_variables), len(module.regularization_losses)]
    assert counts == figures["counts"][:2].tolist()
    for step, images in enumerate(figures["batches"][1:]):
        expected = {
            key.partition("/")[2]: value for key, value in figures.items() if key.startswith(f"{step}/")
        }
        check(sgd_step(module, images, IMAGE_FEATURE_VECTOR), expected, small)
