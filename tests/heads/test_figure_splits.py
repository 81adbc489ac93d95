import pytest

from retrain.heads.figure_splits import CROSS_VALIDATION, in_print


@pytest.mark.parametrize(
    ("split", "word"),
    [
        (CROSS_VALIDATION, "cross-validation"),
        ("not_seen_in_training", "not seen in training"),
        ("test", "test"),
    ],
)
def test_what_people_call_it(split, word):
    assert in_print(split) == word
