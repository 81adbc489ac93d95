import re
from typing import Any, NamedTuple

import pytest

from retrain.errors import InputError
from retrain.settings.config import FIELDS, Config, check, check_read
from retrain.settings.field import about
from retrain.settings.needs import Circumstances, unread
from retrain.settings.values import OfTask, Quantity


def at(
    verb: str = "train",
    *,
    splits_given: bool | None = None,
    module_reads: frozenset[str] | None = None,
    varied: frozenset[str] = frozenset(),
    **values: Any,
) -> Circumstances:
    return Circumstances(Config.of(**values), verb, splits_given, module_reads, varied)


class Case(NamedTuple):
    """A value that is not the default; circumstances with and without effect; what is said without."""

    value: Any
    met: dict[str, Any]
    unmet: dict[str, Any]
    sentence: str


GIVE = "give it, too, or leave this out."


def of_fine_tuning(flag: str, value: Any) -> Case:
    sentence = f"--{flag} needs --fine_tune: {GIVE}"
    return Case(value, {"fine_tune": True}, {"augment": "light", "mixup": 0.2}, sentence)


def of_images(flag: str, value: Any) -> Case:
    sentence = f"--{flag} needs --fine_tune or --augment: {GIVE}"
    return Case(value, {"augment": "light"}, {"augment": "none", "mixup": 0.0}, sentence)


def of_a_table(flag: str, value: Any) -> Case:
    sentence = f"--{flag} says what is in a table of labels, but there is no --labels_file: give one."
    return Case(value, {"labels_file": "a.csv"}, {}, sentence)


def of_the_source(flag: str, value: Any) -> Case:
    reads = frozenset({flag.partition("=")[0]})
    sentence = f"--{flag} has no effect on this module, whose source does not read it: leave it out."
    others = frozenset({"module_kind", "image_size", "feature_output"}) - reads
    return Case(value, {"module_reads": reads}, {"module_reads": others}, sentence)


def of_predictions(flag: str, value: Any) -> Case:
    sentence = (
        f"--{flag} is about predictions, and --features writes feature vectors instead: give one of the two."
    )
    return Case(value, {}, {"features": True}, sentence)


def of_a_hash(flag: str, value: Any) -> Case:
    sentence = f"--{flag} has no effect, for the data say the split of each image: leave it out."
    return Case(value, {"splits_given": False}, {"splits_given": True}, sentence)


def of_heads_alone(flag: str, value: Any) -> Case:
    sentence = (
        f"--{flag} is for heads on features, and has no effect with --fine_tune or --augment: leave it out."
    )
    return Case(value, {"augment": "none"}, {"flip_left_right": True}, sentence)


def of_test_images(flag: str, value: Any) -> Case:
    sentence = (
        f"--{flag} goes by the test images, and --testing_percentage=0 keeps none: leave out one of the two."
    )
    return Case(value, {"testing_percentage": 5.0}, {"testing_percentage": 0.0}, sentence)


