"""Training one head on cached features: our loop against Keras `fit`, the same schedule and accuracy.

Wanted: at least 8 times. Then the default grid.
"""

import dataclasses

import keras
import numpy as np

from retrain.examples.labelled import TaskExamples
from retrain.head_search.head_step import MOMENTUM
from retrain.head_search.recipe import candidates, feature_scale
from retrain.head_search.train_candidates import train_candidates
from retrain.heads.softmax import SoftmaxHead
from retrain.settings.head import HeadSettings
from tests.benchmarks.rounds import print_ratios, seconds

COUNT, LENGTH, CLASSES = 3000, 1280, 10
SETTINGS = HeadSettings(max_steps=600, batch_size=100, label_smoothing=0.0)
CANDIDATE = dataclasses.replace(SETTINGS, learning_rate=0.02, l2_regularizer=1e-3)


def main() -> None:
    random = np.random.default_rng(0)
    centres = random.normal(size=[CLASSES, LENGTH])
    labels = random.integers(CLASSES, size=2 * COUNT).astype(np.int32)
    features = np.maximum(0.12 * centres[labels] + random.normal(size=[2 * COUNT, LENGTH]), 0).astype(
        np.float32
    )
    train = TaskExamples(features[:COUNT], labels[:COUNT], np.ones(COUNT, np.float32))
    test = TaskExamples(features[COUNT:], labels[COUNT:], np.ones(COUNT, np.float32))
    head = SoftmaxHead([str(index) for index in range(CLASSES)])
    accuracies: dict[str, float] = {}

    rate = keras.optimizers.schedules.CosineDecay(CANDIDATE.learning_rate, CANDIDATE.max_steps)
    penalty = keras.regularizers.L2(CANDIDATE.l2_regularizer)
    dense = keras.layers.Dense(CLASSES, kernel_initializer="zeros", kernel_regularizer=penalty)
    model = keras.Sequential([keras.Input([LENGTH]), keras.layers.Dropout(CANDIDATE.dropout_rate), dense])
    optimizer = keras.optimizers.SGD(rate, momentum=MOMENTUM)
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    epochs = CANDIDATE.max_steps * CANDIDATE.batch_size // COUNT

    def keras_fit() -> None:
        for variable in [*model.trainable_variables, *optimizer.variables[:1], *optimizer.variables[2:]]:
            variable.assign(keras.ops.zeros_like(variable))
        model.fit(train.features, train.labels, batch_size=CANDIDATE.batch_size, epochs=epochs, verbose=0)

    def keras_accuracy() -> float:
        return np.mean(model.predict(test.features, verbose=0).argmax(1) == test.labels)

    def loop() -> None:
        (trained,) = train_candidates(head, [CANDIDATE], train, None)
        logits = test.features @ trained.kernel + trained.bias
        accuracies["one candidate"] = np.mean(logits.argmax(1) == test.labels)

    def grid() -> None:
        train_candidates(head, candidates(SETTINGS, feature_scale(train.features), COUNT), train, test)

    variants = {"keras fit": keras_fit, "one candidate": loop, "default grid": grid}
    print_ratios(seconds(variants, rounds=3), "keras fit")
    accuracies["keras fit"] = keras_accuracy()
    print("accuracy:", {name: round(float(value), 4) for name, value in accuracies.items()})


if __name__ == "__main__":
    main()
