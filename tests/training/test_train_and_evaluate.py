import os
import pathlib
import shutil

import keras
import pytest
import tensorflow as tf

from retrain.errors import InputError
from retrain.training.estimator import Estimator
from retrain.training.train_and_evaluate import (
    BestExporter,
    EvalSpec,
    FinalExporter,
    LatestExporter,
    TrainSpec,
    train_and_evaluate,
)
from tests.training import worlds
from tests.training.worlds import endless, feature_batches


@pytest.fixture
def make(loaded_module, tmp_path):
    def estimator(rate: float = 0.3) -> Estimator:
        return Estimator(worlds.classifier(loaded_module), tmp_path / "run", keras.optimizers.SGD(rate))

    return estimator


class Recorder:
    """An exporter that writes nothing, but remembers what it was called with."""

    def __init__(self, name: str = "recorder"):
        self.name, self.calls = name, []

    def export(self, estimator, export_path, figures, is_the_final_export):
        self.calls.append((figures["global_step"], is_the_final_export))
        return export_path


def evaluated_at(estimator: Estimator, train_spec: TrainSpec, every_steps: int = 4) -> list[tuple[int, bool]]:
    recorder = Recorder()
    spec = EvalSpec(feature_batches, exporters=[recorder], every_steps=every_steps)
    figures, exports = train_and_evaluate(estimator, train_spec, spec)
    assert figures["global_step"] == estimator.global_step == recorder.calls[-1][0]
    assert exports == [str(estimator.model_dir / "export" / "recorder")]
    return recorder.calls


def test_evaluations_along_the_way_and_at_the_end(make):
    assert evaluated_at(make(), TrainSpec(endless, 10)) == [(4, False), (8, False), (10, True)]


def test_max_steps_may_be_reached_by_an_evaluation(make):
    assert evaluated_at(make(), TrainSpec(endless, 8)) == [(4, False), (8, True)]


def test_an_input_that_ends_is_the_end(make):
    def finite():
        return feature_batches().repeat(2)

    assert evaluated_at(make(), TrainSpec(finite)) == [(4, False), (6, True)]


def test_an_input_that_ends_with_an_evaluation(make):
    def finite():
        return feature_batches().repeat(4).take(8)

    assert evaluated_at(make(), TrainSpec(finite, 100)) == [(4, False), (8, False), (8, True)]


def test_a_training_that_goes_on_evaluates_from_where_it_is(make):
    make().train(endless, steps=6)
    assert evaluated_at(make(), TrainSpec(endless, 12)) == [(10, False), (12, True)]


def test_a_training_that_is_over_is_evaluated_once(make):
    make().train(endless, steps=6)
    for max_steps in (6, 5):
        assert evaluated_at(make(), TrainSpec(endless, max_steps)) == [(6, True)]


def test_names_of_exporters_must_differ(make):
    spec = EvalSpec(feature_batches, exporters=[Recorder("a"), Recorder("a")])
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        train_and_evaluate(make(), TrainSpec(endless, 1), spec)
    assert str(raised.value) == "The names of exporters must differ, but are ['a', 'a']."


def test_exporters_each_in_their_way(make, tmp_path):
    exporters = [LatestExporter(exports_to_keep=2), FinalExporter(), BestExporter()]
    spec = EvalSpec(feature_batches, exporters=exporters, every_steps=4)
    _, exports = train_and_evaluate(make(), TrainSpec(endless, 12), spec)
    written = {name: sorted(os.listdir(tmp_path / "run" / "export" / name)) for name in ("latest", "final")}
    assert len(written["latest"]) == 2
    assert exports[0] == str(tmp_path / "run" / "export" / "latest" / written["latest"][-1])
    assert len(written["final"]) == 1
    assert exports[1] == str(tmp_path / "run" / "export" / "final" / written["final"][0])
    assert tf.saved_model.load(exports[1])(worlds.PIXELS).shape == (worlds.COUNT, 3)


@pytest.fixture
def fake_exports(monkeypatch, tmp_path):
    """Exports that are empty directories, named by their number."""

    def write(estimator: Estimator, export_dir_base: str) -> str:
        directory = pathlib.Path(export_dir_base, str(len(list(tmp_path.glob("exports*/*[0-9]")))))
        directory.mkdir(parents=True)
        return str(directory)

    monkeypatch.setattr(Estimator, "export_saved_model", write)
    return tmp_path / "exports"


