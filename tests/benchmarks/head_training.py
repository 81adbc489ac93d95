"""Training one head on cached features: our loop against Keras `fit`, the same schedule and accuracy.

Wanted: at least 8 times. Then the default grid.
"""

import keras
import numpy as np
from retrain.head_search.head_trials import train_trials
from retrain.head_search.trial import Trial

from retrain.examples.labelled import TaskExamples
from retrain.head_search.recipe import feature_scale, head_grid
from retrain.heads.softmax import SoftmaxHead
from tests.benchmarks.rounds import print_ratios, seconds

COUNT, LENGTH, CLASSES = 3000, 1280, 10
SCHEDULE = {"steps": 600, "batch_size": 100, "dropout_rate": 0.2}
TRIAL = Trial(learning_rate=0.02, l2_regularizer=1e-3, **SCHEDULE)


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

    rate = keras.optimizers.schedules.CosineDecay(TRIAL.learning_rate, TRIAL.steps)
    penalty = keras.regularizers.L2(TRIAL.l2_regularizer)
    dense = keras.layers.Dense(CLASSES, kernel_initializer="zeros", kernel_regularizer=penalty)
    model = keras.Sequential([keras.Input([LENGTH]), keras.layers.Dropout(TRIAL.dropout_rate), dense])
    optimizer = keras.optimizers.SGD(rate, momentum=TRIAL.momentum)
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    epochs = TRIAL.steps * TRIAL.batch_size // COUNT

    def keras_fit() -> None:
        for variable in [*model.trainable_variables, *optimizer.variables[:1], *optimizer.variables[2:]]:
            variable.assign(keras.ops.zeros_like(variable))
        model.fit(train.features, train.labels, batch_size=TRIAL.batch_size, epochs=epochs, verbose=0)

    def keras_accuracy() -> float:
        return np.mean(model.predict(test.features, verbose=0).argmax(1) == test.labels)

    def loop() -> None:
        (trained,) = train_trials(head, [TRIAL], train, None)
        logits = test.features @ trained.kernel + trained.bias
        accuracies["one trial"] = np.mean(logits.argmax(1) == test.labels)

    def grid() -> None:
        train_trials(head, head_grid(feature_scale(train.features), None, None, **SCHEDULE), train, test)

    variants = {"keras fit": keras_fit, "one trial": loop, "default grid": grid}
    print_ratios(seconds(variants, rounds=3), "keras fit")
    accuracies["keras fit"] = keras_accuracy()
    print("accuracy:", {name: round(float(value), 4) for name, value in accuracies.items()})


if __name__ == "__main__":
    main()
