"""Galleries of a run's page: the images that a user should look at, with their file names, by reason."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from retrain.data.folder import count
from retrain.evidence.heat_maps import scale
from retrain.familiarity import COUNTS_AS, THRESHOLD
from retrain.progress import progress
from retrain.report.outcome import Outcome
from retrain.report.prediction_columns import top_columns
from retrain.report.predictions_table import task_columns
from retrain.report.thumbnails import HeatMap, Thumbnails, data_uri

MISTAKES, UNCERTAIN, DOUBTFUL, SETS, OF_A_SET = 18, 12, 18, 8, 4  # images, or sets, that are shown
CERTAIN = 0.9  # the probability from which on a prediction is not among the least certain
SCALE = (180, 14)  # pixels
TOP = 3  # classes that are named of an uncertain image
BETWEEN = "Those that are called so are in doubt; the others are ranked between them. "


class Tile(NamedTuple):
    """An image with what is said of it: lines (kind, text), of which the kind decides the colour.

    `evidence` is its heat map, where there is one.
    """

    path: str
    picture: str
    lines: Sequence[tuple[str, str]]
    evidence: HeatMap | None = None

    @property
    def in_words(self) -> str:
        """For who does not see the picture: which file it is, and what is said of it."""
        return ": ".join(filter(None, [self.path, ", ".join(text for _, text in self.lines)]))


class Gallery(NamedTuple):
    """Images for one reason, in rows where they belong together; with the scale of their heat maps.

    `in_doubt` is how many labels are in doubt, where it is about these.
    """

    title: str
    note: str
    rows: Sequence[Sequence[Tile]]
    scale: str = ""
    in_doubt: int = 0


RIGHT, WRONG, PLAIN = "right", "wrong", "plain"


def task_galleries(outcome: Outcome, task: str, split: str, thumbnails: Thumbnails) -> list[Gallery]:
    """Mistakes, the most confident first, what was least certain, and labels in doubt, the worst first."""
    judged = _judged(outcome, task, split)
    mistakes = _mistakes(judged, split, thumbnails)
    others = judged[~judged["path"].isin([tile.path for row in mistakes.rows for tile in row])]
    shown = [mistakes, _least_certain(others, split, thumbnails)]
    if outcome.label_issues is not None:
        shown.append(_doubtful_labels(outcome.label_issues, task, thumbnails))
    shown = [gallery for gallery in shown if gallery.rows]
    return shown if outcome.evidence is None else _explained(shown, task, thumbnails)


def _explained(galleries: Sequence[Gallery], task: str, thumbnails: Thumbnails) -> list[Gallery]:
    """The galleries with a heat map of each image, each made once."""
    paths = dict.fromkeys(tile.path for of in galleries for row in of.rows for tile in row)
    told = progress(paths, len(paths), "heat maps", "images")
    maps = {path: thumbnails.evidence(task, path) for path in told}
    note = (
        "Red is what the prediction goes by: with that part hidden, the odds of the class that is named fall "
        "the most, by the factor that is told with the image. Where hardly anything is coloured, no part of "
        "the image decides it alone."
    )
    return [
        of._replace(
            note=f"{of.note} {note}",
            rows=[[tile._replace(evidence=maps[tile.path]) for tile in row] for row in of.rows],
            scale=data_uri(scale(*SCALE), SCALE[0]),
        )
        for of in galleries
    ]


def duplicate_galleries(facts: Mapping[str, Any], thumbnails: Thumbnails) -> list[Gallery]:
    """Copies whose labels contradict each other, and near duplicates, of the facts of data_report.json."""
    conflicts = [of["labels"] for of in facts.get("label_conflicts", ())]
    near = [dict.fromkeys(paths, "") for paths in facts.get("near_duplicates", ())]
    galleries = [
        Gallery(
            f"Copies with different labels ({len(conflicts)})",
            "The same photo, or nearly so, under several labels: at most one of them is right.",
            [*_sets(conflicts, thumbnails)],
        ),
        Gallery(
            f"Near duplicates ({count(len(near), 'set')})",
            "Images that are nearly the same. Where the split is ours they share one; in splits that are "
            "given, those that lie in several make figures flatter.",
            [*_sets(near, thumbnails)],
        ),
    ]
    return [gallery for gallery in galleries if gallery.rows]


def unfamiliar_galleries(outcome: Outcome, thumbnails: Thumbnails) -> list[Gallery]:
    """The least familiar images, where the classifier tells it: what it should not have been asked."""
    if outcome.familiarity is None:
        return []
    known = np.flatnonzero(~np.isnan(outcome.familiarity))
    order, below = (
        known[np.argsort(outcome.familiarity[known], kind="stable")],
        outcome.familiarity < THRESHOLD,
    )
    tiles = [
        Tile(path, thumbnails.of(path), [(WRONG if below[row] else PLAIN, f"{outcome.familiarity[row]:.3f}")])
        for row, path in ((row, outcome.examples.paths[row]) for row in order[:UNCERTAIN])
    ]
    note = (
        "Familiarity of an image is the share of known images that are no more like those trained on than it "
        f"is; {COUNTS_AS}: for such an image predict --reject_unfamiliar gives no class."
    )
    title = f"Least familiar images ({np.count_nonzero(below)} of {len(order)} are below {THRESHOLD})"
    return [Gallery(title, note, [tiles])]


def _judged(outcome: Outcome, task: str, split: str) -> pd.DataFrame:
    """Columns path, label, predicted, probability, right and top, of the labelled images of a split."""
    head, probabilities, of_task = (
        outcome.heads[task],
        outcome.probabilities[task],
        outcome.examples.tasks[task],
    )
    columns = task_columns(outcome, task)
    table = pd.DataFrame(
        {
            "path": outcome.examples.paths,
            "label": columns.pop(task),
            **columns,
            "right": head.right(of_task.labels, probabilities),
            "top": _top_lines(top_columns(head, probabilities, TOP)),
        }
    )
    return table[of_task.known & (np.asarray(outcome.examples.splits) == split)]


def _top_lines(columns: Mapping[str, Any]) -> list[list[str]]:
    """Of each image, "CLASS 12%" of its most probable classes."""
    places = range(1, len(columns) // 2 + 1)
    pairs = [zip(columns[f"class_{place}"], columns[f"probability_{place}"], strict=True) for place in places]
    return [
        [f"{name} {probability:.0%}" for name, probability in image] for image in zip(*pairs, strict=True)
    ]


def _mistakes(judged: pd.DataFrame, split: str, thumbnails: Thumbnails) -> Gallery:
    wrong = judged[~judged["right"]].sort_values("probability", ascending=False)
    tiles = [
        Tile(
            of.path,
            thumbnails.of(of.path),
            [
                (WRONG, f"{of.predicted or 'nothing'} {of.probability:.0%}"),
                (PLAIN, f"labelled {of.label or 'nothing'}"),
            ],
        )
        for of in wrong[:MISTAKES].itertuples()
    ]
    title = f"Mistakes on {split} images ({len(wrong)} of {len(judged)})"
    return Gallery(title, "The most confident first.", [tiles] if tiles else [])


def _least_certain(others: pd.DataFrame, split: str, thumbnails: Thumbnails) -> Gallery:
    """Of those that are not shown as mistakes."""
    uncertain = others[others["probability"] < CERTAIN].sort_values("probability")
    tiles = [
        Tile(
            of.path,
            thumbnails.of(of.path),
            [
                *((PLAIN, line) for line in of.top),
                (RIGHT if of.right else WRONG, f"labelled {of.label or 'nothing'}"),
            ],
        )
        for of in uncertain[:UNCERTAIN].itertuples()
    ]
    note = (
        f"Less than {CERTAIN:.0%} certain, beside the mistakes that are shown, with their most probable "
        "classes. More images like these teach the most."
    )
    return Gallery(f"Least certain {split} images", note, [tiles] if tiles else [])


def _doubtful_labels(issues: pd.DataFrame, task: str, thumbnails: Thumbnails) -> Gallery:
    of_task = issues[issues["task"] == task]
    doubted = of_task[of_task["in_doubt"].astype(bool)]
    # With those ranked between them: a label of which several others are as probable is not in doubt.
    is_shown = (of_task["support"] <= doubted["support"].max()) & (of_task["suggested"] != of_task["label"])
    ranked = of_task[is_shown].sort_values("support")
    between = len(ranked) > len(doubted)
    tiles = [
        Tile(of.path, thumbnails.of(of.path), _doubt_lines(of, between))
        for of in ranked[:DOUBTFUL].itertuples()
    ]
    note = (
        f"{BETWEEN if between else ''}What heads think that have not seen the image. Where you agree, write "
        "the right label into the column “corrected” of label_issues.csv, which ranks all others, too; then "
        "train again with --corrections."
    )
    title = f"Labels in doubt ({len(doubted)} of {len(of_task)})"
    return Gallery(title, note, [tiles] if tiles else [], in_doubt=len(doubted))


def _doubt_lines(issue: Any, marked: bool) -> list[tuple[str, str]]:
    """What is said of a row of label_issues.csv; `marked`: also whether it is in doubt, as not all are."""
    kind = WRONG if issue.in_doubt else PLAIN
    mark = [(WRONG, "in doubt")] if marked and issue.in_doubt else []
    words = [
        (PLAIN, f"labelled {issue.label or 'nothing'}"),
        (kind, f"rather {issue.suggested or 'nothing'}?"),
    ]
    return [*mark, *words]


def _sets(sets: Sequence[Mapping[str, str | None]], thumbnails: Thumbnails) -> Iterator[list[Tile]]:
    """Some images of some of the sets, each path -> label, a row a set."""
    for labels in sets[:SETS]:
        yield [
            Tile(path, thumbnails.of(path), [(PLAIN, label)] if label else [])
            for path, label in [*labels.items()][:OF_A_SET]
        ]
