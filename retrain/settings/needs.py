"""What a setting needs to have an effect. One without effect is refused, everywhere, by `unread`."""

import dataclasses
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from retrain.settings.field import about, as_text

WITH_MOMENTUM = ("sgd", "rmsprop")  # optimizers


class Circumstances(NamedTuple):
    """What decides whether a setting is read.

    Attributes:
      config: the settings, a `retrain.settings.config.Config`.
      verb: what is to be run.
      splits_given: whether the data say the split of each image; None before that is known.
      module_reads: the settings that the source of the module reads; None before that is known.
      varied: the names of the settings that a sweep varies.
    """

    config: Any
    verb: str
    splits_given: bool | None = None
    module_reads: frozenset[str] | None = None
    varied: frozenset[str] = frozenset()


class Need(NamedTuple):
    """When a setting is read; `sentence` tells of one that is not, with its {name} and {value}."""

    met: Callable[[Circumstances, str], bool]
    sentence: str


def unread(circumstances: Circumstances, fields: Mapping[str, dataclasses.Field]) -> dict[str, str]:
    """Name -> sentence of each setting that was given a value, and has no effect with it."""
    config, found = circumstances.config, {}
    for name, field in fields.items():
        need, value = about(field).needs, config.value(name)
        if need is not None and value != field.default and not need.met(circumstances, name):
            found[name] = need.sentence.format(name=name, value=as_text(value))
    return found


def _with_effect_on_module(at: Circumstances, name: str) -> bool:
    return at.module_reads is None or name in at.module_reads


def _kind_is_read(at: Circumstances, name: str) -> bool:
    """Not of an exported classifier, which says itself what it gives."""
    scores = at.verb in ("evaluate", "predict") and not at.config.results.features
    exported = scores and at.config.module.label_map is None
    return not exported and _with_effect_on_module(at, name)


def _label_map_is_read(at: Circumstances, name: str) -> bool:
    return at.verb not in ("train", "sweep") or at.config.module.warm_start_head


def _has_test_images(at: Circumstances, name: str) -> bool:
    """For all that is known before the data are: an earlier run may say which they are, too."""
    data = at.config.data
    return data.testing_percentage > 0 or data.split_file is not None or data.corrections is not None


def costs_differ(varied: Collection[str]) -> bool:
    """Whether trials in which these settings vary may cost more or less for an image."""
    return not {"tfhub_module", "image_size"}.isdisjoint(varied)


_GIVE = "give it, too, or leave this out."

FINE_TUNE = Need(lambda at, name: at.config.pixels.fine_tune, "--{name}={value} needs --fine_tune: " + _GIVE)
ON_IMAGES = Need(
    lambda at, name: at.config.trains_on_images, "--{name}={value} needs --fine_tune or --augment: " + _GIVE
)
MOMENTUM = Need(
    lambda at, name: at.config.trains_on_images and at.config.pixels.optimizer in (None, *WITH_MOMENTUM),
    "--{name}={value} needs --fine_tune or --augment, and --optimizer=sgd or rmsprop: " + _GIVE,
)
RAND_AUGMENT = Need(
    lambda at, name: bool(at.config.augmentation.rand_augment) or at.config.augmentation.augment == "strong",
    "--{name} needs --rand_augment: how many operations are done, such as 2.",
)
TABLE = Need(
    lambda at, name: at.config.data.labels_file is not None,
    "--{name}={value} says what is in a table of labels, but there is no --labels_file: give one.",
)
CLASS_FOLDERS = Need(
    lambda at, name: at.config.data.labels_file is None,
    "--{name}={value} is for class folders: with --labels_file, write --tasks=COLUMN:{value}.",
)
LABEL_MAP = Need(
    _label_map_is_read,
    "--{name}={value!r} is not read without --warm_start_head: give both, or neither.",
)
OWN_MODULE = Need(
    lambda at, name: at.config.module.warm_start_from is None,
    "--warm_start_from brings the module of its run with it: leave --{name} out.",
)
MODULE_SOURCE = Need(
    _with_effect_on_module,
    "--{name}={value} has no effect on this module, whose source does not read it: leave it out.",
)
MODULE_KIND = MODULE_SOURCE._replace(met=_kind_is_read)
HASHED_SPLITS = Need(
    lambda at, name: not at.splits_given,
    "--{name}={value} has no effect, for the data say the split of each image: leave it out.",
)
HEADS_ALONE = Need(
    lambda at, name: not at.config.trains_on_images,
    "--{name}={value} is for heads on features, and has no effect with --fine_tune or --augment: leave it "
    "out.",
)
COST = Need(
    lambda at, name: costs_differ(at.varied),
    "--{name}={value} goes by what a module costs, and all trials have the same: vary tfhub_module or "
    "image_size, or leave it out.",
)
PREDICTIONS = Need(
    lambda at, name: not at.config.results.features,
    "--{name}={value} is about predictions, and --features writes feature vectors instead: give one of the "
    "two.",
)
EXPORTED = Need(
    lambda at, name: not at.config.results.features and at.config.module.label_map is None,
    "--{name} goes by the familiarity that an exported classifier tells, and with --features or --label_map "
    "there is none: leave it out.",
)
ENGINE = Need(
    lambda at, name: not at.config.results.features and at.config.module.label_map is None,
    "--{name}={value} is for predictions of an exported classifier, and --features and --label_map are done "
    "by TensorFlow: leave it out.",
)
SOME_CLASSES = Need(
    lambda at, name: not (at.config.results.features or at.config.results.all_classes),
    "--{name}={value} names some classes, where --all_classes names all and --features none: give one of the "
    "three.",
)
SAVED_MODEL = Need(
    lambda at, name: "saved_model" in at.config.results.export_formats,
    "--{name}={value!r} is about the export saved_model, which --export_formats leaves out: give both, or "
    "neither.",
)
FROZEN_GRAPH = Need(
    lambda at, name: (
        at.config.results.output_graph is not None or "frozen_graph" in at.config.results.export_formats
    ),
    "--{name}={value} names the output of a frozen graph, and needs --output_graph, or "
    "--export_formats=frozen_graph: " + _GIVE,
)
VERSIONS = Need(
    lambda at, name: at.config.results.saved_model_dir is not None,
    "--{name} says how the copy --saved_model_dir is called, and needs it: " + _GIVE,
)
TEST_IMAGES = Need(
    _has_test_images,
    "--{name}={value} goes by the test images, and --testing_percentage=0 keeps none: leave out one of the "
    "two.",
)
SORTED = Need(
    lambda at, name: at.config.results.sort_into is not None,
    "--{name}={value} says how images are sorted, and needs --sort_into: " + _GIVE,
)
NO_CLASSES = Need(
    lambda at, name: at.config.module.label_map is None,
    "--{name} writes feature vectors, which have no classes, and --label_map names some: give one of "
    "the two.",
)
MIRRORED = Need(
    lambda at, name: at.config.distribution.distribution != "mirrored" or at.config.trains_on_images,
    "--{name}={value} shares out training on images, and needs --fine_tune or --augment: " + _GIVE,
)
SEVERAL_WORKERS = Need(
    lambda at, name: at.config.distribution.distribution in ("auto", "multi_worker"),
    "--{name}={value} says how long workers wait for each other, and with --distribution=off or mirrored "
    "there is one: leave it out.",
)
