"""What becomes of the findings; each promise is tested with the file that it is in."""

import pytest
import tensorflow as tf

from retrain.modules.inspection.conformance import PROMISES, conforms
from retrain.modules.inspection.findings import FAILS, HINT, NOT_APPLICABLE, OK, Finding
from tests import tiny_tf1_hub
from tests.broken_modules import broken, found, hub_module, mean, verdicts


def test_a_module_of_the_tf1_hub_format_that_keeps_them_all(tmp_path):
    findings = found(tiny_tf1_hub.averaging_module(tmp_path / "module", attached_size=(8, 8)))
    assert findings.pop("can be loaded").verdict == OK
    assert findings == {
        "named signature": (OK, "image_feature_vector"),
        "default signature": (OK, "equals image_feature_vector"),
        "input": (OK, "images float32 [None, 8, 8, 3]"),
        "expected size": (OK, "8 x 8, attached"),
        "features": (OK, "3 features: float32 [None, 3]"),
        "logits": (NOT_APPLICABLE, "there is no image_classification"),
        "linear scores": (NOT_APPLICABLE, "there is no image_classification"),
        "any batch size": (OK, "equal in batches of 1, 3 and 8"),
        "values in [0, 1]": (OK, "finite, and different for different images"),
        "length at any size": (NOT_APPLICABLE, "it takes 8 x 8 only"),
        "no dropout": (OK, "in training, features of a batch are the same twice"),
        "output keys": (OK, "1 more, such as 'Mean/pixels'"),
        "channels last": (OK, "no operation has a layout"),
    }


def test_a_saved_model_without_names_conforms_by_its_own_interface(averaging_module):
    findings = found(averaging_module)
    assert conforms(findings)
    assert findings["named signature"] == (
        NOT_APPLICABLE,
        "only TF1 Hub modules need one; offered as image_feature_vector",
    )
    assert findings["default signature"] == (NOT_APPLICABLE, "there is no named signature to equal")
    assert findings["input"] == (OK, "images float32 [None, 8, 8, 3]")


def test_every_promise_says_what_it_is():
    assert all(promise.__doc__.endswith(".") for promise in PROMISES.values())


def test_cannot_be_loaded(tmp_path):
    path = hub_module(tmp_path)
    (tmp_path / "saved_model.pb").write_bytes((tmp_path / "saved_model.pb").read_bytes()[:-20])
    findings = found(path)
    assert verdicts(findings, FAILS) == {
        "can be loaded": f"{path!r} cannot be loaded: its saved_model.pb is empty or cut short; fetch or "
        "export the module again."
    }
    assert findings["any batch size"] == (NOT_APPLICABLE, "not run: it could not be loaded")


def test_a_saved_model_for_batches_of_one_size(tmp_path):
    module = tf.Module()
    spec = tf.TensorSpec([4, 8, 8, 3], name="images")
    module.__call__ = tf.function(lambda images: tf.reduce_mean(images, axis=[1, 2]), input_signature=[spec])
    tf.saved_model.save(module, str(tmp_path / "module"))
    assert broken(str(tmp_path / "module")) == {
        "can be loaded": f"{str(tmp_path / 'module')!r} takes float32 [4, 8, 8, 3], and an image module "
        "takes RGB images in batches of any size, float32 [None, height, width, 3]: use a module made for "
        "these."
    }


@pytest.fixture
def control_flow_of_tensorflow_1():
    tf.compat.v1.disable_control_flow_v2()
    yield
    tf.compat.v1.enable_control_flow_v2()


def test_what_we_refuse_to_run_breaks_no_promise(tmp_path, control_flow_of_tensorflow_1):
    def body(images, training):
        steps = [tf.constant(0), mean(images, training)]
        return tf.compat.v1.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, 2 * x), steps)[1]

    findings = found(hub_module(tmp_path, body))
    assert conforms(findings)
    assert findings["no dropout"].verdict == NOT_APPLICABLE
    assert "in a loop of TensorFlow 1" in findings["no dropout"].seen


def test_only_a_failure_keeps_a_module_from_conforming():
    assert conforms({"a": Finding(OK, ""), "b": Finding(HINT, ""), "c": Finding(NOT_APPLICABLE, "")})
    assert not conforms({"a": Finding(OK, ""), "b": Finding(FAILS, "")})
