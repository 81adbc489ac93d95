"""A module under examination: what its files declare, and what it gives for a few images made here.

Nothing is refused: why a module could not be loaded, or run, is kept as a sentence. What it promises is left
to conformance.
"""

import contextlib
import dataclasses
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from retrain.causes import cause_of
from retrain.errors import InputError
from retrain.modules.graphs.traced_graph import traced
from retrain.modules.image_module import ImageModule
from retrain.modules.module_spec import INFERENCE, TRAIN, ModuleSpec
from retrain.modules.scaled_module import scaled_images
from retrain.modules.signatures import (
    DEFAULT_OUTPUT,
    DEFAULT_SIGNATURE,
    IMAGE_CLASSIFICATION,
    IMAGE_FEATURE_VECTOR,
    Signature,
)
from retrain.modules.sources.path_sources import SAVED_MODEL_FILE
from retrain.modules.sources.saved_model_methods import by_key
from retrain.modules.sources.source import DEFAULTS, Source, source_of
from retrain.modules.sources.tf1_hub_files import described_signature
from retrain.plain_log import errors_alone
from retrain.settings.module import ModuleSettings

NAMED = (IMAGE_FEATURE_VECTOR, IMAGE_CLASSIFICATION)
ANY_SIZE = 224  # What a module is run with that takes any size, and names none.
COUNT = 8
# What a module that does not keep its promises may raise when it is run.
RUN_ERRORS = (tf.errors.OpError, ValueError, TypeError, LookupError)

Outputs = Mapping[str, np.ndarray]


class CannotRunError(Exception):
    """The module cannot be run in the way that an answer needs; the words say why."""


class ExaminedModule:
    """A module as it was found.

    Attributes:
      source: where it comes from, as it is on this machine.
      module: the module, or None.
      refusal: why there is no module, or "".
      names_no_size: whether ANY_SIZE was taken, because neither the module nor the user said a size.
    """

    def __init__(self, handle: str, settings: ModuleSettings = DEFAULTS):
        self.source = source_of(handle).fetched(settings)
        self.settings = settings
        self.module, self.refusal, self.names_no_size = None, "", False
        self._spec = None
        try:
            self._spec = _declared(self.source)
            self.module = self._load()
        except InputError as error:
            self.refusal = str(error)
        self._outputs: dict[tuple[str, int], Outputs] = {}
        self._traced: dict[tuple[str, bool], Any] = {}

    @property
    def declared(self) -> Mapping[str, Signature]:
        """The named signatures in its files, as they stand there; CannotRunError when it is damaged."""
        return self.spec.graphs[INFERENCE]

    @property
    def spec(self) -> ModuleSpec:
        """The same, with the image size that is attached to a TF1 Hub module."""
        if self._spec is None:
            raise CannotRunError("it could not be loaded")
        return self._spec

    @property
    def kinds(self) -> list[str]:
        """The common signatures that the module offers; CannotRunError when there is none."""
        kinds = [name for name in NAMED if name in self.loaded.signatures]
        if not kinds:
            raise CannotRunError(f"it offers neither {' nor '.join(NAMED)}")
        return kinds

    @property
    def loaded(self) -> ImageModule:
        """The module; CannotRunError when there is none."""
        if self.module is None:
            raise CannotRunError("it could not be loaded")
        return self.module

    def judged_output(self, signature: str) -> str:
        """The output that is to keep promises: `default`, or what the user names where there is none."""
        named = signature == IMAGE_FEATURE_VECTOR and self.settings.feature_output
        has_default = DEFAULT_OUTPUT in self.loaded.signatures[signature].outputs
        return named if named and not has_default else DEFAULT_OUTPUT

    def at_size(self, side: int) -> ImageModule:
        """The module for square images of another size; InputError when it does not take these."""
        with errors_alone():
            return self.source.load(dataclasses.replace(self.settings, image_size=side))

    def outputs(self, signature: str, count: int = COUNT) -> Outputs:
        """What it gives for the first `count` of the images made here."""
        key = (signature, count)
        if key not in self._outputs:
            self._outputs[key] = run(self.loaded, signature, made_images(self.loaded.image_size)[:count])
        return self._outputs[key]

    def traced(self, signature: str, training: bool = False) -> tf.types.experimental.ConcreteFunction:
        """The signature as a graph for one image."""
        key = (signature, training)
        if key not in self._traced:
            with _running(signature):
                self._traced[key] = traced(self.loaded, signature, training)
        return self._traced[key]

    def called(self) -> Outputs | None:
        """What it gives when no signature is named; None when it must be."""
        if self.source.names_signatures:
            return self.outputs(DEFAULT_SIGNATURE) if DEFAULT_SIGNATURE in self.loaded.signatures else None
        images = scaled_images(made_images(self.loaded.image_size), self.settings)
        # Not before: what was refused is not loaded in another way.
        loaded = tf.saved_model.load(self.source.location)
        if not callable(loaded):
            return None
        with _running("it"):
            outputs = by_key(loaded(images))
            return {key: value.numpy() for key, value in outputs.items()}

    def _load(self) -> ImageModule:
        try:
            return self.source.load(self.settings)
        except InputError as refusal:
            if self.settings.image_size is not None:
                raise
            try:
                module = self.at_size(ANY_SIZE)
            except InputError:
                raise refusal from None
            self.names_no_size = True
            return module


def run(module: ImageModule, signature: str, images: np.ndarray, training: bool = False) -> Outputs:
    """All outputs of a signature; CannotRunError when there are none."""
    with _running(f"{signature} of {len(images)} images"):
        outputs = module.outputs(tf.constant(images), signature, training)
        return {key: value.numpy() for key, value in outputs.items()}


def made_images(image_size: tuple[int, int]) -> np.ndarray:
    """Different images, float32 in [0, 1], the same each time: noise, soft colours, black, white."""
    random = np.random.RandomState(0)
    shades = np.linspace(0.3, 1.0, COUNT, dtype=np.float32)[:, None, None, None]
    soft = tf.image.resize(random.rand(COUNT, 4, 4, 3).astype(np.float32) * shades, image_size).numpy()
    soft[0] = random.rand(*image_size, 3)
    soft[-2:] = [[[[0.0]]], [[[1.0]]]]
    return np.clip(soft, 0.0, 1.0)


def _declared(source: Source) -> ModuleSpec:
    """The signatures that have a name in the module's files."""
    if source.names_signatures:
        return source.read_spec()
    found = _signatures(pathlib.Path(source.location, SAVED_MODEL_FILE))
    named = {name: described_signature(found[name]) for name in NAMED if name in found}
    return ModuleSpec(source.handle, dict.fromkeys((INFERENCE, TRAIN), named))


def _signatures(path: pathlib.Path) -> Mapping[str, Any]:
    """Those of a TF2 SavedModel; whether its file is whole is found when it is loaded."""
    if not path.is_file():
        return {}
    try:
        graphs = SavedModel.FromString(path.read_bytes()).meta_graphs
    except DecodeError:
        return {}
    return graphs[0].signature_def if graphs else {}


@contextlib.contextmanager
def _running(what: str) -> Iterator[None]:
    try:
        yield
    except RUN_ERRORS as error:
        raise CannotRunError(f"{what}: {cause_of(error)}") from error
