import tensorflow as tf
from retrain.training.summaries import write_scalars


def read(directory) -> list[tuple[int, str, float, str]]:
    found = []
    for path in sorted(directory.glob("events*")):
        for record in tf.data.TFRecordDataset(str(path)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                number = float(tf.make_ndarray(value.tensor))
                found.append((event.step, value.tag, number, value.metadata.plugin_data.plugin_name))
    return found


def test_readings_are_scalars_by_step(tmp_path):
    write_scalars(tmp_path / "eval", {3: {"loss": 0.5, "accuracy": 0.25}, 6: {"loss": 0.125}})
    assert read(tmp_path / "eval") == [
        (3, "loss", 0.5, "scalars"),
        (3, "accuracy", 0.25, "scalars"),
        (6, "loss", 0.125, "scalars"),
    ]


def test_further_readings_are_added(tmp_path):
    for step in (1, 2):
        write_scalars(tmp_path, {step: {"loss": 1.0}})
    assert [reading[0] for reading in read(tmp_path)] == [1, 2]
