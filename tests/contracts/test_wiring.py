"""Every setting reaches what it is for: with another value, a tiny run of its stage ends differently.

Or it is refused there. The fields are those of the sections, so that a new one without a case fails.
"""

import dataclasses
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from retrain.commands.train import mixed_precision
from retrain.commands.train import pixels as pixel_stage
from retrain.errors import InputError
from retrain.features import engines
from retrain.settings.config import SECTIONS
from retrain.training import learning_rate_finder
from tests.contracts import wiring_world
from tests.contracts.wiring_world import (
    HEAD,
    Flags,
    World,
    batch,
    examples,
    exported,
    heads,
    pixels,
    ran,
    rate_found,
    swept,
)

NOTHING: Flags = MappingProxyType({})


class Case(NamedTuple):
    """What a stage is given beside the base of its runs, in both runs; and in the second one only.

    A value in braces is the path of something of the world.
    """

    stage: Callable[[World, Flags], Any]
    other: Flags
    beside: Flags = NOTHING
    refused: str | None = None


def of(stage: Callable[[World, Flags], Any], **others: str) -> dict[str, Case]:
    """A case for each flag, with its other value."""
    return {name: Case(stage, {name: text}) for name, text in others.items()}


TRAINING = {
    "learning_rate": "0.1",
    "max_steps": "3",
    "batch_size": "12",
    "dropout_rate": "0.5",
    "label_smoothing": "0.2",
    "l1_regularizer": "0.05",
    "l2_regularizer": "0.5",
    "class_weights": "balanced",
    "seed": "1",
}
EPOCHS = {"max_steps": "", "train_epochs": "1"}
LONGER = {"validation_percentage": "20", "max_steps": "3", "eval_every": "1"}
TABLE = {"labels_file": "{table}"}
CLASSIFIER = {"tfhub_module": "{classifier}", "image_size": ""}

