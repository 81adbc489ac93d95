"""A name for what may not be called everything: files, variables, signatures of TF1 Hub modules.

The names themselves stand in retrain.json, beside the plain ones.
"""

import hashlib
import re

PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{,63}")
LEFT = 40  # characters that are left of another name, before its hash


def plain_name(name: str) -> str:
    """A name of letters, digits and `_.-` as it is; of another what is left of it, and a hash of it all."""
    if PLAIN.fullmatch(name):
        return name
    left = re.sub(r"[^A-Za-z0-9]+", "_", name)[:LEFT].strip("_")
    return f"{left or 'task'}.{hashlib.sha256(name.encode()).hexdigest()[:8]}"
