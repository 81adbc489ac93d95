import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from retrain.errors import InputError
from retrain.modules.loading import load_module

IMAGES = np.random.default_rng(0).random((2, 8, 8, 3), np.float32)


def exported(directory, *augmentation: layers.Layer) -> str:
    trunk = [layers.Conv2D(6, 3), layers.GlobalAveragePooling2D()]
    keras.Sequential([keras.Input([8, 8, 3]), *augmentation, *trunk]).export(directory, verbose=False)
    return str(directory)


def test_augmentation_that_was_exported_for_inference(tmp_path):
    handle = exported(tmp_path, layers.RandomTranslation(0.5, 0.5, seed=1))
    with pytest.raises(InputError) as info:
        load_module(handle)
    said, _, rest = str(info.value).partition(" differs by up to ")
    assert said == (
        f"{handle!r} draws random numbers in inference, as layers of augmentation do in what Keras 3 "
        "exports: what it gives of the same images"
    )
    assert rest.partition(". ")[2] == (
        "Give the .keras file of the model, or export it without these layers."
    )


def test_random_numbers_that_do_not_matter(tmp_path):
    root = tf.train.Checkpoint()
    spec = tf.TensorSpec([None, 8, 8, 3])
    root.__call__ = tf.function(
        lambda images: tf.reduce_mean(images, [1, 2]) + 0.0 * tf.random.uniform([3]), input_signature=[spec]
    )
    tf.saved_model.save(root, str(tmp_path))
    np.testing.assert_allclose(load_module(str(tmp_path))(IMAGES), IMAGES.mean(axis=(1, 2)), rtol=1e-5)


def test_batch_norm_that_was_exported_as_in_training(tmp_path):
    handle = exported(tmp_path, layers.Resizing(8, 8), layers.BatchNormalization())
    with pytest.raises(InputError) as info:
        load_module(handle)
    said, _, rest = str(info.value).partition(" differs by up to ")
    assert said == (
        f"{handle!r} normalises by the batch in inference, as batch norm does in what Keras 3 exports of "
        "models with layers of augmentation or resizing: what it gives of an image"
    )
    assert rest.partition(" with ")[2] == (
        "the images beside it. Give the .keras file of the model, or export it without these layers."
    )


def test_batch_norm_as_in_inference_stays(tmp_path):
    handle = exported(tmp_path, layers.BatchNormalization())
    assert load_module(handle)(IMAGES).shape == (2, 6)


def test_notes_that_do_not_matter(tmp_path):
    root = tf.train.Checkpoint(seen=tf.Variable(0.0))

    @tf.function(input_signature=[tf.TensorSpec([None, 8, 8, 3])])
    def features(images):
        root.seen.assign_add(1.0)
        return tf.reduce_mean(images, [1, 2])

    root.__call__ = features
    tf.saved_model.save(root, str(tmp_path))
    np.testing.assert_allclose(load_module(str(tmp_path))(IMAGES), IMAGES.mean(axis=(1, 2)), rtol=1e-5)
