"""Keras models as image modules: a `.keras` file, or a model of keras.applications by name.

Images in [0, 1] are mapped to what a model of keras.applications was trained on by its own preprocessing,
which takes pixels in [0, 255]; what a file was trained on, the user says (see scaled_module). The one output,
`default`, is what keras_features finds. Only variables are tracked, not the Keras objects, whose own way of
being saved is not needed to run traced functions.
"""

import contextlib
import hashlib
import os
import random
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import tensorflow as tf
from absl import logging

from retrain import files
from retrain.errors import InputError
from retrain.modules.graphs.mixed_precision import use_bfloat16, use_float32
from retrain.modules.image_module import MOVING, ImageModule, check_has_signature
from retrain.modules.signatures import (
    DEFAULT_OUTPUT,
    IMAGE_CLASSIFICATION,
    IMAGE_FEATURE_VECTOR,
    Signature,
    image_signature,
)
from retrain.modules.sources.class_scores import BEFORE_HEAD
from retrain.modules.sources.keras_application import IMAGE_SIZES, parse_application
from retrain.modules.sources.keras_archive import check_archive, is_of_keras_2
from retrain.modules.sources.keras_features import feature_model
from retrain.modules.sources.keras_hdf5 import is_of_keras_3, read_hdf5
from retrain.modules.sources.keras_head import before_head
from retrain.modules.sources.keras_input import first_divisor, image_size_of
from retrain.modules.sources.keras_progress import told_when_it_comes
from retrain.modules.sources.path_sources import HDF5
from retrain.modules.sources.silent_hosts import BROKEN_OFF, not_waited_for, silence, was_silent
from retrain.settings.module import ModuleSettings

# Of tensors, and of those of Keras that have no values yet.
Preprocessing = Callable[[Any], Any]

# What to give in the place of a file that cannot be read.
IN_KERAS = (
    "give a file that model.save wrote, of Keras' own layers only, or the directory that model.export wrote "
    "where these layers are known: a SavedModel needs no code"
)
# tensorflow_hub comes with tf_keras.
IN_KERAS_2 = (
    'Keras 2, which is here as tf_keras, makes a SavedModel of it, python -c "import tf_keras; '
    'tf_keras.models.load_model({file!r}, compile=False).save({directory!r})": give that directory; where '
    "layers of its own are known, model.export makes it"
)


class KerasModule(ImageModule):
    """A Keras model [B, H, W, 3] -> [B, num_features] behind its preprocessing of images in [0, 1].

    Where it is a part of a classifier, `whole`, the scores of that are a signature, too.
    """

    def __init__(
        self,
        handle: str,
        fingerprint: str,
        model: keras.Model,
        preprocess: Preprocessing,
        image_size: tuple[int, int],
        bfloat16: bool = False,
        doubt: str = "",
        whole: keras.Model | None = None,
        divides_by: float = 1.0,
    ):
        models = {IMAGE_FEATURE_VECTOR: model, **({IMAGE_CLASSIFICATION: whole} if whole else {})}
        signatures = {name: _signature(of, image_size) for name, of in models.items()}
        super().__init__(handle, fingerprint, signatures, image_size, doubt=doubt)
        self.divides_by = divides_by
        if bfloat16:
            use_bfloat16(model)
        for variable in model.non_trainable_variables:
            _average_over_replicas(variable)
        self._variables = [variable.value for variable in (whole or model).variables]
        # Functions are not tracked.
        self._model = lambda: model
        self._models = lambda: models
        self._preprocess = preprocess

    @property
    def trainable_variables(self) -> tuple[tf.Variable, ...]:
        return tuple(variable.value for variable in self._model().trainable_variables)

    @property
    def regularization_losses(self) -> Sequence[Callable[[], tf.Tensor]]:
        return tuple(
            _loss(variable)
            for variable in self._model().trainable_variables
            if variable.regularizer is not None
        )

    def of_keras(self, images: keras.KerasTensor) -> keras.KerasTensor:
        # Keras would run layers that draw at random in training mode where nothing is said.
        return keras.ops.cast(self._model()(self._preprocess(images), training=False), "float32")

    def outputs(self, images: tf.Tensor, signature: str, training: bool = False) -> dict[str, tf.Tensor]:
        check_has_signature(self.handle, self.signatures, signature)
        values = self._models()[signature](self._preprocess(images), training=training)
        # A model of mixed precision computes in less.
        return {DEFAULT_OUTPUT: tf.cast(values, tf.float32)}


def _signature(model: keras.Model, image_size: tuple[int, int]) -> Signature:
    return image_signature(image_size, {DEFAULT_OUTPUT: tf.TensorSpec(model.outputs[0].shape, tf.float32)})


def _average_over_replicas(variable: keras.Variable) -> None:
    """Lets what each replica notes of its batches become one value; Keras 3 would keep that of the first."""
    if tf.as_dtype(variable.dtype).is_floating:
        # There is no public way: Keras makes its variables without aggregation.
        name = variable.value.name.partition(":")[0]
        variable._value = tf.Variable(variable.value, trainable=False, name=name, **MOVING)


def _loss(variable: keras.Variable) -> Callable[[], tf.Tensor]:
    # Without arguments indeed: of a default value a tf.function would make an input.
    return lambda: variable.regularizer(variable.value)


