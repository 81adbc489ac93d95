import numpy as np
import pytest
from PIL import Image

from retrain.errors import InputError
from retrain.exporters import EXPORTERS, LabelledFiles, answers_of, exporter
from retrain.exporters.compared import Judge, Sample, compared, sample_of
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier

PIXELS = np.zeros([4, 2, 2, 3], np.float32)
ROWS = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.5, 0.5]], np.float32)


SAMPLE = Sample("test", PIXELS, lambda images: {"default": ROWS})


def of_sample(rows: np.ndarray, name: str, sample: Sample = SAMPLE) -> str:
    """What an export of that format which answers so is found to be."""
    return compared(name, {"default": rows}, sample, sample.expected())


def test_how_far_they_differ():
    assert of_sample(ROWS + np.float32(1e-6), "onnx") == (
        "read again, probabilities of 4 test images differ by 1e-06 at most, and 4 of 4 keep their class"
    )


def test_another_classifier_is_none_of_an_exact_format():
    with pytest.raises(InputError) as info:
        of_sample(ROWS[::-1], "tflite")
    assert str(info.value) == (
        "read again, its probabilities of 4 test images differ by up to 0.4 from those of the trained "
        "classifier."
    )


@pytest.mark.parametrize("name", ["tflite", "tflite_float16"])
def test_one_that_gives_no_numbers_is_none_of_any_format(name):
    """As one of 16 bits, in which a network's smallest constants are 0."""
    with pytest.raises(InputError) as info:
        of_sample(np.where(ROWS < 0.2, np.float32("nan"), ROWS), name)
    assert str(info.value) == (
        "read again, it gives no numbers (nan) for some of 4 test images: what it computes with is too "
        "large or too small for this format."
    )


def test_one_that_rounds_is_told_by_how_many_keep_their_class():
    assert EXPORTERS["tflite_int8"].is_exact is False
    assert of_sample(ROWS[::-1], "tflite_int8") == (
        "read again, probabilities of 4 test images differ by 0.4 at most, and 2 of 4 keep their class"
    )


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (ROWS, "4 of 4 keep their class; accuracy of 'kind' on them 100.0%, as of the trained classifier"),
        (
            ROWS[::-1],
            "2 of 4 keep their class; accuracy of 'kind' on them 66.7%, of the trained classifier 100.0%: "
            "33.3 points are lost",
        ),
    ],
)
def test_and_by_how_many_are_right_where_labels_are_known(rows, told):
    head = SoftmaxHead(["a", "b"])
    judges = {"default": Judge("kind", head, head.encode(["a", "b", None, "a"]))}
    assert of_sample(rows, "tflite_int8", SAMPLE._replace(judges=judges)).endswith(f" at most, and {told}")


def test_a_sample_is_spread_over_the_files(loaded_module, tmp_path):
    """And a file that is no image any more is left out."""
    files = []
    for place in range(9):
        files.append(str(tmp_path / f"{place}.png"))
        Image.new("RGB", (8, 8), (28 * place,) * 3).save(files[-1])
    (tmp_path / "4.png").write_text("no image")
    model = ImageClassifier(loaded_module, {"label": SoftmaxHead(["a", "b"])})
    sample = sample_of(model, LabelledFiles("test", files, {"label": [*"abaabaaba"]}), 3)
    assert (sample.images[:, 0, 0, 0] * 255).round().tolist() == [0, 28 * 8]
    expected = sample.expected()
    assert expected["default"].tolist() == [[0.5, 0.5]] * 2
    assert sample.judges["default"].labels.tolist() == [0, 0]
    exporter("saved_model")(model, str(tmp_path / "export"))
    found = answers_of("saved_model", str(tmp_path / "export"))(sample.images)
    assert " of 2 test images differ by 0 at most" in compared("saved_model", found, sample, expected)


def test_without_images_there_is_nothing_to_expect(loaded_module):
    model = ImageClassifier(loaded_module, {"label": SoftmaxHead(["a", "b"])})
    assert sample_of(model, LabelledFiles(), 3).expected() == {}
