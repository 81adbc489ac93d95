"""What travels with an exported module: its labels, what it is, and ten lines for whoever finds it.

In `assets.extra`, files of labels (see label_files) hold one class name a line, line = index; `retrain.json`
holds what a program needs to use the logits, of each task by the name that the user gave it.
"""

import json
import pathlib
from collections.abc import Iterator, Mapping

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
    """Writes `assets.extra/` and README.md into an export's directory.

    `signatures` are those of logits, by task, and of familiarity.
    """
    write_description(classifier, signatures, directory)
    write_text(pathlib.Path(directory) / "README.md", _readme(classifier, signatures))


def write_description(classifier: ImageClassifier, signatures: Mapping[str, str], directory: str) -> None:
    """Writes `assets.extra/` alone, of a format that has other signatures, or none: "".

    Familiarity is not among them where the export does not tell it.
    """
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
    if classifier.familiarity is not None and FAMILIARITY in signatures:
        description["familiarity"] = {
            "threshold": THRESHOLD,
            "signature": signatures[FAMILIARITY],
            "known_images": classifier.familiarity.both.count,
            "evidence_of": list(classifier.familiarity.evidence),
        }
    write_text(extra / DESCRIPTION, json.dumps(description, indent=2, ensure_ascii=False) + "\n")


def read_heads(directory: str) -> Mapping[str, Head]:
    """The heads that an export describes, by task."""
    described = described_tasks(directory)
    return {task: head_class(of.kind)(of.classes, **of.settings) for task, of in described.items()}


def _readme(classifier: ImageClassifier, signatures: Mapping[str, str]) -> str:
    height, width = classifier.image_size
    lines = "\n".join
    return f"""# An image classifier, retrained from {classifier.base.handle}

Input `images`: float32 [batch, {height}, {width}, 3], RGB values in [0, 1].

| signature | output `default` |
|---|---|
{lines(_outputs(classifier, signatures))}

{lines(_uses(classifier, signatures))}
Retrain it again: python -m retrain --image_dir DIR --tfhub_module THIS_DIRECTORY (written by {WRITER})
"""


def _outputs(classifier: ImageClassifier, signatures: Mapping[str, str]) -> Iterator[str]:
    """A row of the table for each signature."""
    heads, familiarity = classifier.heads, f"; and `{FAMILIARITY}` [batch], in [0, 1]"
    for task, head in heads.items():
        yield f"| {signatures[task]} | logits [batch, {head.num_classes}] |"
    if classifier.familiarity is not None:
        count = sum(head.num_classes for head in heads.values())
        yield f"| {signatures[FAMILIARITY]} | logits of all tasks [batch, {count}]{familiarity} |"
    yield f"| image_feature_vector | features [batch, {classifier.base.num_features}] |"
    served = f"none; probabilities by task: {', '.join(heads)}"
    if len(heads) == 1:
        served = f"probabilities [batch, {heads[classifier.primary_task].num_classes}]"
    yield f"| serving_default | {served}{familiarity if classifier.familiarity else ''} |"


def _uses(classifier: ImageClassifier, signatures: Mapping[str, str]) -> Iterator[str]:
    """What to make of logits, and of familiarity."""
    for task, head in classifier.heads.items():
        yield (
            f"The logits of {signatures[task]} are those of {task!r}, to be used with {head.kind}; the class "
            f"of index i is on line i of {FOLDER}/{labels_file(classifier.heads, task)}, from 0."
        )
    if classifier.familiarity is not None:
        yield (
            f"Of images like those it was trained on {THRESHOLD:.0%} have a {FAMILIARITY} below {THRESHOLD}, "
            f"of others nearly all: take such an image for none of the classes."
        )
