"""Names of what travels with an exported module, and whether it is there: known without TensorFlow.

TensorFlow leaves `assets.extra` to such files.
"""

import os

from retrain.errors import InputError

FOLDER = "assets.extra"
DESCRIPTION = "retrain.json"


def check_is_classifier(directory: str, handle: str) -> None:
    """Raises InputError for a module that does not say what its classes are; one of no directory has ""."""
    if not directory or not os.path.isfile(os.path.join(directory, FOLDER, DESCRIPTION)):
        raise InputError(
            f"{handle!r} is no classifier exported by retrain: it has no {FOLDER}/{DESCRIPTION}; name the "
            f"export/saved_model of a run."
        )
