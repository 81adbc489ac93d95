import numpy as np
import tensorflow as tf

from retrain.training.run_state import NO_STEP, RunState


def test_a_run_begins_with_nothing_done():
    state = RunState()
    values = {variable.name.partition(":")[0]: variable.numpy().item() for variable in state.variables}
    assert np.isnan(values.pop("best_value"))
    assert values == {
        "global_step": 0,
        "rate_factor": 1.0,
        "best_step": NO_STEP,
        "looked_step": NO_STEP,
        "waited": 0,
        "evaluations": 0,
        "elapsed_seconds": 0.0,
    }
    assert state.trainable_variables == ()


def test_all_of_it_comes_back_to_the_last_bit(tmp_path):
    state = RunState()
    for number, variable in enumerate(state.variables):
        variable.assign(tf.cast(number + 0.1, variable.dtype))
    path = tf.train.Checkpoint(run_state=state).write(str(tmp_path / "state"))
    again = RunState()
    tf.train.Checkpoint(run_state=again).read(path).assert_consumed()
    for one, other in zip(state.variables, again.variables, strict=True):
        np.testing.assert_array_equal(one, other)


def test_it_can_be_changed_under_a_strategy():
    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    with strategy.scope():
        state = RunState()

    @tf.function
    def step():
        strategy.run(lambda: state.global_step.assign_add(1))

    step()
    assert state.global_step.numpy() == 1