def exported(exporter, estimator, directory, figures) -> list[bool]:
    return [exporter.export(estimator, str(directory), of, False) is not None for of in figures]


def test_the_best_exporter_exports_what_is_better_than_all_before(make, fake_exports):
    losses = [{"loss": loss} for loss in (3.0, 4.0, 2.0, 2.0, 1.0)]
    assert exported(BestExporter(), make(), fake_exports, losses) == [True, False, True, False, True]
    highest = BestExporter("highest", lambda best, current: current["accuracy"] > best["accuracy"])
    accuracies = [{"accuracy": accuracy} for accuracy in (0.5, 0.4, 0.6)]
    assert exported(highest, make(), f"{fake_exports}2", accuracies) == [True, False, True]


def test_the_best_export_of_an_earlier_process_is_kept_until_a_better_one(make, fake_exports):
    for losses, expected in [([2.0], [True]), ([3.0, 1.5], [False, True]), ([1.9], [False])]:
        found = exported(BestExporter(), make(), fake_exports, [{"loss": loss} for loss in losses])
        assert found == expected
    assert sorted(os.listdir(fake_exports)) == ["0", "1", "best.json"]
    shutil.rmtree(fake_exports / "1")
    assert exported(BestExporter(), make(), fake_exports, [{"loss": 1.9}]) == [True]


def test_figures_of_an_evaluation_can_be_remembered(make, fake_exports):
    estimator = make().train(endless, steps=1)
    figures = estimator.evaluate(feature_batches)
    assert exported(BestExporter(), estimator, fake_exports, [figures]) == [True]
    assert exported(BestExporter(), estimator, fake_exports, [figures]) == [False]


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: LatestExporter(exports_to_keep=0), "exports_to_keep must be above 0, but is 0."),
        (lambda: BestExporter(exports_to_keep=-1), "exports_to_keep must be above 0, but is -1."),
        (lambda: EvalSpec(feature_batches, every_steps=0), "every_steps must be above 0, but is 0."),
    ],
)
def test_numbers_that_make_no_sense(call, sentence):
    with pytest.raises(InputError) as raised:
        call()
    assert str(raised.value) == sentence


@pytest.mark.parametrize(
    "function", [lambda: None, lambda figures: True, lambda current_eval_result, best_eval_result: True]
)
def test_a_function_that_does_not_compare_the_best_with_the_current(function):
    with pytest.raises(InputError) as raised:
        BestExporter("best", function)
    assert str(raised.value) == (
        f"compare_fn takes two dicts of figures, those of the best evaluation and the current ones, in this "
        f"order, and says whether the current are better, but it is {function!r}."
    )


class OldExporter:
    name = "old"

    def export(self, estimator, export_path, checkpoint_path, eval_result, is_the_final_export):
        raise AssertionError("was not to be called")


@pytest.mark.parametrize(
    ("exporters", "sentence"),
    [
        (
            [OldExporter()],
            "The exporter 'old' is of tf.estimator's form: here it is called as export(estimator, "
            "export_path, figures, is_the_final_export), and the estimator has the weights that were "
            "evaluated.",
        ),
        (5, "exporters are a list, but are 5: give [exporter]."),
    ],
)
def test_exporters_that_are_none(make, exporters, sentence):
    spec = EvalSpec(feature_batches, exporters=exporters)
    with pytest.raises(InputError) as raised:
        train_and_evaluate(make(), TrainSpec(endless, 1), spec)
    assert str(raised.value) == sentence


@pytest.mark.parametrize(("keep", "left"), [(None, 3), (5, 3), (2, 2), (1, 1)])
def test_the_newest_exports_are_kept_and_nothing_else_touched(make, tmp_path, monkeypatch, keep, left):
    for name in ("1700000001", "1700000002", "1700000003", "mine"):
        (tmp_path / "exports" / name).mkdir(parents=True)
    estimator = make()
    monkeypatch.setattr(estimator, "export_saved_model", lambda path: path)
    LatestExporter(exports_to_keep=keep).export(estimator, str(tmp_path / "exports"), {}, False)
    assert sorted(os.listdir(tmp_path / "exports")) == [
        *[f"170000000{number}" for number in range(4 - left, 4)],
        "mine",
    ]
