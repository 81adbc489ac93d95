import keras
import pytest
import tensorflow as tf

from retrain.settings.config import FIELDS
from retrain.settings.field import about
from retrain.training.optimizer import OPTIMIZERS, WarmupCosine, make_optimizer
from tests.training.worlds import filled

PLAIN = filled(momentum=0.0)


def test_every_optimizer_can_be_named():
    assert tuple(OPTIMIZERS) == about(FIELDS["optimizer"]).choices


def step(optimizer: keras.optimizers.Optimizer, *variables: tf.Variable) -> None:
    """One update along gradients of 1."""
    if not optimizer.built:
        optimizer.build(variables)
    tf.function(lambda: optimizer.apply_gradients([(tf.ones_like(v), v) for v in variables]))()


def test_the_rate_rises_to_the_peak_and_falls_to_zero():
    rates = WarmupCosine(0.1, steps=30, warmup_steps=10, factor=tf.Variable(1.0))
    values = [float(rates(tf.constant(at))) for at in (0, 5, 10, 20, 30)]
    assert values == pytest.approx([0.0, 0.05, 0.1, 0.05, 0.0], abs=1e-7)


def test_without_warm_up_the_peak_comes_first():
    rates = WarmupCosine(0.1, steps=30, warmup_steps=0, factor=tf.Variable(1.0))
    assert [float(rates(tf.constant(at))) for at in (0, 15)] == pytest.approx([0.1, 0.05])


def test_a_warm_up_may_be_all_there_is():
    rates = WarmupCosine(0.1, steps=10, warmup_steps=99, factor=tf.Variable(1.0))
    assert float(rates(tf.constant(9))) == pytest.approx(0.09)


def test_the_factor_changes_the_rate_at_once():
    factor = tf.Variable(1.0)
    optimizer = make_optimizer(PLAIN, WarmupCosine(1.0, 10**6, 0, factor))
    weight = tf.Variable([0.0])
    step(optimizer, weight)
    factor.assign(0.5)
    step(optimizer, weight)
    assert weight.numpy() == pytest.approx([-1.5])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_base_has_a_rate_of_its_own(name):
    base, head = tf.Variable(tf.ones([2, 2])), tf.Variable(tf.ones([2, 2]))
    optimizer = make_optimizer(filled(optimizer=name, base_learning_rate_factor=0.1), 0.01, [base])
    step(optimizer, base, head)
    moved = [1.0 - variable.numpy()[0, 0] for variable in (base, head)]
    assert moved[0] == pytest.approx(0.1 * moved[1], rel=1e-2)
    assert moved[1] > 0


def test_a_rate_of_its_own_under_a_strategy():
    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    with strategy.scope():
        base, head = tf.Variable([[1.0]]), tf.Variable([[1.0]])
        optimizer = make_optimizer(filled(momentum=0.0, base_learning_rate_factor=0.1), 1.0, [base])
        optimizer.build([base, head])

    @tf.function
    def update():
        strategy.run(lambda: optimizer.apply_gradients([(tf.ones([1, 1]), v) for v in (base, head)]))

    update()
    assert [variable.numpy().item() for variable in (base, head)] == pytest.approx([0.9, 0.0])


def test_weight_decay_is_of_matrices_only_and_follows_the_rate():
    kernel, bias = tf.Variable([[10.0]]), tf.Variable([10.0])
    settings = filled(momentum=0.0, weight_decay=0.1, base_learning_rate_factor=0.5)
    step(make_optimizer(settings, 0.5, [kernel]), kernel, bias)
    assert float(kernel[0, 0]) == pytest.approx(10.0 * (1 - 0.1 * 0.25) - 0.25)
    assert float(bias[0]) == pytest.approx(9.5)


def test_the_norm_of_the_gradient_is_clipped_over_all_variables():
    one, other = tf.Variable([0.0]), tf.Variable([0.0])
    step(make_optimizer(filled(momentum=0.0, gradient_clip_norm=0.5**0.5), 1.0), one, other)
    assert [float(one[0]), float(other[0])] == pytest.approx([-0.5, -0.5])


def test_momentum():
    weight = tf.Variable([0.0])
    optimizer = make_optimizer(filled(momentum=0.5), 1.0)
    step(optimizer, weight)
    step(optimizer, weight)
    assert float(weight[0]) == pytest.approx(-2.5)
