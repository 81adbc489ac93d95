"""What training on images does to a base of every source: nothing when it is frozen, else what was asked."""

import re

import numpy as np
import pytest
import tensorflow as tf

from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.modules.image_module import ImageModule
from retrain.modules.loading import load_module
from retrain.settings.pixels import PixelSettings
from retrain.training.estimator import Estimator
from retrain.training.optimizer import make_optimizer
from tests import tiny_tf1_hub
from tests.contracts.example_modules import KINDS
from tests.contracts.test_every_module import equal, values

MAKERS = {
    **{
        name: lambda directory, example=example: example.make(directory, 1.0)
        for name, example in KINDS.items()
    },
    "tf1_hub resource": lambda directory: tiny_tf1_hub.averaging_module(directory, use_resource=True),
}
TRAINED = {name: make for name, make in MAKERS.items() if name != "gradients"}
# All that could change a variable beside the gradient.
SETTINGS = PixelSettings(optimizer="adamw", weight_decay=0.1, ema=0.9, gradient_clip_norm=1.0)


def train(module: ImageModule, directory, **tuning) -> None:
    """Two steps on noise."""
    model = ImageClassifier(module, {"label": SoftmaxHead(["a", "b"])}, 0.25, **tuning)
    images = np.random.default_rng(0).random([4, *module.image_size, 3], np.float32)
    batch = ({"images": images}, {"label": np.asarray([0, 1, 0, 1], np.int32)})
    estimator = Estimator(model, directory, make_optimizer(SETTINGS, 0.1))
    estimator.train(lambda: tf.data.Dataset.from_tensors(batch).repeat(2))
    assert all(np.any(variable) for variable in model.head_variables)


def parts(module: ImageModule) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """What is trained by gradients, and the rest: the statistics of batches."""
    trained = {id(variable) for variable in module.trainable_variables}
    rest = [variable.numpy() for variable in module.variables if id(variable) not in trained]
    return [variable.numpy() for variable in module.trainable_variables], rest


@pytest.mark.parametrize("name", MAKERS)
def test_frozen_means_frozen(name, tmp_path):
    module = load_module(MAKERS[name](tmp_path / "module"))
    before = values(module)
    train(module, tmp_path / "run", train_base=False)
    assert equal(before, values(module))


@pytest.mark.parametrize("name", TRAINED)
def test_fine_tuning_changes_weights_and_statistics(name, tmp_path):
    module = load_module(TRAINED[name](tmp_path / "module"))
    before = parts(module)
    train(module, tmp_path / "run", train_base=True)
    has_statistics = bool(before[1])
    assert [equal(*pair) for pair in zip(before, parts(module), strict=True)] == [False, not has_statistics]


@pytest.mark.parametrize("name", TRAINED)
def test_with_frozen_batch_norm_only_weights_change(name, tmp_path):
    module = load_module(TRAINED[name](tmp_path / "module"))
    before = parts(module)
    train(module, tmp_path / "run", train_base=True, freeze_batch_norm=True)
    assert [equal(*pair) for pair in zip(before, parts(module), strict=True)] == [False, True]


@pytest.mark.parametrize("name", TRAINED)
def test_what_comes_before_a_variable_is_left_alone(name, tmp_path):
    module = load_module(TRAINED[name](tmp_path / "module"))
    last = module.trainable_variables[-1]
    before = [variable.numpy() for variable in module.trainable_variables]
    train(module, tmp_path / "run", train_base=True, fine_tune_from=re.compile(f"^{last.name}$"))
    after = [variable.numpy() for variable in module.trainable_variables]
    assert equal(before[:-1], after[:-1])
    assert not np.array_equal(before[-1], after[-1])
