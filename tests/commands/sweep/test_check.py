import os
import pathlib
import re
import subprocess
import sys

import pytest

from retrain.commands.sweep import check as sweep_check
from retrain.commands.sweep.check import SweepPlan, check, trial_config
from retrain.errors import InputError
from retrain.flags import parse
from retrain.heads import HEADS
from retrain.metric import Metric
from retrain.settings.config import Config, to_flags
from retrain.settings.values import OfTask
from retrain.studies import SAMPLERS
from retrain.studies.study import open_study
from tests.studies.studies import SPACE, url

KIND, TAGS = OfTask("kind", "softmax"), OfTask("tags", "sigmoid")


@pytest.fixture
def photos(tree) -> str:
    return tree(["a/1.jpg", "a/2.jpg", "b/3.jpg"])


@pytest.fixture
def saved_model(tree) -> str:
    """What looks like a module to whoever does not load it."""
    return tree(["saved_model.pb"], "module")


@pytest.fixture
def table(tree, tmp_path) -> list[str]:
    """The flags of a table of two tasks."""
    tree(["1.jpg", "2.jpg", "3.jpg"], "pictures")
    rows = ["path,kind,gloss", "1.jpg,a,x|y", "2.jpg,b,x", "3.jpg,a,y"]
    (tmp_path / "labels.csv").write_text("\n".join(rows) + "\n")
    return [f"--image_dir={tmp_path / 'pictures'}", f"--labels_file={tmp_path / 'labels.csv'}"]


def checked(*flags: str) -> SweepPlan:
    parsed = parse(["retrain", "sweep", *flags])
    return check(parsed.config, parsed.files)


def refusal(*flags: str) -> str:
    with pytest.raises(InputError) as raised:
        checked(*flags)
    return str(raised.value)


def test_what_is_searched_and_how(photos, tmp_path):
    plan = checked(f"--image_dir={photos}", f"--model_dir={tmp_path / 'run'}")
    assert (plan.sampler, plan.trials, str(plan.run)) == ("quasirandom", 64, str(tmp_path / "run"))
    assert list(plan.space) == ["l2_regularizer", "dropout_rate", "label_smoothing", "class_weights"]
    assert plan.metric == Metric("accuracy", "label", "accuracy", higher_is_better=True)
    assert plan.storage == f"sqlite:///{tmp_path / 'run' / 'study.db'}"
    assert plan.about["objective"] == "validation/accuracy"
    assert plan.about["swept flags"] == "l2_regularizer, dropout_rate, label_smoothing, class_weights"
    assert not (tmp_path / "run").exists()


def test_trials_are_asked_for_by_the_sampler_that_is_used(photos):
    flags = [f"--image_dir={photos}", "--sampler=tpe"]
    assert SAMPLERS[checked(*flags, "--sweep=l2_regularizer=0..1").sampler].at_once == 16
    plan = checked(*flags, "--sweep=dropout_rate=0,0.5")
    assert (plan.sampler, plan.trials, SAMPLERS[plan.sampler].at_once) == ("grid", 2, 32)


def test_no_direction_is_read_from_the_name_of_a_task(table):
    plan = checked(*table, "--objective=validation/micro_f1_at_0.5/gloss")
    assert plan.metric == Metric("micro_f1_at_0.5", "gloss", "micro_f1_at_0.5/gloss", higher_is_better=True)
    assert not checked(*table, "--objective=validation/hamming_loss/gloss").metric.higher_is_better


@pytest.fixture
def parses(monkeypatch) -> list:
    """The settings of each data plan that is made."""
    settings = []

    def planned(data):
        settings.append(data)
        return plan_data(data)

    plan_data = sweep_check.plan_data
    monkeypatch.setattr(sweep_check, "plan_data", planned)
    return settings


