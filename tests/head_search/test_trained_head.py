import numpy as np

from retrain.head_search.trained_head import OutOfSample, TrainedHead, logits_side_by_side

LOSSES = np.array([[3.0, np.nan], [1.0, 2.0]], np.float32)
HEAD = TrainedHead(np.zeros([3, 2]), np.zeros(2), LOSSES, np.array([5, 10]))


def test_the_history_has_validation_only_where_there_is_one():
    assert HEAD.history == {5: {"loss": 3.0}, 10: {"loss": 1.0, "validation_loss": 2.0}}


def test_logits_of_several_candidates_are_those_of_each():
    random, fold_of = np.random.default_rng(0), np.array([0, 1, 1, 0, 1])
    features, kernels = random.normal(size=[5, 3]), random.normal(size=[4, 2, 3, 2])
    kernels[1] = np.nan
    heads = [HEAD._replace(kernel=kernel, bias=kernel[:, 0]) for kernel in kernels]
    results = [OutOfSample(head, features, fold_of) for head in heads]
    for several in (results, results[2:3]):
        for found, result in zip(logits_side_by_side(several), several, strict=True):
            np.testing.assert_allclose(found, result.logits, rtol=1e-5)
            assert found.shape == (5, 2)


def test_a_head_that_is_not_finite_has_failed():
    assert not HEAD.failed
    assert HEAD._replace(bias=np.array([np.inf, 0.0])).failed
    assert HEAD._replace(kernel=np.full([3, 2], np.nan)).failed
