"""Images in shards take every road that images in folders take, and the results are the same."""

import json
import pathlib
import shutil

import numpy as np
import pandas as pd
import pytest

from retrain.__main__ import main
from retrain.commands.export.check import check
from retrain.report.thumbnails import BLANK, data_uri
from retrain.settings.config import Config
from tests.tiny_parquet import parquet_of_folder
from tests.tiny_records import records_of_folder
from tests.tiny_shards import shards_of_folder

WRITE = {
    "x.tar": shards_of_folder,
    "x-00000-of-00001.tfrecord": records_of_folder,
    "x-00000-of-00001.parquet": parquet_of_folder,
}


@pytest.fixture(scope="module", params=WRITE)
def name(request) -> str:
    """That of the shard."""
    return request.param


@pytest.fixture(scope="module")
def shards(name, colour_folder, tmp_path_factory) -> str:
    """All images of the folder in one shard, in its order."""
    return WRITE[name](colour_folder, tmp_path_factory.mktemp("shards"), [name])


@pytest.fixture(scope="module")
def run(shards, averaging_module, tmp_path_factory) -> pathlib.Path:
    """As `trained_run`, but on shards; its report shows images, however certain they are."""
    run = tmp_path_factory.mktemp("sharded") / "run"
    flags = [f"--image_dir={shards}", f"--tfhub_module={averaging_module}", f"--model_dir={run}"]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("retrain.report.galleries.CERTAIN", 1.1)
        assert main(["retrain", *flags]) == 0
    return run


def test_training_gives_what_it_gives_on_folders(run, trained_run, name):
    here, there = (pd.read_csv(directory / "predictions.csv") for directory in (run, trained_run))
    assert here["path"].tolist() == [f"{name}/{number:06}.png" for number in range(len(there))]
    for column in set(there.columns) - {"path"}:
        assert here[column].tolist() == there[column].tolist(), column
    report = (run / "report.html").read_text()
    assert "data:image/jpeg" in report
    assert data_uri(BLANK) not in report
    assert (run / "predictions.png").read_bytes() != b""


@pytest.mark.parametrize("engine", ["tensorflow", "litert"])
def test_images_in_a_shard_are_predicted(command, run, shards, name, engine):
    trained = pd.read_csv(run / "predictions.csv")
    for place in (shards, f"{shards}/{name}"):
        result = command("predict", f"--tfhub_module={run}", f"--engine={engine}", place)
        rows = [line.split("\t") for line in result.out.splitlines()[1:]]
        assert [row[0] for row in rows] == [f"{shards}/{path}" for path in trained["path"]]
        np.testing.assert_allclose([float(row[2]) for row in rows], trained["probability"], atol=1e-4)
        assert "Left out of" in result.err


def test_one_image_of_a_shard_and_patterns(command, run, shards, name):
    one = command("predict", f"--tfhub_module={run}", f"{shards}/{name}/000003.png")
    assert one.out.splitlines()[1].startswith(f"{shards}/{name}/000003.png\t")
    pattern = f"{shards}/*{pathlib.Path(name).suffix}"
    assert len(command("predict", f"--tfhub_module={run}", pattern).out.splitlines()) == 25
    gone = command("predict", f"--tfhub_module={run}", f"{shards}/{name}/gone.png")
    assert gone.status == 2
    assert f"{name}/gone.png' does not exist" in gone.err


def test_images_of_shards_are_sorted_as_copies(command, run, shards, name, colour_folder, tmp_path):
    words = ["predict", f"--tfhub_module={run}", shards, f"--sort_into={tmp_path / 'sorted'}"]
    assert command(*words).status == 0
    found = {path.read_bytes() for path in (tmp_path / "sorted").rglob("*.png")}
    assert found == {path.read_bytes() for path in pathlib.Path(colour_folder).rglob("*.png")}
    shutil.rmtree(tmp_path / "sorted")
    linked = command(*words, "--sort_by=link")
    assert linked.status == 2
    assert linked.err.splitlines()[-1] == (
        f"retrain: --sort_by=link was given, but '{shards}/{name}/000000.png' lies in a shard, to whose "
        "images no links lead: leave it out, and images are copied."
    )


def test_a_run_is_measured_by_shards(command, trained_run, shards, tmp_path):
    words = [
        "evaluate",
        f"--tfhub_module={trained_run}",
        f"--image_dir={shards}",
        f"--model_dir={tmp_path / 'run'}",
    ]
    result = command(*words)
    assert result.status == 0
    assert "was trained on 18 of these 24 images" in result.err + result.out
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["evaluation"]["accuracy"] == 1.0


def test_exports_find_the_images_of_a_run(run, name):
    plan = check(Config.of(model_dir=str(run), export_formats=("tflite_int8",)), [])
    assert len(plan.train) == 18
    assert len(plan.compared_on.paths) == 3
    assert all(f"{name}/" in path for path in (*plan.train, *plan.compared_on.paths))
