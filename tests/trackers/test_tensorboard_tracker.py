import pytest
import tensorflow as tf

from retrain.trackers.tracked_run import tracked_run
from retrain.training.events import read_events
from tests.trackers.worlds import ended

pytest.importorskip("tensorboard", reason="there is no TensorBoard")


def test_flags_figures_and_places_stand_beside_the_curves(tmp_path):
    from retrain.trackers.tensorboard_tracker import record

    run = ended(tmp_path / "my run")
    curves = read_events(run.path)
    assert record(tracked_run(run)) == f"tensorboard --logdir={run.path}"
    [file] = (run.path / "hparams").iterdir()
    found = {}
    for written in tf.data.TFRecordDataset(str(file)):
        for value in tf.compat.v1.Event.FromString(written.numpy()).summary.value:
            found[value.tag] = value
    assert float(tf.make_ndarray(found["validation/accuracy"].tensor)) == 0.75
    assert b"dropout_rate" in found["_hparams_/session_start_info"].SerializeToString()
    assert run.file("report.html").encode() in found["files"].SerializeToString()
    assert read_events(run.path).keys() == curves.keys()
