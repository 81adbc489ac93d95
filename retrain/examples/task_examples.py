"""What one head is trained on, or judged by: features, labels and weights of the same examples."""

from typing import Any, NamedTuple, Self

import numpy as np

from retrain.heads.head import Labels


class TaskExamples(NamedTuple):
    """Examples that have a label of one task.

    Attributes:
      features: float32 [N, F], an array or `retrain.features.stored.StoredFeatures`.
      labels: [N, ...], as the task's head encodes them.
      weights: float32 [N], what each example counts.
    """

    features: Any
    labels: Labels
    weights: np.ndarray

    def rows(self, chosen: np.ndarray | slice) -> Self:
        """These rows only: a mask, positions, or a slice."""
        return type(self)(*(values[chosen] for values in self))
