"""Where things are kept that can be made again: unpacked modules, computed features."""

import os
import pathlib


def user_cache_directory() -> pathlib.Path:
    """RETRAIN_CACHE_DIR when it is set, else the system's place for such things; it need not exist yet."""
    given = os.environ.get("RETRAIN_CACHE_DIR")
    if given:
        return pathlib.Path(given).expanduser()
    # Only now: most runs are told at once that they need no cache, or name their own.
    import platformdirs

    return pathlib.Path(platformdirs.user_cache_dir("retrain"))
