"""No flag of retrain.py or make_image_classifier is unknown: each has its meaning or a sentence."""

import pathlib

import pytest

from retrain.flags import parse
from retrain.predecessors import ALIASES, ALONE, CLASHES, FORMER, refusal, told
from retrain.settings.config import FIELDS, Config

README = pathlib.Path(__file__).parents[1] / "flags" / "README.md"
# With a value as it was given to them, the default where they had one; None to a switch.
RETRAIN_PY = {
    "image_dir": "photos",
    "output_graph": "/tmp/output_graph.pb",
    "intermediate_output_graphs_dir": "/tmp/intermediate_graph/",
    "intermediate_store_frequency": "0",
    "output_labels": "/tmp/output_labels.txt",
    "summaries_dir": "/tmp/retrain_logs",
    "how_many_training_steps": "4000",
    "learning_rate": "0.01",
    "testing_percentage": "10",
    "validation_percentage": "10",
    "eval_step_interval": "10",
    "train_batch_size": "100",
    "test_batch_size": "-1",
    "validation_batch_size": "100",
    "print_misclassified_test_images": None,
    "bottleneck_dir": "/tmp/bottleneck",
    "final_tensor_name": "final_result",
    "flip_left_right": None,
    "random_crop": "10",
    "random_scale": "10",
    "random_brightness": "10",
    "tfhub_module": "https://tfhub.dev/google/imagenet/inception_v3/feature_vector/3",
    "saved_model_dir": "/tmp/saved_models/1",
    "logging_verbosity": "INFO",
    "checkpoint_path": "/tmp/_retrain_checkpoint",
}
MAKE_IMAGE_CLASSIFIER = {
    "image_dir": "photos",
    "tfhub_module": "https://tfhub.dev/google/tf2-preview/mobilenet_v2/feature_vector/4",
    "image_size": "224",
    "saved_model_dir": "my_dir/new_model",
    "tflite_output_file": "new_mobile_model.tflite",
    "labels_output_file": "class_labels.txt",
    "summaries_dir": "my_log_dir",
    "assert_accuracy_at_least": "0.8",
    "train_epochs": "5",
    "do_fine_tuning": None,
    "batch_size": "32",
    "learning_rate": "0.005",
    "momentum": "0.9",
    "dropout_rate": "0.2",
    "set_memory_growth": None,
    "l1_regularizer": "0.0",
    "l2_regularizer": "0.0001",
    "label_smoothing": "0.1",
    "validation_split": "0.2",
    "do_data_augmentation": None,
    "rotation_range": "40",
    "horizontal_flip": None,
    "width_shift_range": "0.2",
    "height_shift_range": "0.2",
    "shear_range": "0",
    "zoom_range": "0.2",
    "distribution_strategy": "",
    "use_tf_data_input": None,
}


@pytest.mark.parametrize(
    "flags", [RETRAIN_PY, MAKE_IMAGE_CLASSIFIER], ids=["retrain", "make_image_classifier"]
)
def test_a_command_line_with_every_flag_is_understood(flags):
    words = {name: f"--{name}" if value is None else f"--{name}={value}" for name, value in flags.items()}
    result = parse(["retrain", *words.values()])
    meant = {ALIASES.get(name, name) for name in words} - set(FORMER) - {"logging_verbosity"}
    assert result.given == meant
    pointless = [name for name in words if name in FORMER and not FORMER[name].is_refused]
    assert {note.partition(":")[0] for note in result.notes} >= {f"--{name}" for name in pointless}


def test_there_are_as_many_as_they_had():
    assert (len(RETRAIN_PY), len(MAKE_IMAGE_CLASSIFIER)) == (25, 28)


@pytest.mark.parametrize("name", {**RETRAIN_PY, **MAKE_IMAGE_CLASSIFIER, **ALIASES, **FORMER})
def test_each_has_a_row(name):
    assert f"`--{name}`" in README.read_text()


def test_a_name_has_one_meaning():
    assert set(ALIASES.values()) <= set(FIELDS)
    assert not set(FORMER) & {*FIELDS, *ALIASES}
    assert not set(ALIASES) & set(FIELDS)
    assert set(CLASHES) <= {*FIELDS, *ALIASES}


@pytest.mark.parametrize("name", [name for name, known in FORMER.items() if not known.is_refused])
def test_what_is_pointless_is_told_and_changes_nothing(name):
    plain, other = (parse(["retrain", "--image_dir=a", *words]) for words in ([], [f"--{name}=1"]))
    assert other == plain._replace(notes=(f"--{name}: {FORMER[name].sentence}",))


@pytest.mark.parametrize("name", [name for name, known in FORMER.items() if known.is_refused])
def test_what_would_change_the_result_is_refused_by_its_own_sentence(name):
    assert refusal({name: "5"}) == f"--{name}: {FORMER[name].sentence}"
    harmless = FORMER[name].harmless
    assert harmless is None or refusal({name: harmless}) == ""
    assert told([name], [], Config()) == ()


def notes(*words: str) -> tuple[str, ...]:
    return parse(["retrain", "--image_dir=a", *words]).notes


def test_a_clash_is_told_unless_the_user_has_decided_it():
    sentence = (
        "--validation_split: images are kept for test, too, which make_image_classifier did not: "
        "--testing_split=0 keeps none."
    )
    assert notes("--validation_split=0.2") == (sentence,)
    for decided in ("--testing_split=0.1", "--testing_percentage=0"):
        assert notes("--validation_split=0.2", decided) == ()


ALSO = "images are augmented by it, also without --do_data_augmentation."


@pytest.mark.parametrize("name", [name for name, clash in CLASHES.items() if clash is ALONE])
@pytest.mark.parametrize("switch", [(), ("--do_data_augmentation=false",)])
def test_of_a_strength_alone_it_is_told_that_it_counts(name, switch):
    flag = f"--{name}" if name == "horizontal_flip" else f"--{name}=0.2"
    assert notes(flag, *switch) == (f"--{name}: {ALSO}",)
    for decided in ("--do_data_augmentation", "--augment=light", "--augment=none"):
        assert notes(flag, decided) == ()


def test_what_is_off_is_told_nothing_of_and_what_is_alike_once():
    assert notes("--horizontal_flip=false", "--shear_range=0") == ()
    assert notes("--zoom_range=0.2", "--width_shift_range=0.2") == (
        f"--width_shift_range, --zoom_range: {ALSO}",
    )


def test_a_rate_of_gradient_descent_is_told_what_large_modules_are_fine_tuned_by():
    words = ["--do_fine_tuning", "--learning_rate=0.005"]
    assert notes(*words) == (
        "--learning_rate: large modules are fine-tuned by adamw, whose rates are smaller; "
        "make_image_classifier took gradient descent, as --optimizer=sgd does.",
    )
    assert notes(*words, "--optimizer=sgd") == notes("--do_fine_tuning=false", words[1]) == ()
    assert notes("--fine_tune", words[1]) == notes(words[0]) == ()


@pytest.mark.parametrize(
    ("flag", "beside", "said"),
    [
        ("--momentum=0.9", "--do_fine_tuning", "a head on features has a momentum of its own"),
        (
            "--final_tensor_name=final_result",
            "--output_graph=/tmp/a.pb",
            "it names the output of a frozen graph",
        ),
        ("--final_tensor_name=final_result", "--export_formats=frozen_graph", "it names the output of a"),
    ],
)
def test_a_flag_without_effect_is_told_of(flag, beside, said):
    [note] = notes(flag)
    assert note.startswith(f"{flag.partition('=')[0]}: {said}")
    assert notes(flag, beside) == ()
