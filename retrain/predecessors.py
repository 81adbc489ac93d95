"""The flags of retrain.py and of make_image_classifier, and what became of each.

Not here are those that settings are still called by. The others are other names of settings, or it is told at
the start what stands in their place, or, where the result would be another without them, they are refused.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

# Names of settings. Those in FRACTIONS are given as parts of 1, those in SWITCHES as true or false.
ALIASES = {
    "validation_split": "validation_percentage",
    "testing_split": "testing_percentage",
    "how_many_training_steps": "max_steps",
    "train_batch_size": "batch_size",
    "do_fine_tuning": "fine_tune",
    "horizontal_flip": "flip_left_right",
    "do_data_augmentation": "augment",
    "bottleneck_dir": "feature_cache",
    "output_labels": "labels_output_file",
}
FRACTIONS = ("validation_split", "testing_split")
SWITCHES = {"do_data_augmentation": {True: "classic", False: "none"}}
# Values of --logging_verbosity, and of --verbosity.
LOGGING_VERBOSITIES = {
    "DEBUG": "debug",
    "INFO": "info",
    "WARN": "warning",
    "ERROR": "error",
    "FATAL": "error",
}


class Former(NamedTuple):
    """A flag that is none any more.

    Attributes:
      sentence: what stands in its place.
      is_switch: whether it could be given without a value.
      is_refused: whether the result would be another without it, and `harmless` the value with which not.
    """

    sentence: str
    is_switch: bool = False
    is_refused: bool = False
    harmless: str | None = None


FORMER = {
    "summaries_dir": Former(
        "events for TensorBoard are in RUN/events, and no directory is emptied for them."
    ),
    "checkpoint_path": Former("checkpoints are in RUN, and the same command with --model_dir=RUN goes on."),
    "eval_step_interval": Former(
        "a head on features is found without evaluations on the way; training on images goes by --eval_every."
    ),
    "test_batch_size": Former("accuracy is always that of all test images."),
    "validation_batch_size": Former("an evaluation always takes all validation images."),
    "intermediate_output_graphs_dir": Former("what is saved on the way are checkpoints, in RUN."),
    "intermediate_store_frequency": Former(
        "no graphs are written on the way; checkpoints are, in RUN: leave it out.",
        is_refused=True,
        harmless="0",
    ),
    "architecture": Former(
        "a network that retrain.py downloaded by name is a module now, such as "
        "--tfhub_module=keras:InceptionV3 or keras:MobileNet; without one it is builtin:, which needs no "
        "download.",
        is_refused=True,
    ),
    "set_memory_growth": Former(
        "TF_FORCE_GPU_ALLOW_GROWTH=true in the environment says the same to TensorFlow.", is_switch=True
    ),
    "use_tf_data_input": Former("images are read in one way only.", is_switch=True),
    "distribution_strategy": Former(
        "--distribution says it, and by default takes all GPUs of a machine, or the workers of TF_CONFIG."
    ),
    "tfhub_cache_dir": Former(
        "TFHUB_CACHE_DIR in the environment names the directory of modules that are downloaded."
    ),
}


class Clash(NamedTuple):
    """A flag whose meaning was another; `unless` one of these settings is given, too."""

    sentence: str
    unless: frozenset[str] = frozenset()


# By the name that was typed.
CLASHES = {
    "validation_split": Clash(
        "images are kept for test, too, which make_image_classifier did not: --testing_split=0 keeps none.",
        unless=frozenset({"testing_percentage"}),
    ),
    "output_labels": Clash("names are as folders are called; retrain.py wrote them in small letters."),
    "assert_accuracy_at_least": Clash(
        "it goes by the test images; make_image_classifier went by those of validation."
    ),
    "horizontal_flip": Clash("it counts without --do_data_augmentation, too.", unless=frozenset({"augment"})),
}


def told(former: Collection[str], typed: Collection[str], given: Collection[str]) -> tuple[str, ...]:
    """What is said at the start of these former flags, and of those `typed`; `given` names settings."""
    replaced = (f"--{name}: {FORMER[name].sentence}" for name in former if not FORMER[name].is_refused)
    clashes = (
        f"--{name}: {clash.sentence}"
        for name, clash in CLASHES.items()
        if name in typed and clash.unless.isdisjoint(given)
    )
    return (*replaced, *clashes)


def refusal(values: Mapping[str, str]) -> str:
    """The sentences of former flags, name -> value, that cannot be left out; empty where all can."""
    refused = [
        name for name, value in values.items() if FORMER[name].is_refused and value != FORMER[name].harmless
    ]
    return " ".join(f"--{name}: {FORMER[name].sentence}" for name in refused)
