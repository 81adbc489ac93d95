import pandas as pd
import pytest

from retrain.heads.paired_difference import PairedDifference
from retrain.report.comparison_page import comparison_lines, shared_words, words, write_comparison
from retrain.report.run_comparison import compared, different_flags, read_run
from retrain.runs.run import Run
from tests.report.page_reader import read_page
from tests.report.test_run_comparison import made, of_one_task


@pytest.fixture
def world(tmp_path):
    """Two runs with all that is known of them."""
    figures = {"test": {"accuracy": 0.5, "macro_f1": 0.25}}
    tables = {"<first>": "abbaa", "second": "aaabb"}
    flags = {"<first>": "--seed=1\n", "second": "--seed=2\n"}
    runs = [
        read_run(made(tmp_path / name, of_one_task(tables[name]), flags[name], figures)) for name in tables
    ]
    return runs, different_flags(runs), compared(runs)


def test_the_terminal_is_told_flags_and_differences(world):
    runs, flags, tasks = world
    first, second = (run.name for run in runs)
    assert comparison_lines(runs, flags, tasks) == [
        "",
        "One setting differs.",
        "  --seed",
        f"    {first}: 1",
        f"    {second}: 2",
        "",
        "label: accuracy on 4 test images that have one label in all runs.",
        f"  {first}: 50.0% (15.0% to 85.0%)",
        f"  {second}: 75.0% (30.1% to 95.4%); +25.0 points against the first (-46.1 to +74.7, p = 1), which "
        "may be chance",
    ]


def test_the_page_shows_all_of_it(world, tmp_path):
    runs, flags, tasks = world
    write_comparison(Run(tmp_path), runs, flags, tasks)
    page = read_page(tmp_path / "comparison.html")
    assert page.headings == [
        "Comparison of 2 runs",
        "label",
        "Each on all of its own test images",
        "Flags that differ",
    ]
    assert page.addresses == []
    assert "<first>" in page.words
    assert "+25.0 points against the first" in page.words
    assert "0.2500" in page.words


def test_images_of_which_labels_differ_are_told(world, tmp_path):
    runs, flags, [task] = world
    told = "accuracy on 4 test images that have one label in all runs; "
    two, one = (task._replace(relabelled=count) for count in (2, 1))
    assert shared_words(two) == f"{told}2 whose label differs between the runs are left out."
    assert shared_words(one) == f"{told}1 whose label differs between the runs is left out."
    write_comparison(Run(tmp_path), runs, flags, [two])
    page = read_page(tmp_path / "comparison.html")
    assert shared_words(two)[1:] in page.words
    assert "difference in percentage points, with its 95 % interval" in page.words


def test_cross_validated_figures_are_shown(world, tmp_path):
    runs, flags, [task] = world
    of_all = {
        run.name: {"accuracy": 0.5, "macro_f1": value} for run, value in zip(runs, (0.125, 1.0), strict=True)
    }
    judged = task._replace(cross_validated=of_all)
    assert comparison_lines(runs, flags, [judged])[-2:] == [
        f"  {runs[0].name}, cross-validated on all images: accuracy 0.5000, macro f1 0.1250",
        f"  {runs[1].name}, cross-validated on all images: accuracy 0.5000, macro f1 1.0000",
    ]
    write_comparison(Run(tmp_path), runs, flags, [judged])
    page = read_page(tmp_path / "comparison.html")
    assert "Frozen modules, cross-validated on all images" in page.headings
    assert "0.1250" in page.words


def test_the_table_has_a_row_a_run_and_task(world, tmp_path):
    runs, flags, tasks = world
    write_comparison(Run(tmp_path), runs, flags, tasks)
    table = pd.read_csv(tmp_path / "comparison.csv")
    assert table["run"].tolist() == [run.name for run in runs]
    assert table["accuracy_on_shared"].tolist() == [0.5, 0.75]
    assert table["--seed"].tolist() == [1, 2]
    assert table["macro_f1"].tolist() == [0.25, 0.25]
    assert table["difference"].isna().tolist() == [True, False]


def test_runs_that_are_alike_in_all_flags(world, tmp_path):
    runs, _, tasks = world
    write_comparison(Run(tmp_path), runs, {}, tasks)
    assert "All flags are the same." in read_page(tmp_path / "comparison.html").words
    assert comparison_lines(runs, {}, tasks)[1] == "0 settings differ."


def test_without_shared_images_it_says_so(world, tmp_path):
    runs, flags, [task] = world
    nothing = task._replace(count=0, runs=[])
    write_comparison(Run(tmp_path), runs, flags, [nothing])
    sentence = "no held-out image has the same split and label in all runs, so that they cannot be compared."
    assert shared_words(nothing) == sentence
    assert sentence[1:] in read_page(tmp_path / "comparison.html").words


def test_a_difference_beyond_chance_is_not_doubted():
    assert words(PairedDifference(-0.25, (-0.3, -0.2), 1.5e-7)) == (
        "-25.0 points against the first (-30.0 to -20.0, p = 1.5e-07)"
    )
