"""What is wrong with a module whose files are not whole, in the same words for every format."""

import pathlib

GRAPH_CUT_SHORT = "its saved_model.pb is empty or cut short; fetch or export the module again"

GRAPH_DAMAGED = "its saved_model.pb is damaged; fetch or export the module again"


def variables_cut_short(location: str) -> str:
    """That the variables are not all there, and which of their files are."""
    found = ", ".join(sorted(path.name for path in pathlib.Path(location, "variables").glob("*")))
    return (
        f"its variables are missing or cut short (found: {found or 'nothing'}); fetch or export the module "
        f"again"
    )
