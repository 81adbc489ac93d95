"""What travels with an exported module: its labels, what it is, and ten lines for whoever finds it.

In `assets.extra`, files of labels (see label_files) hold one class name a line, line = index; `retrain.json`
holds what a program needs to use the logits, of each task by the name that the user gave it.
"""

import json
import pathlib
from collections.abc import Mapping

from retrain import __version__
from retrain.export.assets import DESCRIPTION, FOLDER, described_tasks
from retrain.familiarity import FAMILIARITY, THRESHOLD
from retrain.files import write_text
from retrain.heads import head_class
from retrain.heads.head import Head
from retrain.label_files import labels_file, labels_text
from retrain.model import ImageClassifier

WRITER = f"retrain {__version__}"


def write_documents(classifier: ImageClassifier, signatures: Mapping[str, str], directory: str) -> None:
    """Writes `assets.extra/` and README.md into an export's directory; `signatures` of logits, by task."""
    extra = pathlib.Path(directory) / FOLDER
    for task, head in classifier.heads.items():
        write_text(extra / labels_file(classifier.heads, task), labels_text(head.class_names))
    description = {
        "tasks": {
            task: {
                "head": head.kind,
                "classes": head.class_names,
                "signature": signatures[task],
                **head.settings(),
            }
            for task, head in classifier.heads.items()
        },
        "image_size": classifier.image_size,
        "alpha_background": classifier.background,
        "module": classifier.base.handle,
        "writer": WRITER,
    }
    if classifier.familiarity is not None:
        description["familiarity"] = {
            "threshold": THRESHOLD,
            "known_images": classifier.familiarity.both.count,
            "evidence_of": list(classifier.familiarity.evidence),
        }
    write_text(extra / DESCRIPTION, json.dumps(description, indent=2, ensure_ascii=False) + "\n")
    write_text(pathlib.Path(directory) / "README.md", _readme(classifier, signatures))


def read_heads(directory: str) -> Mapping[str, Head]:
    """The heads that an export describes, by task."""
    described = described_tasks(directory)
    return {task: head_class(of.kind)(of.classes, **of.settings) for task, of in described.items()}


def _readme(classifier: ImageClassifier, tasks: Mapping[str, str]) -> str:
    height, width = classifier.image_size
    logits = [
        f"| {tasks[task]} | logits [batch, {head.num_classes}] |" for task, head in classifier.heads.items()
    ]
    uses = [
        f"The logits of {tasks[task]} are those of {task!r}, to be used with {head.kind}; the class of index "
        f"i is on line i of {FOLDER}/{labels_file(classifier.heads, task)}, from 0."
        for task, head in classifier.heads.items()
    ]
    if len(tasks) == 1:
        served = f"probabilities [batch, {classifier.heads[classifier.primary_task].num_classes}]"
    else:
        served = f"none; probabilities by task: {', '.join(tasks)}"
    if classifier.familiarity is not None:
        served += f"; and {FAMILIARITY} [batch], in [0, 1]"
        uses.append(
            f"Of images like those it was trained on {THRESHOLD:.0%} have a {FAMILIARITY} below {THRESHOLD}, "
            "of others nearly all: take such an image for none of the classes."
        )
    lines = "\n".join
    return f"""# An image classifier, retrained from {classifier.base.handle}

Input `images`: float32 [batch, {height}, {width}, 3], RGB values in [0, 1].

| signature | output `default` |
|---|---|
{lines(logits)}
| image_feature_vector | features [batch, {classifier.base.num_features}] |
| serving_default | {served} |

{lines(uses)}
Retrain it again: python -m retrain --image_dir DIR --tfhub_module THIS_DIRECTORY (written by {WRITER})
"""
