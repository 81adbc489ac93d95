"""The one way from a matplotlib Figure to an SVG inside a page: in the page's own colours and font.

Text stays text, so that a browser shows any alphabet. What is drawn in INK takes the colour of the page's
text, what is drawn in PAPER that of the ground behind it, light or dark; so do the other colours of PAGE.
"""

import functools
import io
import re
import warnings
from collections.abc import Callable

import matplotlib
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

METADATA = ("Creator", "Date", "Format", "Type")  # none of it
INK, PAPER, DEEP, CHOSEN, WRONG = "#010203", "#fdfcfb", "#173e96", "#c84a05", "#c62828"
PAGE = {  # what stands for them in a page
    INK: "currentColor",
    PAPER: "var(--paper)",
    DEEP: "var(--deep)",
    CHOSEN: "var(--chosen)",
    WRONG: "var(--wrong)",
}
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "retrain",  # the same plot is the same text
    "text.parse_math": False,  # names have dollars
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "legend.frameon": False,
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK),
}


def plot(draw: Callable[..., None]) -> Callable[..., str]:
    """The function as one that returns the SVG of what it draws into a Figure, its first argument.

    A group keeps the `gid` that it was given, if there is a dash in it, as in no name that matplotlib gives.
    """

    @functools.wraps(draw)
    def drawn(*arguments: object) -> str:
        # Fonts are the browser's: that matplotlib's own lacks a letter is of no matter.
        with matplotlib.rc_context(STYLE), warnings.catch_warnings(action="ignore"):
            figure, svg = Figure(layout="constrained"), io.StringIO()
            draw(figure, *arguments)
            # Not savefig, which draws once before, for the layout that drawing makes anew.
            FigureCanvasSVG(figure).print_svg(svg, metadata=dict.fromkeys(METADATA))
        text = svg.getvalue()
        # Groups are numbered in each plot anew, and a page has several.
        text = re.sub(r'<g id="[^"-]*"', "<g", text[text.index("<svg") :])
        return re.sub("|".join(PAGE), lambda colour: PAGE[colour[0]], text)

    return drawn