def test_heads_that_vary_have_a_data_plan_each_which_is_made_once(photos, parses):
    plan = checked(f"--image_dir={photos}", "--sweep=head=softmax,sigmoid", "--sweep=dropout_rate=0,0.5")
    assert [data.head for data in parses] == ["softmax", "sigmoid"]
    for head in ("softmax", "sigmoid", "softmax"):
        trial = plan.trial({"head": head, "dropout_rate": 0.5})
        assert trial.data is plan.plans[trial.config.data].data
        assert (dict(trial.data.kinds), trial.config.head.dropout_rate) == ({"label": head}, 0.5)
    assert len(parses) == 2


def test_tasks_that_vary_are_typed_and_the_best_flags_repeat_them(table, parses):
    plan = checked(*table, "--sweep=tasks=kind:softmax;kind:sigmoid")
    assert [data.tasks for data in parses] == [(KIND,), (OfTask("kind", "sigmoid"),)]
    for kind in ("softmax", "sigmoid"):
        trial = plan.trial({"tasks": (OfTask("kind", kind),)})
        assert dict(trial.data.kinds) == {"kind": kind}
        assert f"\n--tasks=kind:{kind}\n" in to_flags(trial.config, "train")
    assert len(parses) == 2


def test_the_labels_of_all_trials_tell_one_sweep_from_another(table, tmp_path):
    flags = [*table, "--sweep=tasks=kind:softmax;kind:softmax,gloss:sigmoid", "--objective=validation/loss"]
    before = checked(*flags).about
    text = (tmp_path / "labels.csv").read_text()
    (tmp_path / "labels.csv").write_text(text.replace("b,x", "b,y"))
    after = checked(*flags).about
    assert [key for key in before if before[key] != after[key]] == ["images"]


def test_a_pattern_that_varies_is_typed_and_the_best_flags_repeat_it(photos, saved_model, tmp_path):
    plan = checked(
        f"--image_dir={photos}",
        f"--tfhub_module={saved_model}",
        "--fine_tune",
        "--sweep=fine_tune_from=Conv|Pool;Dense",
    )
    flags = {"fine_tune_from": plan.space["fine_tune_from"].restored("Conv|Pool")}
    trial = plan.trial(flags).config
    assert trial.pixels.fine_tune_from == re.compile("Conv|Pool")
    (tmp_path / "best.flags").write_text(to_flags(trial, "train", "best.flags"))
    again = parse(["retrain", f"--flagfile={tmp_path / 'best.flags'}"]).config
    assert again.pixels == trial.pixels


def test_the_figure_of_early_stopping_reaches_the_trials_that_stop_early(photos, saved_model):
    plan = checked(
        f"--image_dir={photos}",
        f"--tfhub_module={saved_model}",
        "--sweep=fine_tune=false,true",
        "--early_stopping_metric=accuracy",
    )
    assert plan.trial({"fine_tune": True}).metric.key == "accuracy"


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["--trials=0"], "--trials=0 is out of range: it must be at least 1 and at most 1000000."),
        (["--sweep=dropout_rat=0,1"], None),
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
            f"'bayes' is no sampler: choose from {', '.join(SAMPLERS)}.",
        ),
        (
            ["--sweep=optimizer=sgd,adam"],
            "--optimizer=sgd needs --fine_tune or --augment: give it, too, or leave this out.",
        ),
        (["--folds=1"], "--folds=1 is out of range: it must be at least 2 and at most 100."),
        (
            ["--sampler=grid", "--trials=2", "--sweep=batch_size=8..16"],
            "The grid has 9 combinations, more than --trials=2: leave out --trials to try them all, or take "
            "another --sampler.",
        ),
        (["--sweep=tfhub_module=builtin:gradients,gone"], None),
        (
            ["--sweep=head=softmax,softmx"],
            f"'softmx' is no head: choose from {', '.join(HEADS)}; did you mean 'softmax'?",
        ),
        (
            ["--fine_tune", "--tfhub_module=builtin:gradients"],
            "--fine_tune trains the variables of a module, and 'builtin:gradients' has none that can "
            "be trained: leave it out, or use another module.",
        ),
        (
            ["--augment=light", "--pruner=halving"],
            "--pruner=halving is for heads on features, and has no effect with --fine_tune or --augment: "
            "leave it out.",
        ),
        (
            ["--augment=light", "--sweep_memory_gb=3"],
            "--sweep_memory_gb=3.0 is for heads on features, and has no effect with --fine_tune or "
            "--augment: leave it out.",
        ),
        (
            ["--prefer=cheap"],
            "--prefer=cheap goes by what a module costs, and all trials have the same: vary tfhub_module or "
            "image_size, or leave it out.",
        ),
        (
            ["--folds=5", "--sweep=fine_tune=false,true"],
            "--folds=5 judges heads on remembered features, but with --fine_tune or --augment each fold "
            "would be a training of its own: leave out one of the two.",
        ),
        (
            ["--augment=light", "--early_stopping_metric=acuracy"],
            "'acuracy' is no figure of --early_stopping_metric: choose from accuracy, average_loss, "
            "expected_calibration_error, macro_f1, balanced_accuracy, weighted_f1, top_5_accuracy, loss; did "
            "you mean 'accuracy'?",
        ),
    ],
)
def test_what_cannot_be_searched(photos, tmp_path, flags, expected):
    found = refusal(f"--image_dir={photos}", f"--model_dir={tmp_path / 'run'}", *flags)
    assert expected is None or found == expected
    assert not (tmp_path / "run").exists()


