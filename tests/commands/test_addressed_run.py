import errno
import json
import re

import pandas as pd
import pytest
import tensorflow as tf

from retrain import gfile
from retrain.gfile import files_below, opened
from tests.at_address import emptied

RUN = "ram://runs/colours"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("RETRAIN_CACHE_DIR", str(tmp_path / "cache"))
    tf.io.gfile.makedirs(RUN)
    yield tmp_path / "cache"
    emptied(RUN)


@pytest.fixture
def words(colour_folder, averaging_module) -> list[str]:
    return [f"--image_dir={colour_folder}", f"--tfhub_module={averaging_module}", f"--model_dir={RUN}"]


def without_time(name: str) -> str:
    """What logs of events are called by."""
    return re.sub(r"tfevents.*", "tfevents", name)


def test_a_run_at_an_address_is_that_of_a_directory(command, words, trained_run, colour_folder):
    result = command(*words)
    assert result.status == 0, result.err
    assert result.err.splitlines()[-1] == f"All of it has been copied to {RUN}."
    names = {path.relative_to(trained_run).as_posix() for path in trained_run.rglob("*") if path.is_file()}
    assert {*map(without_time, files_below(RUN))} == {*map(without_time, names)}
    here, there = pd.read_csv(opened(f"{RUN}/predictions.csv")), pd.read_csv(trained_run / "predictions.csv")
    pd.testing.assert_frame_equal(here, there)
    assert command("predict", f"--tfhub_module={RUN}", f"{colour_folder}/cyan").out.count("\tcyan\t") == 8


def test_a_finished_run_is_exported_further_from_another_machine(command, words, monkeypatch, tmp_path):
    assert command(*words).status == 0
    monkeypatch.setenv("RETRAIN_CACHE_DIR", str(tmp_path / "other"))
    result = command("export", f"--model_dir={RUN}", "--export_formats=tflite_float16")
    assert result.status == 0, result.err
    assert "export/tflite_float16/model.tflite" in files_below(RUN)


def test_an_interrupted_run_says_how_it_goes_on(command, words, monkeypatch):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("retrain.commands.train.run.write_exports", interrupted)
        result = command(*words)
    assert result.status == 130
    assert result.err.rstrip().endswith(f" --model_dir={RUN}")
    assert "run.flags" in files_below(RUN)
    assert command(*words).status == 0


def test_a_service_that_does_not_answer_at_the_end(command, words, cache, monkeypatch):
    def fail(source, target):
        raise OSError(errno.EIO, "no answer", target)

    with monkeypatch.context() as patched:
        patched.setattr(gfile, "copy", fail)
        result = command(*words)
    [directory] = [path for path in (cache / "runs").iterdir() if path.is_dir()]
    assert (result.status, result.err.splitlines()[-1]) == (
        2,
        f"retrain: --model_dir={RUN!r} could not be written to (no answer): the run is in "
        f"{str(directory)!r}, and the same command copies it once the address can be reached.",
    )
    command(*words)
    assert "metrics.json" in files_below(RUN)


def test_what_cannot_be_at_an_address_is_a_sentence(command, words, monkeypatch):
    result = command("sweep", *words, "--sweep", "dropout_rate=0,0.2")
    assert (result.status, result.err) == (
        2,
        f"retrain: --model_dir={RUN!r} is an address, but a path on this machine was expected: mount what it "
        "leads to, as gcsfuse and mount-s3 do, or copy it to a disk.\n",
    )
    workers = {"cluster": {"worker": ["localhost:1", "localhost:2"]}, "task": {"type": "worker", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(workers))
    result = command(*words)
    assert (result.status, result.err) == (
        2,
        f"retrain: --model_dir={RUN!r} is an address, but several workers need a directory that all of them "
        "see as a path: mount what it leads to, or name a directory on a disk that they share.\n",
    )
    assert not files_below(RUN)


def test_a_sentence_about_the_directory_is_about_the_address(command, words, cache):
    assert command(*words).status == 0
    result = command(*words, "--seed=7")
    assert result.status == 2
    assert repr(RUN) in result.err.splitlines()[-1]
    assert str(cache) not in result.err.splitlines()[-1]
