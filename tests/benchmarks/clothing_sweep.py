"""The default sweep on the clothing photos, against scikit-learn's logistic regression on the same features.

`python -m tests.benchmarks.clothing_sweep SHARED_DIR` sweeps 64 trials of MobileNet v2's head on
data/clothing/train, and fits logistic regression (C by 5 folds) to the images of train, and to those of train
and validation. All are scored on the images of test, and on the folder data/clothing/validation, which no run
has seen. Wanted: on test at most half a point less than logistic regression on train.
"""

import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
import pandas as pd
from retrain.commands.train.prepared import Prepared, prepare
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from retrain.data.layout import read_listing
from retrain.settings.config import Config

MODULE = "mobilenet_v2_100_224/saved_model"


def main(shared: str) -> None:
    photos, module = pathlib.Path(shared, "data", "clothing"), str(pathlib.Path(shared, "modules", MODULE))
    given, unseen = (
        prepare(
            Config.of(image_dir=str(photos / name), tfhub_module=module), read_listing(str(photos / name))
        )
        for name in ("train", "validation")
    )
    parts = {"train": ["train"], "train and validation": ["train", "validation"]}
    for name, splits in parts.items():
        model = logistic_regression(given, splits)
        test = (given.examples["split"] == "test").to_numpy()
        report(f"logistic regression on {name}", *(accuracy(model, given, test), accuracy(model, unseen)))
    with tempfile.TemporaryDirectory() as work:
        start = time.perf_counter()
        flags = [f"--image_dir={photos / 'train'}", f"--tfhub_module={module}", f"--model_dir={work}/sweep"]
        run("sweep", *flags)
        seconds = time.perf_counter() - start
        export = f"--tfhub_module={work}/sweep/best/export/saved_model"
        run("evaluate", export, f"--image_dir={photos / 'validation'}", f"--model_dir={work}/other")
        figures = [
            pd.read_csv(f"{work}/{path}/predictions.csv")
            .query("split == @split")
            .eval("label == predicted")
            .mean()
            for path, split in (("sweep/best", "test"), ("other", "evaluation"))
        ]
    report(f"best of 64 trials, in {seconds:.0f} s", *figures)


def logistic_regression(prepared: Prepared, splits: list[str]):
    chosen = prepared.examples["split"].isin(splits).to_numpy()
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    model = GridSearchCV(pipeline, {"logisticregression__C": np.geomspace(1e-5, 1e1, 13)}, cv=5)
    return model.fit(prepared.features[chosen], prepared.examples["label"][chosen])


def accuracy(model, prepared: Prepared, chosen=slice(None)) -> float:
    return model.score(prepared.features[chosen], prepared.examples["label"][chosen])


def report(name: str, test: float, unseen: float) -> None:
    print(f"{name:44} test {test:.1%}, other folder {unseen:.1%}", flush=True)


def run(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "retrain", *words], check=True, capture_output=True)


if __name__ == "__main__":
    main(sys.argv[1])
