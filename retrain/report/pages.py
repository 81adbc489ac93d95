"""The templates of the pages, in which text is escaped unless it says that it is markup."""

import re

import jinja2
import markupsafe

# Words of Hebrew, Arabic and their neighbours, which are written from right to left.
_LEFTWARD = r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]+"
LEFTWARD = re.compile(rf"{_LEFTWARD}(?:[\s\u200c-\u200f]+{_LEFTWARD})*")


def isolated(text: str) -> markupsafe.Markup:
    """The text as markup, in which words from right to left leave all around them where it is."""
    return markupsafe.Markup(LEFTWARD.sub(r"<bdi>\g<0></bdi>", str(markupsafe.escape(text))))


TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("retrain.report"), autoescape=True, trim_blocks=True, lstrip_blocks=True
)
TEMPLATES.filters["isolated"] = isolated
