"""How familiar an image is: whether it is like those that a classifier was trained on, or none of these.

Two scores know different strangers. Images of another kind have features that are far from all of training;
images of a class that was left out have features that are near, but no logit that stands out (MaxLogit of
Hendrycks et al. 2022). Each score becomes the share of known images that have less of it; the two shares are
multiplied (Fisher's method of combining tests), and the product becomes a share again: the p-value of a
conformal test. Of images like those it was calibrated on, 5 % have a familiarity below 0.05, 50 % below 0.5.

All of it is computed by a few operations that any consumer of a graph has.
"""

import dataclasses
from collections.abc import Mapping
from typing import Self

import numpy as np
import tensorflow as tf

FAMILIARITY = "familiarity"
THRESHOLD = 0.05
COUNTS_AS = f"below {THRESHOLD} it counts as unfamiliar, as {THRESHOLD * 100:.0f} % of known images do"
FEWEST = 20  # known images; of fewer, none is as much as 5 %
MOST_BYTES = 2**19  # of a sketch; the TF1 Hub format has it in two graphs, together 1 MB
MOST_ROWS = 4096  # that a sketch is made of
ROUNDS = 10  # of k-means, after which few rows change their centre
MOST_KNOTS = 200
LEAST_SPREAD = 1e-4
ROUNDING = 1e-5  # a score is not lower for being computed elsewhere, or in another order
TAIL = 0.2
SHORTEST = 1e-12  # length of a feature vector that has a direction


@dataclasses.dataclass(frozen=True, eq=False)
class Ranks:
    """Where scores stand among `count` of known images.

    Attributes:
      knots: float32 [K], quantiles of those scores, ascending, the least and the greatest among them.
      spread: how fast the share falls below the least: by a factor of e.
    """

    knots: np.ndarray
    spread: float
    count: int

    @classmethod
    def of(cls, scores: np.ndarray) -> Self:
        """Float [N], N > 1. Below the least score the share falls as it does in the lowest fifth."""
        knots = np.quantile(scores.astype(np.float64), np.linspace(0, 1, min(len(scores), MOST_KNOTS)))
        lowest = knots[: max(2, round(TAIL * len(knots)))]
        spread = max(LEAST_SPREAD, lowest[-1] - lowest[:-1].mean())
        return cls(knots.astype(np.float32), float(spread), len(scores))

    def log_share(self, scores: tf.Tensor) -> tf.Tensor:
        """Float32 [B] -> the logarithm of the share of known images that have no more, [B]; never 0 or 1."""
        scores = scores + ROUNDING
        gaps = np.maximum(np.diff(self.knots), 1e-9)
        passed = tf.clip_by_value((scores[:, None] - self.knots[:-1]) / gaps, 0.0, 1.0)
        share = (1.0 + (self.count - 1) * tf.reduce_mean(passed, axis=1)) / (self.count + 1)
        return tf.math.log(share) + tf.minimum(scores - self.knots[0], 0.0) / self.spread


@dataclasses.dataclass(frozen=True, eq=False)
class Familiarity:
    """What tells known images from strangers.

    Attributes:
      sketch: float16 [P, F], an array or a tensor, what stands for the features of training, see `sketch_of`.
      nearness: of features to the sketch.
      evidence: of logits, of the tasks whose heads have it.
      both: of the two together.
    """

    sketch: np.ndarray | tf.Tensor
    nearness: Ranks
    evidence: Mapping[str, Ranks]
    both: Ranks

    def __call__(self, features: tf.Tensor, evidence: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Features [B, F] and the evidence [B] of each task -> float32 [B] in [0, 1]."""
        shares = _log_shares(self.nearness, self.evidence, nearness(features, self.sketch), evidence)
        return tf.exp(self.both.log_share(shares))


def calibrated(sketch: np.ndarray, near: np.ndarray, evidence: Mapping[str, np.ndarray]) -> Familiarity:
    """By the nearness [N] and evidence [N] of known images that neither the sketch nor a head has seen."""
    of_near, of_evidence = Ranks.of(near), {task: Ranks.of(values) for task, values in evidence.items()}
    both = _log_shares(of_near, of_evidence, near, evidence)
    return Familiarity(sketch, of_near, of_evidence, Ranks.of(both.numpy()))


def _log_shares(
    of_near: Ranks, of_evidence: Mapping[str, Ranks], near: tf.Tensor, evidence: Mapping[str, tf.Tensor]
) -> tf.Tensor:
    """Of the product of shares: however many the tasks, all of them together weigh as much as nearness."""
    of_tasks = [ranks.log_share(evidence[task]) for task, ranks in of_evidence.items()]
    return of_near.log_share(near) + (tf.add_n(of_tasks) / len(of_tasks) if of_tasks else 0.0)


def nearness(features: tf.Tensor, sketch: np.ndarray | tf.Tensor) -> tf.Tensor:
    """Float32 [B]: the cosine between features [B, F] and the row of the sketch that is nearest."""
    lengths = tf.sqrt(tf.reduce_sum(features * features, axis=1))
    products = tf.matmul(features, tf.cast(sketch, tf.float32), transpose_b=True)
    return tf.reduce_max(products, axis=1) / tf.maximum(lengths, SHORTEST)


def sketch_of(features: np.ndarray, seed: int) -> np.ndarray:
    """Float32 [N, F] -> float16 [P, F], rows of length 1, MOST_BYTES at most: all of them, where they fit.

    Else the centres of spherical k-means (Dhillon and Modha 2001). Beside a sample of as many rows they lose
    less of what sets a class apart that was left out.
    """
    count = max(1, MOST_BYTES // (2 * features.shape[1]))
    rows = _of_length_1(features)
    if len(rows) <= count:
        return rows.astype(np.float16)
    centres = rows[np.sort(np.random.default_rng(seed).choice(len(rows), count, replace=False))]
    for _ in range(ROUNDS):
        nearest = (rows @ centres.T).argmax(axis=1)
        member = np.equal(nearest, np.arange(count)[:, None])
        sums = member.astype(np.float32) @ rows
        # One that is nearest to no row stays where it was.
        centres = _of_length_1(np.where(member.any(axis=1)[:, None], sums, centres))
    return centres.astype(np.float16)


def _of_length_1(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), SHORTEST)
