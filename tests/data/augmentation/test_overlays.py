from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from retrain.data.augmentation.draws import Draw
from retrain.data.augmentation.levels import NONE
from retrain.data.augmentation.overlays import box_mask, erased, mix


def test_a_box_of_pixels_whose_middles_lie_in_it():
    mask = box_mask(*(tf.constant([value]) for value in (0.25, 0.0, 1.0, 0.4)), (4, 5))
    assert mask.shape == (1, 4, 5, 1)
    np.testing.assert_array_equal(np.argwhere(mask[0, ..., 0]), [(y, x) for y in (1, 2, 3) for x in (0, 1)])


def test_a_box_of_noise_over_some_of_the_images():
    grey = tf.fill([400, 24, 24, 3], 0.5)
    changed = (erased(grey, 0.3, Draw(1, 2)) != grey).numpy().any(axis=-1)
    shares = changed.mean(axis=(1, 2))
    assert 90 < (shares > 0).sum() < 150
    assert shares.max() < 0.4
    box = changed[shares.argmax()]
    rows, columns = box.any(axis=1), box.any(axis=0)
    assert (box == rows[:, None] & columns).mean() > 0.99  # one box, but for noise that happens to be grey


def test_noise_differs_between_pixels_channels_and_images():
    noise = erased(tf.fill([2, 24, 24, 3], 0.5), 1.0, Draw(0, 0)).numpy()
    values = noise[noise != 0.5]
    assert len(np.unique(values)) > 0.95 * values.size
    assert values.min() >= 0
    assert values.max() < 1


def test_all_or_none():
    grey = tf.fill([20, 8, 8, 3], 0.5)
    np.testing.assert_array_equal(erased(grey, 0.0, Draw(0, 0)), grey)
    assert (erased(grey, 1.0, Draw(0, 0)) != grey).numpy().any(axis=(1, 2, 3)).sum() >= 18


def flat(count: int) -> tf.Tensor:
    """Images [count, 10, 10, 3] of the value of their row over count."""
    return tf.ones([count, 10, 10, 3]) * tf.reshape(tf.range(count, dtype=tf.float32) / count, [-1, 1, 1, 1])


FIRST = Draw(0, 0)


def mixed(count: int, draw: Draw = FIRST, **alphas: float) -> tuple[np.ndarray, ...]:
    return tuple(part.numpy() for part in mix(flat(count), replace(NONE, **alphas), draw))


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
