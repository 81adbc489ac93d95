"""A world in which every setting makes a difference, and the stages whose tiny runs show it.

Images of noise, so that no two are alike under any change, of three classes of different size that overlap;
a Keras module with convolutions and a batch norm; a table of two tasks. A stage takes the texts of flags and
gives what comes of them, rounded, so that it can be compared.
"""

import base64
import contextlib
import functools
import io
import itertools
import json
import os
import pathlib
import re
import shutil
import socket
import unittest.mock
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import optuna
import pandas as pd
import pytest
import tensorflow as tf
from PIL import Image
from starlette.testclient import TestClient

from retrain import flags
from retrain.commands import COMMANDS
from retrain.commands.serve.run import server_config
from retrain.commands.sweep import run as sweep_run
from retrain.commands.sweep.image_trial import image_trial
from retrain.commands.sweep.judging import Judging
from retrain.commands.sweep.trials import head_trials
from retrain.commands.train import pixels as pixel_stage
from retrain.commands.train import run as train_run
from retrain.commands.train.check import TrainPlan
from retrain.commands.train.classifier import best_heads, classifier, outcome_of
from retrain.commands.train.pixels import recipe_for, train_on_images
from retrain.commands.train.prepare import Prepared, prepare
from retrain.commands.train.run import train_classifier, train_model
from retrain.errors import LostWorkerError
from retrain.examples.image_batches import train_batches
from retrain.extensions import named
from retrain.head_search.budget import PLAIN
from retrain.head_search.label_issues import check_labels
from retrain.head_search.search import BestHead
from retrain.report.outcome import Outcome
from retrain.runs.run import Run
from retrain.settings.config import read_by
from retrain.studies.objective import find_objective
from retrain.trackers import TRACKERS, TrackerRow, tracked_run
from retrain.workers.workers import ALONE, Workers
from tests import tiny_worlds

SEED = 2  # of the photos
COUNTS = {"cyan": 16, "magenta": 10, "yellow": 6}
COLOURS = {"cyan": (0, 200, 200), "magenta": (200, 0, 200), "yellow": (200, 200, 0)}
SIDE = 16
# Of the heads on features, and of training on images: steps are few, and all that a recipe would fill in.
HEAD = {"max_steps": "24", "batch_size": "8", "learning_rate": "0.5", "l2_regularizer": "0.01"}
PIXELS = {
    "fine_tune": "true",
    "augment": "none",
    "max_steps": "2",
    "batch_size": "8",
    "learning_rate": "0.05",
    "warmup_steps": "0",
    "weight_decay": "0",
    "label_smoothing": "0",
    "dropout_rate": "0",
}

# Heads that know little: with them a step of training on images is better than none.
UNLEARNT = {"max_steps": "2", "learning_rate": "0.1"}

SPACE = {"sweep": "dropout_rate=0,0.5", "trials": "2"}

Flags = Mapping[str, str]


