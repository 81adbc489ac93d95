"""The settings of training."""

import dataclasses

from retrain.settings.field import COUNT, setting


@dataclasses.dataclass(frozen=True)
class TrainingSettings:
    """How heads are trained."""

    learning_rate: float | None = setting(
        None,
        "training",
        "Step size of the optimizer. Default: by the recipe; a given value is never overridden.",
        sweep=True,
        above=0.0,
    )
    max_steps: int | None = setting(
        None, "training", "Steps of training, one batch each. Default: by the recipe.", sweep=True, **COUNT
    )
    train_epochs: float | None = setting(
        None, "training", "Passes over the training images, instead of max_steps.", sweep=True, above=0.0
    )
    batch_size: int | None = setting(
        None,
        "training",
        "Images per training step. Default: 100 for features, 32 with --fine_tune.",
        sweep=True,
        **COUNT,
    )
    dropout_rate: float = setting(
        0.2,
        "training",
        "Share of the features left out at random in each step; 0.5 when there are few images.",
        sweep=True,
        low=0.0,
        below=1.0,
    )
    label_smoothing: float | None = setting(
        None,
        "training",
        "Share of each label that is spread over all classes; 0.1 when some labels are wrong. Default: 0, "
        "and 0.1 with --fine_tune.",
        sweep=True,
        low=0.0,
        below=1.0,
    )
    l1_regularizer: float = setting(
        0.0,
        "training",
        "Weight of the L1 penalty on the head; it sets what useless features count to zero.",
        sweep=True,
        low=0.0,
    )
    l2_regularizer: float | None = setting(
        None,
        "training",
        "Weight of the L2 penalty on the head; more for fewer images. Default: the best of a small grid.",
        sweep=True,
        low=0.0,
    )
    class_weights: str = setting(
        "none",
        "training",
        "balanced lets every class count the same, however many images it has.",
        choices=("none", "balanced"),
        sweep=True,
    )
    task_weights: str | None = setting(
        None,
        "training",
        "What the loss of each task counts in their sum, such as kind:1,tags:0.5. Default: 1 each. The heads "
        "of a frozen module share nothing and stay the same: only loss in metrics.json changes.",
    )
    calibrate: bool = setting(
        True,
        "training",
        "Fit a temperature to the validation images, so that probabilities are as often right as they say.",
    )
    warm_start_head: bool = setting(
        False,
        "training",
        "Begin with the weights that the module's publisher gave to classes of the same names, found in "
        "--label_map; for few images.",
    )
    warm_start_from: str | None = setting(
        None,
        "training",
        "Begin with the base and the head of an earlier run, a checkpoint of it, or an export: with other "
        "images, or more classes. Rows of the head go over by the name of the class; others begin at 0.",
        path=True,
    )
    seed: int = setting(
        0,
        "training",
        "Two runs with the same seed give the same classifier, on a CPU to the last bit.",
        low=0,
        high=2**31 - 1,
    )
