import json
import pathlib
import re
import shutil

import numpy as np
import pytest
import tensorflow as tf

from retrain.commands.train.base import Base, load_base
from retrain.commands.train.check import TrainPlan
from retrain.errors import InputError
from retrain.runs.run import Run
from retrain.runs.warm_start_source import find_source
from retrain.settings.config import Config

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


def module_of(run: pathlib.Path) -> str:
    return Run(run).flags["tfhub_module"]


def test_the_base_is_that_of_the_run_and_its_features_are_not_those_of_its_module(tuned_run):
    step = json.loads((tuned_run / "metrics.json").read_text())["global_step"]
    exported = base_of(warm_start_from=str(tuned_run))
    at_checkpoint = base_of(warm_start_from=str(tuned_run / f"ckpt-{step}"))
    module = base_of(tfhub_module=module_of(tuned_run)).module
    assert (exported.named, at_checkpoint.named) == (str(tuned_run), str(tuned_run / f"ckpt-{step}"))
    np.testing.assert_allclose(exported.module(IMAGES), at_checkpoint.module(IMAGES), rtol=1e-5)
    assert not np.allclose(module(IMAGES), at_checkpoint.module(IMAGES), rtol=1e-5) or step == 0
    assert len({one.fingerprint for one in (exported.module, at_checkpoint.module, module)}) == 3
    for one, other in zip(exported.heads["label"], at_checkpoint.heads["label"], strict=True):
        np.testing.assert_array_equal(one, other)
    assert exported.heads["label"].class_names == ("cyan", "magenta", "yellow")


def test_a_checkpoint_of_another_module(tuned_run, averaging_module, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(tuned_run / "ckpt-4", run / "ckpt-4")
    flags = (tuned_run / "run.flags").read_text()
    (run / "run.flags").write_text(flags.replace(module_of(tuned_run), averaging_module))
    said = sentence(warm_start_from=str(run / "ckpt-4"))
    assert said.startswith(
        f"The checkpoint '{run}/ckpt-4/variables' does not fit '{averaging_module}', which its run was "
        "trained with ("
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
