"""What an export needs to tell familiarity, as numbers: `assets.extra/familiarity.npz`.

The graphs of an export have the same numbers in them; from here they come for another format of it.
"""

import io
import pathlib

import numpy as np

from retrain.errors import InputError
from retrain.exporters.assets import FOLDER
from retrain.familiarity import Familiarity, Ranks
from retrain.files import write_bytes

FILE = "familiarity.npz"
NEARNESS, BOTH, EVIDENCE = "nearness", "both", "evidence/"


def write_familiarity(familiarity: Familiarity | None, directory: str) -> None:
    """Into an export's directory; nothing where none is told."""
    if familiarity is None:
        return
    evidence = {EVIDENCE + task: ranks for task, ranks in familiarity.evidence.items()}
    ranks = {NEARNESS: familiarity.nearness, BOTH: familiarity.both, **evidence}
    arrays = {name: np.array([of.spread, of.count, *of.knots], np.float64) for name, of in ranks.items()}
    buffer = io.BytesIO()
    np.savez(buffer, sketch=np.asarray(familiarity.sketch, np.float16), **arrays)
    write_bytes(pathlib.Path(directory) / FOLDER / FILE, buffer.getvalue())


def read_familiarity(directory: str) -> Familiarity | None:
    """Of an export's directory; None where it has none."""
    path = pathlib.Path(directory) / FOLDER / FILE
    if not path.is_file():
        return None
    try:
        with np.load(path) as arrays:
            ranks = {name: _ranks(arrays[name]) for name in arrays.files if name != "sketch"}
            evidence = {
                name.removeprefix(EVIDENCE): of for name, of in ranks.items() if name.startswith(EVIDENCE)
            }
            return Familiarity(arrays["sketch"], ranks[NEARNESS], evidence, ranks[BOTH])
    except (OSError, ValueError, LookupError) as error:
        raise InputError(
            f"{str(path)!r} was expected to hold what tells familiarity, but cannot be read ({error}): train "
            f"the classifier again."
        ) from error


def _ranks(values: np.ndarray) -> Ranks:
    return Ranks(values[2:].astype(np.float32), float(values[0]), int(values[1]))
