"""Features are given, so that it is known which images are like others."""

import numpy as np
import pandas as pd
import pytest

from retrain.examples.labelled import LabelledExamples, encoded
from retrain.exporters.familiar_images import familiarity_of_others, with_familiarity
from retrain.familiarity import THRESHOLD
from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier

KINDS = {"kind": SoftmaxHead(["a", "b", "c"])}


def examples(train: int, validation: int, groups=None) -> LabelledExamples:
    """Features of length 1 near one of the three axes."""
    count = train + validation
    random = np.random.default_rng(0)
    labels = np.arange(count) % 3
    features = np.eye(3, dtype=np.float32)[labels] + random.uniform(0, 0.4, [count, 3]).astype(np.float32)
    table = pd.DataFrame(
        {
            "path": [f"{row}.jpg" for row in range(count)],
            "split": ["train"] * train + ["validation"] * validation,
            "group": [str(row) for row in range(count)] if groups is None else groups,
        }
    )
    tasks = {"kind": encoded(KINDS["kind"], ["abc"[label] for label in labels])}
    return LabelledExamples(".", table, tasks, features)


def classifier(base, heads=KINDS, **settings) -> ImageClassifier:
    model = ImageClassifier(base, heads, **settings)
    for kernel in model.kernels.values():
        kernel.assign(8 * np.eye(3, kernel.shape[1]))
    return model


def told(model: ImageClassifier, features: np.ndarray) -> np.ndarray:
    return model.served(features, model.logits(features))["familiarity"].numpy()


def test_validation_is_what_it_is_calibrated_on(loaded_module, caplog):
    caplog.set_level("INFO", "absl")
    of = examples(train=90, validation=40)
    model = with_familiarity(classifier(loaded_module), of, seed=0)
    assert caplog.messages == [
        "Familiarity of an image is the share of the 40 validation images that are no more like those "
        "trained on than it is, by features and the logits of 'kind'; below 0.05 it counts as unfamiliar, as "
        "5 % of known images do."
    ]
    assert np.sum(told(model, of.split("validation").features) < THRESHOLD) == 2
    strangers = np.array([[-1, -1, -1], [0.57, 0.57, 0.57], [-1, 1, -1]], np.float32)
    assert (told(model, strangers) < THRESHOLD).all()


def test_of_images_of_training_it_says_nothing(loaded_module):
    of = examples(train=30, validation=40)
    model = classifier(loaded_module)
    assert familiarity_of_others(model, of) is None
    model = with_familiarity(model, of, seed=0)
    familiarity = familiarity_of_others(model, of)
    assert np.isnan(familiarity[:30]).all()
    np.testing.assert_array_equal(familiarity[30:], told(model, of.features[30:]))
    assert familiarity_of_others(model, of.rows(np.arange(30))) is None


def test_without_validation_it_goes_by_nearness_to_other_images_of_training(loaded_module, caplog):
    caplog.set_level("INFO", "absl")
    of = examples(train=60, validation=19)
    model = with_familiarity(classifier(loaded_module), of, seed=0)
    assert caplog.messages == [
        "Familiarity of an image is the share of the 60 training images (for fewer than 20 are held out) "
        "that are no more like the others than it is, by features; below 0.05 it counts as unfamiliar, as "
        "5 % of known images do."
    ]
    assert model.familiarity.evidence == {}
    assert np.mean(told(model, of.split("validation").features) < THRESHOLD) < 0.2
    assert told(model, np.array([[-1, -1, -1]], np.float32)) < THRESHOLD


def test_images_of_one_group_are_not_beside_each_other(loaded_module):
    """Of copies each would be at no distance from its own."""
    of = examples(train=60, validation=0)
    twice = examples(train=120, validation=0, groups=[str(row % 60) for row in range(120)])
    twice = twice.with_features(np.concatenate([of.features, of.features]))
    found = with_familiarity(classifier(loaded_module), twice, seed=0).familiarity
    assert found.nearness.knots[0] < 0.995


def test_a_sigmoid_head_has_no_evidence(loaded_module):
    heads = {"tags": SigmoidHead(["x", "y"]), **KINDS}
    of = examples(train=60, validation=30)
    assert list(with_familiarity(classifier(loaded_module, heads), of, seed=0).familiarity.evidence) == [
        "kind"
    ]
    alone = with_familiarity(classifier(loaded_module, {"tags": heads["tags"]}), of, seed=0)
    assert alone.familiarity.evidence == {}
    assert told(alone, np.array([[-1, -1, -1]], np.float32)) < THRESHOLD


@pytest.mark.parametrize(
    ("counts", "heads", "trained", "reason"),
    [
        (
            (5, 1),
            KINDS,
            False,
            "that takes 20 images of training or of validation, and there are 5 and 1",
        ),
        (
            (60, 19),
            KINDS,
            True,
            "that takes 20 images that the module has not seen, and 19 are held out",
        ),
        (
            (60, 30),
            {**KINDS, "familiarity": KINDS["kind"]},
            False,
            "a task is called 'familiarity', as the output would be",
        ),
    ],
)
def test_where_it_cannot_be_known_a_line_tells(counts, heads, trained, reason, loaded_module, caplog):
    caplog.set_level("INFO", "absl")
    model = classifier(loaded_module, heads, train_base=trained)
    assert with_familiarity(model, examples(*counts), seed=0) is model
    assert caplog.messages == [f"The classifier will not tell how familiar images are: {reason}."]


def test_of_many_images_some_suffice(loaded_module):
    of = examples(train=5000, validation=4200)
    one, other = (with_familiarity(classifier(loaded_module), of, seed=1).familiarity for _ in range(2))
    assert len(one.sketch) == one.both.count == 4096
    np.testing.assert_array_equal(one.sketch, other.sketch)
    np.testing.assert_array_equal(one.both.knots, other.both.knots)
