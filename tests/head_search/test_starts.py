import keras
import numpy as np
import pytest
from absl import logging

from retrain.errors import InputError
from retrain.head_search.starts import SHARE, KnownClasses, Start, publisher_start, starts_of_earlier_model
from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead
from retrain.modules.image_module import ImageModule
from retrain.modules.loading import load_module
from retrain.modules.signatures import IMAGE_CLASSIFICATION
from tests.tiny_worlds import BIAS, KERNEL, LABELS, averaging_module

KNOWN = {
    "label": KnownClasses(
        ("a", "b"), np.array([[1, 2], [3, 4], [5, 6]], np.float32), np.array([7, 8], np.float32)
    )
}


def test_rows_go_over_by_the_name_of_the_class(monkeypatch):
    said = []
    monkeypatch.setattr(logging, "info", lambda text, *values: said.append(text % values))
    start = starts_of_earlier_model("run", KNOWN, {"label": SoftmaxHead(["0", "a", "b", "c"])})["label"]
    np.testing.assert_array_equal(start.kernel, [[0, 1, 2, 0], [0, 3, 4, 0], [0, 5, 6, 0]])
    np.testing.assert_array_equal(start.bias, [0, 7, 8, 0])
    assert start.kernel.dtype == start.bias.dtype == np.float32
    assert said == ["Head: 2 of 4 classes go on from 'run' (a, b); new: 0, c."]


def test_a_task_that_the_earlier_model_does_not_know_begins_with_zeros():
    heads = {"label": SoftmaxHead(["b", "x"]), "other": SigmoidHead(["a"])}
    found = starts_of_earlier_model("run", KNOWN, heads)
    assert list(found) == ["label"]
    np.testing.assert_array_equal(found["label"].kernel, [[2, 0], [4, 0], [6, 0]])


@pytest.mark.parametrize("task", ["label", "other"])
def test_a_model_of_other_classes(task):
    with pytest.raises(InputError) as raised:
        starts_of_earlier_model("run", KNOWN, {task: SoftmaxHead(["c", "d", "e", "f", "g", "h"])})
    assert str(raised.value) == (
        "--warm_start_from='run' knows a, b, and none of the classes to be learned (c, d, e, f, g, ...): "
        "name its export/saved_model as --tfhub_module to begin with its features alone."
    )


def from_publisher(module: ImageModule, *names: str, labels=LABELS) -> Start | None:
    return publisher_start(module, SoftmaxHead(names), "labels.txt", labels)


@pytest.fixture(scope="module")
def colours(published) -> ImageModule:
    return load_module(f"{published}/module")


def test_a_head_begins_with_a_share_of_the_publishers_weights(colours):
    start = from_publisher(colours, "cyan", "violet", "yellow")
    kernel, bias = KERNEL - KERNEL.mean(axis=1, keepdims=True), BIAS - BIAS.mean()
    assert start.kernel.dtype == start.bias.dtype == np.float32
    zero = np.zeros(3)
    np.testing.assert_allclose(
        start.kernel, SHARE * np.stack([kernel[:, 3], zero, kernel[:, 5]], axis=1), rtol=1e-6
    )
    np.testing.assert_allclose(start.bias, SHARE * np.asarray([bias[3], 0, bias[5]]), rtol=1e-6)


def test_a_name_that_may_mean_several_labels_begins_with_zeros(colours):
    start = from_publisher(colours, "cyan", "red", labels=("red", "red", *LABELS[2:]))
    assert start.kernel[:, 0].all()
    assert not start.kernel[:, 1].any()


def test_a_label_file_of_another_module(colours):
    with pytest.raises(InputError) as raised:
        from_publisher(colours, "a", labels=("a", "b"))
    assert str(raised.value) == (
        f"--label_map='labels.txt' has 2 lines, and {colours.handle!r} gives scores for 7 classes: name the "
        "label file of this module, which may begin with a line for the background."
    )


def test_an_export_of_ours_is_a_publisher_too(trained_run):
    module = load_module(f"{trained_run}/export/saved_model")
    start = from_publisher(module, "yellow", "cyan", labels=("cyan", "magenta", "yellow"))
    assert np.abs(start.kernel).min(axis=0).all()


def test_a_cold_start_is_said_in_a_line(colours, loaded_module, tmp_path, caplog):
    both = {"image_feature_vector": 1.0, IMAGE_CLASSIFICATION: 2.0}
    scaled = load_module(averaging_module(tmp_path / "scaled", methods=both))
    for module, name, labels, reason in (
        (loaded_module, "cyan", LABELS, f"{loaded_module.handle!r} has no signature image_classification"),
        (colours, "ochre", LABELS, "no class folder has the name of one label in 'labels.txt'"),
        (
            scaled,
            "cyan",
            ("red", "cyan", "blue"),
            f"no weights of {scaled.handle!r} make its class scores of its features",
        ),
    ):
        assert from_publisher(module, name, labels=labels) is None
        assert caplog.messages[-1] == f"--warm_start_head: {reason}; the head begins with zeros."


def test_keras_is_not_asked_for_classes(tmp_path):
    # Of a Keras file only the features are offered.
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.GlobalAveragePooling2D()])
    model.save(tmp_path / "model.keras")
    assert from_publisher(load_module(str(tmp_path / "model.keras")), "cyan") is None
