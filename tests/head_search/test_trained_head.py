import numpy as np

from retrain.head_search.trained_head import TrainedHead

LOSSES = np.array([[3.0, np.nan], [1.0, 2.0]], np.float32)
HEAD = TrainedHead(np.zeros([3, 2]), np.zeros(2), LOSSES, np.array([5, 10]))


def test_the_history_has_validation_only_where_there_is_one():
    assert HEAD.history == {5: {"loss": 3.0}, 10: {"loss": 1.0, "validation_loss": 2.0}}


def test_a_head_that_is_not_finite_has_failed():
    assert not HEAD.failed
    assert HEAD._replace(bias=np.array([np.inf, 0.0])).failed
    assert HEAD._replace(kernel=np.full([3, 2], np.nan)).failed
