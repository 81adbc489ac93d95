"""Image modules of every source in Keras models: `ModuleLayer(handle)` stands where hub.KerasLayer stood.

The layer maps images float32 [B, H, W, 3], RGB in [0, 1], of the module's size, to one output of one of the
module's signatures. Its weights are the module's own variables, not copies. With trainable=True they are
trained, batch norm uses and updates the statistics of batches, and the module's regularization losses are
among the layer's, once per step however often it is called. Resizing images, and dropout on the features, are
left to the model.

A `.keras` file holds all that the layer needs: the files of the module travel in it, and its weights as they
were. What has no files, builtin:NAME and keras:NAME, is made by name again.
"""

import os
import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from typing import Any, Self

import keras
import tensorflow as tf

from retrain.errors import InputError
from retrain.files import write_text
from retrain.modules.image_module import ImageModule, check_has_signature
from retrain.modules.loading import recording, replacing
from retrain.modules.signatures import DEFAULT_OUTPUT, IMAGE_FEATURE_VECTOR
from retrain.modules.sources.source import source_of
from retrain.settings.module import ModuleSettings
from retrain.settings.python_words import arguments_of, said_in_python

# In the assets of a layer: the handle to load, and the files it is of, if any, named relative to the assets.
HANDLE_FILE, FILES = "handle.txt", "module"
MADE_BY_NAME = ("builtin:", "keras:", "keras_hub:")


