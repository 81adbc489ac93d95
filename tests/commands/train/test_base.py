import pathlib
import re
import shutil

import numpy as np
import pytest
import tensorflow as tf
from absl import logging

from retrain.commands.train import base as bfloat16
from retrain.commands.train.base import Base, check_hardware, in_bfloat16, load_base
from retrain.commands.train.check import TrainPlan
from retrain.errors import InputError
from retrain.exporters import exporter
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.modules.loading import load_module
from retrain.runs.run import Run
from retrain.runs.warm_start_source import find_source
from retrain.settings.config import Config, to_flags
from retrain.settings.module import ModuleSettings
from retrain.training.estimator import Estimator
from tests import tiny_tf1_hub, tiny_worlds

IMAGES = np.random.default_rng(0).random([4, 8, 8, 3], np.float32)


def base_of(**settings: object) -> Base:
    """That of a plan of which nothing else is known."""
    config = Config.of(**settings)
    given = config.module.warm_start_from
    source = None if given is None else find_source(given)
    return load_base(TrainPlan(config, None, None, source, None, None))


def sentence(**settings: object) -> str:
    with pytest.raises(InputError) as raised:
        base_of(**settings)
    return str(raised.value)


def test_a_module_knows_no_classes(averaging_module):
    base = base_of(tfhub_module=averaging_module)
    assert (base.heads, base.named) == (None, "")
    np.testing.assert_allclose(base.module(IMAGES), IMAGES.mean(axis=(1, 2)), rtol=1e-5)


