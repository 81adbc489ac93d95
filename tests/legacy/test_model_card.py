"""The code that a model card shows for hub.Module, run with the genuine one."""

import numpy as np
import tensorflow as tf
from PIL import Image

from retrain.data.images import load_image
from retrain.export import exporter
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from tests import tiny_worlds


def test_the_genuine_module_gives_the_logits(run_legacy, loaded_module, tmp_path):
    model = ImageClassifier(loaded_module, {"label": SoftmaxHead(["a", "b", "c"])})
    for kernel in model.kernels.values():
        kernel.assign(tf.random.stateless_normal(kernel.shape, (1, 2)))
    export, picture, output = (str(tmp_path / name) for name in ("export", "picture.png", "logits.npy"))
    exporter("hub_module")(tiny_worlds.with_familiarity(model), export)
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    Image.fromarray(pixels).save(picture)
    run_legacy("run_model_card.py", export, picture, output)
    image = load_image(tf.constant(picture), model.image_size)
    expected = model.logits(model.base(image[None]))["label"].numpy()
    np.testing.assert_allclose(np.load(output), expected, rtol=1e-4, atol=1e-5)
