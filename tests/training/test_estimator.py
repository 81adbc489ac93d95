import os
import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from absl import logging

from retrain.errors import InputError
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.modules.loading import load_module
from retrain.training import driver
from retrain.training import estimator as estimator_module
from retrain.training.estimator import Estimator
from retrain.training.loss import Loss
from tests.training import worlds
from tests.training.worlds import COLOURS, COUNT, LABELS, NAMES, PIXELS, endless, equal, feature_batches

RATE = 0.5


@pytest.fixture
def make(loaded_module, tmp_path):
    """A new Estimator, as a new process would make it, with a frozen base; in model_dir "run" by default."""

    def estimator(name: str = "run", dropout_rate: float = 0.25, **settings) -> Estimator:
        optimizer = settings.pop("optimizer", None) or keras.optimizers.SGD(RATE, momentum=0.9)
        model = worlds.classifier(loaded_module, dropout_rate)
        return Estimator(model, tmp_path / name, optimizer, **settings)

    return estimator


@pytest.fixture
def logged(monkeypatch) -> list[str]:
    texts = []
    monkeypatch.setattr(logging, "info", lambda text, *values: texts.append(text % values))
    return texts


def never() -> tf.data.Dataset:
    raise AssertionError("was not to be called")


def head_of(estimator: Estimator) -> list[np.ndarray]:
    return [variable.numpy() for variable in estimator.model.head_variables]


def test_training_learns_the_colours_and_evaluation_says_so(make, tmp_path):
    estimator = make()
    assert estimator.train(endless, steps=60) is estimator
    figures = estimator.evaluate(feature_batches)
    assert figures["accuracy"] == 1.0
    assert figures["loss"] == figures["average_loss"] < 0.5
    assert figures["global_step"] == estimator.global_step == 60
    assert figures["confusion_matrix"] == [[4, 0, 0], [0, 4, 0], [0, 0, 4]]
    assert set(figures["classes"]) == set(NAMES)


def test_steps_are_added_and_max_steps_are_the_end(make, logged):
    estimator = make()
    for given, after in [({"steps": 3}, 3), ({"steps": 3}, 6), ({"max_steps": 8}, 8)]:
        assert estimator.train(endless, **given).global_step == after
    logged.clear()
    assert estimator.train(never, max_steps=8).global_step == 8
    assert make().train(never, max_steps=7).global_step == 8
    assert logged == ["Skipping training since max_steps has already saved."] * 2


def test_the_last_loss_is_logged(make, logged):
    make().train(endless, steps=1)
    assert logged[-1] == f"Loss for final step: {np.log(3):.6g}."


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"steps": 1, "max_steps": 1}, "Give steps (more of them) or max_steps (in all), not both."),
        ({"steps": 0}, "steps must be above 0, but is 0."),
        ({"max_steps": -1}, "max_steps must be above 0, but is -1."),
    ],
)
def test_steps_that_make_no_sense(make, given, sentence):
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        make().train(never, **given)
    assert str(raised.value) == sentence


def test_training_ends_with_its_input_also_within_a_call_of_many_steps(make):
    estimator = make().train(lambda: feature_batches(5))
    assert estimator.global_step == 3
    assert estimator.latest_checkpoint().endswith("ckpt-3/variables")


@pytest.mark.parametrize("given", [{}, {"steps": 5}, {"max_steps": 9}])
def test_an_input_that_has_been_used_up_leaves_the_model_as_it_is(make, given):
    make().train(feature_batches)
    estimator = make()
    before = head_of(estimator)
    assert estimator.train(feature_batches, **given).global_step == 3
    assert equal(before, head_of(estimator))


@pytest.mark.parametrize("input_fn", [endless, worlds.positioned])
def test_a_continued_training_is_the_same_to_the_last_bit(make, input_fn):
    whole = make("whole").train(input_fn, steps=8)
    make("parts").train(input_fn, steps=4)
    parts = make("parts").train(input_fn, steps=4)
    assert equal(head_of(whole), head_of(parts))
    momenta = [[v.numpy() for v in of.loop.optimizer.variables] for of in (whole, parts)]
    assert len(momenta[0]) > 2
    assert equal(*momenta)


