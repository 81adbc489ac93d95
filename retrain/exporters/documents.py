"""What travels with an exported module: its labels, what it is, and a model card for whoever finds it.

In `assets.extra`, files of labels (see label_files) hold one class name a line, line = index; `retrain.json`
holds what a program needs to use the logits, of each task by the name that the user gave it.
"""

import json
import pathlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from retrain import __version__
from retrain.exporters.assets import DESCRIPTION, FOLDER, described_tasks
from retrain.exporters.model_card import OfRun, write_card
from retrain.familiarity import FAMILIARITY, THRESHOLD
from retrain.files import write_text
from retrain.heads import head_class
from retrain.heads.head import Head
from retrain.label_files import labels_file, labels_text
from retrain.model import ImageClassifier

WRITER = f"retrain {__version__}"


def write_documents(
    classifier: ImageClassifier,
    signatures: Mapping[str, str],
    directory: str,
    serving: Mapping[str, str] = MappingProxyType({}),
    of_run: OfRun | None = None,
) -> None:
    """Writes `assets.extra/` and README.md into an export's directory, beside what is the model.

    `signatures` are those of logits, by task, and of familiarity; `serving` are those of probabilities, by
    the name of their input. A format without signatures has "" for each, and none. Familiarity is not among
    them where the export does not tell it. `of_run` is what a run knows beside.
    """
    extra = pathlib.Path(directory) / FOLDER
    for task, head in classifier.heads.items():
        write_text(extra / labels_file(classifier.heads, task), labels_text(head.class_names))
    description = _description(classifier, signatures, serving)
    write_text(extra / DESCRIPTION, json.dumps(description, indent=2, ensure_ascii=False) + "\n")
    write_card(directory, of_run)


def _description(
    classifier: ImageClassifier, signatures: Mapping[str, str], serving: Mapping[str, str]
) -> dict[str, Any]:
    described = {
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
        "num_features": classifier.base.num_features,
        "alpha_background": classifier.decoding.background,
        "antialias": classifier.decoding.antialias,
        "serving": dict(serving),
        "module": classifier.base.handle,
        "writer": WRITER,
    }
    if classifier.familiarity is not None and FAMILIARITY in signatures:
        described["familiarity"] = {
            "threshold": THRESHOLD,
            "signature": signatures[FAMILIARITY],
            "known_images": classifier.familiarity.both.count,
            "evidence_of": list(classifier.familiarity.evidence),
        }
    return described


def read_heads(directory: str) -> Mapping[str, Head]:
    """The heads that an export describes, by task."""
    described = described_tasks(directory)
    return {task: head_class(of.kind)(of.classes, **of.settings) for task, of in described.items()}
