"""`python -m retrain sweep`: the flags of `train` that suit the images best, and the classifier they make.

Trials are asked for, trained together and told, until there are enough of them; then the winner is trained as
`train` would, in MODEL_DIR/best, and only there are the images of test looked at.
"""

import functools
import os
import time
from collections.abc import Callable

import optuna
from absl import logging

from retrain.commands.inputs import SWEEP_FLAGS, Inputs, read_labels
from retrain.commands.prepared import Prepared, prepare
from retrain.commands.sweep_results import Results, results, write_page, write_results
from retrain.commands.sweep_trials import run_trials, trial_config
from retrain.commands.sweep_winner import train_winner, write_best_flags
from retrain.commands.task_flags import head_kinds, task_kinds
from retrain.config import Config, to_flags
from retrain.errors import InputError
from retrain.files import write_text
from retrain.report.summary import training_summary
from retrain.report.sweep_table import short, sweep_summary
from retrain.sweep.about import about_sweep
from retrain.sweep.objective import Objective, find_objective
from retrain.sweep.record import encoded, flags_of
from retrain.sweep.sampler import distributions, make_sampler
from retrain.sweep.space import Space, parse_space, trial_count
from retrain.sweep.study import ask, heartbeat, keep_watch, open_study, tell, unfinished

STUDY_FILE = "study.db"
AT_ONCE, AT_ONCE_WITH_TPE = 32, 16  # trials; TPE is to learn from them on the way
SECONDS_BETWEEN_LOOKS = 1.0
KEPT = 4  # modules whose features stay in memory for later trials


def sweep(config: Config, inputs: Inputs) -> None:
    """Searches the space, alone or with others, and trains the winner."""
    run, listing = inputs.run_directory, inputs.listing
    space = parse_space(config.sweep)
    kinds = head_kinds(listing, config.head, task_kinds(config))
    objective = find_objective(config.objective, kinds)
    study = open_study(
        config.storage or f"sqlite:///{os.path.abspath(os.path.join(run, STUDY_FILE))}",
        config.study,
        objective.direction,
        about_sweep(space, objective, config, listing),
        make_sampler(config.sampler, space, config.seed),
    )
    write_text(os.path.join(run, SWEEP_FLAGS), to_flags(config, "sweep", SWEEP_FLAGS))
    prepared = functools.lru_cache(KEPT)(
        lambda common: prepare(common, listing if "tasks" not in space else read_labels(common))
    )
    _search(study, space, objective, config, prepared, run)
    found = results(study, space, objective, config.prefer)
    if found.winner is None:
        raise InputError(
            f"No trial has a result: {found.rows[0].reason}" if found.rows else "No trial has a result."
        )
    winner = trial_config(config, found.winner.flags)
    write_results(run, found)
    write_page(run, found, objective)
    write_best_flags(run, winner)
    figures, exports = train_winner(run, winner, prepared, listing.image_dir)
    print(sweep_summary(found.rows, found.winner.number, objective.name, run))
    print(training_summary(figures, os.path.join(run, "best"), exports))


def _search(
    study: optuna.Study,
    space: Space,
    objective: Objective,
    config: Config,
    prepared: Callable[[Config], Prepared],
    run: str,
) -> None:
    """Runs trials until there are enough; those that other workers run are waited for."""
    trials = trial_count(config.trials, config.sampler, space)
    at_once = AT_ONCE_WITH_TPE if config.sampler == "tpe" else AT_ONCE
    costs = bool({"tfhub_module", "image_size"} & set(space))
    waiting = False
    while True:
        asked = ask(study, distributions(space), at_once, trials)
        if asked:
            waiting = False
            configs = [trial_config(config, flags_of(trial, space)) for trial in asked]
            with heartbeat(study, asked):
                for records in run_trials(configs, prepared, objective, config.folds, costs):
                    for at, record in records.items():
                        tell(study, asked[at], record.value, encoded(record))
                    found = results(study, space, objective, config.prefer)
                    write_results(run, found)
                    _log_progress(found, trials, objective)
        elif not unfinished(study):
            return
        else:
            if not waiting:
                logging.info("Waiting for %d trials that other workers run, or died of.", unfinished(study))
                keep_watch(study)
                waiting = True
            time.sleep(SECONDS_BETWEEN_LOOKS)


def _log_progress(found: Results, trials: int, objective: Objective) -> None:
    done = f"Sweep: {len(found.rows)} of {trials} trials"
    if found.winner is None:
        logging.info("%s, none with a result.", done)
    else:
        values = ", ".join(f"{name}={short(value)}" for name, value in found.winner.flags.items())
        logging.info("%s; best %s %.4f with %s.", done, objective.name, found.winner.value, values)