def test_the_same_seed_trains_to_the_same_bits_and_another_to_others(make):
    first, again, other = (
        head_of(make(str(number), seed=seed).train(endless, steps=6)) for number, seed in enumerate((0, 0, 1))
    )
    assert equal(first, again)
    assert not equal(first, other)


def test_a_first_step_against_numpy(make):
    smoothing, l1, l2 = 0.1, 0.01, 0.02
    start = np.random.default_rng(1).normal(size=[3, 3]).astype(np.float32)
    weights = np.array([1.0, 0.5, 2.0, 0.5], np.float32)
    estimator = make(
        dropout_rate=0.0,
        loss=Loss(smoothing, l1, l2),
        optimizer=keras.optimizers.SGD(0.1),
    )
    estimator.model.kernels["label"].assign(start)
    estimator.train(lambda: feature_batches().map(lambda *batch: (*batch, tf.constant(weights))), steps=1)

    features, targets = COLOURS[:4], np.eye(3)[LABELS[:4]] * (1 - smoothing) + smoothing / 3
    probabilities = np.exp(features @ start)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    error = weights[:, None] * (probabilities - targets) / 4
    kernel = start - 0.1 * (features.T @ error + l1 * np.sign(start) + 2 * l2 * start)
    np.testing.assert_allclose(estimator.model.kernels["label"], kernel, atol=1e-6)
    np.testing.assert_allclose(estimator.model.biases["label"], -0.1 * error.sum(axis=0), atol=1e-6)
    data_loss = -(weights * (targets * np.log(probabilities)).sum(axis=1)).mean()
    penalty = l1 * np.abs(start).sum() + l2 * (start**2).sum()
    assert float(estimator.loop.last_loss) == pytest.approx(data_loss + penalty, rel=1e-5)


@pytest.mark.parametrize("batch_size", [1, 5, 12, 100])
def test_every_example_is_evaluated_once_however_the_batches_fall(make, batch_size):
    estimator = make()
    estimator.model.kernels["label"].assign(np.eye(3)[::-1])
    figures = estimator.evaluate(lambda: feature_batches(batch_size))
    expected = make("other").evaluate(lambda: feature_batches(1))
    assert figures["count"] == COUNT
    assert set(figures) == set(expected)
    logits = COLOURS[:, ::-1]
    losses = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(COUNT), LABELS]
    assert figures["average_loss"] == pytest.approx(losses.mean(), rel=1e-5)
    assert figures["accuracy"] == 1.0


def test_evaluation_of_nothing(make):
    with pytest.raises(InputError) as raised:
        make().evaluate(lambda: feature_batches().take(0))
    assert str(raised.value) == "Evaluation needs at least one example, but the input was empty."


def test_evaluation_writes_events_under_its_name(make, tmp_path):
    estimator = make()
    estimator.evaluate(feature_batches)
    estimator.evaluate(feature_batches, name="test")
    assert estimator.eval_dir("test") == tmp_path / "run" / "events" / "test"
    for name in (None, "test"):
        assert [file.partition(".")[0] for file in os.listdir(estimator.eval_dir(name))] == ["events"]


def test_several_tasks_have_their_own_keys(loaded_module, tmp_path):
    heads = {"kind": SoftmaxHead(NAMES), "colour": SoftmaxHead(["a", "b", "c"])}
    estimator = Estimator(ImageClassifier(loaded_module, heads), tmp_path / "run")

    def both():
        return feature_batches().map(
            lambda inputs, labels: (inputs, {"kind": labels["label"], "colour": labels["label"]})
        )

    figures = estimator.train(both).evaluate(both)
    assert figures["loss"] == pytest.approx(figures["average_loss/kind"] + figures["average_loss/colour"])
    assert {"accuracy/kind", "accuracy/colour"} <= set(figures)
    [first, *_] = estimator.predict(both)
    assert first["kind", "classes"] in NAMES
    assert first["colour", "logits"].shape == (3,)


