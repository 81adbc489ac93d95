"""Every setting reaches what it is for: with another value, a tiny run of its stage ends differently.

Or it is refused there. The fields are those of the sections, so that a new one without a case fails.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from retrain.commands import scoring
from retrain.commands.train import base
from retrain.commands.train import pixels as pixel_stage
from retrain.errors import InputError
from retrain.exporters import reload
from retrain.features import engines
from retrain.settings.config import SECTIONS, read_by
from retrain.training import learning_rate_finder
from tests.contracts import wiring_world
from tests.contracts.wiring_world import (
    HEAD,
    Flags,
    World,
    batch,
    clustered,
    concluded,
    copied,
    evaluated,
    examples,
    exported,
    exported_later,
    heads,
    inspected,
    pixels,
    predicted,
    ramp,
    ran,
    rate_found,
    reported,
    served,
    swept,
    tracked,
    trial,
    trial_in_folds,
    trial_on_images,
    waited,
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
TWINS = {"labels_file": "{twins}", "merge_class_names": "true"}
CLASSIFIER = {"tfhub_module": "{classifier}", "image_size": ""}

LITTLE = {"max_image_megapixels": "1e-5"}
PACKED = {"tfhub_module": "{packed}"}
# Of another archive, for what was unpacked once is taken as it is.
SMALL = {"tfhub_module": "{packed_too}", "max_archive_gb": "1e-6"}
DATA = {
    **of(examples, image_dir="{fewer}", head="sigmoid", validation_percentage="30"),
    **of(examples, testing_percentage="30", split_file="{splits}", labels_file="{table}"),
    "path_column": Case(
        examples, {"path_column": "other"}, {"labels_file": "{path_table}", "tasks": "kind:softmax"}
    ),
    "tasks": Case(examples, {"tasks": "tags:sigmoid"}, TABLE),
    "label_separator": Case(examples, {"label_separator": "/"}, TABLE),
    "merge_class_names": Case(examples, {"merge_class_names": "false"}, TWINS),
    "corrections": Case(examples, {"corrections": "{corrected}"}),
    "task_weights": Case(heads, {"task_weights": "kind:3"}, TABLE),
    "max_skipped_percentage": Case(
        examples,
        {"max_skipped_percentage": "0"},
        {"image_dir": "{broken}"},
        "and --max_skipped_percentage allows 0 %",
    ),
    "alpha_background": Case(examples, {"alpha_background": "black"}, {"image_dir": "{glassy}"}),
    "antialias": Case(examples, {"antialias": "on"}),
    "max_image_megapixels": Case(examples, LITTLE, refused="(more than 1e-05 megapixels)"),
    "dry_run": Case(ran, {"dry_run": "true"}, HEAD),
}
MODULE = {
    "engine": Case(predicted, {"engine": "litert"}, refused="has none beside it"),
    **of(examples, image_size="12", module_input_range="-1,1", feature_output="first"),
    **of(examples, module_input_mean="0.5,0.5,0", module_input_std="0.5,1,1"),
    "tfhub_module": Case(examples, {"tfhub_module": "{averaging}"}),
    "module_kind": Case(
        examples,
        {"module_kind": "image_classification"},
        {"tfhub_module": "{averaging}"},
        "is a classification module",
    ),
    "feature_pooling": Case(examples, {"feature_pooling": "max"}, {"feature_output": "first"}),
    "allow_unsafe_module_ops": Case(
        examples,
        {"allow_unsafe_module_ops": "false"},
        {"tfhub_module": "{talking}", "allow_unsafe_module_ops": "true"},
        "give --allow_unsafe_module_ops",
    ),
    "max_archive_gb": Case(examples, SMALL, PACKED, "give a larger --max_archive_gb"),
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
        refused="--feature_engine=litert needs a package that is missing: pip install ai-edge-litert.",
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
        pixels,
        {"early_stopping_patience": "1"},
        {**LONGER, "learning_rate": "1e-30", "freeze_batch_norm": "true"},
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
DISTRIBUTION = {
    "distribution": Case(clustered, {"distribution": "off"}),
    "worker_timeout": Case(waited, {"worker_timeout": "0.02"}, {"worker_timeout": "0.01"}),
}
EXPORTED = {**HEAD, "export_formats": "saved_model"}
HALVING = {"pruner": "halving", "sweep": "dropout_rate=0,0.1,0.2,0.3", "trials": "4"}
SWEEP = {
    **of(
        swept, sweep="dropout_rate=0,0.3", trials="1", folds="3", study="other", storage="sqlite:///{storage}"
    ),
    "objective": Case(swept, {"objective": "validation/average_loss"}),
    "sampler": Case(swept, {"sampler": "random"}, {"sweep": "dropout_rate=0..0.5"}),
    "pruner": Case(swept, {"pruner": "halving"}, {**HALVING, "pruner": "none"}),
    "sweep_memory_gb": Case(swept, {"sweep_memory_gb": "1e-9"}, HALVING),
    "prefer": Case(swept, {"prefer": "cheap"}, {"sweep": "image_size=8,24", "image_size": ""}),
}
RESULTS = {
    "model_dir": Case(wiring_world.directory, {"model_dir": "{elsewhere}"}),
    "export_formats": Case(exported, {"export_formats": "hub_module"}, {"export_formats": "saved_model"}),
    "tflite_output_file": Case(ran, {"tflite_output_file": "{lite}"}, EXPORTED),
    "output_graph": Case(ran, {"output_graph": "{graph}"}, EXPORTED),
    "final_tensor_name": Case(exported, {"final_tensor_name": "answer"}, {"export_formats": "frozen_graph"}),
    **of(copied, saved_model_dir="{copied}", labels_output_file="{listed}", assert_accuracy_at_least="1"),
    "print_misclassified_test_images": Case(copied, {"print_misclassified_test_images": "true"}),
    "version_directory": Case(copied, {"version_directory": "true"}, {"saved_model_dir": "{versions}"}),
    "default_signature": Case(exported, {"default_signature": "bytes"}, {"export_formats": "saved_model"}),
    "explain": Case(reported, {"explain": "true"}),
    "tracker": Case(tracked, {"tracker": "mlflow"}),
    **of(predicted, output="{predictions}.csv", top_k="2", all_classes="true", features="true"),
    "reject_unfamiliar": Case(predicted, {"reject_unfamiliar": "true"}, {"image_dir": "{strange}"}),
    "sort_into": Case(predicted, {"sort_into": "{sorted}"}),
    "sort_by": Case(predicted, {"sort_by": "link"}, {"sort_into": "{sorted}"}),
    "json": Case(inspected, {"json": "true"}),
}
SERVING = of(served, host="0.0.0.0", port="80", model_name="other", max_request_mb="1e-3")
CASES: Mapping[str, Mapping[str, Case]] = {
    "data": DATA,
    "module": MODULE,
    "head": OF_HEADS,
    "pixels": OF_PIXELS,
    "augmentation": AUGMENTATION,
    "distribution": DISTRIBUTION,
    "sweep": SWEEP,
    "results": RESULTS,
    "serving": SERVING,
}
TWO_TASKS = {"tfhub_module": "{of_two_tasks}", "labels_file": "{table}"}
PATHS = {"labels_file": "{path_table}", "tasks": "kind:softmax"}
CLASSES = {"module_kind": "image_classification", "label_map": "{labels}"}
EVALUATE = {
    **of(evaluated, image_dir="{fewer}", label_map="{swapped}"),
    "labels_file": Case(evaluated, {"labels_file": "{weightless}"}, {"tfhub_module": "{of_two_tasks}"}),
    "path_column": Case(evaluated, {"path_column": "other"}, {**TWO_TASKS, **PATHS}),
    "tasks": Case(evaluated, {"tasks": "tags:sigmoid"}, TWO_TASKS),
    "label_separator": Case(evaluated, {"label_separator": "/"}, TWO_TASKS, "odd|third"),
    "merge_class_names": Case(
        evaluated, {"merge_class_names": "false"}, {**TWO_TASKS, **TWINS}, "does not know the label 'Cyan'"
    ),
    **{
        name: DATA[name]._replace(stage=evaluated)
        for name in ("max_skipped_percentage", "max_image_megapixels")
    },
    "tfhub_module": Case(evaluated, {"tfhub_module": "{of_two_tasks}"}),
    "image_size": Case(evaluated, {"image_size": "12"}, refused="takes images of 8 x 8 pixels"),
    "module_kind": Case(
        evaluated,
        {"module_kind": ""},
        {**CLASSES, "tfhub_module": "{averaging}"},
        "has no signature 'image_classification'",
    ),
    "allow_unsafe_module_ops": Case(
        evaluated,
        {"allow_unsafe_module_ops": "false"},
        {**CLASSES, "tfhub_module": "{talking}", "allow_unsafe_module_ops": "true"},
        "give --allow_unsafe_module_ops",
    ),
    "max_archive_gb": Case(evaluated, SMALL, {**CLASSES, **PACKED}, "give a larger --max_archive_gb"),
    "model_dir": Case(evaluated, {"model_dir": ""}),
    "explain": Case(evaluated, {"explain": "true"}),
}
PREDICT = {
    "image_dir": Case(predicted, {"image_dir": "{fewer}"}),
    "labels_file": Case(predicted, {"labels_file": "{table}"}, {"image_dir": "{photos}"}),
    "path_column": Case(predicted, {"path_column": "other"}, {**PATHS, "tasks": "", "image_dir": "{photos}"}),
    "label_map": Case(predicted, {"label_map": "{swapped}"}, {"label_map": "{labels}"}),
    **{
        name: EVALUATE[name]._replace(stage=predicted)
        for name in ("module_kind", "allow_unsafe_module_ops", "max_archive_gb")
    },
    "tfhub_module": Case(predicted, {"tfhub_module": "{of_two_tasks}"}),
    "engine": MODULE["engine"],
    "max_image_megapixels": Case(predicted, LITTLE, refused="is an image that can be decoded"),
    "image_size": Case(predicted, {"image_size": "12"}, refused="takes images of 8 x 8 pixels"),
    **{name: case for name, case in RESULTS.items() if case.stage is predicted},
}
INSPECT = {name: case._replace(stage=inspected, refused=None) for name, case in MODULE.items()}
# A module that no longer gives numbers does not conform.
INSPECT |= {
    "json": RESULTS["json"],
    "max_archive_gb": MODULE["max_archive_gb"]._replace(stage=inspected),
    "module_input_range": Case(inspected, {"module_input_range": "0,1e38"}),
    "module_input_mean": Case(inspected, {"module_input_mean": "1e38,1e38,1e38"}),
    "module_input_std": Case(inspected, {"module_input_std": "1e-45,1,1"}),
}
LATER = {"export_formats": "keras"}
EXPORT = {
    "model_dir": Case(exported_later, {"model_dir": "{elsewhere}"}, LATER, "is no run that has ended"),
    "export_formats": Case(exported_later, {"export_formats": "tflite"}, LATER),
    "final_tensor_name": Case(
        exported_later, {"final_tensor_name": "answer"}, {"export_formats": "frozen_graph"}
    ),
    "default_signature": Case(
        exported_later, {"default_signature": "bytes"}, {"export_formats": "saved_model"}
    ),
}
SERVE = {
    "tfhub_module": Case(served, {"tfhub_module": "{of_two_tasks}"}),
    "engine": Case(served, {"engine": "litert"}, refused="has none beside it"),
    "max_image_megapixels": Case(served, LITTLE),
    **SERVING,
}
VERBS = {"serve": SERVE, "evaluate": EVALUATE, "predict": PREDICT, "export": EXPORT, "inspect": INSPECT}
FIELDS = [(section, field.name) for section, of_it in SECTIONS.items() for field in dataclasses.fields(of_it)]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patched:
        directory = tmp_path_factory.mktemp("wiring")
        (directory / "cpuinfo").write_text("flags: amx_bf16\n")
        patched.setattr(base, "CPU_INFO", directory / "cpuinfo")
        patched.setattr(engines, "Interpreter", None)
        patched.setattr(learning_rate_finder, "STEPS", 5)
        # Half of what it takes to evaluate so few images; of other settings it is loaded anew.
        patched.setattr(scoring, "load_classifier", functools.cache(scoring.load_classifier))
        patched.setattr(reload, "read", functools.cache(reload.read))
        patched.setattr(pixel_stage, "write_augmented_page", lambda *arguments: None)
        patched.chdir(directory)
        yield World(directory)


def outcome(world: World, case: Case, given: Flags) -> Any:
    """What comes of a run; the sentence of one that is refused."""
    try:
        return world.remembered(case.stage, world.written(given))
    except InputError as error:
        return str(error)


def check(world: World, case: Case) -> None:
    """Whether the other value makes a difference, or is refused."""
    plain = world.remembered(case.stage, world.written(case.beside))
    other = outcome(world, case, {**case.beside, **case.other})
    assert other != plain
    assert isinstance(other, str) == (case.refused is not None), other
    assert case.refused is None or case.refused in other


def test_every_field_has_a_case():
    assert {section: set(cases) for section, cases in CASES.items()} == {
        section: {field.name for field in dataclasses.fields(of_it)} for section, of_it in SECTIONS.items()
    }


@pytest.mark.parametrize(
    ("stage", "given"),
    [
        *(
            (stage, TABLE)
            for stage in (examples, heads, trial, trial_in_folds, pixels, trial_on_images, ramp)
        ),
        *((stage, NOTHING) for stage in (batch, swept, evaluated, predicted, inspected)),
    ],
)
def test_the_same_flags_have_the_same_outcome(world, stage, given):
    """Or that others have another one would say nothing."""
    given = world.written(given)
    assert world.remembered(stage, given) == stage(world, given)


@pytest.mark.parametrize(("section", "name"), FIELDS)
def test_every_field_changes_the_outcome(world, section, name):
    check(world, CASES[section][name])


@pytest.mark.parametrize(("verb", "name"), [(verb, name) for verb in VERBS for name in read_by(verb)])
def test_every_field_changes_what_other_verbs_say(world, verb, name):
    check(world, VERBS[verb][name])


def test_what_an_export_gives_it_says_itself(world):
    sentence = (
        "--module_kind=image_feature_vector has no effect on this module, whose source does not read it: "
        "leave it out."
    )
    given = {"module_kind": "image_feature_vector"}
    check(world, Case(evaluated, given, refused=sentence))


@pytest.mark.parametrize("name", OF_HEADS)
@pytest.mark.parametrize("stage", [trial, trial_in_folds])
def test_every_field_of_heads_changes_a_trial(world, stage, name):
    plain, other = (
        outcome(world, OF_HEADS[name]._replace(stage=stage), of) for of in (NOTHING, OF_HEADS[name].other)
    )
    assert not isinstance(other, str), other
    assert plain != other


STAGES = {
    "heads": heads,
    "trial": trial,
    "trial_in_folds": trial_in_folds,
    "pixels": pixels,
    "trial_on_images": trial_on_images,
    "ramp": ramp,
}


def differ(world: World, stage: Callable[[World, Flags], Any], one: Flags, other: Flags) -> bool:
    first, second = (world.remembered(stage, world.written(given)) for given in (one, other))
    return first != second


@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)
def test_what_a_task_weighs_counts_in_every_stage(world, stage):
    assert differ(world, stage, TABLE, {**TABLE, "task_weights": "kind:3"})


@pytest.mark.parametrize("stage", [trial, trial_in_folds, trial_on_images])
def test_what_a_task_weighs_counts_in_all_that_trials_are_ranked_by(world, stage):
    """The objective, the figures, and the scores by which a tie is told."""
    one, other = (
        world.remembered(stage, world.written({**TABLE, **given}))
        for given in (NOTHING, {"task_weights": "kind:3"})
    )
    assert [a != b for a, b in zip(one, other, strict=True)] == [True] * 3
    assert one[1]["loss"] != other[1]["loss"]


@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)
def test_what_an_image_weighs_counts_in_every_stage(world, stage):
    assert differ(world, stage, TABLE, {"labels_file": "{weightless}"})


@pytest.mark.parametrize("stage", [heads, trial, trial_in_folds])
def test_heads_begin_with_what_is_known_in_every_stage(world, stage):
    warm = {"warm_start_head": "true", "label_map": "{labels}"}
    assert differ(world, stage, {**CLASSIFIER, "max_steps": "3"}, {**CLASSIFIER, "max_steps": "3", **warm})


def test_pixels_that_are_not_opaque_are_on_one_background_in_training_on_images(world):
    glassy = {"image_dir": "{glassy}"}
    assert differ(world, batch, glassy, {**glassy, "alpha_background": "black"})


@pytest.mark.parametrize("stage", [pixels, trial_on_images, ramp])
def test_images_are_made_small_in_one_way_in_training_on_images(world, stage):
    assert differ(world, stage, {"antialias": "on"}, {"antialias": "off"})


def test_trials_on_images_are_judged_as_train_would(world):
    assert differ(world, trial_on_images, NOTHING, {"calibrate": "false"})


def test_what_is_decided_at_the_end_is_what_was_asked_for(world):
    assert differ(world, concluded, NOTHING, {"calibrate": "false"})


def test_folds_are_drawn_by_the_seed(world):
    """Nothing else is, where a batch holds all examples and nothing is dropped."""
    splits = world.prepared_for(world.plan(NOTHING)).examples.splits

    def changes(stage: Callable[[World, Flags], Any], *held: str) -> float:
        count = str(sum(splits.count(name) for name in held))
        whole = {"dropout_rate": "0", "batch_size": count, "calibrate": "false"}
        return abs(stage(world, whole)[0] - stage(world, {**whole, "seed": "1"})[0])

    assert 10 * changes(trial, "train") < changes(trial_in_folds, "train", "validation") > 1e-4


@pytest.mark.parametrize("name", ["class_weights", "dropout_rate", "flip_left_right"])
def test_a_learning_rate_is_looked_for_as_it_is_trained(world, name):
    assert differ(world, ramp, NOTHING, (OF_PIXELS | AUGMENTATION)[name].other)


def test_a_study_draws_by_the_seed(world):
    drawn = [
        wiring_world.swept(world, {"sweep": "dropout_rate=0..0.5", "sampler": "random", "seed": seed})[0]
        for seed in ("0", "1")
    ]
    assert drawn[0]["dropout_rate"] != drawn[1]["dropout_rate"]


@pytest.mark.parametrize("kept", ["validation", "test"])
def test_a_share_is_that_of_its_split(world, kept):
    none = {"validation": "testing_percentage", "test": "validation_percentage"}[kept]
    splits = world.remembered(examples, {none: "0"})[1]
    assert set(splits) == {"train", kept}


def test_labels_are_judged_by_the_features_of_the_module_as_it_was(world):
    """A base that was trained on a label believes it."""
    of_run, as_it_was = wiring_world.doubted(world, {"learning_rate": "0.1"})
    assert of_run == as_it_was


@pytest.mark.parametrize("stage", [trial, trial_in_folds])
def test_the_scores_of_a_loss_are_higher_where_it_is_less(world, stage):
    _, figures, scores = world.remembered(stage, NOTHING)
    assert -sum(scores) / len(scores) == pytest.approx(figures["average_loss"], abs=1e-4)
