import numpy as np
import pytest

from retrain.errors import InputError
from retrain.exporters.stored_familiarity import read_familiarity, write_familiarity
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from tests import tiny_worlds


def test_it_is_what_it_was(loaded_module, tmp_path):
    told = tiny_worlds.with_familiarity(
        ImageClassifier(loaded_module, {"kind/of": SoftmaxHead(["a", "b"])})
    ).familiarity
    write_familiarity(told, str(tmp_path))
    again = read_familiarity(str(tmp_path))
    np.testing.assert_array_equal(again.sketch, told.sketch)
    assert again.evidence.keys() == told.evidence.keys()
    pairs = [(again.nearness, told.nearness), (again.both, told.both)]
    for found, expected in [*pairs, *((again.evidence[task], told.evidence[task]) for task in told.evidence)]:
        np.testing.assert_array_equal(found.knots, expected.knots)
        assert (found.spread, found.count) == (expected.spread, expected.count)


def test_of_one_that_tells_none(tmp_path):
    write_familiarity(None, str(tmp_path))
    assert read_familiarity(str(tmp_path)) is None


def test_of_a_damaged_file(tmp_path):
    (tmp_path / "assets.extra").mkdir()
    (tmp_path / "assets.extra" / "familiarity.npz").write_bytes(b"no archive")
    with pytest.raises(InputError, match="was expected to hold what tells familiarity, but cannot be read"):
        read_familiarity(str(tmp_path))
