"""report.html: what a run is, how good, where it fails, what to do next; one page that needs nothing else."""

import functools
import os
import pathlib
import shlex
from collections.abc import Mapping
from typing import Any

from PIL import Image

from retrain.addresses import absolute, is_address
from retrain.data.listing import SPLITS
from retrain.exporters import MODULES
from retrain.exporters.model_card import asked
from retrain.extensions import named
from retrain.files import read_json, read_text, write_text
from retrain.image_files import member_of
from retrain.modules.sources.run_directory import how_to_train_again
from retrain.report.augmented_page import AUGMENTED_PAGE
from retrain.report.comparison import comparison_lines
from retrain.report.data_report import DATA_REPORT, data_report_lines
from retrain.report.ending import END_MARK
from retrain.report.found_in_sweep import found_in_sweep
from retrain.report.galleries import duplicate_galleries, unfamiliar_galleries
from retrain.report.outcome import SPLIT, Outcome
from retrain.report.pages import TEMPLATES
from retrain.report.report_plots import TRAINING, learning_curves
from retrain.report.task_page import OF_SPLIT, task_page
from retrain.report.thumbnails import Thumbnails, data_uri
from retrain.runs.run import RUN_FLAGS, Run, flag_lines
from retrain.training.events import TRAIN, Curve, read_events

# Of the events of a run, (split, tag) -> where it is drawn, and what it is called there.
CURVES = {
    (TRAIN, "loss"): ("loss", TRAINING),
    (TRAIN, "validation_loss"): ("loss", "validation"),
    ("validation", "loss"): ("loss", "validation"),
    ("validation", "accuracy"): ("accuracy", "validation"),
}
AUGMENTED_SIDE = 1100
VERBS = "retrain.commands:COMMANDS"


def write(outcome: Outcome, path: str) -> None:
    """Of the outcome, and of what else stands in the run's directory by now."""
    run = Run(pathlib.Path(path).parent)
    classes = {task: head.class_names for task, head in outcome.heads.items()}
    flags, facts = read_text(run.path / RUN_FLAGS), _facts(run)
    thumbnails = Thumbnails(outcome.examples, outcome.evidence)
    text = TEMPLATES.get_template("report.html").render(
        title=f"{'Evaluation' if run.flags is None else 'Classifier'} of {asked(classes)}",
        subtitle=_origin(flag_lines(flags), run),
        has_module=_has_module(flag_lines(flags)),
        train_again=how_to_train_again(str(run)),
        sweep=found_in_sweep(run.path.parent),
        flags=flags,
        counts=outcome.examples.table["split"].value_counts(),
        splits=[split for split in (*SPLITS, SPLIT) if split in outcome.examples.splits],
        of_split={TRAIN: "trained on", **OF_SPLIT},
        step=outcome.global_step,
        compared=comparison_lines(outcome),
        tasks=[
            task_page(outcome, task, thumbnails) for task in outcome.heads if task in outcome.examples.tasks
        ],
        address_of=functools.partial(_address, outcome.examples.image_dir),
        facts=data_report_lines(facts) if facts else [],
        left_out=_left_out(facts),
        others=[*unfamiliar_galleries(outcome, thumbnails), *duplicate_galleries(facts, thumbnails)],
        curves=_curves(run),
        augmented=_augmented(run),
        is_trained=run.flags is not None,
        end_mark=END_MARK,
        verbs=named(VERBS),
        quoted=lambda name: shlex.quote(run.file(name)),
    )
    write_text(path, text)


def _origin(flags: Mapping[str, str], run: Run) -> str:
    images = flags.get("image_dir") or flags.get("labels_file", "")
    module = flags.get("tfhub_module") or flags.get("warm_start_from", "")
    return f"Of the images in {images}, with the module {module}, in {run}"


def _has_module(flags: Mapping[str, str]) -> bool:
    """Whether one is among what is to be exported."""
    return not {*MODULES}.isdisjoint(flags.get("export_formats", MODULES[0]).split(","))


def _address(image_dir: str, path: str) -> str:
    """Of the image itself, where it is a file on this machine, and no member of a shard."""
    file = absolute(os.path.join(image_dir, path))
    return "" if is_address(file) or member_of(file) else pathlib.Path(file).as_uri()


def _facts(run: Run) -> dict[str, Any]:
    file = run.path / DATA_REPORT
    return read_json(file) if file.is_file() else {}


def _left_out(facts: Mapping[str, Any]) -> dict[str, int]:
    """Reason -> how many files."""
    counts = dict(facts.get("ignored_files", {}))
    for skipped in facts.get("skipped", ()):
        counts[skipped["reason"]] = counts.get(skipped["reason"], 0) + 1
    return counts


def curves_of(run: Run) -> dict[str, dict[str, Curve]]:
    """Axis -> curve -> its steps and values: those of CURVES that have more than one point."""
    axes: dict[str, dict[str, Curve]] = {}
    for split, tags in read_events(run.path).items():
        for tag, curve in tags.items():
            name, slash, task = tag.partition("/")
            if (split, name) in CURVES and len(curve.steps) > 1:
                axis, label = CURVES[split, name]
                axes.setdefault(axis, {})[label + slash + task] = curve
    return axes


def _curves(run: Run) -> str:
    axes = curves_of(run)
    return learning_curves(axes) if axes else ""


def _augmented(run: Run) -> str:
    page = run.path / AUGMENTED_PAGE
    if not page.is_file():
        return ""
    with Image.open(page) as image:
        return data_uri(image, AUGMENTED_SIDE)
