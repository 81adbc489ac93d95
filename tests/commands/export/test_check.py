import pathlib
import shutil

import pytest

from retrain.commands.export.check import ExportPlan, check
from retrain.errors import InputError
from retrain.runs.run import Run
from retrain.settings.config import Config


@pytest.fixture
def run(trained_run, tmp_path) -> Run:
    """A copy of a run that has ended."""
    shutil.copytree(trained_run, tmp_path / "run")
    return Run(tmp_path / "run")


def planned(run: Run, *formats: str) -> ExportPlan:
    return check(Config.of(model_dir=str(run), export_formats=formats), ())


def sentence(run: Run, *formats: str) -> str:
    with pytest.raises(InputError) as raised:
        planned(run, *formats)
    return str(raised.value)


def test_images_of_the_run(run, colour_folder):
    plan = planned(run, "tflite_int8")
    assert plan.source == run.export("saved_model")
    files = {str(path) for path in pathlib.Path(colour_folder).rglob("*.png")}
    assert len(files) > 3
    others = plan.compared_on
    assert {*plan.train, *others.paths} < files
    assert not {*plan.train} & {*others.paths}
    assert len(plan.train) > len(others.paths) > 0
    assert others.split == "test"
    assert others.cells == {"label": [pathlib.Path(path).parent.name for path in others.paths]}


def test_a_directory_of_no_run(tmp_path):
    assert sentence(Run(tmp_path / "nothing"), "tflite_int8") == (
        f"--model_dir={str(tmp_path / 'nothing')!r} is no run that has ended: name the directory that train "
        f"wrote to."
    )


def test_a_run_without_a_module(run):
    shutil.rmtree(run.export("saved_model"))
    assert planned(run, "keras").source == run.export("hub_module")
    shutil.rmtree(run.export("hub_module"))
    assert sentence(run, "keras") == (
        f"--model_dir={str(run)!r} has none of the exports saved_model, hub_module, from which others are "
        f"made: train again by python -m retrain --flagfile={run.file('run.flags')} "
        f"--export_formats=saved_model first."
    )


def test_a_format_that_is_there(run):
    assert sentence(run, "saved_model") == (
        f"{run.export('saved_model')!r} exists already, and nothing is overwritten: remove what is there."
    )


def test_images_that_are_gone(run):
    text = run.path / "run.flags"
    text.write_text(text.read_text().replace("--image_dir=", "--image_dir=/gone"))
    assert planned(run, "keras").train == ()
    assert sentence(run, "tflite_int8") == (
        f"The export format tflite_int8 goes by images of training, and none of those that "
        f"{run.file('examples.csv')!r} names is there any more: put them back."
    )
