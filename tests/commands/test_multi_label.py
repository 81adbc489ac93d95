"""Orthogonal labels from a table, complete and with gaps; tests/benchmarks/multi_label does it on scenes."""

import json
import pathlib

import numpy as np
import pandas as pd
import pytest

from tests.tiny_worlds import tagged_image

COUNT = 300
TAGS = ("red", "green", "blue")


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> pathlib.Path:
    """Flat images with a high channel for each tag that they have, independently of the others."""
    directory = tmp_path_factory.mktemp("photos")
    rng, rows = np.random.default_rng(0), []
    for index in range(COUNT):
        there = tagged_image(directory / f"{index:03}.png", rng, 0.5, 100, (40, 120))
        rows.append([f"{index:03}.png", *there.astype(int)])
    table = pd.DataFrame(rows, columns=["file", *(f"tags:{tag}" for tag in TAGS)], dtype=object)
    table.to_csv(directory / "complete.csv", index=False)
    gaps = np.pad(rng.random([COUNT, 3]) < 0.2, [(0, 0), (1, 0)])
    table.mask(gaps).to_csv(directory / "gaps.csv", index=False)
    return directory


@pytest.mark.parametrize(("table", "at_least"), [("complete", 0.97), ("gaps", 0.93)])
def test_all_labels_are_found(photos, averaging_module, command, tmp_path, table, at_least):
    options = [f"--image_dir={photos}", f"--labels_file={photos}/{table}.csv", f"--model_dir={tmp_path}/run"]
    split = ["--validation_percentage=20", "--testing_percentage=20", "--export_formats=saved_model"]
    assert command(*options, *split, f"--tfhub_module={averaging_module}").status == 0
    # Scored on all labels of all images, also those that training did not know.
    result = command(
        *("evaluate", f"--image_dir={photos}", f"--labels_file={photos}/complete.csv"),
        *(f"--tfhub_module={tmp_path}/run/export/saved_model", f"--model_dir={tmp_path}/scored"),
    )
    assert result.status == 0
    figures = json.loads((tmp_path / "scored" / "metrics.json").read_text())["evaluation"]
    assert figures["count"] == COUNT
    assert figures["macro_f1"] >= at_least
