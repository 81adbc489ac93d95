import numpy as np
import pytest
import tensorflow as tf

from retrain.data.augmentation.levels import Augmentation
from retrain.data.augmentation.mixing import mix


def flat(count: int) -> tf.Tensor:
    """Images [count, 10, 10, 3] of the value of their row over count."""
    return tf.ones([count, 10, 10, 3]) * tf.reshape(tf.range(count, dtype=tf.float32) / count, [-1, 1, 1, 1])


def mixed(count: int, draw=(0, 0), **alphas: float) -> tuple[np.ndarray, ...]:
    return tuple(part.numpy() for part in mix(flat(count), Augmentation(**alphas), draw))


@pytest.mark.parametrize("alphas", [{"mixup": 0.4}, {"cutmix": 1.0}, {"mixup": 0.4, "cutmix": 1.0}])
def test_an_image_holds_its_share_and_its_partner_the_rest(alphas):
    images, partner, share = mixed(64, **alphas)
    values = np.arange(64) / 64
    assert partner.dtype == np.int32
    assert partner.tolist() == [63, *range(63)]
    expected = share * values + (1 - share) * values[partner]
    np.testing.assert_allclose(images.mean(axis=(1, 2, 3)), expected, atol=1e-5)


def test_mixup_blends_and_cutmix_puts_a_box():
    images, _, share = mixed(64, mixup=1.0)
    assert np.ptp(images, axis=(1, 2, 3)).max() < 1e-6
    assert 0 < share.min() < 0.2 < 0.8 < share.max() < 1
    images, partner, share = mixed(64, cutmix=1.0)
    for row in range(64):
        assert set(np.unique(images[row])) <= {np.float32(row / 64), np.float32(partner[row] / 64)}
    shares = np.isclose(images[..., 0], (np.arange(64) / 64)[:, None, None]).mean(axis=(1, 2))
    np.testing.assert_allclose(shares, share, atol=1e-6)


def test_both_take_turns():
    images, _, _ = mixed(400, mixup=1.0, cutmix=1.0)
    blended = np.ptp(images, axis=(1, 2, 3)) < 1e-6
    assert 160 < blended.sum() < 280  # boxes may cover all or nothing, too


@pytest.mark.parametrize(("alpha", "spread"), [(0.2, 1 / 5.6), (1.0, 1 / 12), (4.0, 1 / 36)])
def test_shares_follow_the_beta_distribution(alpha, spread):
    share = mixed(4000, mixup=alpha)[2]
    assert abs(share.mean() - 0.5) < 0.03
    assert abs(share.var() / spread - 1) < 0.08


def test_tiny_alphas_give_one_image_or_the_other():
    share = mixed(500, mixup=0.001)[2]
    assert np.isfinite(share).all()
    assert ((share < 0.01) | (share > 0.99)).mean() > 0.95


def test_an_image_alone_is_its_own_partner():
    images, partner, _ = mixed(1, mixup=0.4, cutmix=1.0)
    assert partner.tolist() == [0]
    np.testing.assert_allclose(images, flat(1))
