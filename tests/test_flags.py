import pytest

from retrain import __version__
from retrain.errors import InputError
from retrain.flags import ALIASES, Parsed, answer, parse
from retrain.settings.config import Config


def parsed(*words: str) -> Parsed:
    return parse(["retrain", *words])


def sentence(*words: str) -> str:
    with pytest.raises(InputError) as raised:
        parsed(*words)
    return str(raised.value)


def test_train_is_the_default_verb():
    assert parsed("--image_dir=photos") == Parsed(
        verb="train",
        config=Config(image_dir="photos"),
        given=frozenset({"image_dir"}),
        files=(),
        verbosity="info",
    )


def test_flags_in_all_their_spellings():
    result = parsed(
        *("train", "--image_dir", "photos", "-batch_size", "7", "--learning_rate=1e-3", "--seed=3"),
        *("--module_input_range", "-1,1", "--export_formats=saved_model, hub_module", "--verbosity=warning"),
    )
    assert result.config == Config(
        image_dir="photos",
        batch_size=7,
        learning_rate=0.001,
        seed=3,
        module_input_range=(-1.0, 1.0),
        export_formats=("saved_model", "hub_module"),
    )
    assert result.verbosity == "warning"


@pytest.mark.parametrize(
    ("words", "expected"),
    [([], False), (["--json"], True), (["--nojson"], False), (["--json=true"], True), (["--json=0"], False)],
)
def test_a_flag_that_is_true_or_false(words, expected):
    assert parsed("inspect", *words).config.json is expected


def test_the_last_of_two_equal_flags_wins():
    assert parsed("--image_dir=a", "--image_dir=b").config.image_dir == "b"


def test_predict_takes_files_between_and_after_flags():
    result = parsed("predict", "a.jpg", "--tfhub_module=export", "train", "--", "--odd.jpg")
    assert (result.verb, result.files) == ("predict", ("a.jpg", "train", "--odd.jpg"))


def test_an_empty_value_is_a_mistake_such_as_an_unset_variable_of_a_shell():
    assert sentence("--image_dir=x", "--tfhub_module=") == (
        "--tfhub_module needs a value, but was given an empty one: leave it out or name one."
    )


