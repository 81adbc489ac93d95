"""`Module`: an image module of any source, used as hub.Module of tensorflow-hub was, eagerly and in graphs.

    module = Module(spec)
    features = module(images)
    outputs = module(dict(images=images), signature="image_feature_vector", as_dict=True)

With `trainable=True`, gradients reach its variables and it has regularization losses; with `tags={"train"}`
too, batch norm uses the batch. Eagerly, and in a tf.function, each call then updates the moving averages. In
a graph of TensorFlow 1, variables, losses and updates are in the collections, and the session runs them.
A tf.Module: track, checkpoint and save it as one; its parent, too, finds only what is trained trainable.
"""

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from absl import logging

# Not public, but nothing else tells whether a Keras layer is being called.
from keras.src.backend.common.global_state import get_global_attribute

from retrain.errors import InputError
from retrain.modules.graphs.session_graph import load_into_graph
from retrain.modules.image_module import ImageModule
from retrain.modules.loading import frozen
from retrain.modules.module_spec import TRAIN, ModuleSpec, Tags, load_module_spec
from retrain.modules.signatures import DEFAULT_OUTPUT, IMAGES
from retrain.modules.sources.path_sources import TF1Hub
from retrain.modules.sources.source import source_of
from retrain.modules.sources.tf1_hub_graph import EagerGraph, SessionModule
from retrain.settings.python_words import arguments_of, said_in_python

IMAGE_BATCH = [None, None, None, 3]


