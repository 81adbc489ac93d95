import keras
import numpy as np
import pytest
import tensorflow as tf

from retrain.errors import InputError
from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.training.estimator import Estimator
from retrain.training.loss import Loss
from tests.training import worlds

FEATURES, LABELS = worlds.COLOURS[:4], worlds.LABELS[:4]
WEIGHTS = np.asarray([1.0, 2.0, 0.0, 1.0], np.float32)
TAGS = np.float32([[1, 0], [0, 1], [np.nan, 1], [0, 0]])
SOFTMAX = (
    "A label of task 'label' is a whole number from 0 to 2, or -1 where nothing is known, but an input_fn "
    "gave"
)
SIGMOID = (
    "A label of task 'tags' is 1 for a class that is there, 0 for one that is not, and nan where nothing is "
    "known, but an input_fn gave"
)
TAGGED = "Labels of task 'tags' are numbers of the shape [B, 2], but an input_fn gave"


@pytest.fixture
def estimator(loaded_module, tmp_path) -> Estimator:
    return Estimator(worlds.classifier(loaded_module), tmp_path / "run", keras.optimizers.SGD(0.5))


@pytest.fixture
def tagger(loaded_module, tmp_path) -> Estimator:
    model = ImageClassifier(loaded_module, {"tags": SigmoidHead(["a", "b"])})
    return Estimator(model, tmp_path / "tags", keras.optimizers.SGD(0.5))


def batches(*values, features=FEATURES, batch_size=4):
    return lambda: tf.data.Dataset.from_tensor_slices(({"features": features}, *values)).batch(batch_size)


def refused(call, *values) -> str:
    with pytest.raises(InputError) as raised:
        call(*values)
    return str(raised.value)


def loss_of(estimator: Estimator, *values) -> float:
    """Of a first step, with different logits for all examples."""
    estimator.model.kernels["label"].assign(np.eye(3)[::-1])
    estimator.train(batches(*values), steps=1)
    return float(estimator.loop.last_loss)


@pytest.mark.parametrize(
    ("labels", "weights"),
    [
        ({"label": LABELS[:, None]}, WEIGHTS[:, None]),
        (LABELS, WEIGHTS.astype(np.float64)[:, None]),
        (LABELS.astype(np.float64), WEIGHTS.astype(int)),
        ({"label": LABELS.astype(np.uint8)}, {"label": WEIGHTS.astype(np.float64)}),
    ],
)
def test_columns_and_other_types_are_the_same_numbers(loaded_module, tmp_path, labels, weights):
    """As tf.estimator took them: [B, 1], the labels of an only task without its name."""
    of = [
        Estimator(worlds.classifier(loaded_module), tmp_path / name, keras.optimizers.SGD(0.5))
        for name in ("plain", "other")
    ]
    plain = loss_of(of[0], {"label": LABELS}, WEIGHTS)
    assert loss_of(of[1], labels, weights) == plain
    np.testing.assert_array_equal(of[1].model.kernels["label"], of[0].model.kernels["label"])
    figures = [
        estimator.evaluate(batches(given))
        for estimator, given in zip(of, ({"label": LABELS}, labels), strict=True)
    ]
    assert figures[0] == figures[1]


@pytest.mark.parametrize(("value", "shown"), [(3, "3"), (-2, "-2"), (2**40, "1099511627776"), (0.5, "0.5")])
@pytest.mark.parametrize("verb", ["train", "evaluate"])
def test_a_label_that_is_no_class(estimator, verb, value, shown):
    given = batches({"label": np.asarray([0, 1, value, 2])}, batch_size=2)
    assert refused(getattr(estimator, verb), given) == f"{SOFTMAX} {shown}."


@pytest.mark.parametrize(("value", "by_task"), [(np.nan, False), (np.inf, True)])
def test_a_weight_that_is_no_number(estimator, value, by_task):
    weights = np.asarray([1.0, 2.0, value, 1.0])
    given = batches({"label": LABELS}, {"label": weights[:, None]} if by_task else weights)
    assert refused(estimator.train, given) == f"Weights are finite numbers, but an input_fn gave {value}."


@pytest.mark.parametrize("verb", ["train", "evaluate"])
def test_an_indicator_that_is_none(tagger, verb):
    assert refused(getattr(tagger, verb), batches({"tags": TAGS + 0.5})) == f"{SIGMOID} 1.5."
    known = [tagger.evaluate(batches({"tags": np.nan_to_num(TAGS).astype(of)})) for of in (bool, int, float)]
    assert known[0] == known[1] == known[2]


