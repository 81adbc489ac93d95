import os
import pathlib

import numpy as np
import pytest
from PIL import Image

from retrain.commands.data_plan import plan_data
from retrain.commands.image_pass import file_keys, pass_again, pass_facts, pass_images, pass_outputs
from retrain.commands.train.check import TrainPlan
from retrain.data.image_facts import TRANSPARENT
from retrain.errors import InputError
from retrain.modules.signatures import IMAGE_FEATURE_VECTOR
from retrain.runs.run import NEW
from retrain.settings.config import Config
from retrain.settings.data import Decoding
from tests import tiny_worlds
from tests.commands.worlds import train_plan
from tests.examples.worlds import of_listing


def plan_of(tmp_path: pathlib.Path, **settings) -> TrainPlan:
    given = {"max_skipped_percentage": 20.0, "feature_cache": "none", **settings}
    return train_plan(tmp_path / "run", image_dir=str(tmp_path / "photos"), **given)


@pytest.fixture
def plan(tmp_path) -> TrainPlan:
    """Of nine images of three colours, of which one is empty."""
    tiny_worlds.colour_folder(tmp_path / "photos", 3)
    (tmp_path / "photos" / "cyan" / "000.png").write_bytes(b"")
    return plan_of(tmp_path)


def test_features_and_facts_are_of_the_same_images(plan, loaded_module):
    passed = pass_images(loaded_module, of_listing(plan.data.listing), plan)
    assert passed.examples.paths[:3] == ["cyan/001.png", "cyan/002.png", "magenta/000.png"]
    assert passed.skipped.to_dict("records") == [{"path": "cyan/000.png", "reason": "empty file"}]
    features = np.asarray(passed.examples.features)
    assert features.shape == (8, 3)
    np.testing.assert_allclose(features[2], np.array([252, 3, 252]) / 255, atol=1e-6)
    thumbnails = passed.images.thumbnails.mean(axis=(1, 2)) / 255
    np.testing.assert_allclose(thumbnails, features, atol=0.01)
    assert passed.images.formats == ["PNG"] * 8
    assert passed.images.sizes.tolist() == [[16, 16]] * 8


def test_facts_need_no_module_and_no_number_of_images(plan):
    passed = pass_facts(of_listing(plan.data.listing), plan.config.module)
    assert len(passed.examples) == len(passed.images.formats) == 8
    assert passed.examples.features is None
    assert passed.skipped.to_dict("records") == [{"path": "cyan/000.png", "reason": "empty file"}]
    for path in pathlib.Path(plan.data.image_dir).rglob("*.png"):
        path.write_bytes(b"")
    passed = pass_facts(of_listing(plan.data.listing), plan.config.module)
    assert (len(passed.examples), len(passed.images.formats), len(passed.skipped)) == (0, 0, 9)


def test_outputs_are_those_of_a_signature(plan, loaded_module):
    examples, skipped = pass_outputs(loaded_module, IMAGE_FEATURE_VECTOR, of_listing(plan.data.listing), plan)
    assert (np.asarray(examples.features).shape, len(skipped)) == ((8, 3), 1)


def test_too_many_that_are_no_images_are_listed(plan, loaded_module, tmp_path):
    with pytest.raises(InputError) as raised:
        pass_images(
            loaded_module, of_listing(plan.data.listing), plan_of(tmp_path, max_skipped_percentage=10.0)
        )
    assert str(raised.value) == (
        "1 of 9 images (11.1 %) cannot be decoded, such as 'cyan/000.png' (empty file), and "
        "--max_skipped_percentage allows 10 %: mend or remove them, or allow more. "
        f"'{tmp_path}/run/skipped.csv' lists all of them."
    )
    assert (tmp_path / "run" / "skipped.csv").read_text() == "path,reason\ncyan/000.png,empty file\n"
    assert plan.run.state == NEW


def test_pixels_that_are_not_opaque_are_on_the_background_of_the_examples(plan, loaded_module, tmp_path):
    (tmp_path / "photos" / "cyan" / "000.png").unlink()
    for path in (tmp_path / "photos").rglob("*.png"):
        Image.new("RGBA", (9, 9), (0, 0, 0, 0)).save(path)
    plan = plan_of(tmp_path, feature_cache=str(tmp_path / "cache"))
    examples = of_listing(plan.data.listing)
    for colour, mean in (("white", 1.0), ("black", 0.0), ("white", 1.0)):
        on_it = examples.on(Decoding(colour))
        passed = pass_images(loaded_module, on_it, plan)
        assert (passed.images.traits == TRANSPARENT).all()
        means = [np.asarray(passed.examples.features), passed.images.thumbnails / 255]
        means += [pass_outputs(loaded_module, IMAGE_FEATURE_VECTOR, on_it, plan)[0].features]
        means += [
            pass_again(loaded_module, on_it, "tensorflow").features,
            pass_facts(on_it, plan.config.module).images.thumbnails / 255,
        ]
        np.testing.assert_allclose([np.mean(of) for of in means], mean, atol=1e-6)


def test_features_are_remembered_where_they_are_to_be_kept(plan, loaded_module, tmp_path):
    kept = plan_of(tmp_path, feature_cache=str(tmp_path / "cache"))
    first = pass_images(loaded_module, of_listing(plan.data.listing), kept)
    for path in pathlib.Path(plan.data.image_dir).rglob("*.png"):
        status = path.stat()
        path.write_bytes(b"\0" * status.st_size)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    # A file is the same while its size and time are: nothing is read again.
    again = pass_images(loaded_module, of_listing(plan.data.listing), kept)
    np.testing.assert_array_equal(np.asarray(again.examples.features), np.asarray(first.examples.features))


def test_a_module_that_has_changed_passes_over_all_again(plan, loaded_module):
    examples = pass_images(loaded_module, of_listing(plan.data.listing), plan).examples
    again = pass_again(loaded_module, examples, "tensorflow")
    np.testing.assert_allclose(np.asarray(again.features), np.asarray(examples.features), rtol=1e-6)
    os.remove(pathlib.Path(plan.data.image_dir) / "cyan" / "001.png")
    with pytest.raises(InputError) as raised:
        pass_again(loaded_module, examples, "tensorflow")
    assert str(raised.value) == (
        "1 of the images that were trained on can no longer be read, such as 'cyan/001.png' (cannot be read "
        "(No such file or directory)): put them back, and go on with the same command."
    )


def test_a_file_is_known_by_its_absolute_path_size_and_time(plan, monkeypatch):
    monkeypatch.chdir(plan.data.image_dir)
    here = plan_data(Config.of(image_dir=".").data)
    assert file_keys(of_listing(here.listing)) == file_keys(of_listing(plan.data.listing))
    path, size, time = file_keys(of_listing(here.listing))[1]
    assert path == f"{plan.data.image_dir}/cyan/001.png"
    assert (size, time) == (os.stat(path).st_size, os.stat(path).st_mtime_ns)