class Module(tf.Module):
    """A loaded module; `spec` describes it.

    Args:
      spec: a handle, or what load_module_spec gave for one.
      trainable: whether its variables are to be trained.
      name: the scope of its variables in a graph of TensorFlow 1; a second one is called NAME_1.
      tags: which of the module's graphs is used: none for inference, {"train"} for training.
    """

    # Of a parent, too, that asks tf.Module for its variables: `_variables` lists them all.
    _TF_MODULE_IGNORED_PROPERTIES = tf.Module._TF_MODULE_IGNORED_PROPERTIES | {"_module"}

    def __init__(
        self,
        spec: ModuleSpec | str,
        trainable: bool = False,
        name: str = "module",
        tags: Iterable[str] | None = None,
    ):
        spec = load_module_spec(spec) if isinstance(spec, str) else spec
        spec.get_signature_names(tags)
        tags = frozenset(tags or ())
        if tags == TRAIN and not trainable:
            raise InputError(
                f"The graph of {spec.handle!r} with the tag 'train' changes its variables; ask for it with "
                f"trainable=True."
            )
        # What a tf.function makes at its first call is to be there at the second.
        with tf.init_scope() if tf.inside_function() else contextlib.nullcontext():
            graph = None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()
            loaded = _load(spec, tags, trainable, name)
        # In a graph of its own: it takes a scope, which in that of the program is the module's.
        with tf.Graph().as_default():
            super().__init__(name="module")
        self._trainable = trainable
        self._module = loaded
        self._variables = list(loaded.variables)
        # Closures: tf.Module would track, and fail to save, dictionaries of specs, and graphs.
        self._spec = lambda: spec
        self._tags = lambda: tags
        self._graph = lambda: graph
        self._warned = self._warned_of_keras = False

    @property
    def spec(self) -> ModuleSpec:
        return self._spec()

    @property
    def variables(self) -> Sequence[tf.Variable]:
        return self._module.variables

    @property
    def trainable_variables(self) -> Sequence[tf.Variable]:
        return self._module.trainable_variables if self._trainable else ()

    @property
    def variable_map(self) -> Mapping[str, tf.Variable | list[tf.Variable]]:
        """The names of the variables in the module -> what they are here; of a partitioned one, its parts."""
        return self._module.variable_map

    @property
    def regularization_losses(self) -> Sequence[Callable[[], tf.Tensor]]:
        """Functions without arguments, each a scalar to add to the loss once per training step."""
        return self._module.regularization_losses if self._trainable else ()

    def get_signature_names(self) -> list[str]:
        return self.spec.get_signature_names(self._tags())

    def get_input_info_dict(self, signature: str | None = None) -> dict[str, tf.TypeSpec]:
        return self.spec.get_input_info_dict(signature, self._tags())

    def get_output_info_dict(self, signature: str | None = None) -> dict[str, tf.TypeSpec]:
        return self.spec.get_output_info_dict(signature, self._tags())

    def get_attached_message(self, key: str, message_type: type, required: bool = False) -> Any:
        return self.spec.get_attached_message(key, message_type, self._tags(), required)

    def export(self, path: str, session: tf.compat.v1.Session | None = None) -> None:
        """Writes the module with the values that its variables have now, those of the session in a graph."""
        if isinstance(self._module, ImageModule):
            raise InputError(
                f"{self.spec.handle!r} cannot be exported by hub.Module, which writes the TF1 Hub format of "
                f"modules that came in it; save it with tf.saved_model.save."
            )
        self._module.export(path, *(() if session is None else (session,)))

    def __call__(
        self, inputs: Any = None, signature: str | None = None, as_dict: bool = False
    ) -> tf.Tensor | dict[str, tf.Tensor]:
        """The output `default` of a signature, or all outputs by key, for its one input or all by name."""
        name = self.spec.default_signature if signature is None else signature
        self._check_graph()
        self._warn_of_keras()
        given = self._inputs(inputs, name)
        if isinstance(self._module, ImageModule):
            outputs = self._module.outputs(given[IMAGES], name, self._tags() == TRAIN)
        else:
            outputs = self._module(given, name)
        if as_dict:
            return outputs
        if DEFAULT_OUTPUT not in outputs:
            raise InputError(
                f"{self.spec.handle!r} has no output 'default' in {name}; it has: {', '.join(outputs)}. Ask "
                f"for them with as_dict=True."
            )
        return outputs[DEFAULT_OUTPUT]

    def _check_graph(self) -> None:
        made_in, graph = self._graph(), tf.compat.v1.get_default_graph()
        in_session = not tf.executing_eagerly() and not tf.inside_function()
        if made_in is not graph if made_in else in_session:
            raise InputError(
                f"{self.spec.handle!r} is called in another graph of TensorFlow 1 than hub.Module was made "
                f"in; make it where it is called."
            )

    def _warn_of_keras(self) -> None:
        if self._trainable and not self._warned_of_keras and get_global_attribute("current_call_ctx"):
            handle = self.spec.handle
            logging.warning(
                f"{handle!r} is called in a Keras layer or model, which finds the variables of layers only, "
                f"and its fit will not train this module: use retrain.keras.ModuleLayer({handle!r}, "
                f"trainable=True) instead."
            )
            self._warned_of_keras = True

    def _inputs(self, inputs: Any, signature: str) -> dict[str, tf.Tensor]:
        """Tensors by the names of the signature's inputs."""
        specs = self.get_input_info_dict(signature)
        for key, spec in (specs | self.get_output_info_dict(signature)).items():
            if not isinstance(spec, tf.TensorSpec):
                raise InputError(
                    f"{self.spec.handle!r} has {key!r} in {signature} as a {type(spec).__name__}, and only "
                    f"dense tensors can be used; its signatures are: {', '.join(self.get_signature_names())}."
                )
        if not isinstance(inputs, Mapping):
            inputs = {} if inputs is None else {next(iter(specs)) if len(specs) == 1 else IMAGES: inputs}
        if set(inputs) != set(specs):
            wanted = ("input " if len(specs) == 1 else "inputs ") + ", ".join(map(repr, specs))
            raise InputError(
                f"{self.spec.handle!r} takes the {wanted}, not {', '.join(map(repr, inputs)) or 'none'}."
            )
        return {key: self._input(key, inputs[key], specs[key]) for key in specs}

    def _input(self, key: str, value: Any, spec: tf.TypeSpec) -> tf.Tensor:
        of_images = spec.dtype == tf.float32 and spec.shape.is_compatible_with(IMAGE_BATCH)
        try:
            tensor = _tensor(value, spec.dtype)
        except (TypeError, ValueError) as error:
            raise InputError(
                f"{self.spec.handle!r} takes the input {key!r} as a dense tensor, {spec.dtype.name} "
                f"{spec.shape}, and the {type(value).__name__} that was given makes none."
            ) from error
        if of_images:
            self._check_images(tensor)
        if tensor.dtype != spec.dtype or not tensor.shape.is_compatible_with(spec.shape):
            raise InputError(
                f"{self.spec.handle!r} takes the input {key!r} as {spec.dtype.name} {spec.shape}, not as "
                f"{tensor.dtype.name} {tensor.shape}"
                f"{'; resize images to hub.get_expected_image_size(module)' if of_images else ''}."
            )
        return tensor

    def _check_images(self, images: tf.Tensor) -> None:
        if images.dtype != tf.float32 or not images.shape.is_compatible_with(IMAGE_BATCH):
            raise InputError(
                f"{self.spec.handle!r} takes images as float32 (batch, height, width, 3) with values in "
                f"[0, 1], not as {images.dtype.name} {images.shape}; tf.image.convert_image_dtype makes "
                f"them of decoded pixels."
            )
        if not self._warned and tf.executing_eagerly() and tf.size(images) and tf.reduce_max(images) > 2.0:
            logging.warning(
                "%r was given images with values up to %.4g, and images have values in [0, 1]: divide "
                "decoded pixels by 255.",
                self.spec.handle,
                float(tf.reduce_max(images)),
            )
            self._warned = True


def _tensor(value: Any, dtype: tf.DType) -> tf.Tensor:
    """Of this type, as tensorflow_hub makes it, unless it is a tensor already, or of decoded pixels."""
    parts = tf.nest.flatten(value)
    has_type = any(tf.is_tensor(part) or np.asarray(part).dtype.kind == "u" for part in parts)
    return tf.convert_to_tensor(value, None if has_type else dtype)


@said_in_python(arguments_of(()))
def _load(spec: ModuleSpec, tags: Tags, trainable: bool, name: str) -> Any:
    source = source_of(spec.handle).fetched()
    if isinstance(source, TF1Hub):
        source.check_operations()
        if tf.executing_eagerly():
            return EagerGraph(source.location, spec.handle, tags, trainable)
        return SessionModule(source.location, spec.handle, tags, trainable, name)
    with contextlib.nullcontext() if trainable else frozen():
        return source.load() if tf.executing_eagerly() else load_into_graph(source.load, trainable, name)