def test_halving_gives_up_heads_and_no_fine_tuned_module(photos, saved_model):
    flags = [f"--image_dir={photos}", f"--tfhub_module={saved_model}", "--fine_tune"]
    assert refusal(*flags, "--pruner=halving") == (
        "--pruner=halving is for heads on features, and has no effect with --fine_tune or --augment: leave "
        "it out."
    )


def test_a_cheap_module_is_preferred_where_modules_or_sizes_differ(photos, saved_model):
    flags = [f"--image_dir={photos}", "--prefer=cheap"]
    assert checked(*flags, "--sweep=image_size=64,96").config.sweep.prefer == "cheap"
    assert (
        checked(*flags, f"--sweep=tfhub_module=builtin:gradients,{saved_model}").config.sweep.prefer
        == "cheap"
    )


def test_the_objective_is_the_same_figure_in_all_trials(table):
    assert refusal(*table, "--sweep=tasks=kind:softmax;kind:softmax,gloss:sigmoid").startswith(
        "'validation/accuracy' is no figure to rank trials by: choose from validation/accuracy/kind, "
    )
    assert refusal(*table, "--sweep=tasks=kind:sigmoid;gloss:sigmoid") == (
        "validation/accuracy would be that of task 'kind' in one trial and of task 'gloss' in another, which "
        "cannot be ranked: give all trials the same tasks."
    )


@pytest.mark.parametrize(
    ("file", "text"), [("notes.txt", ""), ("run.flags", "# python -m retrain train --flagfile=run.flags\n")]
)
def test_a_directory_of_something_else_is_left_alone(photos, tmp_path, file, text):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / file).write_text(text)
    assert refusal(f"--image_dir={photos}", f"--model_dir={tmp_path / 'run'}") == (
        f"--model_dir='{tmp_path / 'run'}' is not empty, and nothing is overwritten: name a new directory."
    )


def test_a_study_that_another_sweep_began(photos, tmp_path):
    flags = [f"--image_dir={photos}", f"--storage={url(tmp_path)}", "--sweep=dropout_rate=0,0.5"]
    plan = checked(*flags, "--max_steps=40")
    with open_study(plan.storage, "sweep", "maximize", plan.about, None):
        pass
    assert checked(*flags, "--max_steps=40").about == plan.about
    assert refusal(*flags, "--max_steps=41") == (
        f"The study 'sweep' in {url(tmp_path)!r} was begun with --max_steps=40, but this sweep has "
        "--max_steps=41: repeat the settings of then, or name another --model_dir, --storage or --study."
    )
    assert checked(*flags, "--max_steps=41", "--study=another").storage == plan.storage


