import numpy as np
import pytest
import tensorflow as tf

from retrain.errors import InputError
from retrain.modules.pooling import Pooling, check_pooled, described, pooling_of


@pytest.mark.parametrize(
    ("shape", "asked", "expected"),
    [
        ([None, 5], "auto", None),
        ([None, 5], "max", None),
        ([None, 7, 7, 5], "auto", Pooling("mean", (1, 2), 3)),
        ([None, None, None, 5], "max", Pooling("max", (1, 2), 3)),
        ([None, 5, 7, 7], "auto", Pooling("mean", (2, 3), 1)),
        ([None, 7, 7, 7], "auto", Pooling("mean", (1, 2), 3)),
        ([None, 7, 7, 5], "first_token", None),
        ([None, 49, 5], "auto", Pooling("mean", (1,), 2)),  # Swin
        ([None, 50, 5], "auto", Pooling("first_token", (1,), 2)),  # CLIP ViT-B/32
        ([None, 197, 5], "auto", Pooling("first_token", (1,), 2)),  # ViT-B/16
        ([None, 198, 5], "auto", Pooling("first_token", (1,), 2)),  # DeiT, distilled
        ([None, 201, 5], "auto", Pooling("first_token", (1,), 2)),  # DINOv3
        ([None, 197, 5], "mean", Pooling("mean", (1,), 2)),
        ([None, None, 5], "auto", Pooling("mean", (1,), 2)),
        ([None, 2, 7, 7, 5], "auto", None),
        (None, "auto", None),
    ],
)
def test_what_is_pooled_how(shape, asked, expected):
    assert pooling_of(tf.TensorShape(shape), asked) == expected


@pytest.mark.parametrize(
    ("shape", "asked", "pooled"),
    [
        ((2, 4, 3), "mean", lambda x: x.mean(1)),
        ((2, 4, 3), "max", lambda x: x.max(1)),
        ((2, 4, 3), "first_token", lambda x: x[:, 0]),
        ((2, 4, 4, 3), "max", lambda x: x.max((1, 2))),
        ((2, 3, 4, 4), "mean", lambda x: x.mean((2, 3))),
    ],
)
def test_values(shape, asked, pooled):
    values = np.random.default_rng(0).random(shape, np.float32)
    pooling = pooling_of(tf.TensorShape(shape), asked)
    np.testing.assert_allclose(pooling(tf.constant(values)), pooled(values), rtol=1e-6)
    assert shape[pooling.channels] == 3


def test_what_has_no_effect_is_refused():
    check_pooled(None, "auto", "default", "m")
    for asked, what in [("mean", "places or tokens"), ("first_token", "tokens")]:
        with pytest.raises(InputError) as info:
            check_pooled(None, asked, "default", "m")
        assert str(info.value) == (
            f"--feature_pooling={asked} has no effect on the output 'default' of 'm', which has no {what}: "
            f"leave it out."
        )


def test_what_is_told():
    for shape, sentence in [
        ([None, 197, 5], "features are the first of its 197 tokens; --feature_pooling says otherwise"),
        ([None, None, 5], "features are the mean of its tokens; --feature_pooling says otherwise"),
    ]:
        assert described(pooling_of(tf.TensorShape(shape)), tf.TensorShape(shape)) == sentence
