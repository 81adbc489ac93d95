import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import optuna
import pandas as pd
import pytest

from retrain.flags import parse
from retrain.settings.config import Config

FAST = "--max_steps=40"
TEMPERATURE = 1e-3  # how near a loss is: temperatures are found to some digits, and few images make it steep
SPACE = ("--sweep=learning_rate=0.05..2", "--sweep=dropout_rate=0,0.5", "--sweep=l2_regularizer=1e-4..1e-1")


@pytest.fixture(scope="module")
def photos(colour_folder, averaging_module) -> list[str]:
    return [f"--image_dir={colour_folder}", f"--tfhub_module={averaging_module}", FAST]


@pytest.fixture(scope="module")
def swept(photos, tmp_path_factory):
    """The directory of a finished sweep of 6 trials; read it, never change it."""
    from retrain.__main__ import main

    run = tmp_path_factory.mktemp("swept") / "sweep"
    assert main(["retrain", "sweep", *photos, *SPACE, "--trials=6", f"--model_dir={run}"]) == 0
    return run


def trials(run) -> pd.DataFrame:
    return pd.read_csv(run / "sweep.csv", keep_default_na=False)


def metrics(run) -> dict:
    return json.loads((run / "metrics.json").read_text())


def test_everything_is_there(swept):
    assert {path.name for path in swept.iterdir()} - {".lock"} == {
        *("best", "best.flags", "study.db", "sweep.csv", "sweep.flags", "sweep.html"),
    }
    assert {"metrics.json", "predictions.csv", "export", "run.flags"} <= {
        path.name for path in (swept / "best").iterdir()
    }
    assert not list(swept.rglob("*.partial"))


def test_every_trial_has_a_row_with_what_was_varied(swept):
    table = trials(swept)
    assert table["trial"].tolist() == [0, 1, 2, 3, 4, 5]
    assert table["status"].tolist() == ["finished"] * 6
    assert table["accuracy"].between(0, 1).all()
    assert (table["seconds"] > 0).all()
    assert table["learning_rate"].between(0.05, 2).all()
    assert set(table["dropout_rate"]) == {0.0, 0.5}
    assert not [name for name in table if "test" in name]


def test_the_flags_of_the_best_are_complete_and_train_exactly_it(command, swept, tmp_path):
    parsed = parse(["retrain", f"--flagfile={swept / 'best.flags'}"])
    assert parsed.verb == "train"
    table = trials(swept)
    chosen = table[table["learning_rate"] == parsed.config.learning_rate].iloc[0]
    assert chosen["accuracy"] == table["accuracy"].max()
    assert (parsed.config.dropout_rate, parsed.config.l2_regularizer) == (
        chosen["dropout_rate"],
        chosen["l2_regularizer"],
    )
    assert command(f"--flagfile={swept / 'best.flags'}", f"--model_dir={tmp_path / 'again'}").status == 0
    for name in ("metrics.json", "predictions.csv", "run.flags"):
        assert (tmp_path / "again" / name).read_bytes() == (swept / "best" / name).read_bytes()
    found = metrics(tmp_path / "again")["validation"]
    assert found["accuracy"] == chosen["accuracy"]
    assert found["average_loss"] == pytest.approx(chosen["average_loss"], rel=TEMPERATURE)


def test_any_trial_is_what_train_does_with_its_flags(command, swept, photos, tmp_path):
    table = trials(swept)
    row = table[table["average_loss"] == table["average_loss"].max()].iloc[0]
    flags = [f"--{name}={row[name]}" for name in ("learning_rate", "dropout_rate", "l2_regularizer")]
    assert command(*photos, *flags, f"--model_dir={tmp_path / 'run'}").status == 0
    found = metrics(tmp_path / "run")["validation"]
    assert found["accuracy"] == row["accuracy"]
    assert found["average_loss"] == pytest.approx(row["average_loss"], rel=TEMPERATURE)


def test_it_ends_with_the_result_where_things_are_and_what_comes_next(command, swept, photos):
    """A finished sweep that is run again only says so."""
    before = {path: path.stat().st_mtime_ns for path in (swept / "best").rglob("*") if path.is_file()}
    result = command("sweep", *photos, *SPACE, "--trials=6", f"--model_dir={swept}")
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


def test_a_sweep_goes_on_with_more_trials_and_keeps_what_was_best(command, photos, tmp_path):
    flags = (
        "sweep",
        *photos,
        *SPACE,
        f"--model_dir={tmp_path / 'run'}",
        "--objective=validation/average_loss",
    )
    assert command(*flags, "--trials=1").status == 0
    first, flags_of_first = trials(tmp_path / "run"), (tmp_path / "run" / "best" / "run.flags").read_text()
    assert command(*flags, "--trials=8").status == 0
    both = trials(tmp_path / "run")
    assert len(both) == 8
    assert both["average_loss"][0] == first["average_loss"][0] > both["average_loss"].min()
    assert (tmp_path / "run" / "best.1" / "run.flags").read_text() == flags_of_first
    assert (tmp_path / "run" / "best" / "run.flags").read_text() != flags_of_first