def test_a_directory_of_a_sweep_goes_on_with_the_same_flags_only(photos, tmp_path):
    run = tmp_path / "run"
    flags = [f"--image_dir={photos}", f"--model_dir={run}", "--sweep=dropout_rate=0,0.5"]
    plan = checked(*flags, "--max_steps=40")
    run.mkdir()
    (run / "sweep.flags").touch()
    with open_study(plan.storage, "sweep", "maximize", plan.about, None):
        pass
    assert checked(*flags, "--max_steps=40", "--trials=128").trials == 2
    assert refusal(*flags, "--max_steps=41").startswith(
        f"The study 'sweep' in 'sqlite:///{run}/study.db' was begun with --max_steps=40, but this sweep has "
    )


REFUSED = """
import sys, time
sys.modules["psycopg"] = None
from retrain.__main__ import main
for words in (line.split() for line in sys.stdin):
    assert main(["retrain", "sweep", *sys.argv[1:], *words]) == 2
    assert "tensorflow" not in sys.modules
    if not words[0].startswith("--storage"):
        assert "optuna" not in sys.modules
assert time.process_time() < 6
"""


def test_it_is_answered_before_tensorflow_is_there(photos, tmp_path):
    lines = [
        "--trials=0",
        "--fine_tune --tfhub_module=builtin:gradients",
        "--sweep=head=softmax,softmx",
        "--objective=validation/acuracy",
        "--storage=postgresql://me:secret@localhost:1/name",
        "--storage=mysql://host/name",
        "--storage=sqlite:////nowhere/a.db",
    ]
    flags = [f"--image_dir={photos}", f"--model_dir={tmp_path / 'run'}"]
    result = subprocess.run(
        [sys.executable, "-c", REFUSED, *flags],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        cwd=pathlib.Path(__file__).parents[3],
    )
    assert result.returncode == 0, result.stderr
    said = result.stderr.splitlines()
    assert len(said) == len(lines)
    assert said[4].startswith(
        "retrain: The storage 'postgresql://me:***@localhost:1/name' cannot be used (import of psycopg "
    )
    assert said[4].endswith("): pip install 'retrain[postgresql]'.")
    advice = (
        "name a database that can be reached, such as sqlite:////path/study.db or "
        "postgresql://user@host/name, or leave out --storage."
    )
    assert said[5:] == [
        "retrain: The storage 'mysql://host/name' cannot be used (No module named 'MySQLdb'): " + advice,
        "retrain: The storage 'sqlite:////nowhere/a.db' cannot be used (unable to open database file): "
        + advice,
    ]
    assert not os.path.exists(tmp_path / "run")


def test_a_trial_has_no_flags_of_sweeps_and_writes_where_it_is_told():
    config = Config.of(
        image_dir="photos",
        model_dir="run",
        sweep=("dropout_rate=0,0.5",),
        trials=3,
        sampler="tpe",
        max_steps=7,
    )
    trial = trial_config(config, {"dropout_rate": 0.5})
    assert trial == Config.of(image_dir="photos", max_steps=7, dropout_rate=0.5)
    assert config.sweep.trials == 3


def test_what_has_no_effect_on_a_trial_is_left_out():
    config = Config.of(image_dir="photos", momentum=0.5, weight_decay=0.1)
    frozen = trial_config(config, {"fine_tune": False, "base_learning_rate_factor": 0.1})
    assert frozen == Config.of(image_dir="photos")
    tuned = trial_config(config, {"fine_tune": True, "base_learning_rate_factor": 0.1})
    assert tuned == Config.of(
        image_dir="photos", fine_tune=True, base_learning_rate_factor=0.1, momentum=0.5, weight_decay=0.1
    )


def test_the_space_of_the_study_is_told(photos):
    plan = checked(f"--image_dir={photos}", "--sweep=dropout_rate=0,0.2,0.5", "--sweep=batch_size=8..9")
    assert plan.space == SPACE
    assert plan.about["--sweep batch_size"] == "lin:8..9"
