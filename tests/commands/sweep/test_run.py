import itertools
import pathlib
import signal
import subprocess
import sys
import time
from typing import NamedTuple

import numpy as np
import optuna
import pandas as pd
import pytest

from retrain.commands.sweep import run as sweep_run
from retrain.commands.sweep.check import SweepPlan, check
from retrain.commands.sweep.judging import Judging
from retrain.commands.sweep.run import KEPT, judging_of, remembering, search
from retrain.flags import parse
from retrain.head_search.budget import Budget, Halving
from retrain.settings.config import Config
from retrain.settings.field import as_text
from retrain.studies import study as study_module
from retrain.studies.record import Record, failed_record
from retrain.studies.sequences import grid_sampler
from retrain.studies.study import open_study
from tests.commands.sweep.trial_worlds import trial_of

ON_IMAGES = ["--fine_tune", "--tfhub_module=keras:MobileNetV3Small"]


def test_everything_is_there(swept):
    assert {path.name for path in swept.iterdir()} - {".lock"} == {
        *("best", "best.flags", "study.db", "sweep.csv", "sweep.flags", "sweep.html"),
    }
    assert {"metrics.json", "predictions.csv", "export", "run.flags"} <= {
        path.name for path in (swept / "best").iterdir()
    }
    assert not list(swept.rglob("*.partial"))


def test_every_trial_has_a_row_with_what_was_varied(swept, trials):
    table = trials(swept)
    assert table["trial"].tolist() == [0, 1, 2, 3, 4, 5]
    assert table["status"].tolist() == ["finished"] * 6
    assert table["accuracy"].between(0, 1).all()
    assert (table["seconds"] > 0).all()
    assert table["learning_rate"].between(0.05, 2).all()
    assert set(table["dropout_rate"]) == {0.0, 0.5}
    assert not [name for name in table if "test" in name]


def test_the_flags_of_a_sweep_repeat_it(swept, space):
    config = parse(["retrain", "sweep", f"--flagfile={swept / 'sweep.flags'}"]).config
    assert config.sweep.sweep == tuple(flag.removeprefix("--sweep=") for flag in space)
    assert config.sweep.trials == 6
    assert config.results.model_dir is None
    assert isinstance(config, Config)


def test_it_ends_with_the_result_where_things_are_and_what_comes_next(command, swept, photos, space):
    """A finished sweep that is run again only says so."""
    before = {path: path.stat().st_mtime_ns for path in (swept / "best").rglob("*") if path.is_file()}
    result = command("sweep", *photos, *space, "--trials=6", f"--model_dir={swept}")
    assert result.status == 0
    lines = result.out.splitlines()
    assert lines[1].split() == [
        *("trial", "validation/accuracy", "95", "%", "interval"),
        *("learning_rate", "dropout_rate", "l2_regularizer"),
    ]
    assert f"All of them: {swept}/sweep.html, {swept}/sweep.csv" in lines
    assert lines[-2].startswith(f"Everything is in {swept}/best: ")
    assert lines[-1].startswith("Next: python -m retrain predict --tfhub_module=")
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_study_of_other_flags_is_left_alone(command, swept, photos, space):
    before = (swept / "sweep.flags").read_text()
    result = command("sweep", *photos, "--max_steps=41", *space, "--trials=6", f"--model_dir={swept}")
    assert result.status == 2
    assert result.err.splitlines()[-1] == (
        f"retrain: The study 'sweep' in 'sqlite:///{swept}/study.db' was begun with --max_steps=40, but this "
        "sweep has --max_steps=41: repeat the settings of then, or name another --model_dir, --storage or "
        "--study."
    )
    assert (swept / "sweep.flags").read_text() == before


