import re
import shutil

import numpy as np
import pytest
import tensorflow as tf

from retrain.commands.train.base import Base, load_base
from retrain.commands.train.check import TrainPlan
from retrain.errors import InputError
from retrain.export import exporter
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.modules.load import load_module
from retrain.runs.run import Run
from retrain.runs.warm_start_source import find_source
from retrain.settings.config import Config, to_flags
from retrain.training.estimator import Estimator
from tests import tiny_worlds

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


def test_mixed_precision_is_refused_where_it_gains_nothing(averaging_module, monkeypatch, tmp_path):
    (tmp_path / "cpuinfo").write_text("flags: avx2\n")
    monkeypatch.setattr("retrain.commands.train.bfloat16.CPU_INFO", tmp_path / "cpuinfo")
    said = sentence(tfhub_module=averaging_module, fine_tune=True, mixed_precision=True)
    assert said.startswith("--mixed_precision computes in bfloat16, which is only slower here: ")
