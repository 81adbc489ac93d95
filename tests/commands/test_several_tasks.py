"""Two tasks of any name from a table of labels, end to end: trained, exported in both formats, used."""

import json
import pathlib

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from retrain.commands.train.base import load_base
from retrain.commands.train.check import TrainPlan
from retrain.exporters.assets import described_tasks
from retrain.exporters.reload import load_classifier
from retrain.modules.signatures import IMAGE_CLASSIFICATION
from retrain.runs.warm_start_source import find_source
from retrain.settings.config import Config
from tests.tiny_worlds import tagged_image

COUNT = 120
TAGS = ("red", "green", "blue")
KIND, COLOURS = "kind of light?", "_颜色 / colours & tags"
PLAIN = "colours_tags.c1dea5fc"
ONE_FORMAT, MODULES = "--export_formats=saved_model", "--export_formats=saved_model,hub_module"


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> pathlib.Path:
    """Flat images with high channels where a tag is set; kind says whether red is; one cell in 8 is empty."""
    directory = tmp_path_factory.mktemp("photos")
    rng, rows = np.random.default_rng(0), []
    for index in range(COUNT):
        there = tagged_image(directory / f"{index:03}.png", rng, 0.4, 160, (20, 60))
        kind = "" if index % 8 == 0 else "warm" if there[0] else "cold"
        rows.append([f"{index:03}.png", kind, *("" if index % 8 == 1 else int(of) for of in there)])
    columns = ["file", KIND, *(f"{COLOURS}:{tag}" for tag in TAGS)]
    pd.DataFrame(rows, columns=columns).to_csv(directory / "labels.csv", index=False)
    return directory


@pytest.fixture(scope="module")
def run(photos, averaging_module, tmp_path_factory) -> pathlib.Path:
    from retrain.__main__ import main

    directory = tmp_path_factory.mktemp("several") / "run"
    assert (
        main(
            [
                "retrain",
                *flags(photos),
                f"--tfhub_module={averaging_module}",
                f"--model_dir={directory}",
                MODULES,
            ]
        )
        == 0
    )
    return directory


def flags(photos: pathlib.Path) -> list[str]:
    return [f"--image_dir={photos}", f"--labels_file={photos / 'labels.csv'}"]


def test_both_tasks_are_learnt_from_the_labels_that_there_are(run):
    metrics = json.loads((run / "metrics.json").read_text())
    table = pd.read_csv(run / "predictions.csv", dtype=str, keep_default_na=False)
    assert list(table.columns) == [
        *("path", "split", KIND, f"predicted/{KIND}", f"probability/{KIND}"),
        *(COLOURS, f"predicted/{COLOURS}", f"probability/{COLOURS}", "familiarity"),
    ]
    for split in ("validation", "test"):
        figures, rows = metrics[split], table[table["split"] == split]
        assert figures[f"accuracy/{KIND}"] == 1.0
        assert (figures[f"exact_match/{COLOURS}"], figures[f"macro_f1/{COLOURS}"]) == (1.0, 1.0)
        assert figures[f"count/{KIND}"] == (rows[KIND] != "").sum()
        assert figures[f"count/{COLOURS}"] == (rows["path"].str[:3].astype(int) % 8 != 1).sum()
        assert figures["loss"] == pytest.approx(
            figures[f"average_loss/{KIND}"] + figures[f"average_loss/{COLOURS}"]
        )
    assert set(metrics["validation"]) - set(metrics["test"]) == {
        *(f"temperature/{KIND}", f"temperature/{COLOURS}"),
        *(f"expected_calibration_error_before/{KIND}", f"expected_calibration_error_before/{COLOURS}"),
    }
    assert (run / "labels.txt").read_text() == "cold\nwarm\n"
    assert (run / f"labels.{PLAIN}.txt").read_text() == "blue\ngreen\nred\n"


def test_a_head_is_the_same_among_others_as_alone(run, photos, averaging_module, command, tmp_path):
    frozen = f"--split_file={run / 'predictions.csv'}"
    more = [
        f"--tfhub_module={averaging_module}",
        ONE_FORMAT,
        f"--tasks={COLOURS}:sigmoid",
        f"--model_dir={tmp_path / 'run'}",
    ]
    assert command(*flags(photos), *more, frozen, "--export_formats=saved_model").status == 0
    among, alone = (
        described_tasks(str(of / "export/saved_model"))[COLOURS]._replace(signature="")
        for of in (run, tmp_path / "run")
    )
    assert among == alone
    one, other = (json.loads((of / "metrics.json").read_text())["test"] for of in (run, tmp_path / "run"))
    assert one[f"average_loss/{COLOURS}"] == other["average_loss"]


