import pytest

from retrain.modules.sources.path_sources import SavedModel
from retrain.modules.sources.run_directory import EXPORTS, METRICS, RUN_FLAGS
from retrain.modules.sources.source import source_of
from retrain.runs import run as runs
from retrain.runs.run import Run
from retrain.settings.config import Config, to_flags
from tests.modules.sources.sentences import sentence


@pytest.fixture
def run(tmp_path) -> Run:
    run = Run(tmp_path / "a b")
    run.begun_with("{}", to_flags(Config().replaced(image_dir="photos"), "train"))
    return run


def finished(run: Run) -> Run:
    for name in (METRICS, EXPORTS):
        run.write(name, "{}")
    return run


def test_files_are_called_as_runs_call_them():
    assert (RUN_FLAGS, METRICS, EXPORTS) == (runs.RUN_FLAGS, runs.METRICS, runs.EXPORTS)


def test_a_run_is_no_preset(run):
    assert (run.path / "config.json").is_file()
    assert source_of(str(run)) == SavedModel(str(run), str(run))


def test_a_run_that_has_not_ended(run):
    assert run.state == runs.UNFINISHED
    assert sentence(str(run)) == (
        f"{str(run)!r} is a run that has not ended, and has no module yet: let python -m retrain "
        f"--flagfile='{run}/run.flags' --model_dir='{run}' go on first."
    )


@pytest.mark.parametrize(
    ("exports", "said"), [([], "none"), (["tflite"], "tflite"), (["tflite", "keras"], "keras, tflite")]
)
def test_a_run_that_exported_no_module(run, exports, said):
    for name in [*exports, ".onnx.partial"]:
        (run.path / "export" / name).mkdir(parents=True)
    assert finished(run).state == runs.FINISHED
    assert sentence(str(run)) == (
        f"{str(run)!r} is a run without a module among its exports ({said}): train again by python -m "
        f"retrain --flagfile='{run}/run.flags' --export_formats=saved_model and name the new run."
    )


def test_an_evaluation(tmp_path):
    evaluation = Run(tmp_path / "evaluation")
    evaluation.begun_with("{}", to_flags(Config().replaced(image_dir="photos"), "evaluate"))
    finished(evaluation)
    assert sentence(str(evaluation)) == (
        f"{str(evaluation)!r} is an evaluation, in which there is no module: name the one that it judged, "
        f"which its run.flags says as --tfhub_module."
    )
