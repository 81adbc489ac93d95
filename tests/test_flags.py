import pytest

from retrain import __version__
from retrain.errors import InputError
from retrain.flags import Parsed, answer, parse
from retrain.predecessors import ALIASES
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
        config=Config.of(image_dir="photos"),
        given=frozenset({"image_dir"}),
        files=(),
        verbosity="info",
    )


def test_flags_in_all_their_spellings():
    result = parsed(
        *("train", "--image_dir", "photos", "-batch_size", "7", "--learning_rate=1e-3", "--seed=3"),
        *("--module_input_range", "-1,1", "--export_formats=saved_model, hub_module", "--verbosity=warning"),
    )
    assert result.config == Config.of(
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
    [
        ([], False),
        (["--json"], True),
        (["--nojson"], False),
        *(([f"--json={text}"], True) for text in ("true", "True", "1", "yes", "t", "y")),
        *(([f"--json={text}"], False) for text in ("false", "False", "0", "no", "f", "n")),
    ],
)
def test_a_flag_that_is_true_or_false(words, expected):
    assert parsed("inspect", *words).config.results.json is expected


def test_a_flag_that_is_true_can_be_said_to_be():
    assert parsed("--image_dir=a", "--calibrate=True").config.head.calibrate is True
    assert parsed("--image_dir=a", "--nocalibrate").config.head.calibrate is False
    assert parsed("--image_dir=a", "--do_data_augmentation=Yes").config.augmentation.augment == "classic"


def test_the_last_of_two_equal_flags_wins():
    assert parsed("--image_dir=a", "--image_dir=b").config.data.image_dir == "b"


def test_a_flag_that_is_given_for_each_of_several():
    result = parsed("sweep", "--image_dir=a", "--sweep=seed=1,2", "--sweep", "dropout_rate=0..0.5")
    assert result.config.sweep.sweep == ("seed=1,2", "dropout_rate=0..0.5")


def test_predict_takes_files_between_and_after_flags():
    result = parsed("predict", "a.jpg", "--tfhub_module=export", "train", "--", "--odd.jpg")
    assert (result.verb, result.files) == ("predict", ("a.jpg", "train", "--odd.jpg"))


def test_a_file_may_be_called_true(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "true").write_bytes(b"")
    assert parsed("predict", "--tfhub_module=export", "true").files == ("true",)


def test_an_empty_value_is_a_mistake_such_as_an_unset_variable_of_a_shell():
    assert sentence("--image_dir=x", "--tfhub_module=") == (
        "--tfhub_module needs a value, but was given an empty one: leave it out or name one."
    )


