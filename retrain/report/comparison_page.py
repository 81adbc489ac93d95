"""The comparison of runs for people: lines for the terminal, comparison.html and comparison.csv."""

from collections.abc import Mapping, Sequence

import pandas as pd

from retrain.csv_text import csv_text
from retrain.data.folder import count
from retrain.files import write_text
from retrain.heads.paired_difference import PairedDifference
from retrain.report.pages import TEMPLATES
from retrain.report.run_comparison import ReadRun, TaskComparison
from retrain.runs.run import Run

PAGE, TABLE = "comparison.html", "comparison.csv"
CHANCE = 0.05  # the p value from which on a difference may be chance


def write_comparison(
    run: Run, runs: Sequence[ReadRun], flags: Mapping[str, Sequence[str]], tasks: Sequence[TaskComparison]
) -> None:
    """Writes both files into the run's directory; `flags` are those that differ."""
    text = TEMPLATES.get_template("comparison.html").render(
        runs=runs, flags=flags, tasks=tasks, words=words, shared_words=shared_words
    )
    write_text(run.file(PAGE), text)
    write_text(run.file(TABLE), csv_text(_table(runs, flags, tasks)))


def comparison_lines(
    runs: Sequence[ReadRun], flags: Mapping[str, Sequence[str]], tasks: Sequence[TaskComparison]
) -> list[str]:
    """What `compare` prints."""
    lines = ["", f"{len(flags)} settings differ." if len(flags) != 1 else "One setting differs."]
    for name, values in flags.items():
        lines += [f"  --{name}", *(f"    {of.name}: {value}" for of, value in zip(runs, values, strict=True))]
    for task in tasks:
        lines += ["", f"{task.task}: {shared_words(task)}"]
        lines += [
            f"  {row.run}: {row.accuracy:.1%} ({row.interval[0]:.1%} to {row.interval[1]:.1%})"
            + (f"; {words(row.against)}" if row.against else "")
            for row in task.runs
        ]
        lines += [_cross_validated_line(run, of) for run, of in task.cross_validated.items()]
    return lines


def _cross_validated_line(run: str, figures: Mapping[str, float]) -> str:
    told = ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in figures.items())
    return f"  {run}, cross-validated on all images: {told}"


def shared_words(task: TaskComparison) -> str:
    """Which images accuracy is of."""
    if not task.count:
        return "no held-out image has the same split and label in all runs, so that they cannot be compared."
    told = f"accuracy on {count(task.count, f'{task.split} image')} that have one label in all runs"
    if not task.relabelled:
        return f"{told}."
    left_out = "is left out" if task.relabelled == 1 else "are left out"
    return f"{told}; {task.relabelled} whose label differs between the runs {left_out}."


def words(against: PairedDifference) -> str:
    """A difference in words, and whether it may be chance."""
    low, high = against.interval
    told = f"{_points(against.difference)} points against the first ({_points(low)} to {_points(high)}"
    is_open = against.difference and against.p >= CHANCE
    return f"{told}, p = {against.p:.2g}){', which may be chance' if is_open else ''}"


def _points(share: float) -> str:
    """Percentage points, with their sign."""
    return f"{100 * share:+.1f}"


def _table(
    runs: Sequence[ReadRun], flags: Mapping[str, Sequence[str]], tasks: Sequence[TaskComparison]
) -> pd.DataFrame:
    """A row for each task and run."""
    rows = []
    for task in tasks:
        shared = {row.run: row for row in task.runs}
        for number, run in enumerate(runs):
            row = {"run": run.name, "task": task.task, "split": task.split, "shared_images": task.count}
            if run.name in shared:
                of = shared[run.name]
                row |= {"accuracy_on_shared": of.accuracy, "low": of.interval[0], "high": of.interval[1]}
                if of.against:
                    low, high = of.against.interval
                    row |= {"difference": of.against.difference, "difference_low": low}
                    row |= {"difference_high": high, "p": of.against.p}
            flags_of_run = {f"--{name}": values[number] for name, values in flags.items()}
            rows.append({**row, **task.figures[run.name], "seconds": run.seconds, **flags_of_run})
    return pd.DataFrame(rows)
