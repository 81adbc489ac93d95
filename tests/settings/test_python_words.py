import pytest
from absl import logging

from retrain.errors import InputError, RefusedError
from retrain.plain_log import logged_plainly
from retrain.printable import say
from retrain.settings.python_words import arguments_of, in_keywords, said_in_python


@pytest.mark.parametrize(
    ("flags", "keywords"),
    [
        ("--image_dir='a'", "image_dir='a'"),
        ("--nomerge_class_names", "merge_class_names=False"),
        ("--fine_tune=false", "fine_tune=False"),
        ("--fine_tune or --augment", "fine_tune=True or augment="),
        ("--tasks=COLUMN:softmax", "tasks=COLUMN:softmax"),
        ("--verbosity", "verbosity="),
        ("--help, -- and a--b", "--help, -- and a--b"),
    ],
)
def test_a_flag_becomes_a_keyword(flags, keywords):
    assert in_keywords(flags) == keywords


@pytest.mark.parametrize(
    ("command", "call"),
    [
        (
            "Next: python -m retrain predict --tfhub_module='my run' PICTURE.jpg",
            "Next: retrain.predict('PICTURE.jpg', tfhub_module='my run')",
        ),
        ("write python -m retrain compare RUN RUN.", "write retrain.compare('RUN', 'RUN')."),
        (
            "none: python -m retrain export --model_dir=RUN --export_formats=tflite writes it.",
            "none: retrain.export(model_dir='RUN', export_formats='tflite') writes it.",
        ),
        (
            "for which predict --reject_unfamiliar gives no class.",
            "for which retrain.predict(reject_unfamiliar=True) gives no class.",
        ),
        (
            "Go on with: python -m retrain sweep --flagfile=a/sweep.flags --model_dir=a",
            "Go on with: the same call with model_dir='a'",
        ),
        (
            "train again by python -m retrain --flagfile='a b/c' --export_formats=saved_model first.",
            "train again by the same call with export_formats='saved_model' first.",
        ),
        ("The same command goes on where it was.", "The same call goes on where it was."),
        ("The best.\nAgain: python -m retrain --flagfile='a b/best.flags'\nEnd.", "The best.\nEnd."),
        ("train needs --image_dir: a folder", "train needs image_dir=: a folder"),
        ("python -m retrain serve --tfhub_module=RUN", "python -m retrain serve tfhub_module=RUN"),
    ],
)
def test_a_command_becomes_a_call(command, call):
    assert in_keywords(command) == call


@pytest.mark.parametrize(
    ("flags", "arguments"),
    [
        ("say with --image_size which", "say with image_size= which"),
        ("--image_size=8", "image_size=8"),
        ("give --allow_unsafe_module_ops.", "give retrain.load_module(..., allow_unsafe_module_ops=True)."),
        (
            "(--module_input_range=0,255 says so)",
            "(retrain.load_module(..., module_input_range='0,255') says so)",
        ),
        ("with --feature_output from", "with retrain.load_module(..., feature_output=...) from"),
        ("--feature_output='a b' names", "retrain.load_module(..., feature_output='a b') names"),
        ("--no_flag", "--no_flag"),
    ],
)
def test_what_is_no_argument_is_one_of_load_module(flags, arguments):
    assert arguments_of({"image_size"})(flags) == arguments


def test_all_that_is_said_is_said_so(capsys):
    with pytest.raises(RefusedError, match=r"^No image_dir=\.$"), logged_plainly("info"), said_in_python():
        logging.error("%s of --top_k", 1)
        say("Suggestion: --learning_rate=0.1")
        raise RefusedError("No --image_dir.")
    assert capsys.readouterr() == ("Suggestion: learning_rate=0.1\n", "1 of top_k=\n")
    with logged_plainly("info"):
        logging.error("--top_k")
        say("--top_k")
    assert capsys.readouterr() == ("--top_k\n", "--top_k\n")


def test_an_interruption_says_what_to_call():
    with pytest.raises(KeyboardInterrupt) as raised, said_in_python():
        interrupt = KeyboardInterrupt()
        interrupt.add_note("Go on with: python -m retrain --flagfile=a/run.flags --model_dir=a")
        raise interrupt
    assert raised.value.__notes__ == ["Go on with: the same call with model_dir='a'"]


def test_other_errors_stay_what_they_are():
    with pytest.raises(ValueError, match="--top_k") as raised, said_in_python():
        raise ValueError("--top_k")
    assert not isinstance(raised.value, InputError)
