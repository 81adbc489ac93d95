"""The report on the data, before training: a few lines on the log, and all facts in data_report.json."""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from absl import logging

from retrain.files import write_text
from retrain.heads import head_class

DATA_REPORT = "data_report.json"
SHOWN = 3


def write_data_report(directory: str, report: Mapping[str, Any]) -> str:
    """Writes data_report.json, and returns its path."""
    path = os.path.join(directory, DATA_REPORT)
    write_text(path, json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    return path


def log_data_report(report: Mapping[str, Any]) -> None:
    """The lines of the report."""
    for line in data_report_lines(report):
        logging.info("%s", line)


def data_report_lines(report: Mapping[str, Any]) -> list[str]:
    """What a glance should tell: sizes, classes, and what is wrong, where something is."""
    tasks = report["tasks"]
    lines = [_sizes(report), *(_labels(task, of, len(tasks) > 1) for task, of in tasks.items())]
    found = (_transparent, _narrow, _skipped, _duplicates, _in_several_splits, _conflicts)
    return [line for line in (*lines, *(words(report) for words in found)) if line]


def _sizes(report: Mapping[str, Any]) -> str:
    width, height = report["width"], report["height"]
    if not width:
        return ""
    formats = ", ".join(f"{count} {name or 'unknown'}" for name, count in report["formats"].items())
    return (
        f"Width {width['min']} to {width['max']} (median {width['median']:g}), height {height['min']} to "
        f"{height['max']} (median {height['median']:g}) pixels; {formats}."
    )


def _transparent(report: Mapping[str, Any]) -> str:
    count, behind = report["transparent"], report["alpha_background"]
    return count and f"{_count(count, 'image')} with transparency: put on {behind} (--alpha_background)."


def _narrow(report: Mapping[str, Any]) -> str:
    count = report["narrow_16_bit"]
    return count and f"{_count(count, 'image')} with values of 8 or 12 bits in 16: taken as such."


def _labels(task: str, of: Mapping[str, Any], named: bool) -> str:
    """In the words of the task's head."""
    return (f"{task}: " if named else "") + head_class(of["head"]).facts_line(of)


def _skipped(report: Mapping[str, Any]) -> str:
    skipped = report["skipped"]
    if not skipped:
        return ""
    first = skipped[0]
    return f"Left out: {_count(len(skipped), 'image')}, such as {first['path']!r} ({first['reason']})."


def _duplicates(report: Mapping[str, Any]) -> str:
    exact, near = report["exact_duplicates"], report["near_duplicates"]
    parts = [
        f"{_count(len(sets), 'set')} of {what} ({sum(map(len, sets))} images)"
        for sets, what in ((exact, "identical files"), (near, "near duplicates"))
        if sets
    ]
    return f"Found {' and '.join(parts)}." if parts else ""


def _in_several_splits(report: Mapping[str, Any]) -> str:
    sets = report["in_several_splits"]
    if not sets:
        return ""
    return (
        f"{_count(len(sets), 'set')} of duplicates in several splits, such as {_some(sets[0])}: figures will "
        f"flatter."
    )


def _conflicts(report: Mapping[str, Any]) -> str:
    conflicts = report["label_conflicts"]
    if not conflicts:
        return ""
    shown = ", ".join(f"{path!r} is {label!r}" for path, label in [*conflicts[0]["labels"].items()][:SHOWN])
    return f"{_count(len(conflicts), 'set')} of duplicates with different labels: {shown}."


def _some(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:SHOWN])) + (", ..." if len(names) > SHOWN else "")


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" + ("" if number == 1 else "s")