class World:
    """Files in a directory, and what is remembered between the runs on them."""

    def __init__(self, directory: pathlib.Path):
        self.directory = directory
        self.photos = _photos(directory / "photos", COUNTS)
        self.fewer = _photos(directory / "fewer", {"cyan": 4, "magenta": 4})
        self.broken = _photos(directory / "broken", COUNTS)
        (self.broken / "cyan" / "0.png").write_bytes(b"no image")
        self.glassy = _photos(directory / "glassy", COUNTS)
        for path in self.glassy.rglob("*.png"):
            glass = Image.open(path)
            glass.putalpha(Image.linear_gradient("L").resize(glass.size))
            glass.save(path)
        self.module = _module(directory / "module.keras")
        self.table = _table(directory / "labels.csv", self.photos, weights=(1, 2, 3))
        self.path_table = _path_table(directory / "paths.csv", self.photos)
        self.weightless = _table(directory / "weightless.csv", self.photos, weights=(1,))
        self.count = itertools.count()
        self.prepared: dict[Any, Prepared] = {}
        self._best: dict[Any, dict[str, BestHead]] = {}
        self._outcomes: dict[Any, Any] = {}
        self.versions = directory / "versions"
        self.averaging = tiny_worlds.averaging_module(directory / "averaging")
        self.talking = tiny_worlds.talking_module(directory / "talking")
        self.packed = shutil.make_archive(str(directory / "packed"), "gztar", self.averaging)
        self.packed_too = shutil.make_archive(str(directory / "packed_too"), "gztar", self.talking)

    @property
    def classifier(self) -> str:
        """What a run on the photos exported."""
        return self.exported("saved_model").export("saved_model")

    @property
    def of_two_tasks(self) -> str:
        """What a run on the table exported."""
        return self.exported("saved_model", str(self.table)).export("saved_model")

    def exported(self, formats: str, labels_file: str = "", **more: str) -> Run:
        """A run on the photos that exports these."""
        return self.trained(formats, labels_file, **more)[0]

    @functools.cache  # noqa: B019
    def trained(self, formats: str, labels_file: str = "", **more: str) -> tuple[Run, Outcome]:
        """The same, and what it came to."""
        plan = self.plan({**HEAD, "export_formats": formats, "labels_file": labels_file, **more})
        return plan.run, train_classifier(plan, self.prepared_for(plan))[0]

    def copy_of(self, run: Run) -> Run:
        """A run like that, to be changed."""
        return Run(shutil.copytree(run.path, self.directory / f"copy{next(self.count)}"))

    @functools.cached_property
    def strange(self) -> pathlib.Path:
        """A folder of an image like none of the photos."""
        path = self.directory / "strange"
        path.mkdir()
        Image.new("RGB", (SIDE, SIDE), "black").save(path / "black.png")
        return path

    @functools.cached_property
    def labels(self) -> pathlib.Path:
        """The classes of the classifier, a label map."""
        return pathlib.Path(self.classifier) / "assets.extra" / "labels.txt"

    @functools.cached_property
    def twins(self) -> pathlib.Path:
        """The table with a class written in two ways."""
        path = self.directory / "twins.csv"
        path.write_text(self.table.read_text().replace(",cyan,", ",Cyan,", 1))
        return path

    @functools.cached_property
    def corrected(self) -> pathlib.Path:
        """Another class for the first image."""
        path = self.directory / "corrected.csv"
        path.write_text(f"path,corrected\n{_paths(self.photos)[0]},yellow\n")
        return path

    @functools.cached_property
    def swapped(self) -> pathlib.Path:
        """The same classes in another order."""
        path = self.directory / "swapped.txt"
        path.write_text("".join(reversed(self.labels.read_text().splitlines(keepends=True))))
        return path

    @functools.cached_property
    def splits(self) -> pathlib.Path:
        """A split file in which every second image is one of test."""
        path = self.directory / "splits.csv"
        rows = [f"{name},{'train' if row % 2 else 'test'}\n" for row, name in enumerate(_paths(self.photos))]
        path.write_text("".join(["path,split\n", *rows]))
        return path

    def written(self, given: Flags) -> Flags:
        """The flags with the paths of what they name of the world."""
        return {
            name: re.sub(r"{(\w+)}", lambda found: self._path(found[1]), text) for name, text in given.items()
        }

    def _path(self, name: str) -> str:
        return str(getattr(self, name, self.directory / f"{name}{next(self.count)}"))

    def remembered(self, stage: Callable[["World", Flags], Any], given: Flags) -> Any:
        """What a stage has come to."""
        key = (stage, *sorted(given.items()))
        if key not in self._outcomes:
            self._outcomes[key] = stage(self, given)
        return self._outcomes[key]

    def flags(self, given: Flags, verb: str = "train") -> dict[str, str]:
        """What every run of this verb is given, and these; an empty one leaves it out."""
        known = {"image_dir": str(self.photos), "tfhub_module": str(self.module), "image_size": "8"}
        known["model_dir"] = str(self.directory / f"run{next(self.count)}")
        known["feature_cache"] = str(self.directory / "cache")
        return {**{name: text for name, text in known.items() if name in read_by(verb)}, **given}

    def plan(self, given: Flags, verb: str = "train", files: Sequence[str] = ()) -> Any:
        """The checked plan of a command line, which exports nothing unless that is said."""
        words = [f"--{name}={text}" for name, text in self.flags(given, verb).items() if text]
        parsed = flags.parse(["retrain", verb, *words, *files])
        config = parsed.config if "export_formats" in given else parsed.config.replaced(export_formats=())
        return named(COMMANDS[verb].check)(config, parsed.files)

    def prepared_for(self, plan: TrainPlan, workers: Workers = ALONE) -> Prepared:
        """As `prepare` would, once for each data and module, and how images are made small."""
        key = (plan.config.data, plan.config.module, plan.config.pixels.fine_tune)
        if key not in self.prepared:
            self.prepared[key] = prepare(plan)
        return self.prepared[key]

    def best(self, prepared: Prepared) -> dict[str, BestHead]:
        """The heads with which training on images begins, whatever is said of it and of weights."""
        heads = {task: head.class_names for task, head in prepared.examples.heads.items()}
        key = (prepared.module.handle, prepared.module.image_size, *heads.items())
        if key not in self._best:
            self._best[key] = best_heads(self.plan({**HEAD, **UNLEARNT}).config.head, prepared)
        return self._best[key]


