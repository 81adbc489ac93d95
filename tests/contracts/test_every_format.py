"""The promises of every row of EXPORTERS: what an export makes of images is what the model makes of them."""

import importlib.util
import pathlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from retrain.errors import InputError
from retrain.exporters import EXPORTERS, ExportOptions, answers_of, exporter
from retrain.exporters.assets import described_familiarity, described_tasks
from retrain.exporters.model_card import OfRun, recorded_run
from retrain.familiarity import FAMILIARITY
from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead
from retrain.label_files import read_labels
from retrain.model import ImageClassifier
from retrain.modules.loading import load_module
from retrain.modules.signatures import SERVING_SIGNATURE
from retrain.settings.data import Decoding
from tests import tiny_worlds

HEADS = {
    "one task": {"label": SoftmaxHead(["a", "b", "c"], temperature=2.0)},
    "two tasks": {"kind": SoftmaxHead(["a", "b", "c"]), "tags": SigmoidHead(["x", "y"])},
}
OF_RUN = OfRun(data="pets", fingerprint="0f", splits={"train": 5}, results=[])
ROUNDING = {True: 1e-5, False: 0.02}
INSTALLED = [name for name, row in EXPORTERS.items() if all(map(importlib.util.find_spec, row.packages))]

pytestmark = [pytest.mark.parametrize("heads", HEADS), pytest.mark.parametrize("name", EXPORTERS)]


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    directory = tmp_path_factory.mktemp("formats")
    module = tiny_worlds.averaging_module(directory / "module")
    images = np.random.default_rng(0).random([8, *load_module(module).image_size, 3], np.float32)
    files = []
    for place, image in enumerate(images):
        files.append(str(directory / f"{place}.png"))
        Image.fromarray((image * 255).round().astype(np.uint8)).save(files[-1])
    made = {}

    def export(name: str, heads: str) -> tuple[ImageClassifier, str, np.ndarray]:
        if name not in INSTALLED:
            pytest.skip(f"pip install 'retrain[{EXPORTERS[name].extra}]'")
        if (name, heads) not in made:
            model = ImageClassifier(load_module(module), HEADS[heads], decoding=Decoding("black"))
            for kernel in model.kernels.values():
                kernel.assign(tf.random.stateless_normal(kernel.shape, (1, 2)))
            model = tiny_worlds.with_familiarity(model)
            place = str(directory / heads / name)
            exporter(name)(model, place, ExportOptions(calibration=tuple(files), of_run=OF_RUN))
            made[name, heads] = model, place
        return *made[name, heads], images

    return export


def test_probabilities_of_images(name, heads, exports):
    model, directory, images = exports(name, heads)
    expected = model.outputs(tf.constant(images), SERVING_SIGNATURE)
    answers = answers_of(name, directory)
    for count in (1, 8):
        found = answers(images[:count])
        told = [key for key in expected if key != FAMILIARITY]
        assert set(found) - {FAMILIARITY} == set(told[:1] if EXPORTERS[name].of_first_task else told)
        for key in set(found):
            atol = 2e-3 if key == FAMILIARITY else ROUNDING[EXPORTERS[name].is_exact]
            np.testing.assert_allclose(found[key], expected[key][:count], atol=atol, err_msg=key)


def test_it_says_what_its_classes_are(name, heads, exports):
    _, directory, images = exports(name, heads)
    described = described_tasks(directory)
    assert {task: tuple(of.classes) for task, of in described.items()} == {
        task: head.class_names for task, head in HEADS[heads].items()
    }
    tells = FAMILIARITY in answers_of(name, directory)(images[:1])
    assert (described_familiarity(directory) is not None) == tells
    assert read_labels(pathlib.Path(directory, "assets.extra")) == ("a", "b", "c")


def test_its_card_says_what_the_run_knows(name, heads, exports):
    _, directory, _ = exports(name, heads)
    assert recorded_run(directory) == OF_RUN
    assert "5 images of train" in pathlib.Path(directory, "README.md").read_text("utf-8")


def test_nothing_is_overwritten(name, heads, exports):
    model, directory, _ = exports(name, heads)
    with pytest.raises(InputError) as info:
        exporter(name)(model, directory, ExportOptions(calibration=("x.png",)))
    assert str(info.value) == (
        f"{directory!r} exists already, and nothing is overwritten: name a new directory."
    )
