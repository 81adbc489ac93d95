from retrain.modules.feature_variables import feature_variables
from retrain.modules.loading import load_module
from tests import tiny_tf1_hub, tiny_worlds


def names(handle: str) -> tuple[list[str], list[str]]:
    """Of the variables that can be trained, and of those that features are made of."""
    module = load_module(handle)
    found = feature_variables(module, module.trainable_variables)
    return tuple([v.name.partition(":")[0] for v in of] for of in (module.trainable_variables, found))


def test_weights_of_classes_are_not_what_features_are_made_of(tmp_path):
    trainable, found = names(tiny_worlds.published_module(tmp_path / "published"))
    assert len(trainable) == 2
    assert found == []


def test_all_others_are_in_the_order_of_the_module(tmp_path):
    for handle in (
        tiny_worlds.keras_file(tmp_path / "keras"),
        tiny_tf1_hub.averaging_module(tmp_path / "tf1_hub", 1.0),
        tiny_worlds.averaging_module(tmp_path / "saved_model"),
    ):
        trainable, found = names(handle)
        assert found == trainable != []


def test_of_no_variables_there_are_none():
    assert names("builtin:gradients") == ([], [])