def _photos(directory: pathlib.Path, counts: Mapping[str, int]) -> pathlib.Path:
    random = np.random.default_rng(SEED)
    for name, count in counts.items():
        (directory / name).mkdir(parents=True)
        for index in range(count):
            shade = 0.4 * np.asarray(COLOURS[name]) + 80 + random.normal(0, 25, 3)
            pixels = np.clip(random.normal(shade, 60, [SIDE, SIDE, 3]), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(directory / name / f"{index}.png")
    return directory


def _module(path: pathlib.Path) -> pathlib.Path:
    keras.utils.set_random_seed(0)
    layers = keras.layers
    keras.Sequential(
        [
            keras.Input([None, None, 3]),
            layers.Conv2D(6, 3, activation="relu", name="first"),
            layers.BatchNormalization(name="norm"),
            layers.Conv2D(5, 3, name="second"),
            layers.GlobalAveragePooling2D(name="pool"),
        ]
    ).save(path)
    return path


def _paths(photos: pathlib.Path) -> list[str]:
    return sorted(of.relative_to(photos).as_posix() for of in photos.rglob("*.png"))


def _table(path: pathlib.Path, photos: pathlib.Path, weights: Sequence[int]) -> pathlib.Path:
    """Two tasks, and weights in turn."""
    rows = []
    for row, name in enumerate(_paths(photos)):
        tags = "|".join(["odd"] * (row % 2) + ["third"] * (row % 3 == 0)) or "none"
        rows.append([name, name.partition("/")[0], tags, weights[row % len(weights)]])
    pd.DataFrame(rows, columns=["file", "kind", "tags", "weight"]).to_csv(path, index=False)
    return path


def _path_table(path: pathlib.Path, photos: pathlib.Path) -> pathlib.Path:
    """One task, and two columns of paths, which name different images."""
    names = _paths(photos)
    kinds = [name.partition("/")[0] for name in names]
    pd.DataFrame({"file": names, "other": names[::-1], "kind": kinds}).to_csv(path, index=False)
    return path


MANY = 100


def plain(values: Any) -> Any:
    """Rounded numbers in lists, whatever held them; many at once as bytes, of which all are remembered."""
    if isinstance(values, Mapping):
        return {key: plain(value) for key, value in values.items()}
    if isinstance(values, list | tuple):
        return [plain(value) for value in values]
    if hasattr(values, "numpy"):
        values = values.numpy()
    if isinstance(values, np.ndarray | float):
        # nan would differ from itself, and -0.0 as bytes from 0.0.
        rounded = np.round(np.nan_to_num(values, nan=-1e9), 5) + 0
        return rounded.tolist() if rounded.size < MANY else (rounded.shape, rounded.tobytes())
    return values


def examples(world: World, given: Flags) -> Any:
    """What is known of the examples before heads are trained, and where these begin."""
    prepared = world.prepared_for(world.plan(given))
    of = prepared.examples
    tasks = {name: (task.head.kind, task.head.class_names, task.cells) for name, task in of.tasks.items()}
    skipped = prepared.left_out["path"].tolist()
    return plain([of.paths, of.splits, tasks, np.asarray(of.features), prepared.starts, skipped])


def heads(world: World, given: Flags) -> Any:
    """A training on features, and what is decided and told of it."""
    plan = world.plan({**HEAD, **given})
    trained = train_model(plan, world.prepared_for(plan))
    model, outcome = outcome_of(trained.model, trained.examples, plan.config.head.calibrate)
    losses = [figures["loss"] for figures in outcome.figures.values()]
    return plain([model.kernels, outcome.probabilities, losses, outcome.decisions, trained.global_step])


def trial(world: World, given: Flags, folds: int | None = None) -> Any:
    """The same as a trial of a sweep."""
    plan = world.plan({**HEAD, **given})
    [record] = head_trials([plan], world.prepared_for(plan), judging(plan, folds))
    return plain([record.value, record.figures, record.scores])


def trial_in_folds(world: World, given: Flags) -> Any:
    """The same, judged by cross-validation."""
    return trial(world, given, folds=3)


def trial_on_images(world: World, given: Flags) -> Any:
    """A trial of a sweep that trains on images."""
    plan = world.plan({**PIXELS, "validation_percentage": "20", **given})
    with _trained_on_images(world, plan):
        record = image_trial(plan, world.prepared_for, judging(plan), plan.run)
    return plain([record.value, record.figures, record.scores])


def judging(plan: TrainPlan, folds: int | None = None) -> Judging:
    """By the loss."""
    return Judging(find_objective("validation/loss", plan.data.kinds), folds, PLAIN, costs=False)


def concluded(world: World, given: Flags) -> Any:
    """All that `train` comes to, but for exports."""
    plan = world.plan({**HEAD, **given})
    plan.run.path.mkdir()
    outcome, _ = train_classifier(plan, world.prepared_for(plan))
    return plain([outcome.probabilities, outcome.figures, outcome.decisions])


def reported(world: World, given: Flags) -> int:
    """How many pictures a report shows."""
    plan = world.plan({**HEAD, **given})
    plan.run.path.mkdir()
    train_classifier(plan, world.prepared_for(plan))
    return (plan.run.path / "report.html").read_text().count("<img ")


def tracked(world: World, given: Flags) -> list[str]:
    """The runs that a tracker was given, in the place of MLflow."""
    recorded: list[str] = []
    with (
        unittest.mock.patch.dict(TRACKERS, mlflow=TrackerRow("tests.nowhere:record", "json", "")),
        unittest.mock.patch.object(tracked_run, "named", lambda name: lambda run: recorded.append(name)),
    ):
        plan = world.plan({**HEAD, **given})
        plan.run.path.mkdir()
        train_classifier(plan, world.prepared_for(plan))
    return recorded


def doubted(world: World, given: Flags) -> Any:
    """The label issues of a run that trains on images, and those by the features of the module as it was."""
    plan = world.plan({**PIXELS, **given})
    with _trained_on_images(world, plan) as prepared:
        plan.run.path.mkdir()
        outcome, _ = train_classifier(plan, prepared)
        chosen = {task: best.candidate for task, best in world.best(prepared).items()}
        expected = check_labels(prepared.examples, chosen, shorter=1).issues
    assert outcome.global_step > 0, "The module was left as it was."
    return plain([table["support"].to_numpy() for table in (outcome.label_issues, expected)])


def pixels(world: World, given: Flags) -> Any:
    """A training on images, that begins with heads of which nothing is said here; and which steps it kept."""
    plan = world.plan({**PIXELS, **given})
    with _trained_on_images(world, plan) as prepared:
        model = classifier(plan.config, prepared, world.best(prepared))
        plan.run.path.mkdir()
        with unittest.mock.patch.object(pixel_stage, "pass_again"):
            _, step = train_on_images(plan, prepared.examples, model)
        profiled = (plan.run.path / "plugins").is_dir()
        steps = sorted(of.name for of in plan.run.path.glob("ckpt-*"))
        return plain([list(model.variables), step, steps, profiled])


def batch(world: World, given: Flags) -> Any:
    """The first batch that training on images takes."""
    plan = world.plan({**PIXELS, **given})
    of = world.prepared_for(plan).examples
    recipe = recipe_for(plan.config, of, 0)
    batches = train_batches(of.split("train"), (SIDE, SIDE), recipe.pixels, recipe.augmentation)
    return plain(next(iter(batches(first_step=0).as_numpy_iterator())))


@contextlib.contextmanager
def _trained_on_images(world: World, plan: TrainPlan) -> Iterator[Prepared]:
    """Within, training on images begins with the heads of the world, and leaves its module as it is.

    It is not traced: for few steps that takes longer than to take them.
    """
    prepared = world.prepared_for(plan)
    values, best = [variable.numpy() for variable in prepared.module.variables], world.best(prepared)
    with warnings.catch_warnings(), unittest.mock.patch.object(train_run, "best_heads", return_value=best):
        warnings.filterwarnings("ignore", "Even though the `tf.config.experimental_run_functions_eagerly`")
        tf.config.run_functions_eagerly(True)
        try:
            yield prepared
        finally:
            tf.config.run_functions_eagerly(False)
            for variable, value in zip(prepared.module.variables, values, strict=True):
                variable.assign(value)


def ran(world: World, given: Flags, verb: str = "train", words: Sequence[str] = ()) -> Any:
    """A whole command: how it ended, what it printed, and the files that it wrote."""
    plan = world.plan(given, verb, words)
    if plan.run:
        plan.run.path.mkdir()
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        status = named(COMMANDS[verb].run)(plan)
    said = printed.getvalue()
    return [status, said.replace(str(plan.run), "RUN"), _files(plan.run) if plan.run else []]


def copied(world: World, given: Flags) -> Any:
    """What `train` does beside a run when that has trained, and exported a SavedModel."""
    run, outcome = world.trained("saved_model")

    def train(plan: TrainPlan, prepared: Prepared, workers: Workers) -> tuple[Outcome, list[str]]:
        shutil.copytree(run.path, plan.run.path, dirs_exist_ok=True)
        return outcome, [plan.run.export("saved_model")]

    with (
        unittest.mock.patch.object(train_run, "prepare", world.prepared_for),
        unittest.mock.patch.object(train_run, "train_classifier", train),
    ):
        return ran(world, {"export_formats": "saved_model", **given})


@contextlib.contextmanager
def _chief_of_two() -> Iterator[str]:
    """Within, this process is one; its address, at whose port nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    cluster = {"chief": [address], "worker": ["127.0.0.1:1"]}
    config = json.dumps({"cluster": cluster, "task": {"type": "chief", "index": 0}})
    with unittest.mock.patch.dict(os.environ, TF_CONFIG=config):
        yield address


def clustered(world: World, given: Flags) -> Any:
    """How many train together."""
    with _chief_of_two():
        cluster = world.plan(given).cluster
    return [cluster and cluster.count]


def waited(world: World, given: Flags) -> Any:
    """What the chief says when the other worker does not come."""
    with _chief_of_two() as address, pytest.raises(LostWorkerError) as raised:
        ran(world, given)
    return [str(raised.value).replace(address, "ADDRESS")]


def rate_found(world: World, given: Flags) -> Any:
    """What `train` prints that begins to train on images."""
    given = {**PIXELS, **given}
    with (
        _trained_on_images(world, world.plan(given)),
        unittest.mock.patch.object(train_run, "prepare", world.prepared_for),
        unittest.mock.patch.object(train_run, "train_classifier", return_value=(unittest.mock.Mock(), [])),
        unittest.mock.patch.object(train_run, "comparison_lines", return_value=[]),
        unittest.mock.patch.object(train_run, "training_summary", return_value="trained"),
        unittest.mock.patch.object(pixel_stage, "write_learning_rate_plot"),
    ):
        return ran(world, given)


def ramp(world: World, given: Flags) -> Any:
    """The losses at rising learning rates."""
    return rate_found(world, {**given, "find_learning_rate": "true"})


def exported(world: World, given: Flags) -> Any:
    """What lies in the directory of exports, and what a server gives to the one that it reads."""
    return _exports(
        world.exported(given["export_formats"], "", **_but_formats(given)), given["export_formats"]
    )


def _but_formats(given: Flags) -> dict[str, str]:
    return {name: text for name, text in given.items() if name != "export_formats"}


def exported_later(world: World, given: Flags) -> Any:
    """The same of formats that a run is given when it has ended."""
    run = world.copy_of(world.exported("hub_module"))
    plan = world.plan({"model_dir": str(run), **given}, "export")
    assert named(COMMANDS["export"].run)(plan) == 0
    return _exports(run, given["export_formats"])


def served(world: World, given: Flags) -> Any:
    """Where a server listens, and what it answers to a request of several kilobytes."""
    plan = world.plan({"tfhub_module": world.classifier, **given}, "serve")
    config = server_config(plan)
    photo = next(iter(sorted(world.photos.rglob("*.png")))).read_bytes()
    ask = {"instances": [{"b64": base64.b64encode(photo).decode()}] * 20}
    answer = TestClient(config.app).post("/v1/models/classifier:predict", json=ask)
    return [config.host, config.port, answer.status_code, answer.json()]


def _exports(run: Run, formats: str) -> Any:
    taken = []
    if "saved_model" in formats:
        served = tf.saved_model.load(run.export("saved_model")).signatures["serving_default"]
        taken = list(served.structured_input_signature[1])
    if "frozen_graph" in formats:
        taken = (run.path / "export/frozen_graph/output_name.txt").read_text()
    return [*sorted(of.name for of in (run.path / "export").iterdir()), taken]


def swept(world: World, given: Flags) -> Any:
    """A sweep, without the training of its winner: its trials but for their seconds, and files."""
    plan = world.plan({**HEAD, **SPACE, **given}, "sweep")
    plan.run.path.mkdir()
    with (
        unittest.mock.patch.object(sweep_run, "prepare", world.prepared_for),
        unittest.mock.patch.object(sweep_run, "write_page"),
        unittest.mock.patch.object(sweep_run, "train_winner", return_value=("", [""])),
    ):
        sweep_run.run(plan)
    table = pd.read_csv(plan.run.file("sweep.csv")).drop(columns="seconds")
    best = (plan.run.path / "best.flags").read_text().splitlines()
    chosen = [line for line in best if line.startswith(("--dropout_rate", "--image_size"))]
    [study] = optuna.get_all_study_summaries(plan.storage)
    judged = [study.study_name, study.direction.name, study.best_trial.value]
    return plain([table.astype(str).to_dict("list"), chosen, judged, _files(plan.run)])


def _files(run: Run) -> list[str]:
    return sorted(
        of.relative_to(run.path).as_posix()
        for of in run.path.rglob("*")
        if not of.name.endswith((".lock", "-shm", "-wal"))
    )


def directory(world: World, given: Flags) -> Any:
    """Where a run writes."""
    plan = world.plan({"model_dir": "", **HEAD, **given})
    train_model(plan, world.prepared_for(plan))
    return [str(plan.run.path.parent), _files(plan.run)]


def cached(world: World, given: Flags) -> Any:
    """How many images are remembered after a pass, of a directory of its own."""
    kept = world.directory / f"cache{next(world.count)}"
    plan = world.plan({"feature_cache": str(kept), **given})
    prepare(plan)
    return len(list(kept.rglob("*")))


def evaluated(world: World, given: Flags) -> Any:
    """What evaluate says of the classifier, and predicts."""
    plan = world.plan({"tfhub_module": world.classifier, "image_size": "", **given}, "evaluate")
    plan.run.path.mkdir(parents=True)
    with contextlib.redirect_stdout(io.StringIO()):
        named(COMMANDS["evaluate"].run)(plan)
    said = [(plan.run.path / name).read_text() for name in ("metrics.json", "predictions.csv")]
    pictures = (plan.run.path / "report.html").read_text().count("<img ")
    return [str(plan.run.path.parent), *said, pictures]


def predicted(world: World, given: Flags) -> Any:
    """What predict prints of one image, or of those that the flags name, and where it puts these."""
    flags = {"tfhub_module": world.classifier, "image_size": "", "image_dir": "", **given}
    words = [] if flags["image_dir"] else [str(world.fewer / "cyan" / "0.png")]
    said = ran(world, flags, "predict", words)
    put = pathlib.Path(given["sort_into"]).rglob("*.png") if "sort_into" in given else []
    return [said, [(of.name, of.is_symlink()) for of in put]]


def inspected(world: World, given: Flags) -> Any:
    """What inspect prints."""
    return ran(world, given, "inspect")
