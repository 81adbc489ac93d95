"""The kill test in short; `python -m tests.benchmarks.kills` is the long one, on photos of clothes."""

import pathlib
import random
import subprocess
import sys
import time

from tests.run_contents import contents

KILLS = 2
STEPS = 120


def test_final_weights_do_not_tell_how_often_a_run_was_killed(command, tuned_flags, tmp_path):
    # The last of two values counts.
    flags = [*tuned_flags, f"--max_steps={STEPS}", "--eval_every=10", "--augment=none"]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    chance = random.Random(0)
    for _ in range(KILLS):
        before = newest(killed)
        process = subprocess.Popen(
            [sys.executable, "-m", "retrain", *flags, f"--model_dir={killed}"], stderr=subprocess.DEVNULL
        )
        while newest(killed) <= before:
            assert process.poll() is None
            time.sleep(0.05)
        time.sleep(chance.uniform(0.0, 0.3))
        process.kill()
        assert process.wait() == -9
    assert newest(killed) < STEPS
    for run in (killed, whole):
        assert command(*flags, f"--model_dir={run}").status == 0
    assert contents(killed) == contents(whole)


def newest(run: pathlib.Path) -> int:
    """The step of the newest checkpoint, -1 without one."""
    return max((int(path.name.removeprefix("ckpt-")) for path in run.glob("ckpt-*")), default=-1)