def test_predictions_come_in_order_one_dict_an_example(make):
    estimator = make().train(endless, steps=60)
    predictions = list(estimator.predict(lambda: feature_batches(5)))
    assert [prediction["classes"] for prediction in predictions] == [NAMES[label] for label in LABELS]
    kernel, bias = head_of(estimator)
    logits = np.stack([prediction["logits"] for prediction in predictions])
    np.testing.assert_allclose(logits, COLOURS @ kernel + bias, atol=1e-5)
    for prediction in predictions:
        assert set(prediction) == {"logits", "probabilities", "classes"}
        assert prediction["probabilities"].sum() == pytest.approx(1)


def test_predictions_need_no_labels_and_take_images(make):
    estimator = make().train(endless, steps=60)
    images = tf.data.Dataset.from_tensor_slices({"images": PIXELS}).batch(5)
    from_images = [prediction["probabilities"] for prediction in estimator.predict(lambda: images)]
    from_features = [prediction["probabilities"] for prediction in estimator.predict(feature_batches)]
    np.testing.assert_allclose(from_images, from_features, atol=1e-5)


def test_any_checkpoint_can_be_evaluated_predicted_with_and_exported(make, tmp_path):
    estimator = make(save_checkpoints_steps=2).train(endless, steps=5)
    checkpoints = tf.train.get_checkpoint_state(str(tmp_path / "run")).all_model_checkpoint_paths
    assert [pathlib.Path(path).parent.name for path in checkpoints] == ["ckpt-2", "ckpt-4", "ckpt-5"]
    old = estimator.evaluate(feature_batches, checkpoint_path=checkpoints[0])
    assert old["global_step"] == 2
    assert old["loss"] == make("other").train(endless, steps=2).evaluate(feature_batches)["loss"]
    assert estimator.evaluate(feature_batches)["global_step"] == 5
    [first, *_] = estimator.predict(feature_batches, checkpoints[0])
    [last, *_] = estimator.predict(feature_batches)
    assert not np.array_equal(first["logits"], last["logits"])
    estimator.export_saved_model(tmp_path / "exports", checkpoints[0])
    assert estimator.global_step == 2
    assert estimator.train(endless, steps=1).global_step == 6


def test_an_old_checkpoint_is_read_anew_when_training_goes_on(make):
    estimator = make().train(endless, steps=4)
    make().train(endless, steps=4)
    assert estimator.global_step == 4
    assert estimator.evaluate(feature_batches)["global_step"] == 8


def test_a_training_that_was_broken_off_goes_on_from_its_checkpoint(make, monkeypatch):
    whole = make("whole").train(endless, steps=6)
    estimator = make(save_checkpoints_steps=2)
    steps = estimator.loop.take_steps

    def broken(batches, count):
        if estimator.global_step == 4:
            steps(batches, tf.constant(1))
            raise KeyboardInterrupt
        return steps(batches, count)

    monkeypatch.setattr(estimator.loop, "take_steps", broken)
    with pytest.raises(KeyboardInterrupt):
        estimator.train(endless, steps=6)
    monkeypatch.undo()
    assert estimator.global_step == 5
    assert estimator.train(endless, steps=2).global_step == 6
    assert equal(head_of(whole), head_of(estimator))


def test_a_loss_that_is_no_number_stops_training(make, monkeypatch):
    # Steps that are taken together have one loss, whatever the speed.
    monkeypatch.setattr(driver, "SECONDS_PER_CALL", 1e9)
    estimator = make(optimizer=keras.optimizers.SGD(1e30), loss=Loss(l2_regularizer=1e30))
    with pytest.raises(InputError) as raised:
        estimator.train(endless, steps=20)
    assert str(raised.value) == (
        "The loss is nan at step 3: training has diverged; give the optimizer a lower learning rate."
    )
    assert estimator.latest_checkpoint() is None


