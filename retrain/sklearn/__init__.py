"""The trainer as scikit-learn knows estimators: fit, predict, predict_proba, parameters, clones, pickles.

It is a head on a frozen module; what trains the module, too, is `retrain.train`, whose run can be the module
here. Nothing of TensorFlow is loaded before the first fit or predict.
"""

import dataclasses
import os
import re
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, column_or_1d

from retrain.api.keywords import config_of, with_settings
from retrain.errors import InputError
from retrain.plain_log import logged_plainly
from retrain.quiet import quietly_named, set_environment
from retrain.settings.config import FIELDS, Config
from retrain.settings.field import about
from retrain.settings.head import HeadSettings
from retrain.settings.module import ModuleSettings
from retrain.settings.python_words import said_in_python
from retrain.sklearn.image_column import images_in

# What begins with weights of another head, or needs images held out.
NOT_HERE = re.compile("warm_start|label_map|calibrate")
PARAMETERS = tuple(
    field.name
    for section in (ModuleSettings, HeadSettings)
    for field in dataclasses.fields(section)
    if "train" in about(field).verbs and not NOT_HERE.match(field.name)
)


@with_settings(PARAMETERS)
class ImageClassifier(ClassifierMixin, BaseEstimator):
    """The best softmax head on the features of a frozen image module.

    ImageClassifier().fit(paths, labels).predict(["picture.jpg"])

    X is a list, array, Series or DataFrame of one column of images: paths, PIL images, bytes of image files,
    or arrays, uint8 or float in [0, 1], [H, W], [H, W, 3] or [H, W, 4]; or an array of such. Their features
    are remembered for fits and folds to come: of files in the cache directory (`feature_cache`), of what is
    in memory until the process ends. A mistake is a ValueError, one sentence.

    The strength of the L2 penalty is chosen by cross-validation on what is fitted, unless `l2_regularizer`
    says it. Probabilities are the head's as it was trained: CalibratedClassifierCV calibrates them. The
    pickle of a fitted one holds the module, as `retrain.train` exports it, and needs no other file.

    Attributes:
      classes_: [C], the labels.
      coef_, intercept_: float32 [C, F] and [C], on the features of the module.
    """

    _exported: bytes | None = None  # of one that was pickled, the module

    def __init__(self, tfhub_module: Any = FIELDS["tfhub_module"].default, **parameters: Any):
        for name in parameters:
            if name not in PARAMETERS:
                raise TypeError(
                    f"ImageClassifier has no parameter {name!r}: help(ImageClassifier) lists them."
                )
        for name in PARAMETERS:
            setattr(self, name, parameters.get(name, FIELDS[name].default))
        self.tfhub_module = tfhub_module

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = tags.input_tags.three_d_array = tags.input_tags.string = True
        return tags

    @said_in_python()
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803
        """Trains a head on images X and their labels y [N]; weights [N] say what each image counts."""
        images, labels = images_in(X), _labels(y)
        if len(images) != len(labels):
            raise InputError(f"{len(images)} images were given, and labels for {len(labels)}: give one each.")
        weights = _check_sample_weight(sample_weight, labels, dtype=np.float32, ensure_non_negative=True)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        self.__dict__.pop("_exported", None)
        features = self._features(images)
        head = _training("fit_head")(features, codes, weights, self._config().head)
        self.coef_, self.intercept_ = head.kernel.T, head.bias
        return self

    def predict(self, X: Any) -> np.ndarray:  # noqa: N803
        """The label of each image, [N]."""
        check_is_fitted(self)
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    @said_in_python()
    def predict_proba(self, X: Any) -> np.ndarray:  # noqa: N803
        """Float64 [N, C]: how probable each of `classes_` is."""
        check_is_fitted(self)
        logits = self._features(images_in(X)) @ self.coef_.T + self.intercept_
        return _training("softmax")(logits)

    def export(self, directory: str | os.PathLike[str], export_format: str = "saved_model") -> None:
        """Writes the fitted classifier as `retrain.train` does, into a directory that is not there yet."""
        check_is_fitted(self)
        head = ([str(label) for label in self.classes_], self.coef_.T, self.intercept_)
        _training("export")(self._module(), head, directory, export_format)

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        if hasattr(self, "coef_") and self._exported is None:
            state = {**state, "_exported": _training("packed")(self.export)}
        return state

    def _features(self, images: list[Any]) -> np.ndarray:
        with logged_plainly("warning"):
            return _training("features_of")(self._module(), images, self._config().module)

    def _module(self) -> Any:
        if self._exported is not None:
            return _training("exported_module")(self._exported)
        return _training("frozen_module")(self._config().module)

    def _config(self) -> Config:
        given = {name: getattr(self, name) for name in PARAMETERS}
        return config_of("train", {**given, "image_dir": os.curdir})  # which train cannot do without


def _labels(y: Any) -> np.ndarray:
    """[N]; ValueError for what are no classes, or only one."""
    if y is None:
        raise InputError(
            "fit requires y to be passed, but the target y is None: give a label for each image."
        )
    labels = column_or_1d(y, warn=True)
    check_classification_targets(labels)
    if len(np.unique(labels)) < 2:
        raise InputError(
            f"A classifier needs 2 classes or more, and all {len(labels)} labels are of one class."
        )
    return labels


def _training(name: str) -> Any:
    """What works on images and features, with TensorFlow."""
    set_environment()
    return quietly_named(f"retrain.sklearn.training:{name}")
