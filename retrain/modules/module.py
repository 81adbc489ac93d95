"""`Module`: an image module of any source, used as the Common Signatures for Images show it.

    module = Module(spec)
    features = module(images)
    outputs = module(dict(images=images), signature="image_feature_vector", as_dict=True)

With `trainable=True`, gradients reach its variables and it has regularization losses; with `tags={"train"}`
too, batch norm uses the batch, and each call updates the moving averages. A tf.Module: track, checkpoint and
save it as one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import tensorflow as tf
from absl import logging

from retrain.errors import InputError
from retrain.modules.load import load_module
from retrain.modules.module_spec import TRAIN, ModuleSpec, load_module_spec
from retrain.modules.signatures import DEFAULT_OUTPUT, IMAGES


class Module(tf.Module):
    """A loaded module; `spec` describes it."""

    def __init__(self, spec: ModuleSpec | str, trainable: bool = False, tags: Iterable[str] | None = None):
        super().__init__(name="module")
        spec = load_module_spec(spec) if isinstance(spec, str) else spec
        spec.get_signature_names(tags)
        self._training = frozenset(tags or ()) == TRAIN
        if self._training and not trainable:
            raise InputError(
                f"The graph of {spec.handle!r} with the tag 'train' changes its variables; ask for it with "
                f"trainable=True."
            )
        self._trainable = trainable
        self._module = load_module(spec.handle, signature=spec.default_signature)
        # A closure: tf.Module would track, and fail to save, the dictionaries of the spec.
        self._spec = lambda: spec
        self._warned = False

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
    def regularization_losses(self) -> Sequence[Callable[[], tf.Tensor]]:
        """Functions without arguments, each a scalar to add to the loss once per training step."""
        return self._module.regularization_losses if self._trainable else ()

    def __call__(
        self, inputs: Any, signature: str | None = None, as_dict: bool = False
    ) -> tf.Tensor | dict[str, tf.Tensor]:
        """The output `default` of a signature, or all outputs by key, for images or dict(images=images)."""
        name = self.spec.default_signature if signature is None else signature
        self.spec.get_output_info_dict(name)  # InputError that lists the signatures there are
        outputs = self._module.outputs(self._images(inputs), name, self._training)
        if as_dict:
            return outputs
        if DEFAULT_OUTPUT not in outputs:
            raise InputError(
                f"{self.spec.handle!r} has no output 'default' in {name}; it has: {', '.join(outputs)}. Ask "
                f"for them with as_dict=True."
            )
        return outputs[DEFAULT_OUTPUT]

    def _images(self, inputs: Any) -> tf.Tensor:
        if isinstance(inputs, Mapping):
            if set(inputs) != {IMAGES}:
                raise InputError(
                    f"{self.spec.handle!r} takes the input 'images', not {', '.join(map(repr, inputs))}."
                )
            inputs = inputs[IMAGES]
        images = tf.convert_to_tensor(inputs)
        wanted = [None, None, None, 3]
        if images.dtype != tf.float32 or not images.shape.is_compatible_with(wanted):
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
        return images
