import numpy as np
import pytest
from PIL import Image

from retrain.errors import InputError
from retrain.exporters import EXPORTERS, exporter
from retrain.exporters.compared import Judge, LabelledFiles, Sample, compared, sample_of
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier

PIXELS = np.zeros([4, 2, 2, 3], np.float32)
ROWS = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.5, 0.5]], np.float32)


@pytest.fixture
def answering(monkeypatch):
    """An export of that format which answers so."""

    def make(rows: np.ndarray, name: str) -> Sample:
        def answers_of(asked: str, directory: str):
            assert (asked, directory) == (name, "export")
            return lambda images: {"default": rows[: len(images)]}

        monkeypatch.setattr("retrain.exporters.compared.answers_of", answers_of)
        return Sample(PIXELS, {"default": ROWS})

    return make


def test_how_far_they_differ(answering):
    sample = answering(ROWS + np.float32(1e-6), "onnx")
    assert compared("onnx", "export", sample) == (
        "read again, probabilities of 4 images differ by 1e-06 at most"
    )


def test_another_classifier_is_none_of_an_exact_format(answering):
    sample = answering(ROWS[::-1], "tflite")
    with pytest.raises(InputError) as info:
        compared("tflite", "export", sample)
    assert str(info.value) == (
        "read again, its probabilities of 4 images differ by up to 0.4 from those of the trained classifier."
    )
    with pytest.raises(InputError):
        compared("tflite", "export", answering(ROWS * np.float32("nan"), "tflite"))


def test_one_that_rounds_is_told_by_how_many_keep_their_class(answering):
    assert EXPORTERS["tflite_int8"].is_exact is False
    sample = answering(ROWS[::-1], "tflite_int8")
    assert compared("tflite_int8", "export", sample) == (
        "read again, probabilities of 4 images differ by 0.4 at most, and 2 of 4 keep their class"
    )


def test_and_by_how_many_are_right_where_labels_are_known(answering):
    head = SoftmaxHead(["a", "b"])
    judges = {"default": Judge("kind", head, head.encode(["a", "b", None, "a"]))}
    sample = answering(ROWS[::-1], "tflite_int8")._replace(judges=judges)
    assert compared("tflite_int8", "export", sample) == (
        "read again, probabilities of 4 images differ by 0.4 at most, and 2 of 4 keep their class; accuracy "
        "of 'kind' 66.7%, of the trained classifier 100.0%"
    )


def test_a_sample_is_spread_over_the_files(loaded_module, tmp_path):
    """And a file that is no image any more is left out."""
    files = []
    for place in range(9):
        files.append(str(tmp_path / f"{place}.png"))
        Image.new("RGB", (8, 8), (28 * place,) * 3).save(files[-1])
    (tmp_path / "4.png").write_text("no image")
    model = ImageClassifier(loaded_module, {"label": SoftmaxHead(["a", "b"])})
    sample = sample_of(model, LabelledFiles(files, {"label": [*"abaabaaba"]}), 3)
    assert (sample.images[:, 0, 0, 0] * 255).round().tolist() == [0, 28 * 8]
    assert sample.expected["default"].tolist() == [[0.5, 0.5]] * 2
    assert sample.judges["default"].labels.tolist() == [0, 0]
    exporter("saved_model")(model, str(tmp_path / "export"))
    assert compared("saved_model", str(tmp_path / "export"), sample).endswith("2 images differ by 0 at most")


def test_without_images_nothing_is_compared(loaded_module):
    model = ImageClassifier(loaded_module, {"label": SoftmaxHead(["a", "b"])})
    assert (
        compared("saved_model", "nowhere", sample_of(model, LabelledFiles(), 3))
        == "no image to compare it on"
    )
