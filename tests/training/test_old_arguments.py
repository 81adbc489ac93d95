import keras
import pytest
import tensorflow as tf

from retrain.errors import InputError
from retrain.training.estimator import Estimator
from retrain.training.train_and_evaluate import (
    BestExporter,
    EvalSpec,
    FinalExporter,
    LatestExporter,
    TrainSpec,
)
from tests.training import worlds
from tests.training.worlds import feature_batches


@pytest.fixture
def estimator(loaded_module, tmp_path) -> Estimator:
    return Estimator(worlds.classifier(loaded_module), tmp_path / "run", keras.optimizers.SGD(0.5))


def refused(call, *given, **named) -> str:
    with pytest.raises(InputError) as raised:
        call(*given, **named)
    return str(raised.value)


@pytest.mark.parametrize(
    ("call", "named", "sentence"),
    [
        (
            Estimator,
            {"model_fn": print},
            "Estimator has no 'model_fn', as tf.estimator had: give the model, Estimator(model, model_dir, "
            "optimizer).",
        ),
        (
            Estimator.train,
            {"hooks": []},
            "Estimator.train has no 'hooks', as tf.estimator had: call train(input_fn, steps=N) in a loop of "
            "your own, and do in between what a hook did.",
        ),
        (
            Estimator.evaluate,
            {"steps": 10},
            "Estimator.evaluate has no 'steps', as tf.estimator had: every example is evaluated; give an "
            "input_fn of fewer, dataset.take(N).",
        ),
        (
            Estimator.predict,
            {"predict_keys": ["classes"]},
            "Estimator.predict has no 'predict_keys', as tf.estimator had: each prediction has all keys, and "
            "costs the same.",
        ),
        (
            Estimator.export_saved_model,
            {"serving_input_receiver_fn": print},
            "Estimator.export_saved_model has no 'serving_input_receiver_fn', as tf.estimator had: an export "
            "takes images, float32 [batch, height, width, 3] in [0, 1].",
        ),
        (
            EvalSpec,
            {"throttle_secs": 60},
            "EvalSpec has no 'throttle_secs', as tf.estimator had: EvalSpec(every_steps=N) says when to "
            "evaluate.",
        ),
        (
            FinalExporter,
            {"as_text": True},
            "FinalExporter has no 'as_text', as tf.estimator had: tf.saved_model reads the binary form.",
        ),
    ],
)
def test_an_argument_that_tf_estimator_had(call, named, sentence):
    assert refused(call, **named) == sentence


def test_an_argument_at_the_place_of_another(estimator):
    assert refused(estimator.evaluate, feature_batches, 100) == (
        "Estimator.evaluate takes a string as 'name', but got 100; its arguments are (input_fn, name, "
        "checkpoint_path)."
    )
    assert refused(estimator.train, feature_batches, ["hook"]) == (
        "Estimator.train takes a whole number as 'steps', but got ['hook']; its arguments are (input_fn, "
        "steps, max_steps)."
    )
    assert refused(estimator.predict, feature_batches, ["classes"]) == (
        "Estimator.predict takes a path as 'checkpoint_path', but got ['classes']; its arguments are "
        "(input_fn, checkpoint_path)."
    )


@pytest.mark.parametrize(
    ("call", "given", "start"),
    [
        (Estimator, (print, "model_dir"), "Estimator takes a retrain.ImageClassifier as 'model', but got"),
        (EvalSpec, (feature_batches, 100), "EvalSpec takes a string as 'name', but got 100;"),
        (TrainSpec, (feature_batches, []), "TrainSpec takes a whole number as 'max_steps', but got [];"),
        (TrainSpec, (None,), "TrainSpec takes a function that returns a tf.data.Dataset as 'input_fn', but"),
        (LatestExporter, ("latest", print), "LatestExporter takes a whole number as 'exports_to_keep', but"),
        (BestExporter, ("a", max, "e/*"), "BestExporter takes a whole number as 'exports_to_keep', but got"),
    ],
)
def test_other_calls(call, given, start):
    assert refused(call, *given).startswith(start)


def test_other_arguments_of_an_estimator_and_of_an_export(estimator, tmp_path):
    model = estimator.model
    order = "(model, model_dir, optimizer, loss, strategy, seed, save_checkpoints_steps, run_state, workers)"
    assert refused(Estimator, model, None) == (
        f"Estimator takes a path as 'model_dir', but got None; its arguments are {order}."
    )
    assert refused(Estimator, model, tmp_path, "Adagrad") == (
        f"Estimator takes a Keras optimizer as 'optimizer', but got 'Adagrad'; its arguments are {order}."
    )
    assert refused(estimator.export_saved_model, tmp_path, print) == (
        f"Estimator.export_saved_model takes a path as 'checkpoint_path', but got {print!r}; its arguments "
        f"are (export_dir_base, checkpoint_path)."
    )


def test_a_dataset_is_no_input_fn(estimator):
    batches = feature_batches()
    assert refused(estimator.train, batches) == (
        f"Estimator.train takes a function that returns a tf.data.Dataset as 'input_fn', but got "
        f"{batches!r}; its arguments are (input_fn, steps, max_steps)."
    )


def test_more_arguments_than_there_are():
    assert refused(FinalExporter, "final", print) == (
        f"FinalExporter takes (name), and not all that tf.estimator's did: leave out {print!r}."
    )


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("export_savedmodel", "export_saved_model(export_dir_base) exports it"),
        ("params", "model, and loop.optimizer, are what it trains"),
        ("config", "model_dir and save_checkpoints_steps are its properties"),
        (
            "get_variable_names",
            "model.variables are its variables; tf.train.load_checkpoint(latest_checkpoint()) reads saved "
            "ones",
        ),
    ],
)
def test_what_an_estimator_no_longer_has(estimator, name, instead):
    assert refused(getattr, estimator, name) == f"Estimator has no {name!r}, as tf.estimator had: {instead}."


def test_what_stands_instead_is_there(estimator):
    estimator.train(feature_batches, steps=1)
    reader = tf.train.load_checkpoint(estimator.latest_checkpoint())
    assert any(name.startswith("model/") for name in reader.get_variable_to_shape_map())
    assert estimator.model.variables
    assert isinstance(estimator.loop.optimizer, keras.optimizers.Optimizer)
    assert estimator.save_checkpoints_steps is None
    assert not hasattr(estimator, "nonsense")


def test_what_is_right_goes_through_and_what_is_misspelt_is_pythons(estimator):
    assert estimator.train(feature_batches, steps=1).global_step == 1
    with pytest.raises(TypeError):
        estimator.train(feature_batches, step=1)
