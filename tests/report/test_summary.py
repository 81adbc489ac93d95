from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead
from retrain.report.summary import accuracy_line, evaluation_summary, training_summary

HEADS = {"label": SoftmaxHead(["a", "b"])}


def figures(accuracy: float, **f1: float):
    return {
        "accuracy": accuracy,
        "accuracy_interval": [accuracy - 0.1, accuracy + 0.05],
        "count": 40,
        "classes": {name: {"f1": value, "count": 10} for name, value in f1.items()},
    }


def test_accuracy_comes_with_its_interval_and_the_hardest_classes():
    line = accuracy_line("test accuracy", figures(0.9, a=0.95, b=0.5, c=1.0, d=0.75, e=0.8))
    assert line == "Test accuracy 90.0% (80.0% to 95.0%, 40 images); lowest F1: b 0.50, d 0.75, e 0.80"


def test_what_is_right_or_not_there_is_not_hard():
    of = figures(0.9, a=1.0, b=0.0)
    of["classes"]["b"]["count"] = 0
    assert accuracy_line("accuracy", of) == "Accuracy 90.0% (80.0% to 95.0%, 40 images)"


def test_training_ends_with_the_test_accuracy_the_paths_and_what_comes_next():
    text = training_summary(
        {"validation": figures(0.8, a=1.0), "test": figures(0.9, a=1.0)},
        HEADS,
        "runs/a b",
        ["runs/a b/export/x"],
    )
    assert text.splitlines() == [
        "",
        "Validation accuracy 80.0% (70.0% to 85.0%, 40 images)",
        "Test accuracy 90.0% (80.0% to 95.0%, 40 images)",
        "Everything is in runs/a b: predictions.png, predictions.csv, metrics.json, label_issues.csv, "
        "export/x",
        "Next: python -m retrain predict --tfhub_module='runs/a b/export/x' PICTURE.jpg",
    ]


def test_without_a_test_split_the_last_figure_is_that_of_validation():
    text = training_summary({"validation": figures(0.8, a=1.0)}, HEADS, "runs/a", ["runs/a/export/x"])
    assert text.splitlines()[1:3] == [
        "Validation accuracy 80.0% (70.0% to 85.0%, 40 images)",
        "Everything is in runs/a: predictions.png, predictions.csv, metrics.json, label_issues.csv, export/x",
    ]


def test_without_either_it_says_so():
    text = training_summary({}, HEADS, "runs/a", ["runs/a/export/x"])
    assert text.splitlines()[1] == "No images were kept for validation or test: there is no accuracy to give."


def test_evaluation():
    assert evaluation_summary(figures(0.9, a=1.0), HEADS, "runs/e").splitlines() == [
        "",
        "Accuracy 90.0% (80.0% to 95.0%, 40 images)",
        "Everything is in runs/e: metrics.json, predictions.csv",
    ]


def test_each_task_is_judged_as_its_head_says_and_one_without_labels_not_at_all():
    heads = {"kind": SoftmaxHead(["a", "b"]), "tags": SigmoidHead(["a"]), "colours": SigmoidHead(["b"])}
    of_tasks = {f"{key}/kind": value for key, value in figures(0.9, a=1.0).items()}
    of_tasks |= {f"{key}/tags": value for key, value in {**figures(0.8, a=1.0), "macro_f1": 0.75}.items()}
    assert evaluation_summary(of_tasks, heads, "runs/e").splitlines()[1:3] == [
        "Accuracy of kind 90.0% (80.0% to 95.0%, 40 images)",
        "Exact match of tags 80.0% (70.0% to 85.0%, 40 images); macro F1 75.0%",
    ]
