import os
import pathlib
import subprocess
import sys

import pytest
from retrain.runs.run_directory import (
    check_run_directory,
    claimed,
    flags_of_run,
    how_to_go_on,
    steps_taken,
)

from retrain import files
from retrain.errors import InputError
from retrain.settings.config import Config, to_flags

CLASSES = ("roses", "tulips")
CONFIG = Config.of(image_dir="/photos", seed=3)
FINE_TUNED = Config.of(image_dir="/photos", fine_tune=True)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch) -> pathlib.Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make_run(config: Config, *, finished: bool = False, steps: int = 0) -> None:
    files.write_text("run/run.flags", to_flags(config, "train"))
    files.write_text("run/labels.txt", "roses\ntulips\n")
    os.makedirs(f"run/ckpt-{steps}")
    if finished:
        files.write_text("run/metrics.json", "{}")


def complaint(config: Config, verb: str = "train", class_names: tuple[str, ...] = CLASSES) -> str | None:
    try:
        check_run_directory("run", verb, config, class_names)
    except InputError as error:
        return str(error)
    return None


def test_a_run_begins_where_no_other_is(here):
    assert complaint(CONFIG) is None
    os.mkdir("run")
    assert complaint(CONFIG) is None
    for name in ("learning_rates.png", "learning_rates.csv", ".run.flags.0123abcd.partial"):
        (here / "run" / name).touch()
    assert complaint(CONFIG) is None
    (here / "run" / "novel.txt").touch()
    assert complaint(CONFIG) == (
        "--model_dir='run' is not empty, and nothing is overwritten: name a new directory."
    )


def test_an_unfinished_run_goes_on_with_the_same_flags():
    make_run(CONFIG)
    assert complaint(CONFIG) is None
    assert complaint(Config.of(image_dir="/photos", seed=3, model_dir="run")) is None
    assert complaint(Config.of(image_dir="/photos", learning_rate=0.5, max_steps=7)) == (
        "--model_dir='run' holds an unfinished run with other flags (--seed: was 3, is 0; --learning_rate: "
        "was not given, is 0.5; --max_steps: was not given, is 7): give the same to go on, or name a new "
        "directory."
    )


def test_paths_are_the_same_however_they_are_written(here, monkeypatch):
    (here / "photos").mkdir()
    make_run(Config.of(image_dir="photos"))
    assert complaint(Config.of(image_dir=str(here / "photos"))) is None
    monkeypatch.chdir(here / "photos")
    with pytest.raises(InputError):
        check_run_directory(str(here / "run"), "train", Config.of(image_dir="photos"), CLASSES)


def test_a_finished_run_names_a_new_directory():
    make_run(CONFIG, finished=True, steps=1000)
    sentence = "--model_dir='run' holds a finished run: name a new directory."
    assert complaint(CONFIG) == sentence
    assert complaint(Config.of(image_dir="/photos", seed=3, max_steps=2000)) == sentence


def test_a_finished_fine_tuning_goes_on_for_more_steps():
    make_run(FINE_TUNED, finished=True, steps=900)
    sentence = (
        "--model_dir='run' holds a finished run: a --max_steps above 900 trains on, with all other flags as "
        "they were; or name a new directory."
    )
    assert complaint(FINE_TUNED) == sentence
    assert complaint(Config.of(image_dir="/photos", fine_tune=True, max_steps=900)) == sentence
    assert complaint(Config.of(image_dir="/photos", fine_tune=True, max_steps=901, seed=1)) == sentence
    assert complaint(Config.of(image_dir="/photos", fine_tune=True, max_steps=901)) is None


def test_an_unfinished_fine_tuning_keeps_its_length():
    make_run(FINE_TUNED, steps=900)
    assert complaint(Config.of(image_dir="/photos", fine_tune=True, max_steps=901)) == (
        "--model_dir='run' holds an unfinished run with other flags (--max_steps: was not given, is 901): "
        "give the same to go on, or name a new directory."
    )


def test_other_classes_and_other_verbs():
    make_run(CONFIG)
    assert complaint(CONFIG, class_names=("cats", "dogs")) == (
        "--model_dir='run' holds a run with other classes (roses, tulips): name a new directory."
    )
    sentence = "--model_dir='run' is not empty, and nothing is overwritten: name a new directory."
    assert complaint(CONFIG, verb="evaluate") == sentence
    files.write_text("run/run.flags", to_flags(CONFIG, "evaluate"))
    assert complaint(CONFIG) == sentence


def test_the_flags_and_the_steps_of_a_run():
    assert flags_of_run("run") is None
    make_run(CONFIG, steps=12)
    os.mkdir("run/ckpt-9")
    assert flags_of_run("run")["seed"] == "3"
    assert steps_taken("run") == 12


def test_how_a_run_goes_on():
    assert how_to_go_on("run") == ("The same command begins again, with what features are in the cache.")
    make_run(CONFIG)
    os.rename("run", "my run")
    assert how_to_go_on("my run") == (
        "Go on with: python -m retrain --flagfile='my run/run.flags' --model_dir='my run'"
    )
    pathlib.Path("my run", "sweep.flags").touch()
    assert how_to_go_on("my run") == (
        "Go on with: python -m retrain sweep --flagfile='my run/sweep.flags' --model_dir='my run'"
    )


def test_a_directory_has_one_run_at_a_time():
    code = "from retrain.runs.run_directory import claimed\nwith claimed('run'): pass"
    command = [sys.executable, "-c", code]
    with claimed("run"):
        other = subprocess.run(command, capture_output=True, text=True, check=False)
    assert other.stderr.splitlines()[-1] == (
        "retrain.errors.InputError: Another run is at work in --model_dir='run': wait for its end, or name "
        "a new directory."
    )
    assert subprocess.run(command, check=True).returncode == 0


def test_a_kill_releases_the_directory():
    code = (
        "import os, signal\nfrom retrain.runs.run_directory import claimed\n"
        "with claimed('run'): os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    with claimed("run"):
        pass


def test_a_claimed_directory_is_there_and_stays_when_it_is_used(here):
    with claimed("runs/used"):
        (here / "runs" / "used" / "file").touch()
    with pytest.raises(ZeroDivisionError), claimed("runs/unused"):
        assert os.path.isdir("runs/unused")
        1 / 0  # noqa: B018
    assert os.listdir("runs") == ["used"]


def test_a_directory_that_was_there_stays(here):
    (here / "mine").mkdir()
    with claimed("mine"):
        pass
    with claimed(""):
        pass
    assert (here / "mine").is_dir()


def test_two_runs_of_the_same_second(monkeypatch):
    with claimed("runs/a"):
        monkeypatch.setattr(os.path, "isdir", lambda _: False)  # as it was when the other one looked
        with pytest.raises(InputError) as raised, claimed("runs/a"):
            pass
    assert str(raised.value) == (
        "Another run, started just now, writes to 'runs/a': start again, or name a --model_dir."
    )
