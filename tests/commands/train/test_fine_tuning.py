"""Training on images, end to end: every source of modules, frozen and fine-tuned, softmax and sigmoid."""

import json
import pathlib

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from retrain.modules.load import load_module
from tests import tiny_tf1_hub, tiny_worlds

SHORT = ["--max_steps=6", "--eval_every=3", "--batch_size=6", "--export_formats=saved_model"]
MODULES = {
    "saved_model": tiny_worlds.averaging_module,
    "keras": tiny_worlds.keras_file,
    "tf1_hub": lambda directory: tiny_tf1_hub.averaging_module(directory, 1.0),
}


@pytest.fixture(scope="module")
def handles(tmp_path_factory) -> dict[str, str]:
    directory = tmp_path_factory.mktemp("modules")
    return {name: make(directory / name) for name, make in MODULES.items()}


def values(run: pathlib.Path) -> list[np.ndarray]:
    """The variables of the base in a run's export, whose last two are the head's."""
    return [v.numpy() for v in tf.saved_model.load(str(run / "export" / "saved_model")).variables[:-2]]


@pytest.mark.parametrize(
    ("source", "head", "flags"),
    [
        ("saved_model", "softmax", ["--fine_tune"]),
        ("saved_model", "sigmoid", ["--augment=light"]),
        ("keras", "sigmoid", ["--fine_tune", "--augment=strong"]),
        ("keras", "softmax", ["--augment=light"]),
        ("tf1_hub", "softmax", ["--fine_tune"]),
        ("tf1_hub", "sigmoid", ["--augment=light"]),
    ],
)
def test_every_source_is_trained_on_images(command, colour_folder, handles, tmp_path, source, head, flags):
    run, handle = tmp_path / "run", handles[source]
    given = [f"--image_dir={colour_folder}", f"--tfhub_module={handle}", f"--model_dir={run}"]
    # Without validation the last step is taken, however little was gained.
    result = command(*given, f"--head={head}", *flags, *SHORT, "--validation_percentage=0")
    assert result.status == 0, result.err
    frozen = "--fine_tune" not in flags
    begins = (
        "Head on augmented images: 6 steps of 6 images, " if frozen else "Fine-tuning: 6 steps of 6 images, "
    )
    assert begins in result.err
    assert "Step 6 of 6: loss " in result.err
    before = [variable.numpy() for variable in load_module(handle).variables]
    same = [np.array_equal(*pair) for pair in zip(before, values(run), strict=True)]
    assert all(same) if frozen else not all(same)
    metrics = json.loads((run / "metrics.json").read_text())
    assert set(metrics) == {"test", "global_step"}
    assert (metrics["test"]["count"], metrics["global_step"]) == (3, 6)
    assert len(pd.read_csv(run / "predictions.csv")) == 24
    assert (run / "augmented.png").is_file()


def test_the_best_step_is_what_is_exported_and_predicted_with(command, colour_folder, handles, tmp_path):
    """Towards labels that say nothing it gets worse, so that the best is the frozen head, as it was."""
    run, frozen = tmp_path / "run", tmp_path / "frozen"
    given = [f"--image_dir={colour_folder}", f"--tfhub_module={handles['saved_model']}"]
    tuned = ["--fine_tune", "--learning_rate=0.1", "--warmup_steps=0", "--label_smoothing=0.99"]
    assert command(*given, f"--model_dir={run}", *tuned, *SHORT).status == 0
    assert command(*given, f"--model_dir={frozen}").status == 0
    assert json.loads((run / "metrics.json").read_text())["global_step"] == 0
    assert (run / "predictions.csv").read_bytes() == (frozen / "predictions.csv").read_bytes()
    assert {path.name for path in run.glob("ckpt-*")} == {"ckpt-0", "ckpt-3", "ckpt-6"}


def test_what_is_given_is_used_and_told(command, colour_folder, handles, tmp_path):
    flags = [
        *("--do_fine_tuning", "--learning_rate=0.25", "--warmup_steps=50%", "--weight_decay=0.5"),
        *(
            "--base_learning_rate_factor=0.125",
            "--label_smoothing=0.75",
            "--augment=none",
            "--optimizer=adam",
        ),
        *("--ema=0.5", "--gradient_clip_norm=1", "--freeze_batch_norm", "--early_stopping_metric=accuracy"),
    ]
    given = [f"--image_dir={colour_folder}", f"--tfhub_module={handles['keras']}", *SHORT]
    result = command(*given, *flags, f"--model_dir={tmp_path / 'run'}")
    assert result.status == 0
    assert (
        "Fine-tuning: 6 steps of 6 images, learning_rate=0.25 after 3 steps of warm-up, then along a cosine "
        "to zero, base_learning_rate_factor=0.125, weight_decay=0.5, label_smoothing=0.75, augment=none, "
        "eval_every=3.\n"
    ) in result.err
    assert not (tmp_path / "run" / "augmented.png").exists()


def test_the_head_that_fine_tuning_starts_from_is_the_frozen_one(command, colour_folder, handles, tmp_path):
    """What is said of steps and rates is said of fine-tuning."""
    given = [f"--image_dir={colour_folder}", f"--tfhub_module={handles['saved_model']}"]
    frozen = command(*given, f"--model_dir={tmp_path / 'frozen'}")
    tuned = command(*given, "--fine_tune", *SHORT, "--learning_rate=1", f"--model_dir={tmp_path / 'tuned'}")
    lines = [
        next(line for line in result.err.splitlines() if line.startswith("Head: the best of 8"))
        for result in (frozen, tuned)
    ]
    assert lines[0].partition(" images, ")[0] == lines[1].partition(" images, ")[0]


def test_a_part_of_the_module(command, colour_folder, tmp_path):
    module = tiny_worlds.averaging_module(tmp_path / "module")
    given = [f"--image_dir={colour_folder}", f"--tfhub_module={module}", f"--model_dir={tmp_path / 'run'}"]
    result = command(*given, "--fine_tune", "--fine_tune_from=Conv")
    assert (result.status, result.out) == (2, "")
    assert result.err.splitlines()[-1] == (
        "retrain: --fine_tune_from='Conv' matches no variable of the module that can be trained; some of its "
        "1 names, in order: 'scale'."
    )


def test_a_module_with_nothing_to_train(command, colour_folder, tmp_path):
    result = command(f"--image_dir={colour_folder}", "--fine_tune", f"--model_dir={tmp_path / 'run'}")
    assert (result.status, result.out) == (2, "")
    assert result.err.splitlines()[-1] == (
        "retrain: --fine_tune trains the variables of a module, and 'builtin:' has none that can be trained: "
        "leave it out, or use another module."
    )
