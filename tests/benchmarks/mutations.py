"""Which tests would notice a setting that is dropped, or swapped, on its way: wanted: none survives.

    nice -n 10 python -m tests.benchmarks.mutations [WORD ...]

Each mutation is one line of a copy of the tree; only the tests that could see it are run, with those whose
words are given if there are such. A mutation whose line is no longer there is an error: mend the table.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from typing import NamedTuple

ROOT = pathlib.Path(__file__).parents[2]
WIRING = "tests/contracts/test_wiring.py"


class Mutation(NamedTuple):
    """`old` is replaced by `new` in a file of retrain/; `tests` are words for pytest's -k, of `files`."""

    file: str
    old: str
    new: str
    tests: str
    files: tuple[str, ...] = (WIRING,)


MUTATIONS = (
    # Those that issue 11 names.
    Mutation(
        "examples/labelled.py",
        'weights = known.table["weight"].to_numpy(np.float32)',
        "weights = np.ones(len(known), np.float32)",
        "image_weighs and (heads or trial)",
    ),
    Mutation(
        "examples/image_batches.py",
        "task.head.example_weights(task.labels, class_weights) * given",
        "task.head.example_weights(task.labels, class_weights)",
        "image_weighs and pixels",
    ),
    Mutation(
        "head_search/candidate_group.py", "columns(rate * l1) if l1.any() else None", "None", "l1_regularizer"
    ),
    Mutation(
        "head_search/candidate_group.py",
        "tf.constant(smoothing[:, None]) if smoothing.any() else None",
        "None",
        "label_smoothing and (head or trial)",
    ),
    Mutation(
        "head_search/recipe.py",
        "label_smoothing=_given(settings.label_smoothing, 0.0)",
        "label_smoothing=0.0",
        "label_smoothing and (head or trial)",
    ),
    Mutation(
        "training/loss.py",
        "cls(pixels.label_smoothing, pixels.l1_regularizer, pixels.l2_regularizer, task_weights)",
        "cls(pixels.label_smoothing, 0.0, 0.0, task_weights)",
        "pixels and regularizer",
    ),
    Mutation(
        "training/loss.py",
        "cls(pixels.label_smoothing, pixels.l1_regularizer, pixels.l2_regularizer, task_weights)",
        "cls(pixels.label_smoothing, pixels.l2_regularizer, pixels.l1_regularizer, task_weights)",
        "",
        ("tests/training/test_loss.py", "tests/training/test_estimator.py"),
    ),
    Mutation(
        "examples/image_batches.py",
        "_weights(examples, pixels.class_weights)",
        '_weights(examples, "none")',
        "class_weights and (pixels or looked_for)",
    ),
    Mutation(
        "commands/train/pixels.py",
        "recipe.pixels, examples.task_weights, workers)",
        "recipe.pixels, {}, workers)",
        "task_weighs and pixels",
    ),
    Mutation(
        "commands/train/pixels.py",
        "recipe.pixels, examples.task_weights, batches",
        "recipe.pixels, {}, batches",
        "task_weighs and ramp",
    ),
    Mutation(
        "report/outcome.py",
        "figures_by_task(heads, labels, of_split, weights, its_logits)",
        "figures_by_task(heads, labels, of_split, {}, its_logits)",
        "task_weighs and heads",
    ),
    Mutation(
        "commands/sweep/judging.py",
        "figures_by_task(after, labels, probabilities, examples.task_weights, logits)",
        "figures_by_task(after, labels, probabilities, {}, logits)",
        "task_weighs and trial",
    ),
    Mutation(
        "commands/sweep/judging.py",
        "_joined(scores, metric, examples.task_weights)",
        "_joined(scores, metric, dict.fromkeys(examples.task_weights, 1.0))",
        "task_weighs and trial",
    ),
    Mutation("commands/train/classifier.py", "training.dropout_rate,", "0.0,", "pixels and dropout_rate"),
    Mutation(
        "commands/train/run.py",
        "check_labels(prepared.examples, chosen",
        "check_labels(trained.examples, chosen",
        "labels_are_judged",
    ),
    Mutation(
        "heads/head.py",
        "return -self.losses(labels, logits)",
        "return self.losses(labels, logits)",
        "scores",
    ),
    # Others of their kind.
    Mutation(
        "head_search/head_step.py",
        "[-hyper.shift * (hyper.learning_rate * summed)]",
        "[]",
        "rare",
        ("tests/head_search/test_train_candidates.py",),
    ),
    Mutation(
        "commands/train/classifier.py",
        "settings, prepared.examples, prepared.starts",
        "settings, prepared.examples, {}",
        "begin_with and heads",
    ),
    Mutation(
        "commands/sweep/trials.py",
        "choices, train, validation, start=start,",
        "choices, train, validation, start=None,",
        "begin_with and trial",
    ),
    Mutation(
        "commands/sweep/trials.py",
        "of_task, fold_of, start=start,",
        "of_task, fold_of, start=None,",
        "begin_with and trial",
    ),
    Mutation(
        "commands/train/pixels.py",
        "calibrate=config.head.calibrate,",
        "calibrate=True,",
        "compared_by_what",
        ("tests/commands/train/test_pixels.py",),
    ),
    Mutation(
        "commands/sweep/trials.py", "calibrate = plan.config.head.calibrate", "calibrate = True", "calibrate"
    ),
    Mutation(
        "commands/sweep/image_trial.py",
        "calibrate = plan.config.head.calibrate",
        "calibrate = True",
        "on_images",
    ),
    Mutation(
        "commands/train/run.py",
        "trained.examples, plan.config.head.calibrate)",
        "trained.examples, True)",
        "decided_at_the_end",
    ),
    Mutation(
        "commands/sweep/trials.py",
        "judging.folds, plans[0].config.head.seed)",
        "judging.folds, 0)",
        "drawn_by_the_seed",
    ),
    Mutation(
        "commands/train/classifier.py", "train_base=config.pixels.fine_tune,", "train_base=True,", "fine_tune"
    ),
    Mutation(
        "commands/train/classifier.py", "fine_tune_from=config.pixels.fine_tune_from,", "", "fine_tune_from"
    ),
    Mutation(
        "commands/train/classifier.py",
        "freeze_batch_norm=config.pixels.freeze_batch_norm,",
        "",
        "freeze_batch_norm",
    ),
    Mutation(
        "commands/train/pixels.py",
        "model.image_size, recipe.pixels, recipe.augmentation, part",
        "model.image_size, recipe.pixels, AugmentationSettings(), part",
        "augmentation-augment",
    ),
    Mutation(
        "commands/train/pixels.py",
        "filled_augmentation(config.augmentation, level)",
        "filled_augmentation(AugmentationSettings(), level)",
        "augmentation",
    ),
    Mutation(
        "commands/train/pixels.py",
        "if config.pixels.mixed_precision else model",
        "if False else model",
        "mixed_precision",
    ),
    Mutation(
        "commands/train/pixels.py",
        "        plan.metric,\n",
        '        plan.metric._replace(name="loss", key="loss", higher_is_better=False),\n',
        "early_stopping_metric",
    ),
    Mutation("training/pixel_training.py", "        seed=pixels.seed,\n", "", "", ("tests/training",)),
    Mutation(
        "examples/image_batches.py", "pixels.batch_size, pixels.seed,", "pixels.batch_size, 0,", "pixels-seed"
    ),
    Mutation(
        "training/pixel_training.py",
        "every, steps = pixels.eval_every, pixels.save_checkpoints_steps",
        "every, steps = pixels.eval_every, None",
        "save_checkpoints_steps",
    ),
    Mutation("training/optimizer.py", '{"momentum": pixels.momentum} if', "{} if", "momentum"),
    Mutation("training/optimizer.py", "global_clipnorm=pixels.gradient_clip_norm,", "", "gradient_clip_norm"),
    Mutation(
        "training/pixel_recipe.py",
        "label_smoothing=_given(pixels.label_smoothing, LABEL_SMOOTHING if pixels.fine_tune else 0.0)",
        "label_smoothing=LABEL_SMOOTHING if pixels.fine_tune else 0.0",
        "pixels and label_smoothing",
    ),
    Mutation(
        "training/pixel_recipe.py",
        "l2_regularizer=_given(pixels.l2_regularizer, 0.0)",
        "l2_regularizer=0.0",
        "pixels and l2_regularizer",
    ),
    Mutation(
        "head_search/task_candidates.py",
        "whole = train.weights * task.head.example_weights(train.labels, class_weights)",
        "whole = task.head.example_weights(train.labels, class_weights)",
        "image_weighs and (heads or trial)",
    ),
    Mutation(
        "commands/train/prepare.py",
        "heads, plan.data.task_weights)",
        "heads)",
        "task_weighs and heads",
    ),
    Mutation(
        "commands/train/prepare.py",
        "(data.validation_percentage, data.testing_percentage)",
        "(data.testing_percentage, data.validation_percentage)",
        "share_is",
    ),
    Mutation("commands/train/prepare.py", ", plan.data.frozen)", ")", "split_file"),
    Mutation(
        "commands/sweep/run.py", "(plan.space, plan.config.head.seed)", "(plan.space, 0)", "draws_by_the_seed"
    ),
    Mutation("commands/sweep/run.py", "        settings.folds,\n", "        None,\n", "folds"),
    Mutation("commands/sweep/run.py", "int(settings.sweep_memory_gb * GIB)", "2 * GIB", "sweep_memory_gb"),
    Mutation(
        "commands/sweep/run.py", "plan.metric, plan.config.sweep.prefer)", 'plan.metric, "best")', "prefer"
    ),
    Mutation(
        "features/feature_pass.py",
        "_cheapest_engine(options.settings.feature_engine, module",
        '_cheapest_engine("auto", module',
        "engine",
    ),
    Mutation(
        "commands/train/check.py", "config.pixels.early_stopping_metric, data", '"loss", data', "metric"
    ),
)


