"""What a training run knows beside its weights, and must know again when it goes on after an interruption.

All of it is variables, saved in every checkpoint with the model and the optimizer: two runs whose variables
are equal have the same future. The step is the input position, too, and the seed of every random draw.
"""

import tensorflow as tf

NO_STEP = -1


class RunState(tf.Module):
    """Made in the scope of the strategy; every variable is a scalar.

    Attributes:
      global_step: int64, steps taken.
      rate_factor: float32, by what the schedule's learning rate is multiplied; halved after divergence.
      best_value: float64, the best value so far of the metric that decides when to stop; nan before any.
      best_step: int64, the step of that value, whose checkpoint is kept; NO_STEP before any.
      looked_step: int64, the step of the last evaluation, to which training is set back when it diverges;
        NO_STEP before any.
      waited: int64, evaluations since the best.
      evaluations: int64, how often the validation images have been looked at.
      elapsed_seconds: float64, of training, over all processes of the run.
    """

    def __init__(self):
        super().__init__(name="run_state")
        self.global_step = _scalar(0, tf.int64, "global_step")
        self.rate_factor = _scalar(1.0, tf.float32, "rate_factor")
        # Twice the precision of what is compared: what comes back from the disk compares as it did before.
        self.best_value = _scalar(float("nan"), tf.float64, "best_value")
        self.best_step = _scalar(NO_STEP, tf.int64, "best_step")
        self.looked_step = _scalar(NO_STEP, tf.int64, "looked_step")
        self.waited = _scalar(0, tf.int64, "waited")
        self.evaluations = _scalar(0, tf.int64, "evaluations")
        self.elapsed_seconds = _scalar(0.0, tf.float64, "elapsed_seconds")


def _scalar(value: float, dtype: tf.DType, name: str) -> tf.Variable:
    once = tf.VariableAggregation.ONLY_FIRST_REPLICA
    return tf.Variable(value, trainable=False, dtype=dtype, name=name, aggregation=once)