@keras.saving.register_keras_serializable(package="retrain")
class ModuleLayer(keras.layers.Layer):
    """An image module as a layer.

    Args:
      handle: any module handle: a directory, a .tar.gz, a URL, a .keras file, keras:NAME or builtin:.
      trainable: whether fit trains the module; may be set later, before the model is compiled.
      signature: which of the module's signatures is called.
      output_key: which of the signature's outputs is given, whatever its rank.
      image_size: height and width, as one number or two equal ones, for a module that takes several sizes;
        None asks the module.
      load: False leaves loading to `build`, or to the file that a model is loaded from.
    """

    def __init__(
        self,
        handle: str,
        trainable: bool = False,
        signature: str = IMAGE_FEATURE_VECTOR,
        output_key: str = DEFAULT_OUTPUT,
        image_size: int | Sequence[int] | None = None,
        load: bool = True,
        **kwargs: Any,
    ):
        # A module computes in float32, whatever the policy of the model.
        super().__init__(trainable=trainable, **{"dtype": "float32", **kwargs})
        # A module may hold operations that XLA does not have, such as the control flow of TensorFlow 1.
        self.supports_jit = False
        self.handle, self.signature, self.output_key = str(handle), signature, output_key
        self.image_size = _side(image_size)
        self.module: ImageModule | None = None
        self._location = self.handle
        self._description: dict[str, Any] | None = None
        if load:
            self.build()

    def build(self, input_shape: Any = None) -> None:
        """Loads the module, if that is still to be done."""
        if self.module is None:
            created: list[tf.Variable] = []
            with recording(created):
                module = self._load()
            description = _description(module, self.signature, self.output_key, created)
            self._make_weights(description, module.variables)
            self._use(module)

    def call(self, images: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        if not images.dtype.is_floating:
            raise InputError(
                f"{self.name!r} takes images as float32 in [0, 1], and was given {images.dtype.name}; put "
                f"keras.layers.Rescaling(1 / 255) before it."
            )
        if self.module is None:  # it was made from a configuration, and none of a file came after
            with tf.init_scope():
                self._load_into_weights()
        training = bool(training) and self.trainable
        return self.module.outputs(images, self.signature, training)[self.output_key]

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        return (input_shape[0], *self._description["row_shape"])

    def get_config(self) -> dict[str, Any]:
        names = ("handle", "signature", "output_key", "image_size")
        return super().get_config() | {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The layer without its module: it may be in a file that is loaded, and no longer at the handle."""
        return super().from_config({**config, "load": False})

    def get_build_config(self) -> dict[str, Any] | None:
        """What `build_from_config` is to know of the module; None before it has been loaded."""
        return self._description

    def build_from_config(self, config: Mapping[str, Any]) -> None:
        """Makes the weights, empty as yet: Keras builds an optimizer on them before `load_assets`."""
        with keras.name_scope(self.name):
            self._make_weights(config, ["zeros"] * len(config["weights"]))

    def save_assets(self, directory: str) -> None:
        """Copies the files of the module, if it has any."""
        source = source_of(self._location).fetched()
        files, handle = source.files, source.handle
        if files is not None:
            is_file = os.path.isfile(files)
            handle = FILES + (os.path.splitext(files)[1] if is_file else "")
            (shutil.copy if is_file else shutil.copytree)(files, os.path.join(directory, handle))
        write_text(os.path.join(directory, HANDLE_FILE), handle)

    def load_assets(self, directory: str) -> None:
        """Loads the module from a `.keras` file, behind the weights that have been read from it."""
        # The directory goes, and the layer may be saved again.
        copied = shutil.copytree(directory, tempfile.mkdtemp(prefix="retrain_module_"), dirs_exist_ok=True)
        weakref.finalize(self, shutil.rmtree, copied, ignore_errors=True)
        self._location = _location(copied)
        values = [weight.numpy() for weight in self._weights]
        self._load_into_weights()
        for weight, value in zip(self._weights, values, strict=True):
            weight.assign(value)

    def _make_weights(self, description: Mapping[str, Any], values: Sequence[Any]) -> None:
        """Keras' view of the module's variables: one made of a tf.Variable holds that itself."""
        self._description = dict(description)
        self.input_spec = keras.layers.InputSpec(shape=(None, *description["image_size"], 3))
        pairs = zip(values, description["weights"], strict=True)
        # Keras tracks variables in a list that is an attribute, as trainable ones if they are that now.
        self._weights = [keras.Variable(value, **about) for value, about in pairs]
        for weight in self._weights:
            weight.trainable = weight.trainable and self.trainable

    def _load_into_weights(self) -> None:
        """Loads the module so that its variables are those of the weights; they take the module's values."""
        held = [weight.value for weight in self._weights]
        with replacing(dict(zip(self._description["created"], held, strict=True))):
            self._use(self._load())

    @said_in_python(arguments_of({"image_size"}))
    def _load(self) -> ImageModule:
        # Outside of the name scope that Keras builds in, so that variables are named as in the module.
        with tf.name_scope(""):
            module = source_of(self._location).load(ModuleSettings(image_size=self.image_size))
        check_has_signature(self.handle, module.signatures, self.signature)
        outputs = module.signatures[self.signature].outputs
        if self.output_key not in outputs:
            raise InputError(
                f"{self.handle!r} has no output {self.output_key!r} in {self.signature}; it has: "
                f"{', '.join(outputs)}. Name one with output_key."
            )
        return module

    def _use(self, module: ImageModule) -> None:
        """Calls that module from now on; its variables are those of the weights."""
        self.module = module
        first, losses = next(iter(module.trainable_variables), None), module.regularization_losses
        for weight in self._weights:
            if losses and weight.value is first:
                # As the regularizer of one weight they count once per step, and not while it is frozen.
                weight.regularizer = lambda _: tf.add_n([loss() for loss in losses])


def _location(assets: str) -> str:
    """Where the module of a `.keras` file is; InputError unless that is in the file, or made by its name.

    A file that comes from elsewhere chooses no other file on this machine, and no host.
    """
    with open(os.path.join(assets, HANDLE_FILE), encoding="utf-8") as file:
        handle = file.read()
    if os.path.splitext(handle)[0] == FILES:
        return os.path.join(assets, handle)
    if not handle.startswith(MADE_BY_NAME):
        raise InputError(
            f"The .keras file has no module in it, but names {handle!r}, and a file from elsewhere "
            f"may not choose what is read: make the model again, with ModuleLayer({handle!r}), and save it."
        )
    return handle


def _side(image_size: int | Sequence[int] | None) -> int | None:
    if image_size is None or isinstance(image_size, int):
        return image_size
    if len(set(image_size)) != 1:
        raise InputError(
            f"image_size={tuple(image_size)} is not square: give one number, the height and width in pixels."
        )
    return image_size[0]


def _description(
    module: ImageModule, signature: str, output_key: str, created: Sequence[tf.Variable]
) -> dict[str, Any]:
    """What is to be known of a module before it is loaded, as plain values."""
    places = {id(variable): place for place, variable in enumerate(created)}
    trainable = {id(variable) for variable in module.trainable_variables}
    return {
        "image_size": module.image_size,
        "row_shape": module.signatures[signature].outputs[output_key].shape[1:].as_list(),
        "weights": [_about(variable, id(variable) in trainable) for variable in module.variables],
        "created": [places[id(variable)] for variable in module.variables],
    }


def _about(variable: tf.Variable, trainable: bool) -> dict[str, Any]:
    """The arguments of a keras.Variable like this one."""
    return {
        "name": variable.name.partition(":")[0].replace("/", "_"),
        "shape": variable.shape.as_list(),
        "dtype": variable.dtype.name,
        "trainable": trainable,
        "aggregation": variable.aggregation.name.lower(),
        "synchronization": variable.synchronization.name.lower(),
    }
