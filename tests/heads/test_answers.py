import subprocess
import sys

import numpy as np
import pytest

from retrain.extensions import named
from retrain.heads import HEADS, head_class

ROWS = np.random.default_rng(0).dirichlet([1, 1, 1], 20).astype(np.float32)


@pytest.mark.parametrize("kind", HEADS)
def test_answers_are_those_of_the_head(kind):
    """Also where something was decided after training."""
    decided = {"sigmoid": {"thresholds": [0.1, 0.3, 0.6]}}.get(kind, {})
    settings = {"temperature": 2.0, **decided}
    head = head_class(kind)(["a", "b", "c"], **settings)
    answers = named(HEADS[kind].answers)(["a", "b", "c"], **head.settings())
    assert answers.predicted(ROWS) == head.predicted(ROWS)
    np.testing.assert_array_equal(answers.confidence(ROWS), head.confidence(ROWS))
    for label in ("a", "a|?b", ""):
        assert answers.names_in(label) == head.names_in(label)


def test_some_classes_are_those_as_probable_as_their_threshold():
    answers = named(HEADS["sigmoid"].answers)(["a", "b"], thresholds=[0.2, 0.6])
    rows = np.array([[0.2, 0.6], [0.1, 0.5], [0.9, 0.0]])
    assert answers.predicted(rows) == ["a|b", "", "a"]
    assert answers.confidence(rows).tolist() == [0.2, 0.5, 0.9]


def test_they_take_no_tensorflow():
    code = "import sys, retrain.heads.answers; print('tensorflow' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False\n"
