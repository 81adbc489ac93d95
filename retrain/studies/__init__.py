"""Sweeps: what varies, how trials are drawn, remembered, and ranked; a sampler is one row of SAMPLERS."""

from typing import NamedTuple


class SamplerRow(NamedTuple):
    """How trials are drawn.

    Attributes:
      make: "package.module:function", (space, seed) -> an Optuna sampler.
      at_once: how many trials are asked for together; fewer where the next are to learn from the last.
      counts: whether it steps through all combinations, so that the trials must cover them.
    """

    make: str
    at_once: int = 32
    counts: bool = False


SAMPLERS = {
    "grid": SamplerRow("retrain.studies.sequences:grid_sampler", counts=True),
    "random": SamplerRow("retrain.studies.sequences:random_sampler"),
    "quasirandom": SamplerRow("retrain.studies.sequences:quasirandom_sampler"),
    "tpe": SamplerRow("retrain.studies.tpe:tpe_sampler", at_once=16),
}
