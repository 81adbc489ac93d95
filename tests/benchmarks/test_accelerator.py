"""The accelerator's script in short, on the CPU; `python -m tests.benchmarks.accelerator` is the long one."""

import re

import pytest

from tests.benchmarks import accelerator

TRANSFORMER = {"patch_size": 14, "num_layers": 1, "hidden_dim": 8, "num_heads": 2, "intermediate_dim": 8}
TINY = accelerator.Sizes(
    photographs=8,
    height=30,
    width=40,
    times=1,
    side=28,
    transformer=TRANSFORMER,
    batch_size=4,
    steps=2,
    keras=[("float32", True), ("mixed_bfloat16", False)],  # each on once: XLA takes seconds to compile
    candidates=2,
    examples=18,
    rounds=1,
)
PASSES = ["the pass, its start included", accelerator.PASS, accelerator.DECODING, accelerator.DEVICE]
STEPS = [
    *("Keras fit, float32, XLA", "Keras fit, mixed_bfloat16"),
    *("retrain, float32", "retrain, mixed_bfloat16"),
]


@pytest.mark.filterwarnings("ignore")  # KerasHub's
def test_all_figures_are_told(capsys):
    accelerator.main([], TINY)
    told = capsys.readouterr().out
    rates = {
        unit: re.findall(rf"(?m)^(\S.*\S) +([\d.]+) {unit}/s", told)
        for unit in ("images", "steps", "candidates")
    }
    assert [name for name, _ in rates["images"]] == PASSES
    assert [name for name, _ in rates["steps"]] == STEPS
    assert [name for name, _ in rates["candidates"]] == ["2 candidates at once"]
    assert all(float(rate) > 0 for unit in rates for _, rate in rates[unit])
    waits = re.findall(r"([\d.]+)% of the time .*, the device waits for input", told)
    assert len(waits) == 3
    assert all(0 <= float(share) <= 100 for share in waits)
    assert told.count("memory: host ") == 3
