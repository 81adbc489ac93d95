"""What comes of holding one promise against a module: a verdict, and what was seen.

ok: kept. FAILS: broken. hint: allowed, but its user may want to know. n/a: does not apply, or not run.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import tensorflow as tf

OK, FAILS, HINT, NOT_APPLICABLE = "ok", "FAILS", "hint", "n/a"
SEVERITY = (NOT_APPLICABLE, OK, HINT, FAILS)


class Finding(NamedTuple):
    """A verdict, and what was seen."""

    verdict: str
    seen: str


def worst(findings: Iterable[Finding]) -> Finding:
    """One finding of several: what was seen where the verdict is worst."""
    listed = list(findings)
    verdict = max((finding.verdict for finding in listed), key=SEVERITY.index)
    return Finding(verdict, "; ".join(dict.fromkeys(f.seen for f in listed if f.verdict == verdict)))


def described(spec: tf.TensorSpec) -> str:
    """A tensor in words: "float32 [None, 224, 224, 3]"."""
    shape = "of unknown shape" if spec.shape.rank is None else spec.shape.as_list()
    return f"{spec.dtype.name} {shape}"


def pixels(size: Sequence[int]) -> str:
    """A (height, width) in words."""
    return f"{size[0]} x {size[1]}"
