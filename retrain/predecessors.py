"""The flags of retrain.py and of make_image_classifier, and what became of each.

Not here are those that settings are still called by. The others are other names of settings, or it is told at
the start what stands in their place, or, where the result would be another without them, they are refused.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

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
    """A flag whose meaning was another, or that has no effect; `holds` says for which settings and flags.

    It is given the name, a `retrain.settings.config.Config`, and the names of the flags that were typed.
    """

    sentence: str
    holds: Callable[[str, Any, Collection[str]], bool] = lambda name, config, typed: True


def _augments_alone(name: str, config: Any, typed: Collection[str]) -> bool:
    is_on = bool(config.value(ALIASES.get(name, name)))
    return is_on and config.augmentation.augment in (None, "none") and "augment" not in typed


# Of strengths that make_image_classifier read with --do_data_augmentation alone.
ALONE = Clash("images are augmented by it, also without --do_data_augmentation.", _augments_alone)
# By the name that was typed.
CLASHES = {
    "validation_split": Clash(
        "images are kept for test, too, which make_image_classifier did not: --testing_split=0 keeps none.",
        lambda name, config, typed: {"testing_percentage", "testing_split"}.isdisjoint(typed),
    ),
    "output_labels": Clash("names are as folders are called; retrain.py wrote them in small letters."),
    "assert_accuracy_at_least": Clash(
        "it goes by the test images; make_image_classifier went by those of validation."
    ),
    "momentum": Clash(
        "a head on features has a momentum of its own; this one is for training on images.",
        lambda name, config, typed: not config.trains_on_images,
    ),
    "learning_rate": Clash(
        "large modules are fine-tuned by adamw, whose rates are smaller; make_image_classifier took gradient "
        "descent, as --optimizer=sgd does.",
        lambda name, config, typed: (
            "do_fine_tuning" in typed and config.pixels.fine_tune and config.pixels.optimizer is None
        ),
    ),
    "final_tensor_name": Clash(
        "it names the output of a frozen graph, and none is written without --output_graph.",
        lambda name, config, typed: (
            config.results.output_graph is None and "frozen_graph" not in config.results.export_formats
        ),
    ),
    "horizontal_flip": ALONE,
    "rotation_range": ALONE,
    "width_shift_range": ALONE,
    "height_shift_range": ALONE,
    "shear_range": ALONE,
    "zoom_range": ALONE,
}


def told(former: Collection[str], typed: Collection[str], config: Any) -> tuple[str, ...]:
    """What is said at the start of these former flags, and of those `typed`: once of those alike."""
    sentences = {name: FORMER[name].sentence for name in former if not FORMER[name].is_refused}
    for name, clash in CLASHES.items():
        if name in typed and clash.holds(name, config, typed):
            sentences[name] = clash.sentence
    flags: dict[str, list[str]] = {}
    for name, sentence in sentences.items():
        flags.setdefault(sentence, []).append(f"--{name}")
    return tuple(f"{', '.join(of)}: {sentence}" for sentence, of in flags.items())


def refusal(values: Mapping[str, str]) -> str:
    """The sentences of former flags, name -> value, that cannot be left out; empty where all can."""
    refused = [
        name for name, value in values.items() if FORMER[name].is_refused and value != FORMER[name].harmless
    ]
    return " ".join(f"--{name}: {FORMER[name].sentence}" for name in refused)
