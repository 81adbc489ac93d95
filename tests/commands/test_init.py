"""What a check can know it says in one sentence, whatever the verb, and before TensorFlow is loaded."""

import json
import pathlib
import shutil
import subprocess
import sys

import pytest
from PIL import Image

from retrain import files
from retrain.commands import COMMANDS
from retrain.extensions import named
from tests.commands.worlds import described_export

ROOT = pathlib.Path(__file__).parents[2]
# Reads command lines, and prints what is said of each and which heavy packages were loaded for it.
PROGRAM = """
import json, sys
from retrain.commands import COMMANDS
from retrain.errors import InputError
from retrain.extensions import named
from retrain.flags import parse

for words in json.load(sys.stdin):
    try:
        parsed = parse(["retrain", *words])
        named(COMMANDS[parsed.verb].check)(parsed.config, parsed.files)
        said = None
    except InputError as error:
        said = str(error)
    print(json.dumps([said, sorted({"tensorflow", "keras"} & set(sys.modules))]))
"""
PHOTOS, SPLIT, MODULE = "--image_dir=photos", "--image_dir=split", "--tfhub_module=module"
GRADIENTS = "--tfhub_module=builtin:gradients"
NO_TRAINABLE = (
    "--fine_tune trains the variables of a module, and 'builtin:gradients' has none that can be trained: "
    "leave it out, or use another module."
)
FIGURES = (
    "accuracy, average_loss, expected_calibration_error, macro_f1, balanced_accuracy, weighted_f1, "
    "top_5_accuracy, loss"
)
REFUSED = {
    f"{PHOTOS} {MODULE} --fine_tune --early_stopping_metric=acuracy": (
        f"'acuracy' is no figure of --early_stopping_metric: choose from {FIGURES}; did you mean 'accuracy'?"
    ),
    f"{PHOTOS} --split_file=splits.csv": (
        "'splits.csv' was expected to have columns 'path' and 'split', but its columns are 'path', 'splt': "
        "name a run's predictions.csv."
    ),
    f"{PHOTOS} --split_file=gone.csv": (
        "'gone.csv' was expected to be a CSV file with columns 'path' and 'split', but cannot be read (No "
        "such file or directory): name a run's predictions.csv."
    ),
    f"{PHOTOS} --export_formats=saved_model,saved_model": (
        "--export_formats=saved_model,saved_model names 'saved_model' twice: name each once, with commas "
        "between."
    ),
    f"{PHOTOS} {MODULE} --fine_tune --fine_tune_from=(": (
        "--fine_tune_from='(' is no regular expression (missing ), unterminated subpattern at position 0): "
        "put a backslash before a character that is meant as it stands."
    ),
    f"{PHOTOS} {GRADIENTS} --fine_tune": NO_TRAINABLE,
    f"sweep {PHOTOS} {GRADIENTS} --fine_tune --sweep=learning_rate=0.1,1": NO_TRAINABLE,
    f"{PHOTOS} {GRADIENTS} --module_input_range=-1,1": (
        "--module_input_range=-1.0,1.0 has no effect on this module, whose source does not read it: leave it "
        "out."
    ),
    f"{PHOTOS} --module_kind=image_classification": (
        "--module_kind=image_classification has no effect on this module, whose source does not read it: "
        "leave it out."
    ),
    f"{SPLIT} --validation_percentage=20": (
        "--validation_percentage=20.0 has no effect, for the data say the split of each image: leave it out."
    ),
    f"{PHOTOS} --label_map=labels.txt": (
        "--label_map='labels.txt' is not read without --warm_start_head: give both, or neither."
    ),
    f"{PHOTOS} --find_learning_rate": (
        "--find_learning_rate=true needs --fine_tune or --augment: give it, too, or leave this out."
    ),
    f"{PHOTOS} --tasks=kind:softmax": (
        "--tasks=kind:softmax says what is in a table of labels, but there is no --labels_file: give one."
    ),
    f"{PHOTOS} --labels_file=labels.csv --head=sigmoid": (
        "--head=sigmoid is for class folders: with --labels_file, write --tasks=COLUMN:sigmoid."
    ),
    f"{PHOTOS} --head=sigmod": ("'sigmod' is no head: choose from softmax, sigmoid; did you mean 'sigmoid'?"),
    f"{PHOTOS} --warm_start_from=photos": (
        "--warm_start_from='photos' is none of these: name the directory of a run, one of its checkpoints, "
        "such as RUN/ckpt-100, or an exported classifier."
    ),
    "predict --tfhub_module=export lone.psd": "None of the 1 files is an image that can be decoded.",
    f"evaluate {PHOTOS} --tfhub_module=export": (
        "The classifier 'export' does not know the class 'roses' of this folder; it knows 'cats', 'tulips'. "
        "Rename or remove the class folder."
    ),
    "train --image_dir=one": (
        "'one' has 1 class folder ('roses'), but a classifier needs 2 class folders or more: put images in "
        "DIR/CLASS/*.jpg."
    ),
}
ACCEPTED = (
    f"{PHOTOS}",
    f"{PHOTOS} {MODULE} --fine_tune --early_stopping_metric=macro_f1 --module_kind=image_classification",
    f"{PHOTOS} --validation_percentage=20",
    f"{SPLIT}",
    f"sweep {PHOTOS} --sweep=learning_rate=0.1,1",
    "predict --tfhub_module=export photos",
    "inspect",
)


@pytest.fixture(scope="module")
def said(tmp_path_factory) -> dict[str, list]:
    """What is said of each command line, and what was loaded, in a process that does nothing else."""
    here = tmp_path_factory.mktemp("checks")
    for name in ("roses/1.png", "tulips/1.png"):
        (here / "photos" / name).parent.mkdir(parents=True)
        Image.new("RGB", (2, 2)).save(here / "photos" / name)
    for split in ("train", "validation"):
        shutil.copytree(here / "photos", here / "split" / split)
    shutil.copytree(here / "photos" / "roses", here / "one" / "roses")
    files.write_text(here / "lone.psd", "8BPS")
    files.write_text(here / "module" / "saved_model.pb", "")
    files.write_text(here / "splits.csv", "path,splt\nroses/1.png,test\n")
    files.write_text(here / "labels.csv", "path,kind\nroses/1.png,a\ntulips/1.png,b\n")
    described_export(here / "export", label=["cats", "tulips"])
    lines = [*REFUSED, *ACCEPTED]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps([line.split() for line in lines]),
        cwd=here,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(zip(lines, map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.mark.parametrize("line", REFUSED)
def test_what_cannot_work_is_one_sentence(said, line):
    assert said[line] == [REFUSED[line], []]


@pytest.mark.parametrize("line", ACCEPTED)
def test_what_can_work_is_let_pass(said, line):
    assert said[line] == [None, []]


def test_every_verb_names_two_functions():
    for row in COMMANDS.values():
        assert callable(named(row.check))
        assert callable(named(row.run))
