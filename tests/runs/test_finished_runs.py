import pathlib

import pytest

from retrain.errors import InputError
from retrain.runs.finished_runs import finished_runs


def ended(path: pathlib.Path) -> pathlib.Path:
    path.mkdir(parents=True)
    for name in ("metrics.json", "predictions.csv", "run.flags"):
        (path / name).write_text("")
    return path


@pytest.fixture
def folder(tmp_path) -> pathlib.Path:
    """Two runs, one under way, a sweep, and a file."""
    ended(tmp_path / "b")
    ended(tmp_path / "a")
    ended(tmp_path / "sweep/best")
    (tmp_path / "sweep/sweep.flags").write_text("")
    (tmp_path / "under way").mkdir()
    (tmp_path / "under way/run.flags").write_text("")
    (tmp_path / "notes.txt").write_text("")
    return tmp_path


def names(folder, *paths: str) -> list[str]:
    found = finished_runs([str(folder / path) for path in paths])
    return [str(run.path.relative_to(folder)) for run in found]


def test_runs_are_named_themselves(folder):
    assert names(folder, "b", "a") == ["b", "a"]


def test_a_sweep_stands_for_its_winner(folder):
    assert names(folder, "sweep") == ["sweep/best"]


def test_a_folder_stands_for_the_runs_in_it_that_have_ended(folder):
    assert names(folder, ".") == ["a", "b", "sweep/best"]


def test_each_counts_once(folder):
    assert names(folder, "a", ".", "sweep/best") == ["a", "b", "sweep/best"]


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("under way", "holds no run that has ended"),
        ("notes.txt", "is no directory"),
        ("gone", "is no directory"),
    ],
)
def test_what_is_no_run(folder, path, what):
    with pytest.raises(InputError) as raised:
        finished_runs([str(folder / path)])
    sentence = f"{str(folder / path)!r} {what}: name directories of runs, or a folder of them."
    assert str(raised.value) == sentence


def test_a_folder_in_the_home_directory(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    assert [str(run.path) for run in finished_runs(["~/a"])] == [str(folder / "a")]