def main(words: list[str]) -> int:
    """Exit status 1 when a mutation survives."""
    chosen = [of for of in MUTATIONS if not words or any(word in f"{of.file} {of.old}" for word in words)]
    for mutation in chosen:
        _check(mutation)
    with tempfile.TemporaryDirectory() as directory:
        copy = pathlib.Path(directory)
        for name in ("retrain", "tests", "data_samples", "flags", "docs"):
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "README.md"):
            shutil.copy(ROOT / name, copy / name)
        survived = [mutation for mutation in chosen if not _is_killed(copy, mutation)]
    print(f"{len(survived)} of {len(chosen)} mutations survived.")
    return 1 if survived else 0


def _check(mutation: Mutation) -> None:
    """Ends the program where there is nothing to mutate, or no test to see it."""
    count = (ROOT / "retrain" / mutation.file).read_text().count(mutation.old)
    if count != 1:
        raise SystemExit(f"{mutation.file} has {mutation.old!r} {count} times, not once.")
    for file in mutation.files:
        if not (ROOT / file).exists():
            raise SystemExit(f"There is no {file}, which {mutation.old!r} names.")


def _is_killed(copy: pathlib.Path, mutation: Mutation) -> bool:
    path = copy / "retrain" / mutation.file
    text = path.read_text()
    path.write_text(text.replace(mutation.old, mutation.new))
    status = _tests_status(copy, mutation)
    path.write_text(text)
    what = {0: "SURVIVED", 1: "killed"}.get(status, f"pytest ended with {status}")
    print(f"{what:9} {mutation.file}: {mutation.old.strip()!r} -> {mutation.new.strip()!r}", flush=True)
    return status == 1


def _tests_status(copy: pathlib.Path, mutation: Mutation) -> int:
    words = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *mutation.files]
    words += ["-k", mutation.tests] if mutation.tests else []
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(words, cwd=copy, env=environment, capture_output=True).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
