"""Modules of the TF1 Hub format compute, and learn, what they do in the genuine library.

And an old program finds here what it finds there: names, figures, files; with the behaviour of TensorFlow 2
disabled, in a process of its own, and without.
"""

import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

import retrain.modules as hub
from retrain.errors import InputError
from retrain.modules.loading import load_module
from retrain.modules.signatures import IMAGE_FEATURE_VECTOR
from tests.legacy import old_program
from tests.legacy.conftest import PUBLISHED, SHARED
from tests.legacy.descent import check, sgd_step

LOOP = "loop"
SMALL = [
    *["resource", "ref", "inference_only", "slim", "partitioned_ref", "partitioned_resource", "twice_ref"],
    *["conditional_ref", "conditional_resource", "loop", "ordered_ref", "ordered_resource"],
]

ROOT = pathlib.Path(__file__).parents[2]
PROGRAMS = [
    (name, way)
    for name in old_program.MODULES
    for way in old_program.WAYS
    if (name, way) != ("inference_only", "train")
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
            f"('while/mul/ReadVariableOp/Enter'), through which it cannot be trained; use it frozen."
        )
        return
    counts = [len(module.trainable_variables), len(module.regularization_losses)]
    assert counts == figures["counts"][:2].tolist()
    for step, images in enumerate(figures["batches"][1:]):
        expected = {
            key.partition("/")[2]: value for key, value in figures.items() if key.startswith(f"{step}/")
        }
        check(sgd_step(module, images, IMAGE_FEATURE_VECTOR), expected, small)


@pytest.fixture(scope="module")
def programs(legacy_modules) -> pathlib.Path:
    """Where the old program has been run by both libraries."""
    [module] = [path for path in legacy_modules if path.endswith("/modules/ref")]
    directory = pathlib.Path(module).parents[1]
    command = [sys.executable, old_program.__file__, "retrain.modules", str(directory)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-5000:]
    return directory


def figures_of(directory: pathlib.Path, library: str, name: str, way: str) -> dict[str, np.ndarray]:
    found = np.load(directory / f"programs_{library}.npz")
    prefix = f"{name}|{way}|"
    return {key.removeprefix(prefix): found[key] for key in found if key.startswith(prefix)}


def check_program(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert expected
    assert set(found) == set(expected)
    for key, value in expected.items():
        if value.dtype.kind == "U":
            assert found[key].tolist() == value.tolist(), key
        else:
            np.testing.assert_allclose(found[key], value, rtol=0, atol=1e-6, err_msg=key)
    np.testing.assert_array_equal(found["restored"], found["logits"])


@pytest.mark.parametrize(("name", "way"), PROGRAMS)
def test_with_the_behaviour_of_tensorflow_1(programs, name, way):
    found, expected = (
        figures_of(programs, library, name, way) for library in ("retrain.modules", "tensorflow_hub")
    )
    check_program(found, expected)


@pytest.mark.parametrize(("name", "way"), [("ref", "train"), ("resource", "frozen"), ("loop", "trainable")])
def test_in_a_graph_of_todays_tensorflow(programs, name, way):
    batches = np.load(programs / "images.npz")["small"][1:]
    tf.compat.v1.disable_control_flow_v2()
    try:
        found = old_program.run(hub, str(programs / "modules" / name), batches, way)
    finally:
        tf.compat.v1.enable_control_flow_v2()
    check_program(found, figures_of(programs, "tensorflow_hub", name, way))
