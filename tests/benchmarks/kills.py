"""The kill test: a fine-tuning run, killed (-9) at random moments and started again, gives the same bits.

`python -m tests.benchmarks.kills SHARED_DIR --kills=20` fine-tunes MobileNet v1 0.25 on data/clothing/train
once without interruption, then again and again with kills at any moment between the import of TensorFlow and
the last export; where a run ends before the kills are used up, another one begins. Prints a line for each
kill, and exits 1 when two results differ.
"""

import argparse
import pathlib
import random
import subprocess
import sys
import tempfile
import time

from tests.run_contents import contents

SETTINGS = ["--fine_tune", "--max_steps=120", "--eval_every=10", "--save_checkpoints_steps=5"]
FIRST = 4.0  # seconds, before which nothing has happened


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("shared")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    module = pathlib.Path(given.shared, "modules", "mobilenet_v1_025_128", "saved_model")
    photos = pathlib.Path(given.shared, "data", "clothing", "train")
    command = [
        sys.executable,
        "-m",
        "retrain",
        f"--image_dir={photos}",
        f"--tfhub_module={module}",
        *SETTINGS,
    ]
    chance = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as work:
        whole = pathlib.Path(work, "whole")
        start = time.monotonic()
        subprocess.run([*command, f"--model_dir={whole}"], check=True, capture_output=True)
        seconds, expected, kills, runs = time.monotonic() - start, contents(whole), 0, 0
        print(f"A run takes {seconds:.0f} s.", flush=True)
        while kills < given.kills:
            run = pathlib.Path(work, f"run-{runs}")
            killed = kill_until_finished(
                [*command, f"--model_dir={run}"], run, chance, seconds, given.kills - kills
            )
            kills, runs = kills + killed, runs + 1
            same = contents(run) == expected
            print(
                f"Run {runs}: killed {killed} times; {'the same bits' if same else 'ANOTHER RESULT'}.",
                flush=True,
            )
            if not same:
                return 1
    return 0


def kill_until_finished(
    command: list[str], run: pathlib.Path, chance: random.Random, seconds: float, most: int
) -> int:
    """Starts the command until it ends by itself, killing it `most` times at most; returns how often."""
    for kills in range(most):
        if (run / "exports.json").exists():  # the last kill came too late
            return kills
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            _, errors = process.communicate(timeout=chance.uniform(FIRST, seconds))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            print(f"  killed at {newest(run)}", flush=True)
            continue
        if process.returncode:
            raise SystemExit(errors)
        return kills
    if not (run / "exports.json").exists():
        subprocess.run(command, check=True, capture_output=True)
    return most


def newest(run: pathlib.Path) -> str:
    """Where a run stands: its newest checkpoint, or what it has of its end."""
    if (run / "export").is_dir():
        return "the exports"
    steps = [int(path.name.removeprefix("ckpt-")) for path in run.glob("ckpt-*")]
    return f"step {max(steps)}" if steps else "the frozen part"


if __name__ == "__main__":
    sys.exit(main())