def test_home_is_known_in_paths(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    assert parsed("--image_dir=~/photos").config.image_dir == "/home/ada/photos"


@pytest.mark.parametrize(
    ("flag", "config"),
    [
        ("--validation_split=0.29", Config(image_dir="a", validation_percentage=29.0)),
        ("--testing_split=0.07", Config(image_dir="a", testing_percentage=7.0)),
        ("--how_many_training_steps=4000", Config(image_dir="a", max_steps=4000)),
        ("--train_batch_size=5", Config(image_dir="a", batch_size=5)),
        ("--horizontal_flip", Config(image_dir="a", flip_left_right=True)),
        ("--horizontal_flip=false", Config(image_dir="a", flip_left_right=False)),
        ("--do_data_augmentation", Config(image_dir="a", augment="classic")),
        ("--do_data_augmentation=1", Config(image_dir="a", augment="classic")),
        ("--do_data_augmentation=false", Config(image_dir="a", augment="none")),
    ],
)
def test_the_names_of_the_predecessors(flag, config):
    result = parsed("--image_dir=a", flag)
    assert result.config == config
    assert result.given == {"image_dir", ALIASES[flag[2:].partition("=")[0]]}


def test_a_switch_of_the_predecessors_can_be_turned_off():
    assert parsed("--image_dir=a", "--nodo_data_augmentation").config.augment == "none"
    assert sentence("--image_dir=a", "--do_data_augmentation=maybe") == (
        "--do_data_augmentation takes true or false, but was given 'maybe'."
    )


def test_two_names_of_one_flag():
    assert parsed("--image_dir=a", "--train_batch_size=5", "--batch_size=5").config.batch_size == 5
    assert sentence("--image_dir=a", "--train_batch_size=5", "--batch_size=6") == (
        "--batch_size and --train_batch_size mean the same, but differ: give one of the two."
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], "train needs --image_dir: a folder with one folder of images per class."),
        (["--batchsize=3"], "--batchsize is no flag of retrain: did you mean --batch_size?"),
        (["--flagfiel=3"], "--flagfiel is no flag of retrain: did you mean --flagfile?"),
        (["--zzz"], "--zzz is no flag of retrain: python -m retrain --help lists them."),
        (["--image_dir"], "--image_dir needs a value: --image_dir=VALUE."),
        (["--flagfile"], "--flagfile needs a value: --flagfile=VALUE."),
        (["--batch_size=many"], "--batch_size takes a whole number, but was given 'many'."),
        (["--max_steps=1e3"], "--max_steps takes a whole number, but was given '1e3'."),
        (["--train_batch_size="], "--train_batch_size takes a whole number, but was given ''."),
        (["--learning_rate=inf"], "--learning_rate takes a number, but was given 'inf'."),
        (["--module_input_range=0-1"], "--module_input_range takes a number, but was given '0-1'."),
        (
            ["--validation_split=20"],
            "--validation_split=20 is no fraction from 0 to 1: for percent, use --validation_percentage.",
        ),
        (["--batch_size=0", "--image_dir=a"], "--batch_size=0 is out of range: it must be "
        "at least 1 and at most 1000000000."),
        (["--verbosity=loud"], "'loud' is no value of --verbosity: choose from debug, info, warning, error."),
        (
            ["evalute", "--image_dir=a"],
            "'evalute' is no verb: choose from train, sweep, evaluate, predict, inspect; did you mean "
            "'evaluate'?",
        ),
        (["/"], "'/' is no verb: a folder of images is given as --image_dir=/."),
        (
            ["train", "image_dir=a"],
            "train takes flags only, but was given 'image_dir=a': write --NAME=VALUE.",
        ),
        (
            ["predict", "--tfhub_module=export"],
            "predict needs images: name files or folders after the flags.",
        ),
        (
            ["predict", "--tfhub_module=export", "--max_steps=5", "a.jpg"],
            "--max_steps=5 is not read by predict: it applies to train and sweep.",
        ),
        (
            ["--flagfile=/no/such.flags"],
            "The flag file '/no/such.flags' cannot be read: No such file or directory.",
        ),
        (["--flagfile=/"], "The flag file '/' cannot be read: Is a directory."),
        (["inspect", "--json=maybe"], "--json takes true or false, but was given 'maybe'."),
        (["inspect", "--nojson=1"], "--nojson=1 does not take an argument: leave out the value."),
    ],
)  # fmt: skip
def test_what_a_user_mistypes(words, expected):
    assert sentence(*words) == expected


def test_flag_files(tmp_path):
    (tmp_path / "run.flags").write_text("# a comment\n\n--image_dir=photos\n--seed=3\n--batch_size=5\n")
    result = parsed(f"--flagfile={tmp_path}/run.flags", "--batch_size=6")
    assert result.config == Config(image_dir="photos", seed=3, batch_size=6)
    assert result.given == {"image_dir", "seed", "batch_size"}


def test_a_flag_file_that_is_none(tmp_path):
    (tmp_path / "spaces.flags").write_text("--image_dir photos\n")
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff")
    assert sentence(f"--flagfile={tmp_path}/spaces.flags") == (
        "'--image_dir photos' is no flag: on a line of a flag file, write --NAME=VALUE."
    )
    assert sentence(f"--flagfile={tmp_path}/photo.jpg") == (
        "The flag file is no text: it must hold one --NAME=VALUE on each line."
    )


def test_parsing_twice_leaves_nothing_behind():
    parsed("--image_dir=a", "--seed=3")
    assert parsed("--image_dir=a").config == Config(image_dir="a")


def test_the_flags_of_libraries_stay_out():
    import absl.logging  # noqa: F401  defines flags of its own

    assert sentence("--alsologtostderr") == (
        "--alsologtostderr is no flag of retrain: python -m retrain --help lists them."
    )


def test_nothing_else_is_answered():
    assert answer(["retrain", "--version"]) == f"retrain {__version__}\n"
    assert answer(["retrain", "--image_dir=a"]) is None
    assert answer(["retrain", "predict", "--", "--help"]) is None