@pytest.mark.parametrize("name", ["saved_model", "hub_module"])
def test_an_export_carries_both(run, photos, command, name, tmp_path):
    export = run / "export" / name
    about = json.loads((export / "assets.extra" / "retrain.json").read_text())["tasks"]
    assert [(task, of["head"]) for task, of in about.items()] == [(KIND, "softmax"), (COLOURS, "sigmoid")]
    assert all(of["temperature"] != 1.0 for of in about.values())
    classifier = load_classifier(str(export))
    another = (
        f"{IMAGE_CLASSIFICATION}/{COLOURS}" if name == "saved_model" else f"{IMAGE_CLASSIFICATION}:{PLAIN}"
    )
    assert classifier.signatures == {KIND: IMAGE_CLASSIFICATION, COLOURS: another}
    for task, signature in classifier.signatures.items():
        assert classifier.module.num_outputs(signature) == len(about[task]["classes"])
    evaluated = tmp_path / "evaluated"
    result = command("evaluate", *flags(photos), f"--tfhub_module={export}", f"--model_dir={evaluated}")
    assert result.status == 0
    assert result.err.count("images computed") == 1  # one pass for both
    assert [line.partition(" 1")[0] for line in result.out.splitlines()[1:3]] == [
        f"Accuracy of {KIND}",
        f"Exact match of {COLOURS}",
    ]
    one, other = (pd.read_csv(of / "predictions.csv") for of in (run, evaluated))
    for task in about:
        np.testing.assert_allclose(one[f"probability/{task}"], other[f"probability/{task}"], atol=1e-4)
        assert one[f"predicted/{task}"].fillna("").tolist() == other[f"predicted/{task}"].fillna("").tolist()
    figures = json.loads((evaluated / "metrics.json").read_text())["evaluation"]
    assert figures[f"count/{KIND}"] == COUNT - 15


def test_probabilities_are_served_by_task_calibrated(run, photos):
    export = run / "export" / "saved_model"
    heads = load_classifier(str(export)).heads
    signatures = tf.saved_model.load(str(export)).signatures
    images = tf.random.stateless_uniform([4, 8, 8, 3], (0, 1))
    served = signatures["serving_default"](images=images)
    for task, signature in load_classifier(str(export)).signatures.items():
        logits = signatures[signature](images=images)["default"]
        np.testing.assert_allclose(served[task], heads[task].probabilities(logits), rtol=1e-5, atol=1e-7)
    scaled = logits / heads[COLOURS].temperature
    np.testing.assert_allclose(served[COLOURS], tf.sigmoid(scaled), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", ["export/saved_model", "export/hub_module", "ckpt-1000"])
def test_a_warm_start_finds_both_by_their_names(run, name):
    source = find_source(str(run / name))
    base = load_base(TrainPlan(Config.of(warm_start_from=source.named), None, None, source, None, None))
    assert {task: known.class_names for task, known in base.heads.items()} == {
        KIND: ("cold", "warm"),
        COLOURS: ("blue", "green", "red"),
    }
    assert {task: known.kernel.shape for task, known in base.heads.items()} == {KIND: (3, 2), COLOURS: (3, 3)}


def test_predict_has_columns_for_each(run, photos, command):
    result = command("predict", f"--tfhub_module={run}/export/saved_model", photos / "002.png")
    assert result.status == 0
    assert result.err.splitlines()[0] == f"Images to classify with {run}/export/saved_model: 1."
    assert result.out.splitlines()[0].split("\t") == [
        *("path", f"class/{KIND}", f"probability/{KIND}", f"class/{COLOURS}", f"probability/{COLOURS}"),
        "familiarity",
    ]


def test_a_table_without_calibration_and_with_a_task_only(photos, averaging_module, command, tmp_path):
    more = [
        f"--tfhub_module={averaging_module}",
        ONE_FORMAT,
        "--max_steps=60",
        "--nocalibrate",
        f"--tasks={COLOURS}:sigmoid",
    ]
    options = [*more, "--class_weights=balanced", f"--model_dir={tmp_path / 'run'}"]
    assert command(*flags(photos), *options).status == 0
    about = json.loads((tmp_path / "run/export/saved_model/assets.extra/retrain.json").read_text())
    assert list(about["tasks"]) == [COLOURS]
    assert "temperature" not in about["tasks"][COLOURS]
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert "temperature" not in metrics["validation"]
    assert metrics["test"]["macro_f1"] > 0.9


def test_nothing_is_lost_to_a_missing_file_a_repeated_row_or_a_class_of_one_image(
    photos, averaging_module, command, tmp_path
):
    rows = [f"{index:03}.png,{'ab'[index % 2]}" for index in range(40)] + [
        "039.png,b",
        "gone.png,a",
        "041.png,c",
    ]
    (tmp_path / "labels.csv").write_text("\n".join(["file,kind", *rows]) + "\n")
    more = [
        f"--tfhub_module={averaging_module}",
        "--max_steps=20",
        ONE_FORMAT,
        f"--model_dir={tmp_path / 'run'}",
    ]
    result = command(f"--image_dir={photos}", f"--labels_file={tmp_path / 'labels.csv'}", *more)
    assert result.status == 0
    assert result.err.splitlines()[0] == (
        f"--labels_file='{tmp_path}/labels.csv' has paths that do not exist in --image_dir='{photos}': 1 of "
        "42, such as 'gone.png'. They are skipped."
    )
    skipped = (tmp_path / "run" / "skipped.csv").read_text()
    assert skipped == "path,reason\ngone.png,cannot be read (No such file or directory)\n"
    table = pd.read_csv(tmp_path / "run" / "predictions.csv")
    assert len(table) == 41
    assert table.loc[table["kind"] == "c", "split"].tolist() == ["train"]
