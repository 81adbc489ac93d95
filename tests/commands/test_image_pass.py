import os
import pathlib

import numpy as np
import pytest

from retrain.commands.data_plan import DataPlan, plan_data
from retrain.commands.image_pass import file_keys, pass_again, pass_facts, pass_images, pass_outputs
from retrain.errors import InputError
from retrain.modules.signatures import IMAGE_FEATURE_VECTOR
from retrain.settings.config import Config
from retrain.settings.module import ModuleSettings
from tests import tiny_worlds
from tests.examples.worlds import of_listing

NOT_KEPT = ModuleSettings(feature_cache="none")


@pytest.fixture
def data(tmp_path) -> DataPlan:
    """Nine images of three colours, of which one is empty."""
    tiny_worlds.colour_folder(tmp_path / "photos", 3)
    (tmp_path / "photos" / "cyan" / "000.png").write_bytes(b"")
    return plan_data(Config.of(image_dir=str(tmp_path / "photos"), max_skipped_percentage=20.0).data)


def test_features_and_facts_are_of_the_same_images(data, loaded_module):
    passed = pass_images(loaded_module, of_listing(data.listing), NOT_KEPT, data)
    assert passed.examples.paths[:3] == ["cyan/001.png", "cyan/002.png", "magenta/000.png"]
    assert passed.skipped.to_dict("records") == [{"path": "cyan/000.png", "reason": "empty file"}]
    features = np.asarray(passed.examples.features)
    assert features.shape == (8, 3)
    np.testing.assert_allclose(features[2], np.array([252, 3, 252]) / 255, atol=1e-6)
    thumbnails = passed.images.thumbnails.mean(axis=(1, 2)) / 255
    np.testing.assert_allclose(thumbnails, features, atol=0.01)
    assert passed.images.formats == ["PNG"] * 8
    assert passed.images.sizes.tolist() == [[16, 16]] * 8


def test_facts_need_no_module(data):
    passed = pass_facts(of_listing(data.listing), NOT_KEPT, data)
    assert len(passed.examples) == len(passed.images.formats) == 8
    assert passed.examples.features is None
    assert passed.skipped.to_dict("records") == [{"path": "cyan/000.png", "reason": "empty file"}]


def test_outputs_are_those_of_a_signature(data, loaded_module):
    examples, skipped = pass_outputs(loaded_module, IMAGE_FEATURE_VECTOR, of_listing(data.listing), data)
    assert (np.asarray(examples.features).shape, len(skipped)) == ((8, 3), 1)


def test_too_many_that_are_no_images(data, loaded_module):
    few = data._replace(settings=Config.of(image_dir=data.image_dir).data)
    for passing in (
        lambda: pass_images(loaded_module, of_listing(data.listing), NOT_KEPT, few),
        lambda: pass_facts(of_listing(data.listing), NOT_KEPT, few),
    ):
        with pytest.raises(InputError) as raised:
            passing()
        assert str(raised.value) == (
            "1 of 9 images (11.1 %) cannot be decoded, such as 'cyan/000.png' (empty file), and "
            "--max_skipped_percentage allows 10 %: mend or remove them, or allow more."
        )


def test_features_are_remembered_where_they_are_to_be_kept(data, loaded_module, tmp_path):
    kept = ModuleSettings(feature_cache=str(tmp_path / "cache"))
    first = pass_images(loaded_module, of_listing(data.listing), kept, data)
    for path in pathlib.Path(data.image_dir).rglob("*.png"):
        status = path.stat()
        path.write_bytes(b"\0" * status.st_size)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    # A file is the same while its size and time are: nothing is read again.
    again = pass_images(loaded_module, of_listing(data.listing), kept, data)
    np.testing.assert_array_equal(np.asarray(again.examples.features), np.asarray(first.examples.features))


def test_a_module_that_has_changed_passes_over_all_again(data, loaded_module):
    examples = pass_images(loaded_module, of_listing(data.listing), NOT_KEPT, data).examples
    again = pass_again(loaded_module, examples, "tensorflow")
    np.testing.assert_allclose(np.asarray(again.features), np.asarray(examples.features), rtol=1e-6)
    os.remove(pathlib.Path(data.image_dir) / "cyan" / "001.png")
    with pytest.raises(InputError) as raised:
        pass_again(loaded_module, examples, "tensorflow")
    assert str(raised.value) == (
        "1 of the images that were trained on can no longer be read, such as 'cyan/001.png' (cannot be read "
        "(No such file or directory)): put them back, and go on with the same command."
    )


def test_a_file_is_known_by_its_absolute_path_size_and_time(data, monkeypatch):
    monkeypatch.chdir(data.image_dir)
    here = plan_data(Config.of(image_dir=".").data)
    assert file_keys(of_listing(here.listing)) == file_keys(of_listing(data.listing))
    path, size, time = file_keys(of_listing(here.listing))[1]
    assert path == f"{data.image_dir}/cyan/001.png"
    assert (size, time) == (os.stat(path).st_size, os.stat(path).st_mtime_ns)
