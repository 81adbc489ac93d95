"""`python -m retrain sweep`: the flags of `train` that suit the images best, and the classifier they make.

Trials are asked for, trained together and told, until there are enough of them; then the winner is trained as
`train` would, in MODEL_DIR/best, and only there are the images of test looked at.
"""

from collections.abc import Callable, Hashable

import optuna
from absl import logging

from retrain.commands.sweep.check import SweepPlan
from retrain.commands.sweep.judging import Judging
from retrain.commands.sweep.trial_rows import Results, results, write_page, write_results
from retrain.commands.sweep.trials import run_trials, together
from retrain.commands.sweep.winner import BEST_FLAGS, train_winner
from retrain.commands.train.check import TrainPlan
from retrain.commands.train.prepare import Prepared, prepare
from retrain.errors import InputError
from retrain.extensions import named
from retrain.head_search.budget import Budget, Halving
from retrain.printable import say
from retrain.report.sweep_table import short, sweep_summary
from retrain.runs.run import SWEEP_FLAGS
from retrain.settings.config import to_flags
from retrain.settings.needs import costs_differ
from retrain.studies import SAMPLERS
from retrain.studies.heartbeat import give_back_before, heartbeat
from retrain.studies.objective import name_of
from retrain.studies.record import encoded, flags_of
from retrain.studies.sequences import distributions
from retrain.studies.study import batch_of, next_trials, open_study, tell

KEPT = 4  # modules whose features stay in memory for later trials
GIB = 2**30

Preparing = Callable[[TrainPlan], Prepared]


def run(plan: SweepPlan) -> int:
    """Searches the space, alone or with others, and trains the winner."""
    sampler = named(SAMPLERS[plan.sampler].make)(plan.space, plan.config.head.seed)
    direction = "maximize" if plan.metric.higher_is_better else "minimize"
    preparing = remembering(prepare)
    with open_study(plan.storage, plan.config.sweep.study, direction, plan.about, sampler) as study:
        if plan.config.sweep.storage is None and plan.run.alone_since is not None:
            give_back_before(study, plan.run.alone_since)
        plan.run.write(SWEEP_FLAGS, to_flags(plan.config, "sweep", SWEEP_FLAGS))
        search(plan, study, preparing)
        found = _results(plan, study)
        if found.winner is None:
            reason = found.rows[0].reason.rstrip(".")
            raise InputError(f"None of {len(found.rows)} trials has a result; the first: {reason}.")
        write_page(plan, found, study)
    winner = plan.trial(found.winner.flags)
    plan.run.write(BEST_FLAGS, to_flags(winner.config, "train", BEST_FLAGS))
    summary, exports = train_winner(plan.run, winner, preparing)
    say(sweep_summary(found.rows, found.winner.number, name_of(plan.metric), str(plan.run)))
    say(summary)
    return 0 if exports else 1


def remembering(prepare: Preparing) -> Preparing:
    """`prepare`, which remembers the last features, but where the module is not left as it is."""
    kept: dict[Hashable, Prepared] = {}

    def preparing(plan: TrainPlan) -> Prepared:
        if plan.config.trains_on_images:
            return prepare(plan)
        key = together(plan)
        kept[key] = kept.pop(key, None) or prepare(plan)  # the last used behind all others
        while len(kept) > KEPT:
            del kept[next(iter(kept))]
        return kept[key]

    return preparing


def judging_of(plan: SweepPlan) -> Judging:
    """How its trials are trained and judged."""
    settings = plan.config.sweep
    halving = Halving() if settings.pruner == "halving" else None
    return Judging(
        plan.metric,
        settings.folds,
        Budget(int(settings.sweep_memory_gb * GIB), halving),
        costs=costs_differ(plan.space),
    )


def search(plan: SweepPlan, study: optuna.Study, preparing: Preparing) -> None:
    """Runs trials until there are enough."""
    judging, at_once = judging_of(plan), SAMPLERS[plan.sampler].at_once
    while asked := next_trials(study, distributions(plan.space), at_once, plan.trials):
        batch = batch_of(study, asked, at_once)
        planned = [(trial, plan.trial(flags_of(trial, plan.space))) for trial in batch]
        # What trains on images is trained alone, so that what was told is not trained again.
        planned = [(trial, of) for trial, of in planned if trial in asked or not of.config.trains_on_images]
        with heartbeat(study, asked):
            for records in run_trials([of for _, of in planned], preparing, judging, plan.run):
                for at, record in records.items():
                    tell(study, planned[at][0], encoded(record))
                _report_progress(plan, study)


def _results(plan: SweepPlan, study: optuna.Study) -> Results:
    return results(study, plan.space, plan.metric, plan.config.sweep.prefer)


def _report_progress(plan: SweepPlan, study: optuna.Study) -> None:
    found = _results(plan, study)
    write_results(plan.run, found)
    done = f"Sweep: {len(found.rows)} of {plan.trials} trials"
    if found.winner is None:
        logging.info("%s, none with a result.", done)
    else:
        flags = ", ".join(f"{name}={short(value)}" for name, value in found.winner.flags.items())
        logging.info("%s; %s %.4f with %s.", done, name_of(plan.metric), found.winner.value, flags)