@pytest.mark.parametrize("verb", ["train", "evaluate"])
def test_labels_and_weights_of_other_shapes(estimator, tagger, verb):
    softmax, sigmoid = getattr(estimator, verb), getattr(tagger, verb)
    sentence = "Labels of task 'label' are numbers of the shape [B] or [B, 1], but an input_fn gave"
    assert refused(softmax, batches({"label": np.eye(4, 3)})) == f"{sentence} float64 (None, 3)."
    assert refused(softmax, batches({"label": np.asarray(list("abcd"))})) == f"{sentence} string (None,)."
    one = batches({"label": LABELS})
    assert refused(softmax, lambda: one().unbatch()).startswith("The input 'features' is float32 [B, 3]")
    assert refused(sigmoid, batches({"tags": LABELS})) == f"{TAGGED} int32 (None,)."
    assert refused(sigmoid, batches({"tags": TAGS[:, :1]})) == f"{TAGGED} float32 (None, 1)."
    assert refused(softmax, batches({"label": LABELS}, np.ones([4, 3]))) == (
        "Weights are numbers of the shape [B] or [B, 1], but an input_fn gave float64 (None, 3)."
    )
    sparse = lambda: one().map(lambda inputs, labels: (inputs, tf.sparse.from_dense(labels["label"])))  # noqa: E731
    assert refused(softmax, sparse) == (
        "Labels of task 'label' are a dense tensor [B] or [B, 1], but an input_fn gave a SparseTensorSpec."
    )


@pytest.mark.parametrize("verb", ["train", "evaluate"])
def test_batches_that_are_none(estimator, verb):
    verb = getattr(estimator, verb)
    assert refused(verb, lambda: (FEATURES, LABELS)) == (
        "An input_fn returns a tf.data.Dataset of batches, but this one returned a tuple: make one with "
        "tf.data.Dataset.from_tensor_slices(...).batch(...)."
    )
    assert refused(verb, batches()).startswith(
        "Batches are (inputs, labels) or (inputs, labels, weights), but an input_fn gave ("
    )
    assert refused(verb, batches({"kind": LABELS})) == (
        "Labels come by task, and 'label' has none: there are those of 'kind'."
    )
    assert refused(verb, batches(LABELS, {"kind": WEIGHTS})) == (
        "Weights come by task, and 'label' has none: there are those of 'kind'."
    )


@pytest.mark.parametrize("verb", ["train", "evaluate", "predict"])
def test_inputs_that_the_model_does_not_take(estimator, verb):
    def call(inputs):
        found = getattr(estimator, verb)(
            lambda: tf.data.Dataset.from_tensor_slices((inputs, {"label": LABELS})).batch(2)
        )
        return next(found) if verb == "predict" else found

    pixels = worlds.PIXELS[:4]
    inputs = (
        "Inputs are {'images': float32 [B, 8, 8, 3]} or {'features': float32 [B, 3]}, but an input_fn gave"
    )
    assert refused(call, pixels) == f"{inputs} float32 (None, 8, 8, 3) without a name."
    assert refused(call, {"pixels": pixels}).startswith(f"{inputs} {{'pixels': TensorSpec(")
    sentence = "The input 'images' is float32 [B, 8, 8, 3] for this model, but an input_fn gave"
    assert refused(call, {"images": pixels[:, 1:]}) == f"{sentence} float32 (None, 7, 8, 3)."
    assert refused(call, {"images": pixels.astype(np.uint8)}) == (
        f"{sentence} uint8 (None, 8, 8, 3): tf.image.convert_image_dtype(images, tf.float32) makes it."
    )
    values = "Images have values in [0, 1] (those of 8 bits divided by 255), but an input_fn gave"
    assert refused(call, {"images": np.full_like(pixels, 255)}) == f"{values} 255."
    assert refused(call, {"images": 2 * pixels - np.float32(1.5)}).startswith(f"{values} -")


def test_several_tasks_need_their_names(loaded_module, tmp_path):
    heads = {"kind": SoftmaxHead(["a", "b"]), "tags": SigmoidHead(["c"])}
    estimator = Estimator(ImageClassifier(loaded_module, heads), tmp_path / "run")
    assert refused(estimator.evaluate, batches(LABELS)) == (
        "Labels come by task, and 'kind' has none: they have no names."
    )


def test_any_name_of_a_task_stands_in_the_sentence(loaded_module, tmp_path):
    model = ImageClassifier(loaded_module, {"größe's": SoftmaxHead(worlds.NAMES)})
    sentence = refused(Estimator(model, tmp_path / "run").evaluate, batches(LABELS + 1))
    assert sentence == SOFTMAX.replace("'label'", '"größe\'s"') + " 3."


def test_weights_of_tasks_that_there_are_not(loaded_module, tmp_path):
    model = worlds.classifier(loaded_module)
    assert refused(lambda: Estimator(model, tmp_path, loss=Loss(task_weights={"lable": 2.0}))) == (
        "'lable' is no task of the model to have a weight: choose from label; did you mean 'label'?"
    )


def test_another_error_of_tensorflow_is_no_sentence(estimator):
    def broken():
        return batches({"label": LABELS})().map(lambda *batch: tf.nest.map_structure(ensured, batch))

    def ensured(values):
        return tf.ensure_shape(values[: tf.shape(values)[0]], [7, *values.shape[1:]])

    with pytest.raises(tf.errors.InvalidArgumentError):
        estimator.train(broken)
