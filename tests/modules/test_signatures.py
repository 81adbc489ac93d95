import tensorflow as tf

from retrain.modules.signatures import Signature, image_signature


def test_image_signature():
    features = tf.TensorSpec([None, 7], tf.float32)
    assert image_signature((24, 32), {"default": features}) == Signature(
        inputs={"images": tf.TensorSpec([None, 24, 32, 3], tf.float32, name="images")},
        outputs={"default": features},
    )
