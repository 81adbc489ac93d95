import os

import pytest

from retrain.commands.perform import perform
from retrain.errors import InputError
from retrain.settings.config import Config
from tests.commands.worlds import FAST


def described(plan):
    """What `run` stands for in these tests: what it is given, in the directory of the plan."""
    return sorted(plan.data.class_names), plan.run.path.is_dir()


def interrupted(plan):
    raise KeyboardInterrupt


def settings(colour_folder, run):
    return Config.of(image_dir=colour_folder, tfhub_module="builtin:gradients", model_dir=str(run), **FAST)


def test_the_plan_of_the_check_is_run_in_its_directory(colour_folder, tmp_path, monkeypatch):
    monkeypatch.setattr("retrain.commands.train.run.run", described)
    config = settings(colour_folder, tmp_path / "run")
    performed = perform("train", config)
    assert performed.result == (["cyan", "magenta", "yellow"], True)
    assert performed.plan.config == config
    assert not (tmp_path / "run").exists()  # for it was left empty


def test_another_run_of_the_same_plan(colour_folder, tmp_path, monkeypatch):
    monkeypatch.setattr("retrain.commands.train.run.described", described, raising=False)
    run = "retrain.commands.train.run:described"
    assert perform("train", settings(colour_folder, tmp_path / "run"), run=run).result[1]


def test_nothing_is_run_that_the_check_refuses(tmp_path, monkeypatch):
    monkeypatch.setattr("retrain.commands.train.run.run", interrupted)
    with pytest.raises(InputError, match=r"^'gone' does not exist"):
        perform("train", settings("gone", tmp_path / "run"))


def test_an_interruption_says_how_to_go_on(colour_folder, tmp_path, monkeypatch):
    monkeypatch.setattr("retrain.commands.train.run.run", interrupted)
    with pytest.raises(KeyboardInterrupt) as raised:
        perform("train", settings(colour_folder, tmp_path / "run"))
    assert raised.value.__notes__ == ["The same command begins again, with what features are in the cache."]


def test_keras_runs_on_tensorflow(colour_folder, tmp_path, monkeypatch):
    monkeypatch.delenv("KERAS_BACKEND")
    monkeypatch.setattr("retrain.commands.train.run.run", described)
    perform("train", settings(colour_folder, tmp_path / "run"))
    assert os.environ["KERAS_BACKEND"] == "tensorflow"