CASES = {
    "path_column": of_a_table("path_column=file", "file"),
    "tasks": of_a_table(
        "tasks=kind:softmax,tags:sigmoid", (OfTask("kind", "softmax"), OfTask("tags", "sigmoid"))
    ),
    "label_separator": of_a_table("label_separator=;", ";"),
    "head": Case(
        "sigmoid",
        {},
        {"labels_file": "a.csv"},
        "--head=sigmoid is for class folders: with --labels_file, write --tasks=COLUMN:sigmoid.",
    ),
    "validation_percentage": of_a_hash("validation_percentage=20.0", 20.0),
    "testing_percentage": of_a_hash("testing_percentage=0.0", 0.0),
    "tfhub_module": Case(
        "other",
        {},
        {"warm_start_from": "run"},
        "--warm_start_from brings the module of its run with it: leave --tfhub_module out.",
    ),
    "image_size": of_the_source("image_size=96", 96),
    "module_kind": of_the_source("module_kind=image_classification", "image_classification"),
    "module_input_range": of_the_source("module_input_range=-1.0,1.0", (-1.0, 1.0)),
    "module_input_mean": of_the_source("module_input_mean=0.5,0.5,0.5", (0.5, 0.5, 0.5)),
    "module_input_std": of_the_source("module_input_std=0.5,0.5,0.5", (0.5, 0.5, 0.5)),
    "feature_output": of_the_source("feature_output=pool", "pool"),
    "allow_unsafe_module_ops": of_the_source("allow_unsafe_module_ops=true", True),
    "max_archive_gb": of_the_source("max_archive_gb=16.0", 16.0),
    "feature_pooling": of_the_source("feature_pooling=max", "max"),
    "label_map": Case(
        "a.txt",
        {"warm_start_head": True},
        {},
        "--label_map='a.txt' is not read without --warm_start_head: give both, or neither.",
    ),
    "base_learning_rate_factor": of_fine_tuning("base_learning_rate_factor=0.1", 0.1),
    "fine_tune_from": of_fine_tuning("fine_tune_from=Conv", re.compile("Conv")),
    "freeze_batch_norm": of_fine_tuning("freeze_batch_norm=true", True),
    "mixed_precision": of_fine_tuning("mixed_precision=true", True),
    "optimizer": of_images("optimizer=adam", "adam"),
    "momentum": Case(
        0.5,
        {"augment": "light", "optimizer": "rmsprop"},
        {"augment": "light", "optimizer": "adam"},
        f"--momentum=0.5 needs --fine_tune or --augment, and --optimizer=sgd or rmsprop: {GIVE}",
    ),
    "weight_decay": of_images("weight_decay=0.0", 0.0),
    "warmup_steps": of_images("warmup_steps=10%", Quantity(10.0, "%")),
    "gradient_clip_norm": of_images("gradient_clip_norm=1.0", 1.0),
    "ema": of_images("ema=0.99", 0.99),
    "eval_every": of_images("eval_every=30s", Quantity(30.0, "s")),
    "early_stopping_patience": of_images("early_stopping_patience=3", 3),
    "early_stopping_metric": of_images("early_stopping_metric=accuracy", "accuracy"),
    "max_train_time": of_images("max_train_time=60.0", 60.0),
    "save_checkpoints_steps": of_images("save_checkpoints_steps=100", 100),
    "profile_steps": of_images("profile_steps=10,20", (10, 20)),
    "find_learning_rate": of_images("find_learning_rate=true", True),
    "rand_augment_magnitude": Case(
        5.0,
        {"rand_augment": 2},
        {"rand_augment": 0, "augment": "medium"},
        "--rand_augment_magnitude needs --rand_augment: how many operations are done, such as 2.",
    ),
    "saved_model_dir": Case(
        "copy",
        {"export_formats": ("saved_model",)},
        {"export_formats": ("hub_module",)},
        "--saved_model_dir='copy' is about the export saved_model, which --export_formats leaves out: give "
        "both, or neither.",
    ),
    "default_signature": Case(
        "bytes",
        {"export_formats": ("saved_model",)},
        {"export_formats": ("hub_module",)},
        "--default_signature='bytes' is about the export saved_model, which --export_formats leaves out: "
        "give both, or neither.",
    ),
    "engine": Case(
        "litert",
        {"verb": "predict"},
        {"verb": "predict", "features": True},
        "--engine=litert is for predictions of an exported classifier, and --features and --label_map are "
        "done by TensorFlow: leave it out.",
    ),
    "final_tensor_name": Case(
        "answer",
        {"output_graph": "graph.pb"},
        {},
        f"--final_tensor_name=answer names the output of a frozen graph, and needs --output_graph, or "
        f"--export_formats=frozen_graph: {GIVE}",
    ),
    "version_directory": Case(
        True,
        {"saved_model_dir": "copy"},
        {},
        f"--version_directory says how the copy --saved_model_dir is called, and needs it: {GIVE}",
    ),
    "print_misclassified_test_images": of_test_images("print_misclassified_test_images=true", True),
    "assert_accuracy_at_least": of_test_images("assert_accuracy_at_least=0.8", 0.8),
    "pruner": of_heads_alone("pruner=halving", "halving"),
    "sweep_memory_gb": of_heads_alone("sweep_memory_gb=4.0", 4.0),
    "top_k": Case(
        3,
        {},
        {"all_classes": True},
        "--top_k=3 names some classes, where --all_classes names all and --features none: give one of the "
        "three.",
    ),
    "all_classes": of_predictions("all_classes=true", True),
    "reject_unfamiliar": Case(
        True,
        {},
        {"label_map": "a.txt", "warm_start_head": True},
        "--reject_unfamiliar goes by the familiarity that an exported classifier tells, and with --features "
        "or --label_map there is none: leave it out.",
    ),
    "sort_into": of_predictions("sort_into=dir", "dir"),
    "distribution": Case(
        "mirrored",
        {"augment": "light"},
        {"augment": "none"},
        f"--distribution=mirrored shares out training on images, and needs --fine_tune or --augment: {GIVE}",
    ),
    "worker_timeout": Case(
        5.0,
        {"distribution": "multi_worker"},
        {"distribution": "off"},
        "--worker_timeout=5.0 says how long workers wait for each other, and with --distribution=off or "
        "mirrored there is one: leave it out.",
    ),
    "sort_by": Case(
        "link",
        {"sort_into": "dir"},
        {},
        f"--sort_by=link says how images are sorted, and needs --sort_into: {GIVE}",
    ),
    "features": Case(
        True,
        {},
        {"label_map": "a.txt", "warm_start_head": True},
        "--features writes feature vectors, which have no classes, and --label_map names some: give one of "
        "the two.",
    ),
    "prefer": Case(
        "cheap",
        {"varied": frozenset({"image_size", "seed"})},
        {"varied": frozenset({"seed"})},
        "--prefer=cheap goes by what a module costs, and all trials have the same: vary tfhub_module or "
        "image_size, or leave it out.",
    ),
}