def test_checkpoints_after_a_while(make, tmp_path, monkeypatch):
    monkeypatch.setattr(estimator_module, "SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    # However long a call takes here, the next one has two steps.
    monkeypatch.setattr(driver, "SECONDS_PER_CALL", 1e9)
    monkeypatch.setattr(driver, "STEPS_PER_CALL", 2)
    make().train(endless, steps=6)
    checkpoints = tf.train.get_checkpoint_state(str(tmp_path / "run")).all_model_checkpoint_paths
    assert [pathlib.Path(path).parent.name for path in checkpoints] == [
        *("ckpt-1", "ckpt-3", "ckpt-5", "ckpt-6")
    ]


def test_weights_from_elsewhere_are_saved_and_evaluated(make):
    estimator = make()
    estimator.model.kernels["label"].assign(np.eye(3)[::-1])
    path = estimator.save_checkpoint(600)
    assert path.endswith("ckpt-600/variables")
    assert path == estimator.latest_checkpoint()
    assert estimator.evaluate(feature_batches)["global_step"] == 600
    again = make()
    assert again.global_step == 600
    np.testing.assert_array_equal(again.model.kernels["label"], np.eye(3)[::-1])


def test_without_a_checkpoint_the_model_is_used_as_it_is_and_cannot_be_exported(make, tmp_path, logged):
    estimator = make()
    assert estimator.latest_checkpoint() is None
    assert estimator.evaluate(feature_batches)["loss"] == pytest.approx(np.log(3))
    assert logged == [f"No checkpoint in {tmp_path}/run: the model is used as it is."]
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        estimator.export_saved_model(tmp_path / "exports")
    assert str(raised.value) == f"Couldn't find trained model at '{tmp_path}/run'."


def test_exports_go_to_new_directories_named_by_the_second(make, tmp_path):
    estimator = make().train(endless, steps=60)
    directories = [estimator.export_saved_model(tmp_path / "exports") for _ in range(2)]
    names = sorted(os.listdir(tmp_path / "exports"))
    assert [pathlib.Path(directory).name for directory in directories] == names
    assert all(name.isdigit() and len(name) == 10 for name in names)
    loaded = tf.saved_model.load(directories[0])
    kernel, bias = head_of(estimator)
    np.testing.assert_allclose(loaded(PIXELS), COLOURS @ kernel + bias, atol=1e-5)


def test_fine_tuning_changes_the_base_and_a_frozen_base_stays(averaging_module, tmp_path):
    changed = {}
    for train_base in (False, True):
        model = worlds.classifier(load_module(averaging_module), train_base=train_base)
        before = [variable.numpy() for variable in model.base.variables]
        estimator = Estimator(model, tmp_path / str(train_base), keras.optimizers.SGD(0.5))
        estimator.train(worlds.endless_images, steps=20)
        after = [variable.numpy() for variable in model.base.variables]
        changed[train_base] = [not np.array_equal(*pair) for pair in zip(before, after, strict=True)]
        assert np.abs(model.kernels["label"]).max() > 0.1
    assert changed == {False: [False, False], True: [True, True]}


def test_a_continued_fine_tuning_is_the_same_to_the_last_bit(averaging_module, tmp_path):
    def make(name):
        model = worlds.classifier(load_module(averaging_module), dropout_rate=0.25, train_base=True)
        return Estimator(model, tmp_path / name, keras.optimizers.SGD(0.1, momentum=0.9))

    whole = make("whole").train(worlds.endless_images, steps=8)
    make("parts").train(worlds.endless_images, steps=4)
    parts = make("parts").train(worlds.endless_images, steps=4)
    assert equal(worlds.weights(whole.model), worlds.weights(parts.model))