@pytest.fixture(scope="module")
def tuned(averaging_module, tmp_path_factory) -> Run:
    """A run at step 4 that has changed its base, with an export of the same."""
    run = Run(tmp_path_factory.mktemp("tuned") / "run")
    flags = to_flags(Config.of(image_dir="/photos", tfhub_module=averaging_module, fine_tune=True), "train")
    run.begun_with("{}", flags)
    run.write("labels.txt", "a\nb\n")
    model = ImageClassifier(load_module(averaging_module), {"label": SoftmaxHead(["a", "b"])})
    model.base.trainable_variables[0].assign([1.0, 2.0, 3.0])
    model.kernels["label"].assign([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    model.biases["label"].assign([7.0, 8.0])
    Estimator(model, run.path).save_checkpoint(4)
    exporter("saved_model")(model, run.export("saved_model"))
    return run


@pytest.mark.parametrize("place", ["", "ckpt-4", "export/saved_model"])
def test_the_base_and_the_heads_are_those_of_the_run(tuned, place):
    base = base_of(warm_start_from=str(tuned.path / place))
    assert base.named == str(tuned.path / place)
    np.testing.assert_allclose(base.module(IMAGES), IMAGES.mean(axis=(1, 2)) * [1.0, 2.0, 3.0], rtol=1e-5)
    [(task, known)] = base.heads.items()
    assert (task, known.class_names) == ("label", ("a", "b"))
    np.testing.assert_array_equal(known.kernel, [[1, 2], [3, 4], [5, 6]])
    np.testing.assert_array_equal(known.bias, [7, 8])


def test_features_of_the_module_are_not_taken_for_those_of_the_base(tuned, averaging_module):
    modules = [base_of(tfhub_module=averaging_module).module]
    modules += [base_of(warm_start_from=str(tuned.path / place)).module for place in ("", "ckpt-4")]
    assert len({module.fingerprint for module in modules}) == 3


def test_a_checkpoint_of_another_module(tuned, averaging_module, tmp_path):
    shutil.copytree(tuned.path / "ckpt-4", tmp_path / "ckpt-4")
    other = tiny_worlds.keras_file(tmp_path / "other")
    flags = (tuned.path / "run.flags").read_text()
    (tmp_path / "run.flags").write_text(flags.replace(averaging_module, other))
    said = sentence(warm_start_from=str(tmp_path / "ckpt-4"))
    assert said.startswith(
        f"The checkpoint '{tmp_path}/ckpt-4/variables' does not fit '{other}', which its run was trained "
        "with ("
    )
    assert said.endswith("): name an export instead.")


def test_a_part_of_the_module(averaging_module):
    given = {"tfhub_module": averaging_module, "fine_tune": True}
    assert base_of(**given, fine_tune_from=re.compile("sca")).module.trainable_variables
    assert sentence(**given, fine_tune_from=re.compile("Conv")) == (
        "--fine_tune_from='Conv' matches no variable of the module that can be trained; some of its 1 names, "
        "in order: 'scale'."
    )


def test_a_module_without_variables(tmp_path):
    module = tf.Module()
    images = tf.TensorSpec([None, 8, 8, 3], tf.float32)
    module.__call__ = tf.function(lambda images: tf.reduce_mean(images, [1, 2]), input_signature=[images])
    tf.saved_model.save(module, str(tmp_path))
    assert sentence(tfhub_module=str(tmp_path), fine_tune=True) == (
        f"--fine_tune trains the variables of a module, and {str(tmp_path)!r} has none that can be trained: "
        "leave it out, or use another module."
    )


def test_a_module_whose_variables_are_all_of_its_classes(tmp_path):
    handle = tiny_worlds.published_module(tmp_path / "module")
    assert sentence(tfhub_module=handle, fine_tune=True) == (
        f"--fine_tune trains what features are made of, and those of {handle!r} need none of its variables "
        f"that can be trained, such as 'Variable': leave it out, or use another module."
    )


def test_from_a_variable_on_that_no_feature_is_made_of(tmp_path):
    handle = str(tmp_path / "module")
    scale, kernel = tf.Variable(tf.ones([3]), name="scale"), tf.Variable(tf.ones([3, 2]), name="kernel")
    module = tf.train.Checkpoint(scale=scale, kernel=kernel, variables=[scale, kernel])
    images = tf.TensorSpec([None, 8, 8, 3], tf.float32)
    module.image_feature_vector = tf.function(lambda images: tf.reduce_mean(images, [1, 2]) * scale, [images])
    module.image_classification = tf.function(
        lambda images: tf.reduce_mean(images, [1, 2]) * scale @ kernel, [images]
    )
    tf.saved_model.save(module, handle)
    given = {"tfhub_module": handle, "fine_tune": True}
    assert base_of(**given, fine_tune_from=re.compile("scale")).module.trainable_variables
    assert sentence(**given, fine_tune_from=re.compile("kern")) == (
        f"--fine_tune_from='kern' leaves nothing to train: of the variables from 'kernel' on, none is what "
        f"the features of {handle!r} are made of; the last of those is 'scale'."
    )


def test_mixed_precision_is_refused_where_it_gains_nothing(averaging_module, monkeypatch, tmp_path):
    (tmp_path / "cpuinfo").write_text("flags: avx2\n")
    monkeypatch.setattr("retrain.commands.train.base.CPU_INFO", tmp_path / "cpuinfo")
    said = sentence(tfhub_module=averaging_module, fine_tune=True, mixed_precision=True)
    assert said.startswith("--mixed_precision computes in bfloat16, which is only slower here: ")


FLAGS = [
    *("--fine_tune", "--mixed_precision", "--max_steps=3", "--batch_size=6", "--augment=none"),
    "--validation_percentage=0",
]


@pytest.fixture
def cpu(monkeypatch, tmp_path):
    """Lets the processor be one with these abilities."""

    def has(abilities: str) -> None:
        (tmp_path / "cpuinfo").write_text(f"flags: {abilities}\n")
        monkeypatch.setattr(bfloat16, "CPU_INFO", tmp_path / "cpuinfo")

    return has


def test_a_cpu_without_amx_would_only_be_slower(cpu):
    cpu("avx2 avx512_bf16")
    with pytest.raises(InputError) as raised:
        check_hardware()
    assert str(raised.value) == (
        "--mixed_precision computes in bfloat16, which is only slower here: there is no TPU, no GPU of "
        "compute capability 8.0 or more and no CPU with AMX; leave it out."
    )


def test_a_cpu_with_amx_and_a_new_gpu_are_faster(cpu, monkeypatch):
    cpu("avx2 amx_bf16")
    check_hardware()
    cpu("avx2")
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["gpu"] if kind == "GPU" else [])
    for capability, capable in (((8, 0), True), ((7, 5), False)):
        details = {"compute_capability": capability}
        monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda _, details=details: details)
        assert bfloat16._has_capable_gpu() is capable


