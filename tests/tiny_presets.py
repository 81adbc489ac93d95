"""Presets of KerasHub with random weights, as its save_to_preset writes them."""

import pathlib

import numpy as np

SCALE, OFFSET = [1 / 51.0, 1 / 102.0, 1 / 255.0], [-1.0, -0.5, 0.25]
SIDE, PATCH, WIDTH = 16, 8, 8


def vit(directory: pathlib.Path) -> str:
    """A transformer of one layer for images of 16 x 16 pixels: four patches of 8 x 8 and a class token."""
    import keras
    import keras_hub

    keras.utils.set_random_seed(0)
    sizes = {"num_layers": 1, "num_heads": 2, "hidden_dim": WIDTH, "mlp_dim": 8}
    backbone = keras_hub.models.ViTBackbone(image_shape=(SIDE, SIDE, 3), patch_size=PATCH, **sizes)
    # A last normalization as it begins gives features whose sum is 0, to which a head of ones is blind.
    for index, variable in enumerate(backbone.layers[-1].variables[-2:]):
        variable.assign(variable + np.linspace(index, 1, WIDTH))
    return _saved(directory, backbone, keras_hub.layers.ViTImageConverter)


def resnet(directory: pathlib.Path) -> str:
    """A convolutional network for images of any size, of which 16 x 16 is the best."""
    import keras_hub

    blocks = {"stackwise_num_filters": [64], "stackwise_num_blocks": [1], "stackwise_num_strides": [1]}
    backbone = keras_hub.models.ResNetBackbone([64], [3], **blocks, block_type="basic_block")
    return _saved(directory, backbone, keras_hub.layers.ResNetImageConverter)


def dinov2(directory: pathlib.Path) -> str:
    """A transformer with layers of KerasHub's own, which Keras reads again from their description."""
    import keras_hub

    sizes = {"num_layers": 1, "num_heads": 2, "hidden_dim": WIDTH, "intermediate_dim": 8}
    backbone = keras_hub.models.DINOV2Backbone(PATCH, image_shape=(SIDE, SIDE, 3), **sizes)
    return _saved(directory, backbone, keras_hub.layers.DINOV2ImageConverter)


def bert(directory: pathlib.Path) -> str:
    """Of texts."""
    import keras_hub

    sizes = {"num_layers": 1, "num_heads": 2, "hidden_dim": 4, "intermediate_dim": 4}
    directory.mkdir(parents=True)
    keras_hub.models.BertBackbone(vocabulary_size=10, **sizes).save_to_preset(str(directory))
    return str(directory)


def _saved(directory: pathlib.Path, backbone, converter) -> str:
    directory.mkdir(parents=True)
    backbone.save_to_preset(str(directory))
    converter(image_size=(SIDE, SIDE), scale=SCALE, offset=OFFSET).save_to_preset(str(directory))
    return str(directory)
