import keras
import pytest

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


def test_an_argument_at_the_place_of_another(estimator, tmp_path):
    advice = "its arguments are not tf.estimator's, but"
    assert refused(estimator.evaluate, feature_batches, 100) == (
        f"Estimator.evaluate got 100 as 'name': {advice} (input_fn, name, checkpoint_path); give them by "
        f"name."
    )
    assert refused(estimator.train, feature_batches, ["hook"]) == (
        f"Estimator.train got ['hook'] as 'steps': {advice} (input_fn, steps, max_steps); give them by name."
    )
    assert refused(estimator.predict, feature_batches, ["classes"]) == (
        f"Estimator.predict got ['classes'] as 'checkpoint_path': {advice} (input_fn, checkpoint_path); give "
        f"them by name."
    )
    for call, given in [
        (estimator.export_saved_model, (tmp_path, print)),
        (EvalSpec, (feature_batches, 100)),
        (TrainSpec, (feature_batches, [])),
        (LatestExporter, ("latest", print)),
        (BestExporter, ("best", print, "eval/*.tfevents.*")),
    ]:
        assert advice in refused(call, *given)


def test_what_is_right_goes_through_and_what_is_misspelt_is_pythons(estimator):
    assert estimator.train(feature_batches, steps=1).global_step == 1
    with pytest.raises(TypeError):
        estimator.train(feature_batches, step=1)
