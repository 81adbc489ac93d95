"""README.md of an export: a model card in the form that Hugging Face's hub reads, for whoever finds it.

Form of the metadata: https://huggingface.co/docs/hub/model-cards. What it says of the classifier stands in
`assets.extra/retrain.json`; what a run knows beside it, data and figures, is given by the run.
"""

import html
import json
import os
import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jinja2

from retrain.errors import InputError
from retrain.exporters.assets import DESCRIPTION, FOLDER
from retrain.exporters.consumers import (
    GRAPH_INPUT,
    consumers,
    converted,
    decoding,
    file_of,
    graph_output,
    refuses_range,
)
from retrain.familiarity import FAMILIARITY
from retrain.files import write_text
from retrain.heads import EXACT_MATCH, HEADS
from retrain.heads.figure_splits import in_print
from retrain.label_files import labels_file
from retrain.modules.signatures import DEFAULT_OUTPUT, IMAGE_FEATURE_VECTOR, IMAGES
from retrain.modules.sources.source import source_of

README, OF_RUN = "README.md", "run.json"
# What Hugging Face's hub calls the libraries for formats of one file.
LIBRARIES = {"model.tflite": "tflite", "model.onnx": "onnx", "model.xml": "openvino", "model.keras": "keras"}
NAMED, SHOWN = 5, 30  # classes that a title, or a table, names


class OfRun(NamedTuple):
    """What a run knows of its classifier.

    Attributes:
      data: what the images are called.
      fingerprint: of contents, splits and labels.
      splits: how many images there are of each.
      results: the accuracy of each task on the images of each split.
    """

    data: str
    fingerprint: str
    splits: Mapping[str, int]
    results: Sequence["Result"]


class Result(NamedTuple):
    """The accuracy of a task on the images of a split."""

    task: str
    split: str
    accuracy: float
    interval: tuple[float, float]
    count: int
    macro_f1: float | None

    @property
    def name(self) -> str:
        """With its interval, for which the metadata have no field."""
        low, high = self.interval
        return f"accuracy, 95 % interval {low:.3f} to {high:.3f}, {self.count} images"


def recorded_run(directory: str) -> OfRun | None:
    """What the run of an export knows; None where nothing was recorded, or by another version."""
    try:
        told = json.loads(pathlib.Path(directory, FOLDER, OF_RUN).read_text("utf-8"))
        results = [Result(**{**result, "interval": tuple(result["interval"])}) for result in told["results"]]
        return OfRun(**{**told, "results": results})
    except (OSError, ValueError, TypeError, LookupError):
        return None


def _told(tasks: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "name": task,
            "kind": of["head"],
            "takes_several": HEADS[of["head"]].takes_several,
            "classes": of["classes"],
            "labels_file": f"{FOLDER}/{labels_file(tasks, task)}",
        }
        for task, of in tasks.items()
    ]


def write_card(directory: str, of_run: OfRun | None = None) -> None:
    """Writes README.md into an export's directory; and what its run knows, which further exports ask for."""
    if of_run is not None:
        _record(directory, of_run)
    described = json.loads((pathlib.Path(directory) / FOLDER / DESCRIPTION).read_text("utf-8"))
    tasks, (height, width) = described["tasks"], described["image_size"]
    text = _ENVIRONMENT.get_template("model_card.md").render(
        title=f"Classifier of {asked({task: of['classes'] for task, of in tasks.items()})}",
        licence=_licence(described["module"]),
        module=described["module"],
        writer=described["writer"],
        tasks=_told(tasks),
        shown=SHOWN,
        exact_match=EXACT_MATCH,
        run=of_run,
        height=height,
        width=width,
        background=described["alpha_background"],
        antialias=described["antialias"],
        decoding=decoding(height, width, described["antialias"]),
        refuses_range=refuses_range(directory),
        file=file_of(directory),
        library=LIBRARIES.get(file_of(directory), "tensorflow"),
        input=GRAPH_INPUT if graph_output(directory) else IMAGES,
        batch=1 if file_of(directory) == "model.tflite" else "batch",
        outputs=_outputs_of_file(directory, described) if file_of(directory) else _outputs(described),
        consumers=consumers(directory, described),
        converted=converted(directory, described),
        familiarity=described.get("familiarity"),
    )
    write_text(os.path.join(directory, README), text)


