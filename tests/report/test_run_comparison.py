import json
import pathlib

import pytest

from retrain.errors import InputError
from retrain.report.run_comparison import compared, different_flags, read_run
from retrain.runs.run import Run

LABELS = {"1.png": "a", "2.png": "b", "3.png": "a", "4.png": "b", "5.png": "a"}


def made(path: pathlib.Path, table: str, flags: str = "", figures=None, **files: str) -> Run:
    run = Run(path)
    run.write("predictions.csv", table)
    run.write("metrics.json", json.dumps(figures or {}))
    run.write("run.flags", f"# python -m retrain train --flagfile=run.flags\n{flags}")
    for name, text in files.items():
        run.write(name.replace("_", "."), text)
    return run


def of_one_task(predicted: str, splits: str = "ttttr") -> str:
    """predictions.csv, of predicted classes and of splits: test, validation, or train, which is r."""
    whole = {"t": "test", "v": "validation", "r": "train"}
    lines = [
        f"{path},{whole[split]},{label},{of},0.5"
        for (path, label), of, split in zip(LABELS.items(), predicted, splits, strict=True)
    ]
    return "\n".join(["path,split,label,predicted,probability", *lines]) + "\n"


@pytest.fixture
def two(tmp_path):
    """The first is right of 1 and 2, the second of 1, 3 and 4; the fifth was trained on."""
    first = made(tmp_path / "first", of_one_task("abbaa"), "--seed=1\n--dropout_rate=0.2\n")
    second = made(tmp_path / "second", of_one_task("aaabb"), "--seed=2\n--dropout_rate=0.2\n--ema=0.5\n")
    return [read_run(first), read_run(second)]


def test_flags_that_differ(two):
    assert different_flags(two) == {"seed": ["1", "2"], "ema": ["not given", "0.5"]}
    assert different_flags([two[0], two[0]]) == {}


def test_each_is_judged_on_the_test_images_that_both_have(two):
    [task] = compared(two)
    assert (task.task, task.split, task.count) == ("label", "test", 4)
    first, second = task.runs
    assert (first.accuracy, first.against) == (0.5, None)
    assert second.accuracy == 0.75
    assert second.against.difference == 0.25
    assert second.against.p == 1.0  # 2 images against 1
    assert first.interval[0] < 0.5 < first.interval[1]


def test_what_one_run_was_trained_on_does_not_count(tmp_path, two):
    other = read_run(made(tmp_path / "other", of_one_task("abbaa", "ttrrt")))
    [task] = compared([two[0], other])
    assert task.count == 2


def test_validation_is_compared_where_there_is_no_test(tmp_path):
    runs = [read_run(made(tmp_path / name, of_one_task("abbaa", "vvvrr"))) for name in "ab"]
    [task] = compared(runs)
    assert (task.split, task.count) == ("validation", 3)


def test_runs_may_share_nothing(tmp_path, two):
    other = read_run(made(tmp_path / "other", of_one_task("abbaa", "rrrrt")))
    [task] = compared([two[0], other])
    assert (task.count, task.runs) == (0, [])


def test_an_image_whose_label_was_corrected_does_not_count(tmp_path, two):
    table = (
        of_one_task("aaabb").replace("1.png,test,a", "1.png,test,b").replace("2.png,test,b", "2.png,test,")
    )
    [task] = compared([two[0], read_run(made(tmp_path / "other", table))])
    assert (task.count, task.relabelled) == (2, 2)


def test_images_are_known_by_content_where_runs_noted_it(tmp_path):
    table = "path,split,label,predicted,probability\n{0},test,a,a,0.5\n{1},test,b,a,0.5\n"
    noted = "path,split,size,content_hash,label\n{0},test,1,c0,a\n{1},test,1,c1,b\n"
    names = [("x.png", "y.png"), ("moved/x.png", "moved/y.png")]
    runs = [
        read_run(made(tmp_path / str(at), table.format(*of), examples_csv=noted.format(*of)))
        for at, of in enumerate(names)
    ]
    assert [task.count for task in compared(runs)] == [2]
    without = read_run(made(tmp_path / "without", table.format(*names[0])))
    assert [task.count for task in compared([runs[0], without])] == [2]
    assert [task.count for task in compared([runs[1], without])] == [0]


def test_tasks_that_all_have_and_several_labels_in_a_cell(tmp_path):
    header = "path,split,kind,predicted/kind,probability/kind,tags,predicted/tags,probability/tags\n"
    rows = "1.png,test,a,a,0.5,x|y,y|x,0.5\n2.png,test,a,b,0.5,x|?y,x|y,0.5\n3.png,test,,b,0.5,x,x|y,0.5\n"
    several = read_run(made(tmp_path / "several", header + rows, figures={"test": {"accuracy/kind": 0.5}}))
    kind, tags = compared([several, several])
    assert (kind.task, kind.count, kind.runs[0].accuracy) == ("kind", 2, 0.5)
    assert kind.figures == {several.name: {"accuracy": 0.5}}
    assert (tags.task, tags.count, tags.runs[0].accuracy) == ("tags", 3, pytest.approx(2 / 3))


def test_own_figures_are_of_the_same_split(tmp_path):
    figures = {"test": {"accuracy": 0.5, "average_loss": 1.0, "count": 4}, "validation": {"accuracy": 0.1}}
    runs = [read_run(made(tmp_path / name, of_one_task("abbaa"), figures=figures)) for name in "ab"]
    [task] = compared(runs)
    assert task.figures == {run.name: {"accuracy": 0.5, "average_loss": 1.0} for run in runs}


def test_cross_validated_figures_are_those_over_the_same_images(tmp_path, two):
    figures = {"cross_validation": {"accuracy": 0.5, "count": 5}}
    runs = [read_run(made(tmp_path / name, of_one_task("abbaa"), figures=figures)) for name in "ab"]
    assert compared(runs)[0].cross_validated == {run.name: {"accuracy": 0.5} for run in runs}
    fewer = "".join(of_one_task("abbaa").splitlines(keepends=True)[:-1])
    of_fewer = read_run(made(tmp_path / "fewer", fewer, figures=figures))
    for other in (two[0], of_fewer):
        assert compared([runs[0], other])[0].cross_validated == {}


def test_seconds_are_those_of_all_stages(tmp_path, two):
    run = made(tmp_path / "timed", of_one_task("abbaa"), times_json='{"exports": 1.5, "heads": 2.0}')
    assert read_run(run).seconds == 3.5
    assert two[0].seconds is None


def test_no_task_in_common(tmp_path, two):
    header = "path,split,kind,predicted,probability\n"
    other = read_run(made(tmp_path / "other", header + "1.png,test,a,a,0.5\n"))
    with pytest.raises(InputError) as raised:
        compared([two[0], other])
    assert str(raised.value) == (
        f"The runs were expected to share a task, but {two[0].name!r} has 'label'; {other.name!r} has "
        "'kind': compare others."
    )


@pytest.mark.parametrize("damage", ["predictions.csv", "metrics.json"])
def test_a_damaged_run(tmp_path, damage):
    run = made(tmp_path / "run", of_one_task("abbaa"))
    run.write(damage, "")
    with pytest.raises(InputError, match="as retrain writes them, but cannot be read"):
        read_run(run)
