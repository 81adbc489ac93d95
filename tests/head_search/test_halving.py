import math

import pytest

from retrain.head_search.halving import Halving


@pytest.mark.parametrize(
    ("share", "losses", "survivors"),
    [
        (0.5, {3: 0.1, 1: 0.4, 2: 0.2, 0: 0.3}, [3, 2]),
        (0.5, {0: math.nan, 1: math.inf, 2: 5.0}, [0, 2]),
        (0.4, {0: math.nan, 1: 1.0, 2: math.nan}, [0, 1]),
        (0.01, {7: 2.0, 8: 1.0}, [8]),
        (0.5, {4: math.nan}, [4]),
        (1.0, {0: 2.0, 1: 1.0}, [0, 1]),
    ],
)
def test_the_lowest_losses_go_on_in_their_order(share, losses, survivors):
    assert Halving(share=share).survivors(losses) == survivors