def test_a_sweep_goes_on_with_more_trials_and_keeps_what_was_best(command, photos, space, trials, tmp_path):
    run = tmp_path / "run"
    flags = ("sweep", *photos, *space, f"--model_dir={run}", "--objective=validation/average_loss")
    assert command(*flags, "--trials=1").status == 0
    first, flags_of_first = trials(run), (run / "best" / "run.flags").read_text()
    assert command(*flags, "--trials=8").status == 0
    both = trials(run)
    assert len(both) == 8
    storage = optuna.storages.RDBStorage(f"sqlite:///{run / 'study.db'}")
    assert optuna.load_study(study_name="sweep", storage=storage).direction.name == "MINIMIZE"
    storage.remove_session()
    storage.engine.dispose()
    assert both["average_loss"][0] == first["average_loss"][0] > both["average_loss"].min()
    assert (run / "best.1" / "run.flags").read_text() == flags_of_first
    assert (run / "best" / "run.flags").read_text() != flags_of_first


def test_a_killed_sweep_goes_on_where_it_was(command, photos, space, trials, tmp_path):
    run = tmp_path / "run"
    words = ["sweep", *photos, *space, "--trials=40", "--sampler=random", f"--model_dir={run}"]
    worker = subprocess.Popen(
        [sys.executable, "-m", "retrain", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while not (run / "sweep.csv").exists():
        assert worker.poll() is None
        time.sleep(0.02)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    kept = trials(run).drop(columns="tied_with_best")
    assert command(*words).status == 0
    table = trials(run)
    assert len(table) == 40
    same = table[table["trial"].isin(kept["trial"])][list(kept)].reset_index(drop=True)
    pd.testing.assert_frame_equal(same, kept)
    assert not table[["learning_rate", "l2_regularizer"]].duplicated().any()


def at_call(number: int, function):
    """The function, which is interrupted when it is called for the n-th time, before it does anything."""
    calls = itertools.count(1)

    def interrupted(*arguments):
        if next(calls) == number:
            raise KeyboardInterrupt
        return function(*arguments)

    return interrupted


def test_a_sweep_interrupted_while_it_draws_or_notes_trials_ends_alike(
    command, photos, space, trials, tmp_path, monkeypatch
):
    flags = ("sweep", *photos, *space, "--trials=24", "--sampler=tpe", "--pruner=halving")
    assert command(*flags, f"--model_dir={tmp_path / 'whole'}").status == 0
    words = [*flags, f"--model_dir={tmp_path / 'parts'}"]
    for module, name, number in [
        (study_module, "beat", 20),
        (sweep_run, "tell", 5),
        (study_module, "beat", 2),
    ]:
        with monkeypatch.context() as patched:
            patched.setattr(module, name, at_call(number, getattr(module, name)))
            assert command(*words).status == 128 + signal.SIGINT
    assert command(*words).status == 0
    whole, parts = (trials(tmp_path / name).drop(columns="seconds") for name in ("whole", "parts"))
    assert set(whole["status"]) == {"finished", "stopped early"}
    pd.testing.assert_frame_equal(parts, whole, check_exact=True)


def test_several_modules_and_a_cheap_winner(command, colour_folder, averaging_module, trials, tmp_path):
    """Colours are told apart with either, and averaging them costs nothing."""
    run = tmp_path / "run"
    space = ["--sweep", f"tfhub_module=builtin:gradients,{averaging_module}", "--sweep", "dropout_rate=0,0.2"]
    flags = [f"--image_dir={colour_folder}", "--max_steps=40", "--export_formats=saved_model"]
    how = ["--sampler=grid", "--prefer=cheap", f"--model_dir={run}"]
    assert command("sweep", *flags, *space, *how).status == 0
    assert trials(run)["tfhub_module"].tolist() == ["builtin:gradients"] * 2 + [averaging_module] * 2
    assert f"--tfhub_module={averaging_module}\n" in (run / "best.flags").read_text()


def test_when_all_diverge(command, photos, tmp_path):
    space = ("--sweep=learning_rate=1e30,1e31", "--sampler=grid", "--l2_regularizer=1.0")
    result = command("sweep", *photos, *space, f"--model_dir={tmp_path / 'run'}")
    assert result.status == 2
    assert result.err.splitlines()[-1] == (
        "retrain: None of 2 trials has a result; the first: training diverged."
    )


class Tasks(NamedTuple):
    """A sweep over the heads of two tasks, weighed; how many trials were asked for at once."""

    run: pathlib.Path
    asked: list[int]


@pytest.fixture(scope="module")
def tasks(colour_folder, photos, tmp_path_factory) -> Tasks:
    from retrain.__main__ import main

    directory, asked, next_trials = tmp_path_factory.mktemp("tasks"), [], sweep_run.next_trials
    names = [
        path.relative_to(colour_folder).as_posix() for path in pathlib.Path(colour_folder).rglob("*.png")
    ]
    rows = [f"{name},{name.partition('/')[0]},{'a|b' if 'cyan' in name else 'a'}" for name in sorted(names)]
    (directory / "labels.csv").write_text("\n".join(["path,kind,gloss", *rows]) + "\n")

    def listening(study, drawn, most, count):
        asked.append(most)
        return next_trials(study, drawn, most, count)

    flags = [
        *photos,
        f"--labels_file={directory / 'labels.csv'}",
        "--task_weights=kind:2,gloss:0.25",
        "--sweep=tasks=kind:softmax,gloss:sigmoid;kind:sigmoid,gloss:sigmoid",
        "--sweep=l2_regularizer=5,0.001",  # with the first all images look alike
        "--learning_rate=0.1",
        "--sampler=tpe",
        "--objective=validation/micro_f1_at_0.5/gloss",
        f"--model_dir={directory / 'run'}",
    ]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sweep_run, "next_trials", listening)
        assert main(["retrain", "sweep", *flags]) == 0
    return Tasks(directory / "run", asked)


def test_as_many_trials_are_asked_for_at_once_as_suit_the_sampler_that_is_used(tasks):
    assert set(tasks.asked) == {32}  # all combinations, though --sampler=tpe was asked for


def test_two_tasks_and_the_heads_of_one_vary(tasks, trials):
    table = trials(tasks.run)
    assert table["tasks"].tolist() == [
        *("kind:softmax,gloss:sigmoid", "kind:softmax,gloss:sigmoid"),
        *("kind:sigmoid,gloss:sigmoid", "kind:sigmoid,gloss:sigmoid"),
    ]
    assert table["status"].tolist() == ["finished"] * 4
    assert {"accuracy/kind", "accuracy/gloss", "loss"} <= set(table)
    assert table["hamming_loss/kind"].astype(bool).tolist() == [False, False, True, True]


def test_the_highest_is_taken_though_the_task_is_called_gloss(tasks, trials):
    table = trials(tasks.run)
    figures = table["micro_f1_at_0.5/gloss"].tolist()
    best = parse(["retrain", f"--flagfile={tasks.run / 'best.flags'}"]).config
    assert best.head.l2_regularizer == 0.001
    assert as_text(best.data.tasks) in set(table["tasks"])
    assert figures[1] == figures[3] == 1.0 > max(figures[0], figures[2])


def test_weights_of_tasks_reach_the_trials_and_the_winner(tasks, trials, metrics):
    table = trials(tasks.run)
    weighed = 2.0 * table["average_loss/kind"] + 0.25 * table["average_loss/gloss"]
    assert table["loss"].tolist() == pytest.approx(weighed.tolist())
    for figures in (metrics(tasks.run / "best")[split] for split in ("validation", "test")):
        weighed = 2.0 * figures["average_loss/kind"] + 0.25 * figures["average_loss/gloss"]
        assert figures["loss"] == pytest.approx(weighed)


def test_without_validation_images_there_is_nothing_to_rank_by(command, photos, tmp_path):
    result = command("sweep", *photos, "--validation_percentage=0", f"--model_dir={tmp_path / 'run'}")
    assert result.status == 2
    assert result.err.splitlines()[-1] == (
        "retrain: A sweep ranks its trials by validation images, but there are none: give a "
        "--validation_percentage, or --folds=5."
    )


@pytest.fixture
def plan_of(tree, tmp_path):
    """The plan of a sweep over two classes that hold no images."""
    photos = tree(["a/1.jpg", "a/2.jpg", "b/3.jpg"])

    def plan(*flags: str) -> SweepPlan:
        words = ["retrain", "sweep", f"--image_dir={photos}", f"--model_dir={tmp_path / 'run'}", *flags]
        return check(parse(words).config, [])

    return plan


def test_trials_are_judged_as_the_flags_say(plan_of):
    plan = plan_of()
    assert judging_of(plan) == Judging(plan.metric, None, Budget(2 * 2**30, None), costs=False)
    judging = judging_of(plan_of("--pruner=halving", "--folds=3", "--sweep_memory_gb=0.5"))
    assert judging == Judging(plan.metric, 3, Budget(2**29, Halving()), costs=False)
    assert judging_of(plan_of("--sweep=image_size=64,96")).costs
    assert judging_of(plan_of("--sweep=tfhub_module=builtin:gradients,keras:MobileNetV3Small")).costs


def test_what_trials_give_is_told_and_written_a_group_at_a_time(plan_of, trials, monkeypatch, tmp_path):
    plan = plan_of("--sweep=dropout_rate=0,0.2,0.5", "--sweep=fine_tune_from=Conv;Dense", *ON_IMAGES)
    plan.run.path.mkdir()
    figures, right, sizes = {"loss": 0.5}, np.ones(9, np.float32), []

    def run_trials(of_trials, preparing, judging, run):
        rates = [trial.config.pixels.dropout_rate for trial in of_trials]
        assert rates == [0.0, 0.0, 0.2, 0.2, 0.5, 0.5]
        assert [trial.config.pixels.fine_tune_from.pattern for trial in of_trials[:2]] == ["Conv", "Dense"]
        yield {0: Record(1.0, figures, right), 2: failed_record({}, "training diverged")}
        sizes.append(len(trials(run.path)))
        yield {at: Record(0.5, figures, right, stopped=10) for at in (1, 3, 4, 5)}

    monkeypatch.setattr(sweep_run, "run_trials", run_trials)
    with open_study(plan.storage, "sweep", "maximize", plan.about, grid_sampler(plan.space, 0)) as study:
        search(plan, study, None)
        states = [trial.state.name for trial in study.get_trials()]
    assert states == ["COMPLETE", "PRUNED", "FAIL", "PRUNED", "PRUNED", "PRUNED"]
    assert sizes == [2]
    table = trials(plan.run.path)
    assert table["fine_tune_from"].tolist() == ["Conv", "Dense"] * 3
    assert table["status"].tolist() == [
        *("finished", "stopped early", "failed"),
        *("stopped early", "stopped early", "stopped early"),
    ]


def test_features_are_remembered_of_the_last_modules():
    computed = []

    def prepare(plan):
        computed.append(plan.config.module.image_size)
        return f"of {plan.config.module.image_size}"

    preparing = remembering(prepare)
    sizes = range(1, KEPT + 1)
    for size in sizes:
        assert preparing(trial_of("kind", image_size=size)) == f"of {size}"
    assert preparing(trial_of("kind", image_size=1, dropout_rate=0.5)) == "of 1"
    assert computed == list(sizes)
    preparing(trial_of("kind", image_size=99))  # for which the one not asked for longest goes
    preparing(trial_of("kind", image_size=1))
    assert computed == [*sizes, 99]
    preparing(trial_of("kind", image_size=2))
    assert computed == [*sizes, 99, 2]


def test_a_module_that_may_change_is_always_loaded_anew():
    computed = []
    preparing = remembering(lambda plan: computed.append(plan) or len(computed))
    tuned = trial_of("kind", fine_tune=True)
    assert [preparing(tuned), preparing(tuned), preparing(trial_of("kind"))] == [1, 2, 3]
