"""The templates of the pages, in which text is escaped unless it says that it is markup."""

import jinja2

TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("retrain.report"), autoescape=True, trim_blocks=True, lstrip_blocks=True
)
