"""A head that is no row of HEADS: what a new kind of task takes is this file and one row.

Classes come in an order; each logit asks whether the class is passed, given that it is reached (continuation
ratios, McCullagh 1980). The last logit is not used.
"""

import tensorflow as tf

from retrain.heads.softmax import SoftmaxHead


class OrdinalHead(SoftmaxHead):
    kind = "ordinal"

    def loss(self, targets, logits, label_smoothing=0.0):
        known = tf.reduce_sum(targets, axis=-1, keepdims=True)
        smooth = targets * (1.0 - label_smoothing) + known * label_smoothing / self.num_classes
        return -tf.reduce_sum(smooth * _log_probabilities(logits), axis=-1)

    def probabilities(self, logits):
        return tf.exp(_log_probabilities(logits / self.temperature))


def _log_probabilities(logits):
    passed, stopped = tf.math.log_sigmoid(logits[..., :-1]), tf.math.log_sigmoid(-logits[..., :-1])
    certain = tf.zeros_like(stopped[..., :1])
    reached = tf.concat([certain, tf.cumsum(passed, axis=-1)], axis=-1)
    return reached + tf.concat([stopped, certain], axis=-1)
