from retrain.report.misclassified import misclassified_lines
from tests.examples.worlds import made_up
from tests.report.outcomes import predicted


def test_a_line_for_each_test_image_that_is_predicted_wrong():
    examples = made_up(
        ["a/1.jpg", "b/2.jpg", "b/3.jpg", "b/4.jpg", "5.jpg"], kind=["a", "b", "b", "b", None]
    ).with_splits(["test", "test", "test", "train", "test"])
    wrong, right = [0.75, 0.25], [0.25, 0.75]
    outcome = predicted(examples, [wrong, wrong, right, wrong, wrong])
    path = examples.files[1]
    assert misclassified_lines(outcome) == ["=== MISCLASSIFIED TEST IMAGES ===", f"{path:>70}  a"]


def test_nothing_wrong():
    examples = made_up(["a/1.jpg", "b/2.jpg"], kind=["a", "b"]).with_splits(["test", "train"])
    outcome = predicted(examples, [[0.75, 0.25], [0.75, 0.25]])
    assert misclassified_lines(outcome) == ["No test image is misclassified."]
