"""README.md of an export: a model card in the form that Hugging Face's hub reads, for whoever finds it.

Form of the metadata: https://huggingface.co/docs/hub/model-cards. What it says of the classifier stands in
`assets.extra/retrain.json`; what a run knows beside it, data and figures, is given by the run.
"""

import html
import json
import os
import pathlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import jinja2

from retrain.errors import InputError
from retrain.export.assets import DESCRIPTION, FOLDER
from retrain.export.consumers import consumers, decoding
from retrain.familiarity import FAMILIARITY
from retrain.files import write_text
from retrain.label_files import labels_file
from retrain.modules.signatures import IMAGE_FEATURE_VECTOR, IMAGES
from retrain.modules.sources.source import source_of

README = "README.md"
NAMED, SHOWN = 5, 30  # classes that a title, or a table, names


class OfRun(NamedTuple):
    """What a run knows of its classifier.

    Attributes:
      data: what the images are called.
      fingerprint: of contents, splits and labels.
      splits: how many images there are of each.
      figures: split -> task -> figures.
    """

    data: str
    fingerprint: str
    splits: Mapping[str, int]
    figures: Mapping[str, Mapping[str, Mapping[str, Any]]]


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


def write_card(directory: str, of_run: OfRun | None = None) -> None:
    """Writes README.md into an export's directory, in place of an earlier one."""
    described = json.loads((pathlib.Path(directory) / FOLDER / DESCRIPTION).read_text("utf-8"))
    tasks, (height, width) = described["tasks"], described["image_size"]
    text = _ENVIRONMENT.get_template("model_card.md").render(
        title=f"Classifier of {asked({task: of['classes'] for task, of in tasks.items()})}",
        licence=_licence(described["module"]),
        module=described["module"],
        writer=described["writer"],
        tasks=[
            {
                "name": task,
                "kind": of["head"],
                "classes": of["classes"],
                "labels_file": f"{FOLDER}/{labels_file(tasks, task)}",
            }
            for task, of in tasks.items()
        ],
        shown=SHOWN,
        run=of_run,
        results=[] if of_run is None else [*_results(of_run)],
        height=height,
        width=width,
        background=described["alpha_background"],
        decoding=decoding(height, width),
        outputs=_outputs(described),
        consumers=consumers(directory, described),
        familiarity=described.get("familiarity"),
    )
    write_text(os.path.join(directory, README), text)


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


def _results(of_run: OfRun) -> Iterator[Result]:
    for split, by_task in of_run.figures.items():
        for task, of in by_task.items():
            if "accuracy" in of:
                low, high = of["accuracy_interval"]
                yield Result(
                    task=task,
                    split=split,
                    accuracy=of["accuracy"],
                    interval=(low, high),
                    count=of["count"],
                    macro_f1=of.get("macro_f1"),
                )


def _outputs(described: Mapping[str, Any]) -> dict[str, str]:
    """What each signature gives."""
    tasks, familiarity = described["tasks"], described.get("familiarity")
    also = f"; and `{FAMILIARITY}` [batch], in [0, 1]" if familiarity else ""
    outputs = {
        of["signature"]: f"logits of {_markdown(task)} [batch, {len(of['classes'])}], for {of['head']}"
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
        outputs[signature] = f"of files in `{name}`: `classes`, the most probable first, and their `scores`"
    return outputs


def _yaml(value: Any) -> str:
    """JSON is YAML, if letters beyond ASCII stand for themselves."""
    return json.dumps(value, ensure_ascii=False)


def _markdown(text: str) -> str:
    """Text that a page of Markdown shows as it is, also in a cell of a table."""
    return re.sub(r"([\\`*_\[\]|~$])", r"\\\1", html.escape(" ".join(text.split()), quote=False))


_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.PackageLoader("retrain.export"), trim_blocks=True, lstrip_blocks=True, autoescape=False
)
_ENVIRONMENT.filters |= {"yaml": _yaml, "markdown": _markdown}
