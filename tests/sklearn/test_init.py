import pathlib
import pickle
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from PIL import Image
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.validation import check_is_fitted, validate_data

import retrain
from retrain.errors import InputError
from retrain.features import feature_pass
from retrain.sklearn import PARAMETERS, ImageClassifier
from tests.commands.worlds import FAST

ROOT = pathlib.Path(__file__).parents[2]
SIDE = 4
# What of scikit-learn's own checks an image classifier does not promise, and why.
NOT_PROMISED = {
    "check_sample_weight_equivalence_on_dense_data": "batches are drawn at random, so that an image twice is "
    "not to the last digit an image of twice the weight",
}


@pytest.fixture(scope="module")
def pictures(colour_folder):
    """Paths and labels of 24 images of three colours."""
    paths = sorted(pathlib.Path(colour_folder).rglob("*.png"))
    return [str(path) for path in paths], np.asarray([path.parent.name for path in paths])


@pytest.fixture(scope="module")
def fitted(pictures, averaging_module):
    """A classifier that knows them; only read it."""
    return ImageClassifier(averaging_module, **FAST).fit(*pictures)


class OnRows(ImageClassifier):
    """What scikit-learn's checks can drive: rows of numbers, drawn as images."""

    def fit(self, X, y, sample_weight=None):  # noqa: N803
        return super().fit(drawn(validate_data(self, X)), y, sample_weight)

    def predict_proba(self, X):  # noqa: N803
        check_is_fitted(self)
        return super().predict_proba(drawn(validate_data(self, X, reset=False)))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.one_d_array = tags.input_tags.three_d_array = tags.input_tags.string = False
        return tags


def drawn(rows: np.ndarray) -> np.ndarray:
    """uint8 [N, SIDE, SIDE, 3], a number a value."""
    values = np.zeros([len(rows), SIDE * SIDE * 3])
    width = min(values.shape[1], rows.shape[1])
    values[:, :width] = 255 / (1 + np.exp(-rows[:, :width].astype(float)))
    return values.round().astype(np.uint8).reshape([-1, SIDE, SIDE, 3])


@pytest.fixture(scope="module")
def pixels_module(tmp_path_factory):
    """A SavedModel whose features are the pixels."""
    directory = tmp_path_factory.mktemp("pixels") / "module"
    module = tf.Module()
    module.__call__ = tf.function(
        lambda images: tf.reshape(images, [-1, SIDE * SIDE * 3]),
        input_signature=[tf.TensorSpec([None, SIDE, SIDE, 3], tf.float32)],
    )
    tf.saved_model.save(module, str(directory))
    return str(directory)


@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_own_checks(pixels_module):
    estimator = OnRows(pixels_module, learning_rate=0.5, l2_regularizer=1e-4, max_steps=100)
    results = check_estimator(estimator, expected_failed_checks=NOT_PROMISED, on_skip=None, on_fail=None)
    failed = {of["check_name"]: of["exception"] for of in results if of["status"] == "failed"}
    assert failed == {}
    assert {of["check_name"] for of in results if of["status"] == "xfail"} == {*NOT_PROMISED}
    assert sum(of["status"] == "passed" for of in results) > 40


def test_paths_pictures_and_arrays_are_the_same(fitted, pictures):
    paths, labels = pictures
    images = [Image.open(path) for path in paths]
    arrays = np.stack([np.asarray(image) for image in images])
    expected = fitted.predict_proba(paths)
    assert fitted.predict(paths).tolist() == labels.tolist()
    assert fitted.score(paths, labels) == 1.0
    column = pd.DataFrame({"path": paths})
    for same in (images, arrays, list(arrays), [pathlib.Path(path).read_bytes() for path in paths]):
        np.testing.assert_array_equal(fitted.predict_proba(same), expected)
    for same in (column, column["path"], np.asarray(paths), column.to_numpy()):
        np.testing.assert_array_equal(fitted.predict_proba(same), expected)
    np.testing.assert_allclose(fitted.predict_proba(arrays / 255), expected)
    np.testing.assert_allclose(expected.sum(axis=1), 1.0, atol=1e-12)


def test_labels_are_given_back_as_they_came(pictures, averaging_module):
    paths, labels = pictures
    numbers = np.searchsorted(["cyan", "magenta", "yellow"], labels) * 5 - 1
    found = ImageClassifier(averaging_module, **FAST).fit(paths, numbers)
    assert found.classes_.tolist() == [-1, 4, 9]
    assert found.predict(paths).tolist() == numbers.tolist()
    assert found.coef_.shape == (3, 3)


