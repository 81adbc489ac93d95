import pytest

import retrain.modules as hub


def test_the_names_of_the_specification_are_there():
    names = {"Module", "get_expected_image_size", "get_num_image_channels", "load_module_spec"}
    assert names <= set(dir(hub))
    assert callable(hub.load_module_spec)


def test_another_name_is_no_attribute():
    with pytest.raises(AttributeError) as info:
        _ = hub.Modul
    assert str(info.value) == "module 'retrain.modules' has no attribute 'Modul'"
