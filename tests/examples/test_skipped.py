import numpy as np
import pytest

from retrain.errors import InputError
from retrain.examples.skipped import without_skipped
from tests.examples.worlds import made_up

PATHS = [f"{name}/{index}.png" for name in ("cyan", "yellow") for index in range(4)]
EXAMPLES = made_up(PATHS, label=["cyan"] * 4 + ["yellow"] * 4).with_features(
    np.arange(8, dtype=np.float32)[:, None]
)


def test_rows_agree_without_what_was_skipped():
    kept, skipped = without_skipped(EXAMPLES, {5: "empty file", 1: "damaged"}, 25.0, class_folders=True)
    assert skipped.to_dict("records") == [
        {"path": "yellow/1.png", "reason": "empty file"},
        {"path": "cyan/1.png", "reason": "damaged"},
    ]
    assert kept.paths == [path for path in PATHS if "/1" not in path]
    assert kept.features.ravel().tolist() == [0, 2, 3, 4, 6, 7]
    assert kept.tasks["label"].labels.tolist() == [0, 0, 0, 1, 1, 1]


def test_nothing_skipped():
    kept, skipped = without_skipped(EXAMPLES, {}, 0.0, class_folders=True)
    assert kept is EXAMPLES
    assert (list(skipped.columns), len(skipped)) == (["path", "reason"], 0)


def test_too_many_that_are_no_images():
    with pytest.raises(InputError) as raised:
        without_skipped(EXAMPLES, {0: "empty file", 7: "empty file"}, 10.0, class_folders=True)
    assert str(raised.value) == (
        "2 of 8 images (25.0 %) cannot be decoded, such as 'cyan/0.png' (empty file), and "
        "--max_skipped_percentage allows 10 %: mend or remove them, or allow more."
    )


def test_a_class_folder_of_which_no_image_is_left():
    reasons = {0: "damaged", **dict.fromkeys(range(4, 8), "empty file")}
    with pytest.raises(InputError) as raised:
        without_skipped(EXAMPLES, reasons, 100.0, class_folders=True)
    assert str(raised.value) == (
        "No image of 'yellow' can be decoded, such as 'yellow/0.png' (empty file): add images, or remove the "
        "class."
    )
    assert len(without_skipped(EXAMPLES, reasons, 100.0, class_folders=False)[0]) == 3
