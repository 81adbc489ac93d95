from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead
from retrain.report.outcome import Outcome
from retrain.report.summary import evaluation_summary, training_summary
from retrain.runs.run import Run

HEADS = {"label": SoftmaxHead(["a", "b"])}
WRITTEN = ["predictions.csv", "metrics.json"]


def figures(accuracy: float, **f1: float):
    return {
        "accuracy": accuracy,
        "accuracy_interval": [accuracy - 0.1, accuracy + 0.05],
        "count": 40,
        "classes": {name: {"f1": value, "count": 10} for name, value in f1.items()},
    }


def evaluated(of_evaluation, heads=HEADS) -> list[str]:
    outcome = Outcome([None] * 40, heads, {}, {"evaluation": of_evaluation})
    return evaluation_summary(outcome, Run("runs/e"), WRITTEN).splitlines()


def test_training_ends_with_the_test_accuracy_the_paths_and_what_comes_next():
    text = training_summary(
        {"validation": figures(0.8, a=1.0), "test": figures(0.9, a=1.0)},
        HEADS,
        Run("runs/a b"),
        ["runs/a b/export/saved_model", "runs/a b/export/hub_module"],
    )
    assert text.splitlines() == [
        "",
        "Validation accuracy 80.0% (70.0% to 85.0%, 40 images)",
        "Test accuracy 90.0% (80.0% to 95.0%, 40 images)",
        "Everything is in runs/a b: predictions.csv, predictions.png, label_issues.csv, report.html, "
        "metrics.json, export/saved_model, export/hub_module",
        "Next: python -m retrain predict --tfhub_module='runs/a b' PICTURE.jpg",
    ]


def test_without_a_test_split_the_last_figure_is_that_of_validation():
    exports = ["runs/a/export/hub_module"]
    text = training_summary({"validation": figures(0.8, a=1.0)}, HEADS, Run("runs/a"), exports)
    assert text.splitlines()[1:3] == [
        "Validation accuracy 80.0% (70.0% to 85.0%, 40 images)",
        "Everything is in runs/a: predictions.csv, predictions.png, label_issues.csv, report.html, "
        "metrics.json, export/hub_module",
    ]


def test_without_either_it_says_so():
    text = training_summary({}, HEADS, Run("runs/a"), ["runs/a/export/saved_model"])
    assert text.splitlines()[1] == "No images were kept for validation or test: there is no accuracy to give."


def test_the_accuracy_of_all_images_comes_last_and_says_what_it_is():
    found = {"test": figures(0.9, a=1.0), "cross_validation": {**figures(0.85, a=1.0), "count": 300}}
    said = [
        "Test accuracy 90.0% (80.0% to 95.0%, 40 images)",
        "Frozen module, cross-validated: accuracy 85.0% (75.0% to 90.0%, 300 images); all images, each by a "
        "head that never saw it",
    ]
    assert training_summary(found, HEADS, Run("runs/a"), []).splitlines()[1:3] == said
    del found["test"]
    nothing = "No images were kept for validation or test: there is no accuracy to give."
    assert training_summary(found, HEADS, Run("runs/a"), []).splitlines()[1:3] == [nothing, said[1]]


def test_without_a_module_among_the_exports_it_tells_how_to_get_one():
    for exports in ([], ["runs/a b/export/tflite"]):
        lines = training_summary({}, HEADS, Run("runs/a b"), exports).splitlines()
        assert lines[-2].startswith("Everything is in runs/a b: predictions.csv, ")
        assert lines[-1] == (
            "For predict, evaluate and serve: python -m retrain --flagfile='runs/a b/run.flags' "
            "--export_formats=saved_model"
        )


def test_evaluation():
    assert evaluated(figures(0.9, a=1.0)) == [
        "",
        "Accuracy 90.0% (80.0% to 95.0%, 40 images)",
        "Everything is in runs/e: predictions.csv, metrics.json",
    ]


def test_evaluation_by_many_classes():
    assert evaluated({**figures(0.9, a=1.0), "top_5_accuracy": 0.975})[1:3] == [
        "Accuracy 90.0% (80.0% to 95.0%, 40 images)",
        "Top-5 accuracy 97.5%",
    ]


def test_an_evaluation_on_images_of_the_training_says_so_and_by_split_where_these_are_given():
    of_all = {**figures(0.9, a=1.0), "trained_on": 30, "chosen_by": 4}
    found = {"evaluation": of_all, "not_seen_in_training": {**figures(0.7, a=1.0), "count": 6}}
    outcome = Outcome([None] * 40, HEADS, {}, found)
    said = [
        "The classifier was trained on 30 of these 40 images, and chosen by 4 (its validation split): "
        "figures that count them flatter.",
        "On the 6 others: accuracy 70.0% (60.0% to 75.0%, 6 images)",
    ]
    lines = evaluation_summary(outcome, Run("runs/e"), WRITTEN).splitlines()
    assert lines[1:-1] == ["Accuracy 90.0% (80.0% to 95.0%, 40 images)", *said]
    found |= {"train": {**figures(1.0, a=1.0), "count": 34}, "test": {**figures(0.7, a=1.0), "count": 6}}
    lines = evaluation_summary(outcome, Run("runs/e"), WRITTEN).splitlines()
    assert lines[1:-1] == [
        "Train accuracy 100.0% (90.0% to 105.0%, 34 images)",
        "Test accuracy 70.0% (60.0% to 75.0%, 6 images)",
        said[0],  # and of the others there is nothing more to say
    ]
    of_all |= {"trained_on": 40, "chosen_by": 0}
    assert evaluated(of_all)[2:-1] == [
        "The classifier was trained on 40 of these 40 images: figures that count them flatter.",
        "There are no others.",
    ]


def test_each_task_is_judged_as_its_head_says_and_one_without_labels_not_at_all():
    heads = {"kind": SoftmaxHead(["a", "b"]), "tags": SigmoidHead(["a"]), "colours": SigmoidHead(["b"])}
    of_tasks = {f"{key}/kind": value for key, value in figures(0.9, a=1.0).items()}
    of_tasks |= {f"{key}/tags": value for key, value in {**figures(0.8, a=1.0), "macro_f1": 0.75}.items()}
    assert evaluated(of_tasks, heads)[1:-1] == [
        "Accuracy of kind 90.0% (80.0% to 95.0%, 40 images)",
        "Exact match of tags 80.0% (70.0% to 85.0%, 40 images); macro F1 75.0%",
    ]
