"""An image module around another, which it is in everything but what a subclass says."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import tensorflow as tf

from retrain.modules.image_module import ImageModule
from retrain.modules.module_spec import ModuleSpec

if TYPE_CHECKING:  # which takes a while to import
    import keras


class WrappedModule(ImageModule):
    """The module, with the same variables; of another `fingerprint` where it computes something else."""

    def __init__(self, module: ImageModule, fingerprint: str | None = None):
        super().__init__(
            module.handle,
            fingerprint or module.fingerprint,
            signatures=module.signatures,
            image_size=module.image_size,
            feature_output=module.feature_output,
            feature_pooling=module.feature_pooling,
            doubt=module.doubt,
        )
        self.module = module

    @property
    def spec(self) -> ModuleSpec:
        return self.module.spec

    @property
    def variable_map(self) -> dict[str, tf.Variable]:
        return self.module.variable_map

    @property
    def variables(self) -> Sequence[tf.Variable]:
        return self.module.variables

    @property
    def trainable_variables(self) -> Sequence[tf.Variable]:
        return self.module.trainable_variables

    @property
    def regularization_losses(self) -> Sequence[Callable[[], tf.Tensor]]:
        return self.module.regularization_losses

    def of_keras(self, images: "keras.KerasTensor") -> "keras.KerasTensor | None":
        return self.module.of_keras(images)

    def outputs(self, images: tf.Tensor, signature: str, training: bool = False) -> dict[str, tf.Tensor]:
        return self.module.outputs(images, signature, training)