def test_a_killed_sweep_goes_on_where_it_was(command, photos, tmp_path):
    run = tmp_path / "run"
    words = ["sweep", *photos, *SPACE, "--trials=40", "--sampler=random", f"--model_dir={run}"]
    worker = subprocess.Popen(
        [sys.executable, "-m", "retrain", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while not (run / "sweep.csv").exists():
        assert worker.poll() is None
        time.sleep(0.02)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    kept = trials(run)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("retrain.sweep.storage.GRACE", 1)
        assert command(*words).status == 0
    table = trials(run)
    assert len(table) == 40
    pd.testing.assert_frame_equal(
        table[table["trial"].isin(kept["trial"])][list(kept.drop(columns="tied_with_best"))].reset_index(
            drop=True
        ),
        kept.drop(columns="tied_with_best"),
    )
    assert not table[["learning_rate", "l2_regularizer"]].duplicated().any()


def test_several_modules_and_a_cheap_winner(command, colour_folder, averaging_module, tmp_path):
    """Colours are told apart with either, and averaging them costs nothing."""
    space = ("--sweep", f"tfhub_module=builtin:,{averaging_module}", "--sweep", "dropout_rate=0,0.2")
    flags = ["sweep", f"--image_dir={colour_folder}", FAST, *space, "--sampler=grid", "--prefer=cheap"]
    assert command(*flags, f"--model_dir={tmp_path / 'run'}").status == 0
    table = trials(tmp_path / "run")
    assert table["tfhub_module"].tolist() == ["builtin:", "builtin:", averaging_module, averaging_module]
    assert f"--tfhub_module={averaging_module}\n" in (tmp_path / "run" / "best.flags").read_text()


def test_folds_judge_by_all_images_but_those_of_test(command, photos, tmp_path):
    run = tmp_path / "run"
    assert command("sweep", *photos, *SPACE, "--trials=3", "--folds=3", f"--model_dir={run}").status == 0
    assert trials(run)["count"].tolist() == [21] * 3  # of 24, with 3 in test
    assert metrics(run / "best")["validation"]["count"] == 3


def test_halving_stops_trials_early(command, photos, tmp_path):
    run = tmp_path / "run"
    result = command("sweep", *photos, *SPACE, "--trials=8", "--pruner=halving", f"--model_dir={run}")
    assert result.status == 0
    assert trials(run)["status"].value_counts().to_dict() == {"stopped early": 6, "finished": 2}
    storage = optuna.storages.RDBStorage(f"sqlite:///{run / 'study.db'}")
    study = optuna.load_study(study_name="sweep", storage=storage)
    assert sum(trial.state == optuna.trial.TrialState.PRUNED for trial in study.trials) == 6


def test_a_trial_that_diverges_fails_and_harms_nobody(command, photos, tmp_path):
    run = tmp_path / "run"
    space = ("--sweep=learning_rate=0.5,1e30", "--sweep=l2_regularizer=0.001,0.01")
    assert command("sweep", *photos, *space, "--sampler=grid", f"--model_dir={run}").status == 0
    table = trials(run)
    assert table["status"].tolist() == ["finished", "finished", "failed", "failed"]
    assert table["reason"].tolist() == ["", "", "training diverged", "training diverged"]
    assert (table["accuracy"][:2] == "1.0").all()


def test_when_all_diverge(command, photos, tmp_path):
    space = ("--sweep=learning_rate=1e30,1e31", "--sampler=grid", "--l2_regularizer=1.0")
    result = command("sweep", *photos, *space, f"--model_dir={tmp_path / 'run'}")
    assert result.status == 2
    assert result.err.splitlines()[-1] == (
        "retrain: None of 2 trials has a result; the first: training diverged."
    )


def test_two_tasks(command, colour_folder, averaging_module, tmp_path):
    paths = sorted(pathlib.Path(colour_folder).rglob("*.png"))
    names = [path.relative_to(colour_folder).as_posix() for path in paths]
    rows = [f"{name},{name.partition('/')[0]},{'a|b' if 'cyan' in name else 'a'}" for name in names]
    (tmp_path / "labels.csv").write_text("\n".join(["path,kind,tags", *rows]) + "\n")
    flags = [f"--image_dir={colour_folder}", f"--labels_file={tmp_path / 'labels.csv'}"]
    flags += [f"--tfhub_module={averaging_module}", FAST, "--trials=2", "--sweep=dropout_rate=0,0.2"]
    run = tmp_path / "run"
    result = command("sweep", *flags, "--objective=validation/average_loss/tags", f"--model_dir={run}")
    assert result.status == 0
    table = trials(run)
    assert {"accuracy/kind", "accuracy/tags", "loss"} <= set(table)
    assert "validation/average_loss/tags" in result.out


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["--trials=0"], "--trials=0 is out of range: it must be at least 1 and at most 1000000."),
        (
            ["--sweep=dropout_rat=0,1"],
            None,
        ),
        (
            ["--sweep=dropout_rate=0,0.5", "--dropout_rate=0.1"],
            "--dropout_rate=0.1 fixes what --sweep dropout_rate is to vary: leave out one of the two.",
        ),
        (
            ["--sweep=max_steps=10..20", "--train_epochs=3"],
            "--max_steps and --train_epochs both say how long to train: give one of the two.",
        ),
        (
            ["--objective=test/accuracy"],
            "--objective=test/accuracy would choose by the test images, and their figures would no longer "
            "tell how good the winner is: use validation/accuracy.",
        ),
        (
            ["--sampler=bayes"],
            "'bayes' is no value of --sampler: choose from grid, random, quasirandom, tpe.",
        ),
        (
            ["--sweep=optimizer=sgd,adam"],
            "--optimizer=adam needs --fine_tune or --augment: give it, too, or leave this out.",
        ),
        (["--folds=1"], "--folds=1 is out of range: it must be at least 2 and at most 100."),
        (["--sampler=grid", "--trials=2", "--sweep=batch_size=8..16"], None),
        (["--sweep=tfhub_module=builtin:,gone"], None),
        (["--sweep=head=softmax,softmx"], None),
    ],
)
def test_bad_input_is_answered_before_tensorflow_is_there(colour_folder, tmp_path, flags, expected):
    code = (
        "import sys; from retrain.__main__ import main; status = main(['retrain', *sys.argv[1:]]); "
        "assert 'tensorflow' not in sys.modules and 'optuna' not in sys.modules; sys.exit(status)"
    )
    words = ["sweep", f"--image_dir={colour_folder}", f"--model_dir={tmp_path / 'run'}", *flags]
    result = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, cwd=os.getcwd()
    )
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1
    assert expected is None or result.stderr == f"retrain: {expected}\n"
    assert not (tmp_path / "run").exists()


