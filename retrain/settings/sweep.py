"""The settings of a sweep: what varies, how trials are drawn, judged and kept."""

import dataclasses

from retrain.settings.field import setting
from retrain.settings.needs import COST, HEADS_ALONE

SWEEP = ("sweep",)


@dataclasses.dataclass(frozen=True)
class SweepSettings:
    """The space, and how it is searched."""

    title = "Sweep"

    sweep: tuple[str, ...] = setting(
        (),
        "A flag and what it may be: a list, such as dropout_rate=0,0.2,0.5 or tfhub_module=builtin:,DIR, "
        "or a range, such as learning_rate=1e-4..1e-1 (log: or lin: before it decides the scale, /7 behind "
        "it makes seven values). Once for each flag that varies. Default: the space in flags/sweep.flags.",
        verbs=SWEEP,
        repeated=True,
    )
    trials: int | None = setting(
        None,
        "How many combinations are tried. Default: 64, or the whole grid.",
        verbs=SWEEP,
        low=1,
        high=10**6,
    )
    objective: str | None = setting(
        None,
        "The figure by which trials are ranked. Default: validation/accuracy, of the first task.",
        verbs=SWEEP,
    )
    sampler: str = setting(
        "quasirandom",
        "How combinations are drawn: quasirandom fills the space evenly, tpe draws where trials were good.",
        verbs=SWEEP,
        table=("retrain.studies:SAMPLERS", "sampler"),
    )
    pruner: str = setting(
        "none",
        "halving stops the worse half of the trials early, again and again.",
        verbs=SWEEP,
        choices=("none", "halving"),
        needs=HEADS_ALONE,
    )
    folds: int | None = setting(
        None,
        "Cross-validate in so many parts. train tells the accuracy over all images, each judged by a head "
        "that never saw it; sweep judges each trial so, on all images but those of test.",
        verbs=("train", *SWEEP),
        low=2,
        high=100,
    )
    prefer: str = setting(
        "best",
        "cheap takes the module of the fewest operations for an image among the trials at most one standard "
        "error worse than the best.",
        verbs=SWEEP,
        choices=("best", "cheap"),
        needs=COST,
    )
    sweep_memory_gb: float = setting(
        2.0,
        "Memory for the trials that are trained at once, beside the features.",
        verbs=SWEEP,
        needs=HEADS_ALONE,
        above=0.0,
    )
    storage: str | None = setting(
        None,
        "Database of the study, such as postgresql://user@host/name: the same command on several machines "
        "works on the same study then. Default: an SQLite file in model_dir.",
        recorded=False,
        verbs=SWEEP,
    )
    study: str = setting("sweep", "Name of the study in the storage.", verbs=SWEEP)
