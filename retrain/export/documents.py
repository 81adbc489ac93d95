"""What travels with an exported module: its labels, what it is, and ten lines for whoever finds it.

`assets.extra/labels.txt` (`labels.TASK.txt` for further tasks) holds one class name a line, line = index;
`assets.extra/retrain.json` what a program needs to use the logits.
"""

import json
import pathlib
from collections.abc import Mapping

from retrain import __version__
from retrain.errors import InputError
from retrain.export.assets import DESCRIPTION, FOLDER, LABELS
from retrain.extensions import load
from retrain.files import write_text
from retrain.heads import HEADS
from retrain.heads.head import Head
from retrain.model import ImageClassifier

WRITER = f"retrain {__version__}"


def write_documents(classifier: ImageClassifier, directory: str) -> None:
    """Writes `assets.extra/` and README.md into an export's directory."""
    extra = pathlib.Path(directory) / FOLDER
    for task, head in classifier.heads.items():
        name = LABELS if task == classifier.primary_task else f"labels.{task}.txt"
        write_text(extra / name, "".join(f"{label}\n" for label in head.class_names))
    description = {
        "tasks": {
            task: {"head": head.kind, "classes": head.class_names} for task, head in classifier.heads.items()
        },
        "image_size": classifier.image_size,
        "module": classifier.base.handle,
        "writer": WRITER,
    }
    write_text(extra / DESCRIPTION, json.dumps(description, indent=2, ensure_ascii=False) + "\n")
    write_text(pathlib.Path(directory) / "README.md", _readme(classifier))


def read_heads(directory: str) -> Mapping[str, Head]:
    """The heads that an export describes, by task."""
    path = pathlib.Path(directory) / FOLDER / DESCRIPTION
    try:
        tasks = json.loads(path.read_text("utf-8"))["tasks"]
        kinds = {task: (about["head"], about["classes"]) for task, about in tasks.items()}
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(
            f"{str(path)!r} was expected to describe tasks, their heads and classes, but does not "
            f"({error!r}): export the classifier again."
        ) from error
    return {task: load(HEADS, kind, "head")(classes) for task, (kind, classes) in kinds.items()}


def _readme(classifier: ImageClassifier) -> str:
    height, width = classifier.image_size
    task = classifier.primary_task
    head = classifier.heads[task]
    return f"""# An image classifier, retrained from {classifier.base.handle}

Input `images`: float32 [batch, {height}, {width}, 3], RGB values in [0, 1].

| signature | output `default` |
|---|---|
| image_classification | logits [batch, {head.num_classes}] |
| image_feature_vector | features [batch, {classifier.base.num_features}] |
| serving_default | probabilities [batch, {head.num_classes}] |

The logits are to be used with {head.kind}; the class of index i is on line i of {FOLDER}/{LABELS}, from 0.
Retrain it again: python -m retrain --image_dir DIR --tfhub_module THIS_DIRECTORY (written by {WRITER})
"""