DATA = {
    **of(examples, image_dir="{fewer}", head="sigmoid", validation_percentage="30"),
    **of(examples, testing_percentage="30", split_file="{splits}", labels_file="{table}"),
    "path_column": Case(
        examples, {"path_column": "other"}, {"labels_file": "{path_table}", "tasks": "kind:softmax"}
    ),
    "tasks": Case(examples, {"tasks": "tags:sigmoid"}, TABLE),
    "label_separator": Case(examples, {"label_separator": "/"}, TABLE),
    "task_weights": Case(heads, {"task_weights": "kind:3"}, TABLE),
    "max_skipped_percentage": Case(
        examples,
        {"max_skipped_percentage": "0"},
        {"image_dir": "{broken}"},
        "and --max_skipped_percentage allows 0 %",
    ),
    "dry_run": Case(ran, {"dry_run": "true"}, HEAD),
}
MODULE = {
    **of(examples, image_size="12", module_input_range="-1,1", feature_output="first"),
    "tfhub_module": Case(examples, {"tfhub_module": "{averaging}"}),
    "module_kind": Case(
        examples,
        {"module_kind": "image_classification"},
        {"tfhub_module": "{averaging}"},
        "is a classification module",
    ),
    "label_map": Case(
        examples,
        {"label_map": "{swapped}"},
        {**CLASSIFIER, "warm_start_head": "true", "label_map": "{labels}"},
    ),
    "warm_start_head": Case(examples, {"warm_start_head": "true", "label_map": "{labels}"}, CLASSIFIER),
    "warm_start_from": Case(examples, {"warm_start_from": "{classifier}", "tfhub_module": ""}, CLASSIFIER),
    "feature_cache": Case(wiring_world.cached, {"feature_cache": "none"}),
    "feature_engine": Case(
        examples,
        {"feature_engine": "litert"},
        refused="--feature_engine=litert needs a package that is missing: pip install 'retrain[litert]'.",
    ),
}
OF_HEADS = {
    **of(heads, **TRAINING, calibrate="false"),
    "train_epochs": Case(heads, EPOCHS),
}
OF_PIXELS = {
    **of(
        pixels, **TRAINING, base_learning_rate_factor="0.1", fine_tune_from="second", freeze_batch_norm="true"
    ),
    **of(
        pixels,
        optimizer="adam",
        momentum="0",
        weight_decay="0.5",
        warmup_steps="1",
        gradient_clip_norm="0.001",
    ),
    **of(pixels, ema="0.5", mixed_precision="true", profile_steps="1,2"),
    "train_epochs": Case(pixels, EPOCHS),
    "fine_tune": Case(pixels, {"fine_tune": "true"}, {"fine_tune": "false", "flip_left_right": "true"}),
    "eval_every": Case(pixels, {"eval_every": "2"}, LONGER),
    "save_checkpoints_steps": Case(pixels, {"save_checkpoints_steps": "1"}, {**LONGER, "eval_every": "3"}),
    "max_train_time": Case(pixels, {"max_train_time": "1e-6"}, LONGER),
    "early_stopping_patience": Case(
        pixels, {"early_stopping_patience": "1"}, {**LONGER, "learning_rate": "1e-30"}
    ),
    "early_stopping_metric": Case(
        pixels, {"early_stopping_metric": "accuracy"}, {**LONGER, "learning_rate": "1e-3"}
    ),
    "find_learning_rate": Case(rate_found, {"find_learning_rate": "true"}),
}
AUGMENTATION = {
    "augment": Case(pixels, {"augment": "light"}),
    **of(batch, flip_left_right="true", random_resized_crop="50", random_crop="20", random_scale="20"),
    **of(batch, rotation_range="20", shear_range="20", width_shift_range="0.2", height_shift_range="0.2"),
    **of(batch, zoom_range="0.2", random_brightness="20", random_contrast="20", random_saturation="50"),
    **of(batch, random_hue="30", rand_augment="2", random_erasing="1", mixup="0.5", cutmix="1"),
    "rand_augment_magnitude": Case(batch, {"rand_augment_magnitude": "2"}, {"rand_augment": "2"}),
}
HALVING = {"pruner": "halving", "sweep": "dropout_rate=0,0.1,0.2,0.3", "trials": "4"}
SWEEP = {
    **of(
        swept, sweep="dropout_rate=0,0.3", trials="1", folds="3", study="other", storage="sqlite:///{storage}"
    ),
    "objective": Case(swept, {"objective": "validation/average_loss"}),
    "sampler": Case(swept, {"sampler": "random"}, {"sweep": "dropout_rate=0..0.5"}),
    "pruner": Case(swept, {"pruner": "halving"}, {**HALVING, "pruner": "none"}),
    "sweep_memory_gb": Case(swept, {"sweep_memory_gb": "1e-9"}, HALVING),
    "prefer": Case(
        swept, {"prefer": "cheap"}, {"sweep": "tfhub_module={module},{averaging}", "tfhub_module": ""}
    ),
}
RESULTS = {
    "model_dir": Case(wiring_world.directory, {"model_dir": "{elsewhere}"}),
    "export_formats": Case(exported, {"export_formats": "hub_module"}, {"export_formats": "saved_model"}),
    "output": Case(wiring_world.predicted, {"output": "{predictions}"}),
    "json": Case(wiring_world.inspected, {"json": "true"}),
}
CASES: Mapping[str, Mapping[str, Case]] = {
    "data": DATA,
    "module": MODULE,
    "head": OF_HEADS,
    "pixels": OF_PIXELS,
    "augmentation": AUGMENTATION,
    "sweep": SWEEP,
    "results": RESULTS,
}
FIELDS = [(section, field.name) for section, of_it in SECTIONS.items() for field in dataclasses.fields(of_it)]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patched:
        directory = tmp_path_factory.mktemp("wiring")
        (directory / "cpuinfo").write_text("flags: amx_bf16\n")
        patched.setattr(mixed_precision, "CPU_INFO", directory / "cpuinfo")
        patched.setattr(engines, "Interpreter", None)
        patched.setattr(learning_rate_finder, "STEPS", 12)
        patched.setattr(pixel_stage, "write_augmented_page", lambda *arguments: None)
        patched.chdir(directory)
        yield World(directory)


def outcome(world: World, case: Case, given: Flags) -> Any:
    """What comes of a run; the sentence of one that is refused."""
    try:
        return world.remembered(case.stage, world.written(given))
    except InputError as error:
        return str(error)


def test_every_field_has_a_case():
    assert {section: set(cases) for section, cases in CASES.items()} == {
        section: {field.name for field in dataclasses.fields(of_it)} for section, of_it in SECTIONS.items()
    }


@pytest.mark.parametrize(("section", "name"), FIELDS)
def test_every_field_changes_the_outcome(world, section, name):
    case = CASES[section][name]
    plain = world.remembered(case.stage, world.written(case.beside))
    other = outcome(world, case, {**case.beside, **case.other})
    assert other != plain
    assert isinstance(other, str) == (case.refused is not None), other
    assert case.refused is None or case.refused in other
