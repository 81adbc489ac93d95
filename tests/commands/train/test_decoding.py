import pytest
from absl import logging

from retrain.commands.train.check import TrainPlan
from retrain.commands.train.decoding import decoding_of
from retrain.exporters import exporter
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.modules.loading import load_module
from retrain.runs.run import Run
from retrain.runs.warm_start_source import find_source
from retrain.settings.config import Config, to_flags
from retrain.settings.data import Decoding
from retrain.training.estimator import Estimator

GIVEN = {"alpha_background": "black", "max_image_megapixels": 7.0}


def antialias(**settings: object) -> bool:
    """What is decided; all else is as the flags say."""
    config = Config.of(**GIVEN, **settings)
    given = config.module.warm_start_from
    plan = TrainPlan(config, None, None, None if given is None else find_source(given), None, None)
    decoding = decoding_of(plan)
    assert decoding == Decoding("black", 7.0, decoding.antialias)
    return decoding.antialias


@pytest.fixture(scope="module")
def tuned(averaging_module, tmp_path_factory) -> dict[bool, Run]:
    """Runs whose images were made small by averages, or not, each with a checkpoint and an export."""
    runs = {}
    for is_averaged in (False, True):
        run = runs[is_averaged] = Run(tmp_path_factory.mktemp("tuned") / "run")
        said = {"antialias": "auto" if is_averaged else "off", "fine_tune": True}
        run.begun_with("{}", to_flags(Config.of(tfhub_module=averaging_module, **said), "train"))
        heads = {"label": SoftmaxHead(["a", "b"])}
        decoding = Decoding(antialias=is_averaged)
        model = ImageClassifier(load_module(averaging_module), heads, decoding=decoding)
        Estimator(model, run.path).save_checkpoint(4)
        exporter("saved_model")(model, run.export("saved_model"))
    return runs


def test_a_published_module_is_given_what_its_publisher_gave_it(averaging_module):
    assert not antialias(tfhub_module=averaging_module)
    assert not antialias(tfhub_module="builtin:gradients")
    assert not antialias(tfhub_module=averaging_module, augment="light")


def test_what_is_fine_tuned_learns_of_averages(averaging_module):
    assert antialias(tfhub_module=averaging_module, fine_tune=True)


@pytest.mark.parametrize("is_averaged", [False, True])
@pytest.mark.parametrize("place", ["", "export/saved_model"])
def test_what_was_fine_tuned_is_given_the_same_again(tuned, is_averaged, place):
    assert antialias(tfhub_module=str(tuned[is_averaged].path / place)) == is_averaged


@pytest.mark.parametrize("is_averaged", [False, True])
@pytest.mark.parametrize("place", ["", "export/saved_model", "ckpt-4"])
def test_so_is_an_earlier_model(tuned, is_averaged, place):
    assert antialias(warm_start_from=str(tuned[is_averaged].path / place)) == is_averaged


def test_and_one_that_began_with_an_earlier_one(tuned, tmp_path):
    run = Run(tmp_path / "run")
    run.begun_with("{}", to_flags(Config.of(warm_start_from=str(tuned[True].path / "ckpt-4")), "train"))
    (run.path / "ckpt-7").mkdir()
    (run.path / "ckpt-7" / "variables.index").touch()
    assert antialias(warm_start_from=str(run.path / "ckpt-7"))


def test_what_the_flag_says_is_done(tuned, averaging_module):
    assert antialias(tfhub_module=averaging_module, antialias="on")
    assert not antialias(tfhub_module=averaging_module, antialias="off", fine_tune=True)
    assert not antialias(tfhub_module=str(tuned[True].path), antialias="off")


def test_what_a_module_brings_is_told(tuned, averaging_module, monkeypatch):
    said = []
    monkeypatch.setattr(logging, "info", lambda text, *values: said.append(text % values))
    antialias(tfhub_module=averaging_module, fine_tune=True)
    antialias(tfhub_module=averaging_module, antialias="on")
    assert said == []
    antialias(tfhub_module=str(tuned[True].path))
    assert said == ["Images are made small by averages, as for the training of the module (--antialias)."]
