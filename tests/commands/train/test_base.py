import json
import pathlib
import shutil

import numpy as np
import pytest
import tensorflow as tf
from absl import logging
from retrain.commands.train.earlier_model import EarlierModel, KnownClasses, load_base, warm_starts

from retrain.errors import InputError
from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead
from retrain.settings.config import Config
from tests import tiny_worlds

KNOWN = KnownClasses(("a", "b"), np.array([[1, 2], [3, 4], [5, 6]], np.float32), np.array([7, 8], np.float32))
EARLIER = EarlierModel("run", None, {"label": KNOWN})
IMAGES = np.random.default_rng(0).random([4, 8, 8, 3], np.float32)
# As good as no training: the heads are where they began.
STILL = ("--max_steps=1", "--learning_rate=1e-20", "--testing_percentage=0")


def head_of(run: pathlib.Path) -> np.ndarray:
    """Kernel and, as its last row, bias."""
    reader = tf.train.load_checkpoint(str(run))
    kernel, bias = (
        reader.get_tensor(f"model/{name}/label/.ATTRIBUTES/VARIABLE_VALUE") for name in ("kernels", "biases")
    )
    return np.concatenate([kernel, bias[None]])


@pytest.fixture(scope="module")
def tuned_run(tmp_path_factory, colour_folder) -> pathlib.Path:
    """A fine-tuned run, whose base is no longer the module's."""
    from retrain.__main__ import main

    directory = tmp_path_factory.mktemp("tuned")
    module, run = tiny_worlds.averaging_module(directory / "module"), directory / "run"
    flags = [f"--image_dir={colour_folder}", f"--tfhub_module={module}", f"--model_dir={run}", "--fine_tune"]
    tuned = ["--max_steps=4", "--eval_every=2", "--learning_rate=0.001", "--augment=none", "--batch_size=4"]
    assert main(["retrain", *flags, *tuned]) == 0
    return run


def test_rows_go_over_by_the_name_of_the_class(monkeypatch):
    said = []
    monkeypatch.setattr(logging, "info", lambda text, *values: said.append(text % values))
    start = warm_starts(EARLIER, {"label": SoftmaxHead(["0", "a", "b", "c"])})["label"]
    np.testing.assert_array_equal(start.kernel, [[0, 1, 2, 0], [0, 3, 4, 0], [0, 5, 6, 0]])
    np.testing.assert_array_equal(start.bias, [0, 7, 8, 0])
    assert said == ["Head: 2 of 4 classes go on from 'run' (a, b); new: 0, c."]
    fewer = warm_starts(EARLIER, {"label": SoftmaxHead(["b", "x"]), "other": SigmoidHead(["a"])})
    assert list(fewer) == ["label"]
    np.testing.assert_array_equal(fewer["label"].kernel, [[2, 0], [4, 0], [6, 0]])


def test_a_model_of_other_classes():
    with pytest.raises(InputError) as raised:
        warm_starts(EARLIER, {"label": SoftmaxHead(["c", "d"])})
    assert str(raised.value) == (
        "--warm_start_from='run' knows a, b, and none of the classes to be learned (c, d): name its "
        "export/saved_model as --tfhub_module to begin with its features alone."
    )


@pytest.mark.parametrize("place", ["", "ckpt-1000", "export/hub_module"])
def test_more_classes_begin_with_the_head_of_fewer(command, trained_run, tmp_path, place):
    photos = pathlib.Path(tiny_worlds.colour_folder(tmp_path / "photos", 4))
    shutil.copytree(photos / "cyan", photos / "a new one")
    flags = [f"--image_dir={photos}", f"--warm_start_from={trained_run / place}", *STILL]
    result = command(*flags, f"--model_dir={tmp_path / 'run'}")
    assert result.status == 0
    from_there = f"classes go on from {str(trained_run / place)!r} (cyan, magenta, yellow); new: a new one."
    assert f"Head: 3 of 4 {from_there}" in result.err
    begun = head_of(tmp_path / "run")
    np.testing.assert_allclose(begun[:, 1:], head_of(trained_run), rtol=0, atol=1e-5)
    np.testing.assert_allclose(begun[:, 0], np.zeros(4), atol=1e-19)


def test_the_base_is_that_of_the_run_and_its_features_are_not_those_of_its_module(tuned_run):
    step = json.loads((tuned_run / "metrics.json").read_text())["global_step"]
    exported, earlier = load_base(Config.of(warm_start_from=str(tuned_run)))
    at_checkpoint, earlier_still = load_base(Config.of(warm_start_from=str(tuned_run / f"ckpt-{step}")))
    module, nothing = load_base(Config.of(tfhub_module=str(tuned_run.parent / "module")))
    assert nothing is None
    np.testing.assert_array_equal(exported(IMAGES), at_checkpoint(IMAGES))
    assert not np.array_equal(module(IMAGES), at_checkpoint(IMAGES)) or step == 0
    assert len({one.fingerprint for one in (exported, at_checkpoint, module)}) == 3
    for one, other in zip(earlier.heads["label"], earlier_still.heads["label"], strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_checkpoint_of_another_module(tuned_run, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(tuned_run, run)
    module = tiny_worlds.keras_file(tmp_path / "other")
    flags = (run / "run.flags").read_text().splitlines()
    lines = [f"--tfhub_module={module}" if "--tfhub_module" in line else line for line in flags]
    (run / "run.flags").write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError) as raised:
        load_base(Config.of(warm_start_from=str(run / "ckpt-4")))
    assert str(raised.value).startswith(
        f"The checkpoint '{run}/ckpt-4/variables' does not fit '{module}', which its run was trained with ("
    )
    assert str(raised.value).endswith("): name an export instead.")
