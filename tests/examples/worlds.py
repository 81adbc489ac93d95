"""Examples made up by a test, of files that need not be there, or of those of a folder."""

import os
from collections.abc import Sequence

from retrain.data.layout import read_listing
from retrain.data.listing import Column, Listing
from retrain.data.pipeline import file_contents
from retrain.examples.labelled import LabelledExamples, heads_of, labelled_examples
from retrain.heads import kind_for
from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead


def made_up(paths: Sequence[str], **tasks: Sequence[str | None]) -> LabelledExamples:
    """One task of each keyword: a cell with `|` makes it one of several labels."""
    columns = {name: Column(list(cells), "|" in str(cells)) for name, cells in tasks.items()}
    heads = {
        name: (SigmoidHead if column.several else SoftmaxHead)(column.names)
        for name, column in columns.items()
    }
    count = len(paths)
    listing = Listing(
        image_dir="photos",
        paths=list(paths),
        columns=columns,
        splits=[""] * count,
        groups=[None] * count,
        weights=[1.0] * count,
        ignored={},
        class_folders=False,
    )
    return labelled_examples(listing, heads).with_contents(paths)


def of_folder(image_dir: str, kind: str = "softmax") -> LabelledExamples:
    """Of class folders."""
    return of_listing(read_listing(image_dir), kind)


def of_listing(listing: Listing, kind: str | None = None) -> LabelledExamples:
    """Of a listing whose tasks have heads of this kind, or of those that nothing said gives them."""
    kinds = {task: kind or kind_for(column.several) for task, column in listing.columns.items()}
    return read(labelled_examples(listing, heads_of(listing, kinds)))


def read(examples: LabelledExamples) -> LabelledExamples:
    """As a pass over the files leaves them: the content of each is known, or paths stand for it."""
    there = all(map(os.path.exists, examples.files))
    return examples.with_contents(file_contents(examples.files) if there else examples.paths)
