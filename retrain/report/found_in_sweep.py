"""What sweep.html shows, between two marks, to stand in the report of the winner, too."""

import pathlib

from retrain.files import read_text

PAGE, BEGIN, END = "sweep.html", "<!-- what was found -->", "<!-- this was found -->"


def found_in_sweep(directory: pathlib.Path) -> str:
    """What the page of a sweep in this directory shows; "" where there is none."""
    page = directory / PAGE
    text = read_text(page) if page.is_file() else ""
    return text.partition(BEGIN)[2].partition(END)[0]
