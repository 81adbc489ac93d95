import numpy as np
import pytest

from retrain.modules.inspection.input_range import MOST, gain_of

ROWS = np.array([[1.0, 2.0], [2.0, 1.0]])


@pytest.mark.parametrize(
    ("rows", "bright", "gain"),
    [
        (ROWS, 255 * ROWS, 1.0),  # contrast is relative
        (ROWS, ROWS + 10, 0.1374),
        (ROWS + 10, ROWS, 7.280),
        (np.ones([2, 2]), ROWS, MOST),
        (ROWS, np.ones([2, 2]), 0.0),
        (np.zeros([2, 2]), np.zeros([2, 2]), 0.0),
        (ROWS, np.array([[np.inf, 1.0], [2.0, 1.0]]), 1.0),
    ],
)
def test_gain(rows, bright, gain):
    assert gain_of(rows, bright) == pytest.approx(gain, rel=1e-3)
