"""`python -m retrain sweep`: the flags of `train` that suit the images best, and the classifier they make.

Trials are asked for, trained together and told, until there are enough of them; then the winner is trained as
`train` would, in MODEL_DIR/best, and only there are the images of test looked at.
"""

import functools
import os
from collections.abc import Callable
from typing import NamedTuple

import optuna
from absl import logging

from retrain.commands.inputs import Inputs
from retrain.commands.label_inputs import read_labels
from retrain.commands.sweep.judging import Judging
from retrain.commands.sweep.results import Results, results, write_page, write_results
from retrain.commands.sweep.trials import run_trials, trial_config
from retrain.commands.sweep.winner import BEST, train_winner, write_best_flags
from retrain.commands.task_flags import head_kinds, task_kinds
from retrain.commands.train.prepared import Prepared, prepare
from retrain.data.listing import Listing
from retrain.errors import InputError
from retrain.examples.tasks import heads_of
from retrain.files import write_text
from retrain.head_search.halving import Halving
from retrain.report.summary import training_summary
from retrain.report.sweep_table import short, sweep_summary
from retrain.runs.run_directory import SWEEP_FLAGS
from retrain.settings.config import Config, to_flags
from retrain.sweep.about import about_sweep
from retrain.sweep.heartbeat import heartbeat
from retrain.sweep.objective import Objective, find_objective
from retrain.sweep.record import encoded, flags_of
from retrain.sweep.sampler import distributions, make_sampler
from retrain.sweep.space import Space, parse_space, sampler_for, trial_count
from retrain.sweep.study import next_trials, open_study, tell

STUDY_FILE = "study.db"
AT_ONCE, AT_ONCE_WITH_TPE = 32, 16  # trials; TPE is to learn from them on the way
KEPT = 4  # modules whose features stay in memory for later trials
GIB = 2**30


class Sweep(NamedTuple):
    """A sweep under way: `config` is what all trials share, `trials` how many of them there will be."""

    config: Config
    space: Space
    objective: Objective
    trials: int
    study: optuna.Study
    run: str


def sweep(config: Config, inputs: Inputs) -> None:
    """Searches the space, alone or with others, and trains the winner."""
    run, listing = inputs.run_directory, inputs.listing
    space = parse_space(config.sweep)
    objective = find_objective(config.objective, head_kinds(listing, config.head, task_kinds(config)))
    how = sampler_for(config.sampler, config.trials, space)
    trials = trial_count(config.trials, how, space)
    storage = config.storage or f"sqlite:///{os.path.abspath(os.path.join(run, STUDY_FILE))}"
    sampler = make_sampler(how, space, config.seed)
    about = about_sweep(space, objective, config, listing)

    def listing_of(trial: Config) -> Listing:
        return read_labels(trial) if "tasks" in space else listing

    prepared = _preparing(listing_of)
    with open_study(storage, config.study, objective.direction, about, sampler) as study:
        write_text(os.path.join(run, SWEEP_FLAGS), to_flags(config, "sweep", SWEEP_FLAGS))
        this = Sweep(config, space, objective, trials, study, run)
        _search(this, prepared, listing.image_dir)
        found = _results(this)
        if found.winner is None:
            reason = found.rows[0].reason.rstrip(".")
            raise InputError(f"None of {len(found.rows)} trials has a result; the first: {reason}.")
        write_page(run, found, study, space, objective)
    winner = trial_config(config, found.winner.flags)
    write_best_flags(run, winner)
    figures, exports = train_winner(run, winner, prepared, listing.image_dir)
    print(sweep_summary(found.rows, found.winner.number, objective.name, run))
    heads = heads_of(listing_of(winner), winner.head, task_kinds(winner))
    print(training_summary(figures, heads, os.path.join(run, BEST), exports))


def _preparing(listing: Callable[[Config], Listing]) -> Callable[[Config], Prepared]:
    """`prepare`, which remembers the modules of the last trials, but for those that may change them."""

    def fresh(config: Config) -> Prepared:
        return prepare(config, listing(config))

    remembered = functools.lru_cache(KEPT)(fresh)
    return lambda config: fresh(config) if config.trains_on_images else remembered(config)


def _search(this: Sweep, prepared: Callable[[Config], Prepared], image_dir: str) -> None:
    """Runs trials until there are enough."""
    config = this.config
    at_once = AT_ONCE_WITH_TPE if config.sampler == "tpe" else AT_ONCE
    judging = Judging(
        this.objective,
        config.folds,
        Halving() if config.pruner == "halving" else None,
        int(config.sweep_memory_gb * GIB),
        costs=bool({"tfhub_module", "image_size"} & set(this.space)),
    )
    while asked := next_trials(this.study, distributions(this.space), at_once, this.trials):
        configs = [trial_config(config, flags_of(trial, this.space)) for trial in asked]
        with heartbeat(this.study, asked):
            for records in run_trials(configs, prepared, judging, image_dir, this.run):
                for at, record in records.items():
                    tell(this.study, asked[at], record.value, encoded(record), record.stopped)
                _report_progress(this)


def _results(this: Sweep) -> Results:
    return results(this.study, this.space, this.objective, this.config.prefer)


def _report_progress(this: Sweep) -> None:
    found = _results(this)
    write_results(this.run, found)
    done = f"Sweep: {len(found.rows)} of {this.trials} trials"
    if found.winner is None:
        logging.info("%s, none with a result.", done)
    else:
        flags = ", ".join(f"{name}={short(value)}" for name, value in found.winner.flags.items())
        logging.info("%s; %s %.4f with %s.", done, this.objective.name, found.winner.value, flags)
