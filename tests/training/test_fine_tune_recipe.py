import pytest
from retrain.training.fine_tune_recipe import (
    FineTuneRecipe,
    augmentation_level,
    evaluation_interval,
    fine_tune_steps,
    peak_rate,
)


@pytest.mark.parametrize(
    ("count", "batch_size", "steps"),
    [(1000, 32, 1875), (1000, 64, 938), (100, 32, 593), (100_000, 32, 18_750), (10_000_000, 32, 937_500)],
)
def test_steps_grow_with_the_root_of_the_images_and_never_below_three_epochs(count, batch_size, steps):
    assert fine_tune_steps(count, batch_size) == steps


def test_the_rate_follows_the_batch():
    assert peak_rate("sgd", 32, freeze_batch_norm=False) == 0.02
    assert peak_rate("sgd", 64, freeze_batch_norm=False) == 0.04
    assert peak_rate("adamw", 128, freeze_batch_norm=False) == 2 * peak_rate("adam", 32, False)


def test_frozen_batch_norm_asks_for_smaller_steps():
    assert peak_rate("sgd", 32, freeze_batch_norm=True) < peak_rate("sgd", 32, freeze_batch_norm=False)


@pytest.mark.parametrize(
    ("count", "classes", "level"), [(100, 10, "strong"), (1000, 10, "medium"), (100_000, 10, "light")]
)
def test_few_images_are_augmented_more(count, classes, level):
    assert augmentation_level(count, classes) == level


@pytest.mark.parametrize(
    ("count", "validation_count", "steps"), [(1000, 100, 32), (1000, 1000, 209), (1000, 0, 32), (10, 0, 1)]
)
def test_evaluation_is_once_an_epoch_unless_that_takes_too_long(count, validation_count, steps):
    assert evaluation_interval(count, 32, validation_count) == steps


def test_the_recipe_is_told_in_a_line_that_names_flags():
    recipe = FineTuneRecipe(1875, 32, 0.02, 188, 1.0, 0.001, 0.1, "medium", 32)
    assert str(recipe) == (
        "1875 steps of 32 images, learning_rate=0.02 after 188 steps of warm-up, then along a cosine to "
        "zero, base_learning_rate_factor=1, weight_decay=0.001, label_smoothing=0.1, augment=medium, "
        "eval_every=32"
    )