def test_a_study_of_other_flags_is_left_alone(command, swept, colour_folder, averaging_module):
    before = (swept / "sweep.flags").read_text()
    flags = [f"--image_dir={colour_folder}", f"--tfhub_module={averaging_module}", "--max_steps=41", *SPACE]
    result = command("sweep", *flags, "--trials=6", f"--model_dir={swept}")
    assert result.status == 2
    assert result.err.splitlines()[-1] == (
        f"retrain: The study 'sweep' in 'sqlite:///{swept}/study.db' was begun with --max_steps=40, but this "
        "sweep has --max_steps=41: repeat the flags of then, or name another --model_dir, --storage or "
        "--study."
    )
    assert (swept / "sweep.flags").read_text() == before


def test_a_directory_of_something_else_is_left_alone(command, photos, trained_run):
    result = command("sweep", *photos, f"--model_dir={trained_run}")
    assert result.status == 2
    assert result.err == (
        f"retrain: --model_dir={str(trained_run)!r} is not empty, and nothing is overwritten: name a new "
        "directory.\n"
    )


def test_a_storage_that_cannot_be_reached_leaves_no_directory(command, photos, tmp_path):
    result = command("sweep", *photos, "--storage=sqlite:////nowhere/a.db", f"--model_dir={tmp_path / 'run'}")
    assert result.status == 2
    assert (
        "The storage 'sqlite:////nowhere/a.db' cannot be used (unable to open database file): " in result.err
    )
    assert os.listdir(tmp_path) == []


def test_without_validation_images_there_is_nothing_to_rank_by(command, photos, tmp_path):
    result = command("sweep", *photos, "--validation_percentage=0", f"--model_dir={tmp_path / 'run'}")
    assert result.status == 2
    assert result.err.splitlines()[-1] == (
        "retrain: A sweep ranks its trials by validation images, but there are none: give a "
        "--validation_percentage, or --folds=5."
    )


def test_the_flags_of_a_sweep_repeat_it(swept):
    parsed = parse(["retrain", "sweep", f"--flagfile={swept / 'sweep.flags'}"])
    assert parsed.config.sweep == tuple(flag.removeprefix("--sweep=") for flag in SPACE)
    assert parsed.config.trials == 6
    assert parsed.config.model_dir is None
    assert isinstance(parsed.config, Config)
