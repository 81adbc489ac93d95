import numpy as np
import pytest
import tensorflow as tf

from retrain.training.events import EVENTS, Events, read_events


def raw(directory) -> list[tuple[int, str, float, str]]:
    scalars = []
    for path in sorted(directory.glob("events*")):
        for record in tf.data.TFRecordDataset(str(path)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                number = float(tf.make_ndarray(value.tensor))
                scalars.append((event.step, value.tag, number, value.metadata.plugin_data.plugin_name))
    return scalars


def test_events_are_scalars_by_step_as_tensorboard_shows_them(tmp_path):
    Events(tmp_path).write("test", {3: {"loss": 0.5, "accuracy": 0.25}, 6: {"loss": 0.125}})
    assert raw(tmp_path / EVENTS / "test") == [
        (3, "loss", 0.5, "scalars"),
        (3, "accuracy", 0.25, "scalars"),
        (6, "loss", 0.125, "scalars"),
    ]


def test_of_figures_the_numbers_are_written(tmp_path):
    Events(tmp_path).write("test", {5: {"loss": 0.5, "classes": ["a"], "count": 3, "auc": None}})
    assert raw(tmp_path / EVENTS / "test") == [(5, "loss", 0.5, "scalars")]


def test_a_process_writes_one_file_a_split(tmp_path):
    events = Events(tmp_path)
    for step in range(5):
        events.write("train", {step: {"loss": 1.0}})
        events.write("validation", {step: {"loss": 2.0}})
    assert [len(list((tmp_path / EVENTS / split).iterdir())) for split in ("train", "validation")] == [1, 1]
    assert len(raw(tmp_path / EVENTS / "train")) == 5


def test_what_was_written_is_there_at_once_and_read_over_all_processes(tmp_path):
    Events(tmp_path).write("train", {1: {"loss": 4.0}, 2: {"loss": 3.0}})
    Events(tmp_path).write("train", {2: {"loss": 2.5}, 3: {"loss": 2.0}})  # which went on from step 1
    read = read_events(tmp_path)
    assert list(read) == ["train"]
    np.testing.assert_array_equal(read["train"]["loss"].steps, [1, 2, 3])
    assert read["train"]["loss"].values[[0, 2]] == pytest.approx([4.0, 2.0])


def test_a_run_without_events(tmp_path):
    assert read_events(tmp_path) == {}


@pytest.mark.parametrize("damage", [lambda content: content[:-3], lambda content: content + bytes(20)])
def test_what_was_not_written_whole_is_left_out(tmp_path, damage):
    Events(tmp_path).write("test", {3: {"loss": 0.5}, 6: {"loss": 0.25}})
    [file] = (tmp_path / EVENTS / "test").iterdir()
    whole = read_events(tmp_path)["test"]["loss"].steps.tolist()
    file.write_bytes(damage(file.read_bytes()))
    found = read_events(tmp_path)["test"]["loss"].steps.tolist()
    assert found == whole[: len(found)] != []


def test_what_cannot_be_written_is_told_once_and_training_goes_on(tmp_path, caplog):
    (tmp_path / EVENTS).write_text("a file where a folder is wanted")
    events = Events(tmp_path)
    for step in range(2):
        events.write("train", {step: {"loss": 1.0}})
    why = f"{tmp_path / EVENTS} is not a directory"
    assert caplog.messages == [f"Curves lack what follows, for events cannot be written: {why}."]
