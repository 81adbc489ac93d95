import fcntl
import json

import pytest

from retrain.commands.sweep import winner
from retrain.commands.sweep.image_trial import image_trial_run
from retrain.commands.sweep.winner import train_winner
from retrain.flags import parse
from retrain.runs.run import FINISHED, UNFINISHED, Run
from retrain.settings.config import to_flags
from tests.commands.sweep.trial_worlds import trial_of

TEMPERATURE = 1e-3  # how near a loss is: temperatures are found to some digits, and few images make it steep


@pytest.fixture
def run(tmp_path) -> Run:
    (tmp_path / "sweep").mkdir()
    return Run(tmp_path / "sweep")


@pytest.fixture
def trained(monkeypatch, run) -> list[tuple[str, str]]:
    """Where winners were trained, and what state their run was in before."""
    found = []

    def train(plan, prepared):
        assert prepared == "prepared"
        with open(run.path / ".lock") as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        found.append((plan.run.path.name, plan.run.state))
        finish(plan.run, plan.config)

    monkeypatch.setattr(winner, "train_classifier", train)
    monkeypatch.setattr(winner, "heads_of", lambda listing, kinds: kinds)
    monkeypatch.setattr(winner, "training_summary", lambda *of: of)
    return found


def begin(run: Run, config) -> None:
    run.write("run.flags", to_flags(config, "train"))


def finish(run: Run, config) -> None:
    """Writes what tells of a finished run."""
    begin(run, config)
    run.write("metrics.json", json.dumps({"validation": {"accuracy": 0.5}, "global_step": 40}))
    run.write("exports.json", json.dumps({"written": ["saved_model"], "failed": {}}))


def train(run: Run, **flags: object):
    return train_winner(run, trial_of("kind", **flags), lambda plan: "prepared")


def test_the_winner_is_trained_in_best_by_one_worker_at_a_time(run, trained):
    (figures, heads, best, exports, notes), written = train(run)
    assert trained == [("best", "new")]
    assert (figures, heads, str(best)) == (
        {"validation": {"accuracy": 0.5}},
        {"kind": "softmax"},
        f"{run}/best",
    )
    assert exports == written == [f"{run}/best/export/saved_model"]
    assert notes == []
    assert Run(best.path).state == FINISHED


@pytest.mark.parametrize(
    ("counts", "flags", "told"),
    [
        ({"count": 99}, {}, "99 validation images"),
        ({"count/kind": 120, "count/size": 1}, {}, "1 validation image"),
        ({"count": 100}, {}, None),
        ({"count": 99}, {"folds": 3}, None),
        ({"count": 99}, {"fine_tune": True}, None),
        ({}, {}, None),
    ],
)
def test_few_images_by_which_trials_were_judged_are_told(run, trained, monkeypatch, counts, flags, told):
    monkeypatch.setattr(winner, "_figures", lambda best: {"validation": {"accuracy": 0.5, **counts}})
    notes = train(run, **flags)[0][-1]
    assert notes == (
        [f"The trials were judged by {told}: with --folds=5 it would be all images but those of test."]
        if told
        else []
    )


def test_a_winner_that_is_there_is_left_alone(run, trained):
    train(run)
    train(run)
    assert len(trained) == 1


def test_another_winner_does_not_overwrite_it(run, trained):
    for rate in (0.1, 0.2, 0.3):
        train(run, dropout_rate=rate)
    flags = {name: (run.path / name / "run.flags").read_text() for name in ("best", "best.1", "best.2")}
    assert ["--dropout_rate=0.3" in flags["best"], "--dropout_rate=0.1" in flags["best.1"]] == [True, True]
    assert "--dropout_rate=0.2" in flags["best.2"]


def test_a_killed_one_goes_on(run, trained):
    (run.path / "best").mkdir()
    begin(Run(run.path / "best"), trial_of("kind").config)
    train(run)
    assert trained == [("best", UNFINISHED)]


def test_one_that_was_killed_before_it_had_begun_is_not_put_aside(run, trained):
    (run.path / "best").mkdir()
    (run.path / "best" / ".run.flags.0123abcd.partial").touch()
    train(run)
    assert trained == [("best", "new")]
    assert sorted(path.name for path in run.path.iterdir()) == [".lock", "best"]


def test_what_a_trial_trained_on_images_is_taken(run, trained):
    plan = trial_of("kind", fine_tune=True)
    trial = image_trial_run(run, plan.config)
    trial.path.mkdir(parents=True)
    begin(trial, plan.config)
    train(run, fine_tune=True)
    assert trained == [("best", UNFINISHED)]
    assert not trial.path.exists()


def test_the_flags_of_the_best_are_complete_and_train_exactly_it(command, swept, trials, metrics, tmp_path):
    parsed = parse(["retrain", f"--flagfile={swept / 'best.flags'}"])
    assert parsed.verb == "train"
    table, head = trials(swept), parsed.config.head
    chosen = table[table["learning_rate"] == head.learning_rate].iloc[0]
    assert chosen["accuracy"] == table["accuracy"].max()
    assert (head.dropout_rate, head.l2_regularizer) == (chosen["dropout_rate"], chosen["l2_regularizer"])
    assert command(f"--flagfile={swept / 'best.flags'}", f"--model_dir={tmp_path / 'again'}").status == 0
    for name in ("metrics.json", "predictions.csv", "run.flags"):
        assert (tmp_path / "again" / name).read_bytes() == (swept / "best" / name).read_bytes()
    found = metrics(tmp_path / "again")["validation"]
    assert found["accuracy"] == chosen["accuracy"]
    assert found["average_loss"] == pytest.approx(chosen["average_loss"], rel=TEMPERATURE)