def test_every_setting_with_a_need_has_a_case():
    assert {name for name, field in FIELDS.items() if about(field).needs} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_setting_is_read_where_its_need_is_met(name):
    case = CASES[name]
    assert unread(at(**{**case.met, name: case.value}), FIELDS) == {}


@pytest.mark.parametrize("name", CASES)
def test_a_setting_without_effect_is_told(name):
    case = CASES[name]
    assert unread(at(**{**case.unmet, name: case.value}), {name: FIELDS[name]}) == {name: case.sentence}
    with pytest.raises(InputError) as raised:
        check_read(at(**{**case.unmet, name: case.value}))
    assert str(raised.value) == case.sentence


@pytest.mark.parametrize("name", CASES)
def test_a_default_needs_nothing(name):
    assert unread(at(**CASES[name].unmet), {name: FIELDS[name]}) == {}


@pytest.mark.parametrize(
    "name", [name for name, case in CASES.items() if "needs --fine_tune" in case.sentence]
)
def test_fine_tuning_reads_all_that_is_said_of_it(name):
    assert unread(at(fine_tune=True, **{name: CASES[name].value}), FIELDS) == {}


@pytest.mark.parametrize("earlier", ["split_file", "corrections"])
def test_an_earlier_run_may_say_which_images_are_test(earlier):
    given = {"testing_percentage": 0.0, "assert_accuracy_at_least": 0.8, earlier: "run.csv"}
    assert unread(at(**given), FIELDS) == {}


def test_momentum_needs_images_as_well_as_its_optimizer():
    expected = {"momentum": CASES["momentum"].sentence}
    assert unread(at(momentum=0.5), FIELDS) == expected
    assert unread(at(fine_tune=True, momentum=0.5, optimizer="adamw"), FIELDS) == expected
    assert unread(at(fine_tune=True, momentum=0.5), FIELDS) == {}


def test_a_strong_level_has_rand_augment():
    assert unread(at(augment="strong", rand_augment_magnitude=5.0), FIELDS) == {}


@pytest.mark.parametrize("verb", ["evaluate", "predict", "inspect"])
def test_other_verbs_than_training_read_a_label_map_by_itself(verb):
    assert unread(at(verb, label_map="a.txt"), FIELDS) == {}
    assert unread(at("sweep", label_map="a.txt"), FIELDS) == {"label_map": CASES["label_map"].sentence}


def test_what_an_exported_classifier_gives_it_says_itself():
    kind = {"module_kind": "image_classification"}
    found = unread(at("evaluate", **kind), FIELDS)
    assert found == {"module_kind": CASES["module_kind"].sentence}
    assert unread(at("evaluate", label_map="a.txt", **kind), FIELDS) == {}


def test_what_is_not_known_yet_refuses_nothing():
    values = {"image_size": 96, "module_input_range": (-1.0, 1.0), "validation_percentage": 20.0}
    assert unread(at(module_reads=None, splits_given=None, **values), FIELDS) == {}
    assert set(unread(at(module_reads=frozenset(), splits_given=True, **values), FIELDS)) == set(values)


@pytest.mark.parametrize("varied", ["tfhub_module", "image_size"])
def test_trials_with_other_modules_or_sizes_differ_in_cost(varied):
    assert unread(at("sweep", varied=frozenset({varied}), prefer="cheap"), FIELDS) == {}


def test_all_without_effect_are_told_in_the_order_of_the_settings():
    found = unread(at(ema=0.9, pruner="halving", path_column="a", mixed_precision=True), FIELDS)
    assert list(found) == ["path_column", "ema", "mixed_precision"]


def test_the_command_line_is_refused_but_of_a_sweep_the_trials_are_checked():
    config = Config.of(image_dir="photos", ema=0.99)
    with pytest.raises(InputError) as raised:
        check(config, "train", ("image_dir", "ema"))
    assert str(raised.value) == CASES["ema"].sentence
    check(config, "sweep", ("image_dir", "ema"))


def test_also_what_is_said_to_evaluate_must_have_an_effect():
    config = Config.of(image_dir="photos", tfhub_module="export", label_separator=";")
    with pytest.raises(InputError) as raised:
        check(config, "evaluate", ("image_dir", "tfhub_module", "label_separator"))
    assert str(raised.value) == CASES["label_separator"].sentence