def _record(directory: str, of_run: OfRun) -> None:
    told = {**of_run._asdict(), "results": [result._asdict() for result in of_run.results]}
    text = json.dumps(told, indent=2, ensure_ascii=False) + "\n"
    write_text(os.path.join(directory, FOLDER, OF_RUN), text)


def _licence(handle: str) -> str:
    """That of the module; nothing where its source does not know it, or the module is gone meanwhile."""
    try:
        return source_of(handle).licence
    except InputError:
        return ""


def asked(classes: Mapping[str, Sequence[str]]) -> str:
    """What is asked of an image, in words: the tasks, or the classes of the only one; `classes` by task."""
    first, *others = classes
    if others:
        return _joined([*classes])
    names = classes[first]
    return _joined(names) if len(names) <= NAMED else f"{len(names)} classes, {names[0]} to {names[-1]}"


def _joined(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _outputs_of_file(directory: str, described: Mapping[str, Any]) -> dict[str, str]:
    """What a format without signatures gives."""
    probabilities = [
        f"probabilities of {_markdown(task)} [batch, {len(of['classes'])}], for {of['head']}"
        for task, of in described["tasks"].items()
    ]
    if name := graph_output(directory):
        return {name: probabilities[0]}
    keys = described["tasks"] if len(probabilities) > 1 else [DEFAULT_OUTPUT]
    outputs = dict(zip(keys, probabilities, strict=True))
    return {**outputs, FAMILIARITY: "[batch], in [0, 1]"} if "familiarity" in described else outputs


def _outputs(described: Mapping[str, Any]) -> dict[str, str]:
    """What each signature gives."""
    tasks, familiarity = described["tasks"], described.get("familiarity")
    also = f"; and `{FAMILIARITY}` [batch], in [0, 1]" if familiarity else ""
    outputs = {
        of["signature"]: f"logits of {_markdown(task)} [batch, {len(of['classes'])}], for {of['head']}"
        + (f" when they are divided by {of['temperature']}" if "temperature" in of else "")
        for task, of in tasks.items()
    }
    if familiarity:
        count = sum(len(of["classes"]) for of in tasks.values())
        outputs[familiarity["signature"]] = f"logits of all tasks [batch, {count}]{also}"
    outputs[IMAGE_FEATURE_VECTOR] = f"features [batch, {described['num_features']}]"
    first, *others = tasks
    served = f"probabilities [batch, {len(tasks[first]['classes'])}]"
    if others:
        served = f"none; probabilities by task: {', '.join(map(_markdown, tasks))}"
    serving = dict(described["serving"])
    outputs[serving.pop(IMAGES)] = f"{served}{also}"
    for name, signature in serving.items():
        outputs[signature] = f"none; {_of_files(name, [*tasks] if others else [])}{also}"
    return outputs


def _of_files(name: str, tasks: Sequence[str]) -> str:
    """What a signature gives that takes files, of several tasks by their names."""
    keys = [f"/{_markdown(task)}" for task in tasks] or [""]
    classes, scores = (", ".join(f"`{output}{key}`" for key in keys) for output in ("classes", "scores"))
    return (
        f"of files in `{name}` (JPEG, PNG, GIF, BMP, WebP) {classes}, the most probable first, and {scores}"
    )


def _yaml(value: Any) -> str:
    """JSON is YAML, if letters beyond ASCII stand for themselves."""
    return json.dumps(value, ensure_ascii=False)


def _markdown(text: str) -> str:
    """Text that a page of Markdown shows as it is, also in a cell of a table."""
    return re.sub(r"([\\`*_\[\]|~$])", r"\\\1", html.escape(" ".join(text.split()), quote=False))


_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.PackageLoader("retrain.exporters"),
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,
)
_ENVIRONMENT.filters |= {"yaml": _yaml, "markdown": _markdown, "in_print": in_print}
