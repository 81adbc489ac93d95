"""What training is told, whether it is that of heads on features or of images, base and heads together."""

import dataclasses

from retrain.settings.field import COUNT, setting


@dataclasses.dataclass(frozen=True)
class TrainingSettings:
    """Settings of both. What is said of a `later` training on images is not said of the head before."""

    learning_rate: float | None = setting(
        None,
        "Step size of the optimizer. Default: by the recipe; a given value is never overridden.",
        later=True,
        sweep=True,
        above=0.0,
    )
    max_steps: int | None = setting(
        None,
        "Steps of training, one batch each. Default: by the recipe.",
        lengthens=True,
        later=True,
        sweep=True,
        **COUNT,
    )
    train_epochs: float | None = setting(
        None,
        "Passes over the training images, instead of max_steps.",
        lengthens=True,
        later=True,
        sweep=True,
        above=0.0,
    )
    batch_size: int | None = setting(
        None,
        "Images per training step. Default: 100 for features, 32 with --fine_tune.",
        later=True,
        sweep=True,
        **COUNT,
    )
    dropout_rate: float = setting(
        0.2,
        "Share of the features left out at random in each step; 0.5 when there are few images.",
        sweep=True,
        low=0.0,
        below=1.0,
    )
    label_smoothing: float | None = setting(
        None,
        "Share of each label that is spread over all classes; 0.1 when some labels are wrong. Default: 0, "
        "and 0.1 with --fine_tune.",
        later=True,
        sweep=True,
        low=0.0,
        below=1.0,
    )
    l1_regularizer: float = setting(
        0.0,
        "Weight of the L1 penalty on the head; it sets what useless features count to zero.",
        sweep=True,
        low=0.0,
    )
    l2_regularizer: float | None = setting(
        None,
        "Weight of the L2 penalty on the head; more for fewer images. Default: one of a small grid, by "
        "cross-validation on the images to train on.",
        sweep=True,
        low=0.0,
    )
    class_weights: str = setting(
        "none",
        "balanced lets every class count the same, however many images it has.",
        choices=("none", "balanced"),
        sweep=True,
    )
    seed: int = setting(
        0,
        "Two runs with the same seed give the same classifier, on a CPU to the last bit.",
        low=0,
        high=2**31 - 1,
    )
