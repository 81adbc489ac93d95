"""The verbs of the command line as functions: the same settings, checks and runs, behind one door.

Nothing heavy is imported before the check. A mistake is an InputError, which speaks of keywords.
"""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from retrain.api.keywords import config_of, with_keywords
from retrain.api.trained_run import Comparison, Evaluation, FinishedSweep, TrainedRun
from retrain.commands.perform import Performed, perform
from retrain.errors import InputError
from retrain.extensions import named, unknown_name
from retrain.plain_log import VERBOSITIES, logged_plainly
from retrain.settings.python_words import VERBOSITY, in_keywords, said_in_python

if TYPE_CHECKING:  # which takes a while to import
    import pandas as pd


@with_keywords("train")
@said_in_python()
def train(data: Any = None, labels: Any = None, *, verbosity: str = "info", **keywords: Any) -> TrainedRun:
    """Trains a classifier on images, as `python -m retrain` does.

    retrain.train(image_dir="photos", fine_tune=True).metrics["test"]["accuracy"]
    retrain.train(table, image_dir="photos")  # a DataFrame with the columns of a labels_file
    retrain.train(paths, labels)  # a label each, or a list of labels

    Images in memory are fitted by `retrain.sklearn.ImageClassifier`.

    A table, or paths and labels, are written beside the run, as labels-HASH.csv. InputError for what cannot
    work, before anything is written.
    """
    return TrainedRun(_run_on(data, labels, "train", keywords, verbosity))


@with_keywords("sweep")
@said_in_python()
def sweep(data: Any = None, labels: Any = None, *, verbosity: str = "info", **keywords: Any) -> FinishedSweep:
    """Finds the settings of `train` that suit the images best, as `python -m retrain sweep` does.

    retrain.sweep(image_dir="photos", sweep={"dropout_rate": [0, 0.2], "l2_regularizer": "1e-4..0.5"}).best

    Images are given as to `train`.
    """
    return FinishedSweep(_run_on(data, labels, "sweep", keywords, verbosity))


@with_keywords("evaluate")
@said_in_python()
def evaluate(tfhub_module: Any = None, *, verbosity: str = "info", **keywords: Any) -> Evaluation:
    """Measures a classifier on other images, as `python -m retrain evaluate` does.

    retrain.evaluate(run, image_dir="other_photos").metrics; `tfhub_module` may be a TrainedRun.
    """
    keywords["tfhub_module"] = tfhub_module
    return Evaluation(_performed("evaluate", keywords, verbosity).plan.run.path)


@with_keywords("compare")
@said_in_python()
def compare(*runs: Any, verbosity: str = "warning", **keywords: Any) -> Comparison:
    """What differs between runs, and whether that is more than chance, as `python -m retrain compare` says.

    retrain.compare(run, "runs/photos-20260101-120000").table; a folder of runs is all of them.
    """
    words = tuple(map(os.fspath, runs))
    return Comparison(_performed("compare", keywords, verbosity, words).plan.run.path)


@with_keywords("inspect")
@said_in_python()
def inspect(tfhub_module: Any = None, *, verbosity: str = "warning", **keywords: Any) -> dict[str, Any]:
    """What a module is, and whether it keeps the common promises, as `python -m retrain inspect --json` says.

    retrain.inspect("builtin:")["conforms"]
    """
    keywords["tfhub_module"] = tfhub_module
    return _performed("inspect", keywords, verbosity, run="retrain.commands.inspect:content").result


@with_keywords("predict")
@said_in_python()
def predict(images: Any = None, *, verbosity: str = "warning", **keywords: Any) -> "pd.DataFrame":
    """What a classifier sees in images, a row each: path, class, probability; of a TrainedRun by run.predict.

    Images are those of `image_dir` or `labels_file`, or given here, one or several: paths of files, folders
    or patterns; or PIL images, encoded images as bytes, and arrays, uint8 or float in [0, 1], [H, W],
    [H, W, 3] or [H, W, 4], which are taken with 8 bits a value; their path is `images[0]` and so on. What is
    no image, or damaged, has no row; a line of the log says why.
    """
    as_files = named("retrain.api.given_images:as_files")
    with as_files(images) as given, said_in_python(lambda text: in_keywords(given.with_names(text))):
        if not given.words and not {"image_dir", "labels_file"} & {*keywords}:
            raise InputError("predict needs images: give some, or --image_dir.")
        found = _performed("predict", keywords, verbosity, given.words, "retrain.commands.predict.run:table")
        return given.table_with_names(found.result)


@with_keywords("export")
@said_in_python()
def export(
    model_dir: Any = None, export_formats: Any = None, *, verbosity: str = "info", **keywords: Any
) -> dict[str, str]:
    """Writes further formats of what a run has trained, as `python -m retrain export` does.

    retrain.export(run, ["tflite_int8", "onnx"]); all formats that the run has then, by directory.
    """
    keywords |= {"model_dir": model_dir, "export_formats": export_formats}
    return TrainedRun(_performed("export", keywords, verbosity).plan.run.path).exports


def _run_on(
    data: Any, labels: Any, verb: str, keywords: Mapping[str, Any], verbosity: str
) -> os.PathLike[str]:
    """The directory of a run on images that are given by keywords, or as a table, or as paths and labels."""
    if data is None and labels is None:
        return _performed(verb, keywords, verbosity).plan.run.path
    with named("retrain.api.label_tables:as_labels_file")(data, labels, keywords) as with_table:
        return _performed(verb, with_table, verbosity).plan.run.path


def _performed(
    verb: str,
    keywords: Mapping[str, Any],
    verbosity: str,
    words: tuple[str, ...] = (),
    run: str | None = None,
) -> Performed:
    if verbosity not in VERBOSITIES:
        raise InputError(unknown_name(verbosity, VERBOSITIES, f"value of --{VERBOSITY}"))
    with logged_plainly(verbosity):
        return perform(verb, config_of(verb, keywords), words, run)