def test_an_image_of_no_weight_is_none(pictures, averaging_module):
    paths, labels = pictures
    wrong = np.where(np.arange(len(labels)) % 2, labels, "cyan")
    weights = (wrong == labels).astype(float)
    found = ImageClassifier(averaging_module, **FAST).fit(paths, wrong, sample_weight=weights)
    assert found.score(paths, labels) == 1.0


def test_features_are_computed_once_for_all_folds(pictures, averaging_module, tmp_path, monkeypatch):
    computed = []
    keep = feature_pass._keep

    def counted(features, files, missing, *rest):
        computed.append(len(missing))
        return keep(features, files, missing, *rest)

    monkeypatch.setattr(feature_pass, "_keep", counted)
    paths, labels = pictures
    arrays = 255 - np.stack([np.asarray(Image.open(path)) for path in paths])  # no other test has these
    estimator = ImageClassifier(averaging_module, feature_cache=str(tmp_path), **FAST)
    for X in (paths, arrays):  # noqa: N806
        computed.clear()
        assert cross_val_score(estimator, X, labels, cv=4).tolist() == [1.0] * 4
        assert sum(computed) == len(labels)


def test_a_search_and_a_pipeline_with_groups(pictures, averaging_module):
    paths, labels = pictures
    estimator = ImageClassifier(averaging_module, learning_rate=0.5, l2_regularizer=1e-3)
    search = GridSearchCV(estimator, {"max_steps": [1, 20], "l2_regularizer": [1e-3, 100.0]}, cv=2)
    assert search.fit(paths, labels).best_score_ == 1.0
    assert search.best_params_["l2_regularizer"] == 1e-3
    pipeline = make_pipeline(ImageClassifier(averaging_module, **FAST))
    groups = np.arange(len(labels)) // 2
    scores = cross_val_score(pipeline, paths, labels, groups=groups, cv=GroupKFold(3, shuffle=True))
    assert scores.tolist() == [1.0] * 3


def test_clones_and_parameters(averaging_module):
    estimator = ImageClassifier(averaging_module, dropout_rate=0.5)
    assert clone(estimator).get_params() == estimator.get_params()
    assert sorted(estimator.get_params()) == sorted(PARAMETERS)
    assert estimator.set_params(seed=3).seed == 3
    assert repr(ImageClassifier(seed=3)) == "ImageClassifier(seed=3)"


def test_a_pickle_needs_no_module(pictures, averaging_module, tmp_path):
    paths, labels = pictures
    module = shutil.copytree(averaging_module, tmp_path / "module")
    fitted = ImageClassifier(str(module), **FAST).fit(paths, labels)
    content = pickle.dumps(fitted)
    shutil.rmtree(module)
    again = pickle.loads(content)
    np.testing.assert_allclose(again.predict_proba(paths), fitted.predict_proba(paths), atol=1e-6)
    assert again.get_params() == fitted.get_params()
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(again)).coef_, fitted.coef_)


def test_what_is_exported_is_a_classifier_of_retrain(fitted, pictures, tmp_path):
    paths, labels = pictures
    fitted.export(tmp_path / "export")
    found = retrain.predict(paths, tfhub_module=tmp_path / "export", all_classes=True)
    assert found["class"].tolist() == labels.tolist()
    np.testing.assert_allclose(found["probability/cyan"], fitted.predict_proba(paths)[:, 0], atol=1e-5)


def test_mistakes_are_sentences(pictures, averaging_module):
    paths, labels = pictures

    def sentence(function, *given):
        with pytest.raises(InputError) as raised:
            function(*given)
        return str(raised.value)

    estimator = ImageClassifier(averaging_module, **FAST)
    assert sentence(estimator.fit, paths, labels[1:]) == (
        "24 images were given, and labels for 23: give one each."
    )
    assert sentence(estimator.fit, paths[:2], labels[:2]) == (
        "A classifier needs 2 classes or more, and all 2 labels are of one class."
    )
    assert sentence(ImageClassifier(averaging_module, dropout_rate=2).fit, paths, labels) == (
        "dropout_rate=2.0 is out of range: it must be at least 0 and below 1."
    )
    with pytest.raises(TypeError) as raised:
        ImageClassifier(learning_rat=1)
    assert str(raised.value) == (
        "ImageClassifier has no parameter 'learning_rat': help(ImageClassifier) lists them."
    )


def test_tensorflow_is_not_loaded_before_it_is_needed():
    code = (
        "import sys; from retrain.sklearn import ImageClassifier; ImageClassifier(seed=1).get_params()\n"
        "print('tensorflow' in sys.modules, 'dropout_rate: ' in ImageClassifier.__doc__)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True, cwd=ROOT) == "False True\n"
