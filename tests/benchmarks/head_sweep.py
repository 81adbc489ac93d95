"""The engine of sweeps: many candidates of a head at once against one after another, and against Keras.

`python -m tests.benchmarks.head_sweep` prints, side by side: 64 candidates on features like those of
MobileNet v2 for 3000 images of 10 classes, at once, one after another (a few, scaled), and by Optuna over
Keras `fit` (a few, scaled); the default grid beside them; whether a candidate is the same alone. Wanted: at
least 5 times faster than one after another, 80 times than Keras.
`--large`: 256 candidates on 50 000 images of 100 classes, and the share of this machine's matrix products.
"""

import dataclasses
import resource
import sys

import keras
import numpy as np
import optuna
import tensorflow as tf

from retrain.examples.labelled import TaskExamples
from retrain.head_search.budget import Budget, Halving
from retrain.head_search.head_step import MOMENTUM
from retrain.head_search.recipe import candidates, feature_scale
from retrain.head_search.train_candidates import train_candidates
from retrain.heads.softmax import SoftmaxHead
from retrain.settings.head import HeadSettings
from tests.benchmarks.rounds import print_ratios, seconds

COUNT, LENGTH, CLASSES, STEPS, CANDIDATES = 3000, 1280, 10, 300, 64
SAMPLE = 4  # of those that take long, scaled up


def main() -> None:
    train, validation = make_splits(COUNT, 340, CLASSES)
    head = SoftmaxHead([str(index) for index in range(CLASSES)])
    chosen = [random_candidate(number, 0.0) for number in range(CANDIDATES)]
    dropped = [dataclasses.replace(one, dropout_rate=0.2) for one in chosen]
    grid = candidates(HeadSettings(max_steps=STEPS), feature_scale(train.features), COUNT)
    variants = {
        f"{SAMPLE} one after another": lambda: [
            train_candidates(head, [one], train, validation) for one in chosen[:SAMPLE]
        ],
        f"{CANDIDATES} at once": lambda: train_candidates(head, chosen, train, validation),
        f"{SAMPLE} one after another, dropout": lambda: [
            train_candidates(head, [one], train, validation) for one in dropped[:SAMPLE]
        ],
        f"{CANDIDATES} at once, dropout": lambda: train_candidates(head, dropped, train, validation),
        f"{CANDIDATES} at once, halving": lambda: train_candidates(
            head, chosen, train, validation, budget=Budget(halving=Halving())
        ),
        f"default grid of {len(grid)}": lambda: train_candidates(head, grid, train, validation),
        f"{SAMPLE} by Optuna over Keras fit": lambda: optuna_over_keras(train, validation),
    }
    taken = seconds(variants, rounds=3)
    print_ratios(taken, f"{CANDIDATES} at once")
    times = CANDIDATES // SAMPLE
    print(f"({SAMPLE} candidates stand for {CANDIDATES}: their ratios are to be divided by {times})")
    together = train_candidates(head, chosen, train, validation)
    for number in range(0, CANDIDATES, CANDIDATES // SAMPLE):
        (alone,) = train_candidates(head, [chosen[number]], train, validation)
        agree = np.mean(predicted(alone, validation) == predicted(together[number], validation))
        difference = np.abs(alone.kernel - together[number].kernel).max()
        print(f"candidate {number} alone: weights differ by {difference:.1e}, {agree:.1%} predicted the same")


def make_splits(count: int, held_out: int, classes: int) -> tuple[TaskExamples, TaskExamples]:
    """Features of classes around centres of their own, never negative, half of them zero."""
    random = np.random.default_rng(0)
    labels = random.integers(classes, size=count + held_out).astype(np.int32)
    features = random.normal(size=[len(labels), LENGTH]).astype(np.float32)
    features += 0.12 * random.normal(size=[classes, LENGTH]).astype(np.float32)[labels]
    whole = TaskExamples(np.maximum(features, 0.0), labels, np.ones(len(labels), np.float32))
    return whole.rows(np.arange(count)), whole.rows(np.arange(count, count + held_out))


def random_candidate(number: int, dropout_rate: float) -> HeadSettings:
    random = np.random.default_rng(number)
    return HeadSettings(
        learning_rate=10 ** random.uniform(-3, -2),
        l2_regularizer=10 ** random.uniform(-5, -2),
        label_smoothing=random.uniform(0.0, 0.2),
        dropout_rate=dropout_rate,
        max_steps=STEPS,
        batch_size=100,
    )


def predicted(found: object, split: TaskExamples) -> np.ndarray:
    return (split.features @ found.kernel + found.bias).argmax(axis=1)


def optuna_over_keras(train: TaskExamples, validation: TaskExamples) -> None:
    """What people do today: a study whose objective fits a model on the same features."""

    def objective(trial: optuna.Trial) -> float:
        rate = trial.suggest_float("learning_rate", 1e-3, 1e-2, log=True)
        l2 = trial.suggest_float("l2_regularizer", 1e-5, 1e-2, log=True)
        smoothing = trial.suggest_float("label_smoothing", 0.0, 0.2)
        schedule = keras.optimizers.schedules.CosineDecay(rate, STEPS)
        dense = keras.layers.Dense(CLASSES, kernel_regularizer=keras.regularizers.L2(l2))
        model = keras.Sequential([keras.Input([LENGTH]), dense])
        loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)
        model.compile(keras.optimizers.SGD(schedule, momentum=MOMENTUM), loss, metrics=["accuracy"])
        targets = keras.ops.one_hot(train.labels, CLASSES)
        model.fit(train.features, targets, batch_size=100, epochs=STEPS * 100 // COUNT, verbose=0)
        held_out = keras.ops.one_hot(validation.labels, CLASSES)
        return model.evaluate(validation.features, held_out, verbose=0)[1]

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    optuna.create_study(direction="maximize").optimize(objective, n_trials=SAMPLE)


def large() -> None:
    """How near to the machine's own matrix products: 256 candidates, 100 classes, 50 000 images."""
    count, classes, many, steps = 50_000, 100, 256, 60
    train, _ = make_splits(count, 1, classes)
    head = SoftmaxHead([str(index) for index in range(classes)])
    chosen = [dataclasses.replace(random_candidate(number, 0.0), max_steps=steps) for number in range(many)]
    operations = 4 * steps * 100 * LENGTH * classes * many
    size = 2048
    matrix = tf.random.normal([size, size])
    variants = {
        "products of square matrices": lambda: [tf.matmul(matrix, matrix).numpy() for _ in range(8)],
        f"{many} candidates": lambda: train_candidates(head, chosen, train, None, budget=Budget(6 * 2**30)),
    }
    products, group = (min(taken) for taken in seconds(variants, rounds=2).values())
    for name, peak, taken in zip(("wall", "cpu"), products, group, strict=True):
        peak, reached = 8 * 2 * size**3 / peak / 1e9, operations / taken / 1e9
        print(
            f"gigaflops by {name}: products {peak:.0f}, candidates {reached:.0f}, "
            f"a share of {reached / peak:.0%}"
        )
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"memory {memory:.1f} GB at most")


if __name__ == "__main__":
    large() if "--large" in sys.argv else main()