def test_home_is_known_in_paths(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    assert parsed("--image_dir=~/photos").config.data.image_dir == "/home/ada/photos"


@pytest.mark.parametrize(
    ("flag", "config"),
    [
        ("--validation_split=0.29", Config.of(image_dir="a", validation_percentage=29.0)),
        ("--testing_split=0.07", Config.of(image_dir="a", testing_percentage=7.0)),
        ("--how_many_training_steps=4000", Config.of(image_dir="a", max_steps=4000)),
        ("--train_batch_size=5", Config.of(image_dir="a", batch_size=5)),
        ("--horizontal_flip", Config.of(image_dir="a", flip_left_right=True)),
        ("--horizontal_flip=false", Config.of(image_dir="a", flip_left_right=False)),
        ("--bottleneck_dir=/tmp/b", Config.of(image_dir="a", feature_cache="/tmp/b")),
        ("--do_data_augmentation", Config.of(image_dir="a", augment="classic")),
        ("--do_data_augmentation=1", Config.of(image_dir="a", augment="classic")),
        ("--do_data_augmentation=false", Config.of(image_dir="a", augment="none")),
    ],
)
def test_the_names_of_the_predecessors(flag, config):
    result = parsed("--image_dir=a", flag)
    assert result.config == config
    assert result.given == {"image_dir", ALIASES[flag[2:].partition("=")[0]]}


def test_a_switch_of_the_predecessors_can_be_turned_off():
    assert parsed("--image_dir=a", "--nodo_data_augmentation").config.augmentation.augment == "none"
    assert sentence("--image_dir=a", "--do_data_augmentation=maybe") == (
        "--do_data_augmentation takes true or false, but was given 'maybe'."
    )


def test_what_is_given_again_is_told(tmp_path):
    result = parsed("--image_dir=a", "--seed", "3", "--image_dir", "b", "--seed=3", "--image_dir=c")
    assert result.config == Config.of(image_dir="c", seed=3)
    assert result.notes == ("--image_dir is given 3 times: the last counts, 'c'.",)
    (tmp_path / "run.flags").write_text("--image_dir=a\n")
    assert parsed(f"--flagfile={tmp_path / 'run.flags'}", "--image_dir=b").notes == ()
    assert parsed("predict", "--tfhub_module=a", "--", "--tfhub_module=b").notes == ()


def test_what_is_told_of_flags_of_the_predecessors():
    result = parsed("--image_dir=a", "--summaries_dir=x", "--noset_memory_growth", "--horizontal_flip")
    assert result.config == Config.of(image_dir="a", flip_left_right=True)
    assert result.notes == (
        "--summaries_dir: events for TensorBoard are in RUN/events, and no directory is emptied for them.",
        "--set_memory_growth: TF_FORCE_GPU_ALLOW_GROWTH=true in the environment says the same to TensorFlow.",
        "--horizontal_flip: images are augmented by it, also without --do_data_augmentation.",
    )
    assert parsed("--image_dir=a", "--horizontal_flip", "--do_data_augmentation").notes == ()


def test_flags_of_the_predecessors_that_had_another_result():
    assert sentence("--intermediate_store_frequency=5") == (
        "--intermediate_store_frequency: no graphs are written on the way; checkpoints are, in RUN: leave it "
        "out."
    )
    assert sentence("evaluate", "--summaries_dir=x") == (
        "--summaries_dir=x is not read by evaluate: it applies to train."
    )


def test_how_much_retrain_py_told():
    assert parsed("--image_dir=a", "--logging_verbosity=WARN").verbosity == "warning"
    assert sentence("--image_dir=a", "--logging_verbosity=loud") == (
        "'loud' is no value of --logging_verbosity: choose from DEBUG, INFO, WARN, ERROR, FATAL."
    )
    assert sentence("--image_dir=a", "--logging_verbosity=WARN", "--verbosity=info") == (
        "--verbosity and --logging_verbosity mean the same, but differ: give one of the two."
    )


def test_two_names_of_one_flag():
    assert parsed("--image_dir=a", "--train_batch_size=5", "--batch_size=5").config.head.batch_size == 5
    assert sentence("--image_dir=a", "--train_batch_size=5", "--batch_size=6") == (
        "--batch_size and --train_batch_size mean the same, but differ: give one of the two."
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], "train needs --image_dir: a folder of class folders, or that of the images in --labels_file."),
        (["--batchsize=3"], "--batchsize is no flag of retrain: did you mean --batch_size?"),
        (
            ["--val_dir=x"],
            "--val_dir is no flag of retrain: folders named train, validation and test in --image_dir are "
            "the splits.",
        ),
        (["--flagfiel=3"], "--flagfiel is no flag of retrain: did you mean --flagfile?"),
        (
            ["--max_step=3", "--image_dir=a", "--zzz", "--sed", "4", "--zzz=1"],
            "--max_step is no flag of retrain: did you mean --max_steps? "
            "--zzz is no flag of retrain: python -m retrain --help lists them. "
            "--sed is no flag of retrain: did you mean --seed?",
        ),
        (
            ["predict", "--max_step=3", "--tfhub_modul=a", "-", "--", "--odd.jpg"],
            "--max_step is no flag of retrain: python -m retrain predict --help lists them. "
            "--tfhub_modul is no flag of retrain: did you mean --tfhub_module?",
        ),
        (["--max_step=3", "sweep"], "--max_step is no flag of retrain: did you mean --max_steps?"),
        (["--train_batchsize=3"],
         "--train_batchsize is no flag of retrain: did you mean --train_batch_size?"),
        (
            ["evaluate", "--train_batchsize=3"],
            "--train_batchsize is no flag of retrain: python -m retrain evaluate --help lists them.",
        ),
        (["inspect", "--verbosty=info"], "--verbosty is no flag of retrain: did you mean --verbosity?"),
        (
            ["--image_dir=a", "--fine_tune", "False"],
            "'False' stands alone: a flag that is true or false is written --NAME or --noNAME, such as "
            "--nofine_tune, or --NAME=false.",
        ),
        (
            ["predict", "--tfhub_module=export", "a.jpg", "true"],
            "'true' stands alone: a flag that is true or false is written --NAME or --noNAME, such as "
            "--nofine_tune, or --NAME=false.",
        ),
        (
            ["--image_dir=a", "--export_formats=saved_model,saved_model"],
            "--export_formats=saved_model,saved_model names 'saved_model' twice: name each once, with commas "
            "between.",
        ),
        (
            ["--image_dir=a", "--fine_tune_from=("],
            "--fine_tune_from='(' is no regular expression (missing ), unterminated subpattern at position "
            "0): put a backslash before a character that is meant as it stands.",
        ),
        (
            ["--image_dir=a", "--momentum=0.5"],
            "--momentum=0.5 needs --fine_tune or --augment, and --optimizer=sgd or rmsprop: give it, too, or "
            "leave this out.",
        ),
        (["--zzz"], "--zzz is no flag of retrain: python -m retrain --help lists them."),
        (["--image_dir"], "--image_dir needs a value: --image_dir=VALUE."),
        (["--flagfile"], "--flagfile needs a value: --flagfile=VALUE."),
        (["--batch_size=many"], "--batch_size takes a whole number, but was given 'many'."),
        (["--max_steps=1e3"], "--max_steps takes a whole number, but was given '1e3'."),
        (["--train_batch_size="], "--train_batch_size takes a whole number, but was given ''."),
        (["--learning_rate=inf"], "--learning_rate takes a number, but was given 'inf'."),
        (
            ["--module_input_range=0-1"],
            "--module_input_range=0-1 is no range: it must be two numbers, the lower first, such as -1,1.",
        ),
        (
            ["--validation_split=20"],
            "--validation_split=20 is no fraction from 0 to 1: for percent, use --validation_percentage.",
        ),
        (["--batch_size=0", "--image_dir=a"], "--batch_size=0 is out of range: it must be "
        "at least 1 and at most 1000000000."),
        (["--verbosity=loud"], "'loud' is no value of --verbosity: choose from debug, info, warning, error."),
        (
            ["evalute", "--image_dir=a"],
            "'evalute' is no verb: choose from train, sweep, evaluate, predict, serve, export, inspect, "
            "compare; did you mean 'evaluate'?",
        ),
        (["/"], "'/' is no verb: a folder of images is given as --image_dir=/."),
        (
            ["train", "image_dir=a"],
            "train takes flags only, but was given 'image_dir=a': write --NAME=VALUE.",
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
    assert result.config == Config.of(image_dir="photos", seed=3, batch_size=6)
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
    assert parsed("--image_dir=a").config == Config.of(image_dir="a")


def test_the_flags_of_libraries_stay_out():
    import absl.logging  # noqa: F401  defines flags of its own

    assert sentence("--alsologtostderr") == (
        "--alsologtostderr is no flag of retrain: python -m retrain --help lists them."
    )


def test_nothing_else_is_answered():
    assert answer(["retrain", "--version"]) == f"retrain {__version__}\n"
    assert answer(["retrain", "--image_dir=a"]) is None
    assert answer(["retrain", "predict", "--", "--help"]) is None
