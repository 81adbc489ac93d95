"""The main job on the clothing photos: accuracy on a held-out folder, and seconds from start to metrics.

`python -m tests.benchmarks.clothing SHARED_DIR` trains on data/clothing/train with default flags, twice (the
second time features are remembered), and scores the export on data/clothing/validation. Wanted there: 82 %
with MobileNet v2, 65.5 % with v1 0.25, 83 % with builtin:efficientnet_lite1; 71 % with builtin:gradients and
a head that has seen all 1000 images, of which this one sees 796.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import time

EMBEDDED = ["builtin:efficientnet_lite1", "builtin:gradients"]
MODULES = ["mobilenet_v2_100_224/saved_model", "mobilenet_v1_025_128/saved_model", *EMBEDDED]


def main(shared: str) -> None:
    photos = pathlib.Path(shared, "data", "clothing")
    for module in MODULES:
        handle = module if module in EMBEDDED else str(pathlib.Path(shared, "modules", module))
        with tempfile.TemporaryDirectory() as work:
            cache = f"--feature_cache={work}/cache"
            seconds = []
            for run in ("first", "second"):
                flags = [
                    f"--image_dir={photos / 'train'}",
                    f"--tfhub_module={handle}",
                    f"--model_dir={work}/{run}",
                ]
                seconds.append(timed("train", *flags, cache))
            export = f"--tfhub_module={work}/second/export/saved_model"
            timed(
                "evaluate", export, f"--image_dir={photos / 'validation'}", f"--model_dir={work}/evaluation"
            )
            figures = json.loads(pathlib.Path(work, "evaluation", "metrics.json").read_text())["evaluation"]
        low, high = figures["accuracy_interval"]
        print(
            f"{module:36} {figures['accuracy']:.1%} ({low:.1%} to {high:.1%}) on {figures['count']} images; "
            f"first run {seconds[0]:.0f} s, second {seconds[1]:.0f} s, exports included"
        )


def timed(*words: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "retrain", *words], check=True, capture_output=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    main(sys.argv[1])