def load_application(
    location: str, handle: str, settings: ModuleSettings, bfloat16: bool = False
) -> KerasModule:
    """Builds the model of that name."""
    check_is_eager(handle)
    model, preprocess = application(handle, settings.image_size)
    return KerasModule(
        handle,
        fingerprint=fingerprint_of(settings, *parse_application(handle)[:2], *weights_of(model)),
        model=feature_model(model, settings, handle),
        preprocess=lambda images: preprocess(images * 255.0),
        image_size=tuple(model.input_shape[1:3]),
        bfloat16=bfloat16,
    )


def application(handle: str, image_size: int | None) -> tuple[keras.Model, Preprocessing]:
    """The model without its classification layer, and what makes its inputs of pixels in [0, 255].

    Weights of imagenet are downloaded by Keras into its own cache.
    """
    name, options, weights = parse_application(handle)
    constructor = getattr(keras.applications, name)
    side = image_size or IMAGE_SIZES[name]
    explained = _explained(handle, image_size, weights)
    downloading = told_when_it_comes()
    with _reproducible(), explained, not_waited_for(), downloading, warnings.catch_warnings():
        # Keras 3.15 looks for layers a second time, in lists of them that model.save_weights has left out.
        warnings.filterwarnings("ignore", "Skipping nested container")
        model = constructor(
            include_top=False, weights=weights, input_shape=(side, side, 3), pooling="avg", **options
        )
    family = constructor.__module__.rpartition(".")[2]
    return model, getattr(keras.applications, family).preprocess_input


def check_is_eager(handle: str) -> None:
    """InputError in a graph of TensorFlow 1, of which Keras makes no part."""
    if not tf.executing_eagerly() and not tf.inside_function():
        raise InputError(
            f"{handle!r} is a Keras model, which cannot be part of a graph of TensorFlow 1; save it where "
            f"Keras runs, with model.export('DIRECTORY'), and use that SavedModel in the graph."
        )


@contextlib.contextmanager
def _reproducible() -> Iterator[None]:
    """Draws the same random weights each time: Keras seeds its initializers from Python's generator."""
    state = random.getstate()
    random.seed(0)
    try:
        yield
    finally:
        random.setstate(state)


@contextlib.contextmanager
def _explained(handle: str, image_size: int | None, weights: str | None) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if isinstance(error, ValueError) and weights not in ("imagenet", None):
            raise InputError(
                f"{handle!r} cannot be loaded: the file does not hold the weights of this model without its "
                f"classification layer ({reason_of(error)})."
            ) from error
        if image_size and isinstance(error, ValueError):
            raise InputError(
                f"{handle!r} does not take images of {image_size} x {image_size} pixels ({error}): give "
                f"another --image_size, or leave it out."
            ) from error
        # Keras raises a bare Exception, with these words, when a download fails, but not while it goes on.
        if isinstance(error, BROKEN_OFF) or str(error).startswith("URL fetch failure"):
            why = silence() if was_silent(error) else error
            raise InputError(
                f"The weights of {handle!r} could not be downloaded ({why}): check the connection, or use "
                f"a module that is on this machine."
            ) from error
        raise


def load_file(location: str, handle: str, settings: ModuleSettings, bfloat16: bool = False) -> KerasModule:
    """Loads the model in the file."""
    check_is_eager(handle)
    model = _loaded(location, handle)
    # Features of mixed precision may be remembered.
    in_float32 = ["float32"] if use_float32(model) else []
    if in_float32:
        logging.info("%s: layers of mixed precision are computed in float32", handle)
    image_size = image_size_of(model, handle, settings)
    before = before_head(model, settings, handle)
    # Features of the whole model may be remembered.
    taken = [BEFORE_HEAD] if before.is_part else []
    return KerasModule(
        handle,
        fingerprint=fingerprint_of(settings, files.file_hash(location), *taken, *in_float32),
        model=feature_model(before.model, settings, handle),
        preprocess=lambda images: images,
        image_size=image_size,
        bfloat16=bfloat16,
        doubt=before.doubt,
        whole=model if before.is_part else None,
        divides_by=first_divisor(model),
    )


def _loaded(location: str, handle: str) -> keras.Model:
    is_hdf5 = location.endswith(HDF5)
    try:
        if is_hdf5:
            return read_hdf5(location)
        check_archive(location)
        return keras.models.load_model(location, compile=False)
    except Exception as error:  # Keras' readers raise what they happen to meet in a damaged file
        directory = os.path.splitext(location)[0]
        is_old = not is_of_keras_3(location) if is_hdf5 else is_of_keras_2(location)
        advice = IN_KERAS_2.format(file=location, directory=directory) if is_old else IN_KERAS
        raise InputError(
            f"{handle!r} cannot be loaded by Keras {keras.__version__} ({reason_of(error)}): {advice}."
        ) from error


def reason_of(error: Exception) -> str:
    """What Keras says, without its advice, which is for programs; of a class of the user's, which it is."""
    unknown = re.search(r"Could not locate (class|function) '\w+'", str(error))
    first = next(iter(str(error).splitlines()), type(error).__name__)
    return unknown[0] if unknown else re.split(r"\. |\.$", first)[0]


def fingerprint_of(settings: ModuleSettings, *parts: Any) -> str:
    """A digest of these parts, and of what the user's word makes of the model."""
    digest = hashlib.sha256()
    for part in (settings.feature_output, settings.feature_pooling, *parts):
        digest.update(part if isinstance(part, bytes) else repr(part).encode())
        digest.update(b"\0")
    return digest.hexdigest()


def weights_of(model: keras.Model) -> list[bytes]:
    """What tells the model from another of the same architecture."""
    return [variable.value.numpy().tobytes() for variable in model.variables]