CONVERTED = "Mixed precision: the module's convolutions and products are computed in bfloat16."


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (
            tiny_worlds.averaging_module,
            "Mixed precision: the module stays in float32, as the graph of a SavedModel was saved.",
        ),
        (tiny_worlds.keras_file, CONVERTED),
        (tiny_tf1_hub.averaging_module, CONVERTED),
    ],
)
def test_the_model_to_train_has_the_same_weights(make, line, tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(logging, "info", lambda text, *values: said.append(text % values))
    model = ImageClassifier(load_module(make(tmp_path / "module")), {"label": SoftmaxHead(["a", "b"])})
    model.kernels["label"].assign(np.arange(6, dtype=np.float32).reshape(3, 2))
    found = in_bfloat16(ModuleSettings(), model)
    assert [text for text in said if text.startswith("Mixed precision")] == [line]
    assert (found is model) == (line != CONVERTED)
    for mine, its in zip(model.variables, found.variables, strict=True):
        np.testing.assert_array_equal(mine, its)


@pytest.fixture(scope="module")
def run(colour_folder, tmp_path_factory) -> pathlib.Path:
    """One that was trained in bfloat16."""
    from retrain.__main__ import main

    directory = tmp_path_factory.mktemp("bfloat16")
    module = tiny_worlds.keras_file(directory / "module")
    given = [f"--image_dir={colour_folder}", f"--tfhub_module={module}", f"--model_dir={directory / 'run'}"]
    with pytest.MonkeyPatch.context() as patch:
        (directory / "cpuinfo").write_text("flags: amx_bf16\n")
        patch.setattr(bfloat16, "CPU_INFO", directory / "cpuinfo")
        assert main(["retrain", *given, *FLAGS]) == 0
    return directory / "run"


def test_what_is_exported_is_what_was_trained(run):
    checkpoint = tf.train.load_checkpoint(tf.train.latest_checkpoint(str(run)))
    kernel = tf.saved_model.load(str(run / "export" / "saved_model")).trainable_variables[-2]
    saved = checkpoint.get_tensor("model/kernels/label/.ATTRIBUTES/VARIABLE_VALUE")
    np.testing.assert_array_equal(kernel, saved)


@pytest.mark.parametrize("name", ["export/hub_module", "ckpt-3"])
def test_a_warm_start_goes_on_with_the_module_of_its_run(run, name, monkeypatch):
    said = []
    monkeypatch.setattr(logging, "info", lambda text, *values: said.append(text % values))
    config = Config.of(warm_start_from=str(run / name))
    base = load_base(TrainPlan(config, None, None, find_source(str(run / name)), None, None))
    found = in_bfloat16(config.module, ImageClassifier(base.module, {"label": SoftmaxHead(["a", "b"])}))
    assert [text for text in said if text.startswith("Mixed precision")] == [CONVERTED]
    for mine, its in zip(base.module.variables, found.base.variables, strict=True):
        np.testing.assert_array_equal(mine, its)


def test_a_range_that_only_makes_features_larger_may_keep_fine_tuning_from_diverging(averaging_module):
    given = {"tfhub_module": averaging_module, "module_input_range": (0.0, 255.0)}
    assert sentence(**given).startswith("--module_input_range has no effect on ")
    features = base_of(**given, fine_tune=True).module(IMAGES)
    np.testing.assert_allclose(features, 255 * IMAGES.mean(axis=(1, 2)), rtol=1e-5)
