"""Several labels an image, of scenes whose things are there or not independently: are all of them found?

`python -m tests.benchmarks.multi_label [MODULE]` draws 1000 scenes with the generator of data_samples, trains
on a table of them, complete and with a fifth of its cells emptied, and scores each export on 400 others.
Wanted: macro F1 of 0.97 and 0.93. The default module is `builtin:gradients`.
"""

import importlib.util
import json
import pathlib
import random
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).parents[2]
TRAINED, SCORED = range(1, 1001), range(1001, 1401)
FIGURES = ("macro_f1", "macro_f1_at_0.5", "exact_match")
EMPTIED = {"complete": 0.0, "a fifth emptied": 0.2}


def main(module: str = "builtin:gradients") -> None:
    with tempfile.TemporaryDirectory() as work:
        scenes = pathlib.Path(work, "scenes")
        scenes.mkdir()
        trained, scored = draw(scenes, TRAINED), draw(scenes, SCORED)
        for name, share in EMPTIED.items():
            run = f"{work}/{name}".replace(" ", "_")
            labels = with_gaps(trained, share, f"{run}.csv")
            common = [f"--image_dir={scenes}", f"--feature_cache={work}/cache"]
            retrain(
                "train", *common, f"--labels_file={labels}", f"--tfhub_module={module}", f"--model_dir={run}"
            )
            export = f"--tfhub_module={run}/export/saved_model"
            retrain("evaluate", *common[:1], f"--labels_file={scored}", export, f"--model_dir={run}_scored")
            figures = json.loads(pathlib.Path(f"{run}_scored", "metrics.json").read_text())["evaluation"]
            shown = ", ".join(f"{key} {figures[key]:.3f}" for key in FIGURES)
            print(f"{module} {name:16} {shown}, on {figures['count']} scenes")


def draw(directory: pathlib.Path, indices: range) -> str:
    """Draws the scenes of these numbers; returns the table of what is in them."""
    spec = importlib.util.spec_from_file_location("make_samples", ROOT / "data_samples" / "make_samples.py")
    samples = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(samples)
    rows = [["path", *(f"things:{name}" for name in samples.THINGS)]]
    for index in indices:
        picture, things = samples.scene(index)
        picture.save(directory / f"{index:04}.jpg", quality=78)
        rows.append([f"{index:04}.jpg", *(str(int(name in things)) for name in samples.THINGS)])
    path = directory / f"scenes-{indices.start}.csv"
    path.write_text("".join(f"{','.join(row)}\n" for row in rows))
    return str(path)


def with_gaps(table: str, share: float, to: str) -> str:
    """Empties this share of the cells, drawn by lot."""
    rng = random.Random(0)
    head, *rows = (line.split(",") for line in pathlib.Path(table).read_text().splitlines())
    rows = [[path, *("" if rng.random() < share else cell for cell in cells)] for path, *cells in rows]
    pathlib.Path(to).write_text("".join(f"{','.join(row)}\n" for row in [head, *rows]))
    return to


def retrain(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "retrain", *words], check=True, capture_output=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
