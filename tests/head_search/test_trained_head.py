import numpy as np
import pytest

from retrain.head_search.trained_head import TrainedHead, best_of


def head(calibrated: float, training: float = 1.0, stopped: int | None = None) -> TrainedHead:
    losses = np.array([[3.0, np.nan], [training, 2.0]], np.float32)
    return TrainedHead(
        np.zeros([3, 2]), np.zeros(2), losses, np.array([5, 10]), calibrated_loss=calibrated, stopped=stopped
    )


def test_the_history_has_validation_only_where_there_is_one():
    assert head(0.5).history == {5: {"loss": 3.0}, 10: {"loss": 1.0, "validation_loss": 2.0}}
    assert head(0.5, training=0.25).training_loss == 0.25


def test_a_head_that_is_not_finite_has_failed():
    assert not head(0.5).failed
    assert head(0.5)._replace(bias=np.array([np.inf, 0.0])).failed
    assert head(0.5)._replace(kernel=np.full([3, 2], np.nan)).failed


@pytest.mark.parametrize(
    ("heads", "validated", "best"),
    [
        ([head(0.3), head(0.2), head(0.2)], True, 1),
        ([head(0.3, 1.0), head(0.2, 2.0)], False, 0),
        ([head(np.nan), head(0.4)], True, 1),
        ([head(0.1, stopped=5), head(0.4)], True, 1),
        ([head(0.1, stopped=5), head(0.05, stopped=5)], True, 1),
        ([head(0.1, stopped=5), head(np.inf)], True, None),
        ([head(np.nan), head(np.inf)], True, None),
    ],
)
def test_the_best_is_the_lowest_that_was_trained_to_its_end(heads, validated, best):
    assert best_of(heads, validated) == best
