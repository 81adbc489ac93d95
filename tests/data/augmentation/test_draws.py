import numpy as np

from retrain.data.augmentation.draws import COLOUR, WINDOW, Draw, around, uniforms


def test_a_draw_depends_on_seed_step_part_and_position_alone():
    drawn = np.array(uniforms(Draw(1, 2), WINDOW, 6, 3))
    assert drawn.shape == (3, 6)
    np.testing.assert_array_equal(uniforms(Draw(1, 2), WINDOW, 4, 3), drawn[:, :4])
    assert len(np.unique(drawn)) == drawn.size
    for *draw, part in ((1, 3, WINDOW), (2, 2, WINDOW), (2, 1, WINDOW), (1, 2, COLOUR)):
        assert not np.intersect1d(uniforms(Draw(*draw), part, 6, 3), drawn).size


def test_draws_are_even():
    drawn = np.array(uniforms(Draw(0, 0), WINDOW, 10_000, 2))
    assert np.histogram(drawn[0], 10, (0, 1))[0].min() > 900
    assert abs(np.corrcoef(drawn)[0, 1]) < 0.03
    assert -3 <= around(drawn[0], 3).min() < -2.99 < 2.99 < around(drawn[0], 3).max() < 3


def test_a_part_of_a_batch_draws_what_the_whole_would():
    whole = np.array(uniforms(Draw(1, 2), WINDOW, 6, 3))
    np.testing.assert_array_equal(uniforms(Draw(1, 2, first=2), WINDOW, 3, 3), whole[:, 2:5])
