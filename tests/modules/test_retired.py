import pytest

import retrain.modules as hub
from retrain.errors import InputError
from retrain.modules import retired
from retrain.modules.retired import STANDS_FOR


@pytest.mark.parametrize("name", STANDS_FOR)
def test_each_answers_when_it_is_called(name):
    assert name in dir(hub)
    with pytest.raises(InputError) as info:
        getattr(hub, name)("module", signatures=None)
    assert str(info.value) == f"hub.{name} {STANDS_FOR[name]}."


def test_a_sentence():
    with pytest.raises(InputError) as info:
        hub.create_module_spec(lambda: None, tags_and_args=[])
    assert str(info.value) == (
        "hub.create_module_spec publishes modules for graphs of TensorFlow 1; save a tf.Module or Keras "
        "model as a SavedModel, which is a module here, or have retrain write the TF1 Hub format with "
        "--export_formats=hub_module."
    )


def test_others_are_no_attributes():
    with pytest.raises(AttributeError, match="has no attribute 'load_old'"):
        _ = retired.load_old
