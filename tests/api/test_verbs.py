import inspect
import io
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from absl import logging
from PIL import Image

import retrain
from retrain import InputError
from retrain.settings.config import read_by
from tests.commands.worlds import FAST

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture(scope="module")
def run(colour_folder, averaging_module, tmp_path_factory):
    """A run of retrain.train; read it, never change it."""
    directory = tmp_path_factory.mktemp("from_python") / "run"
    return retrain.train(image_dir=colour_folder, tfhub_module=averaging_module, model_dir=directory, **FAST)


@pytest.mark.parametrize("verb", ["train", "sweep", "evaluate", "predict", "inspect", "compare", "export"])
def test_every_flag_is_a_keyword(verb):
    parameters = inspect.signature(getattr(retrain, verb)).parameters
    assert set(read_by(verb)) - set(parameters) == ({"json"} if verb == "inspect" else set())


def test_what_train_makes_is_what_the_command_line_makes(
    run, command, colour_folder, averaging_module, tmp_path
):
    flags = [f"--{name}={value}" for name, value in FAST.items()]
    command(
        f"--image_dir={colour_folder}",
        f"--tfhub_module={averaging_module}",
        f"--model_dir={tmp_path / 'r'}",
        *flags,
    )
    for name in ("metrics.json", "predictions.csv", "run.flags"):
        assert (run.path / name).read_text() == (tmp_path / "r" / name).read_text()


def test_a_mistake_is_an_exception_and_writes_nothing(tmp_path):
    with pytest.raises(InputError) as raised:
        retrain.train(image_dir="gone", model_dir=tmp_path / "run")
    assert str(raised.value).startswith("'gone' does not exist")
    assert not os.path.exists(tmp_path / "run")


def test_a_check_speaks_of_keywords(colour_folder, run):
    with pytest.raises(InputError) as raised:
        retrain.train(image_dir=colour_folder, model_dir=run.path, **{**FAST, "max_steps": 30})
    assert str(raised.value) == f"model_dir={str(run.path)!r} holds a finished run: name a new directory."


def test_how_much_is_told():
    with pytest.raises(InputError) as raised:
        retrain.inspect(verbosity="loud")
    assert str(raised.value) == "'loud' is no value of verbosity=: choose from debug, info, warning, error."


def test_log_lines_of_the_program_around_it_are_left_as_they_were(run, colour_folder):
    before = logging.get_verbosity(), logging.get_absl_logger().handlers
    retrain.predict(f"{colour_folder}/cyan/000.png", tfhub_module=run)
    assert (logging.get_verbosity(), logging.get_absl_logger().handlers) == before


def test_what_is_printed_speaks_of_calls_and_keywords(colour_folder, averaging_module, tmp_path, capsys):
    given = {"image_dir": colour_folder, "tfhub_module": averaging_module, **FAST}
    retrain.train(**given, model_dir=tmp_path / "run")
    told = capsys.readouterr()
    last = told.out.splitlines()[-1]
    assert last == f"Next: retrain.predict('PICTURE.jpg', tfhub_module={str(tmp_path / 'run')!r})"
    assert "--" not in told.out + told.err
    retrain.sweep(**given, sweep="dropout_rate=0,0.2", model_dir=tmp_path / "sweep")
    told = capsys.readouterr()
    assert "python -m" not in told.out + told.err


def test_evaluate(run, colour_folder, tmp_path):
    found = retrain.evaluate(run, image_dir=colour_folder, model_dir=tmp_path / "evaluation")
    assert found.metrics["evaluation"]["count"] == 24
    assert set(found.predictions["predicted"]) == {"cyan", "magenta", "yellow"}
    assert os.path.isfile(found.report)


def test_inspect(run, capsys):
    found = retrain.inspect(run)
    assert found["conforms"] is True
    assert found["handle"] == str(run.path)
    assert capsys.readouterr().out == ""


def test_compare(run, trained_run, tmp_path, capsys):
    found = retrain.compare(run, trained_run, model_dir=tmp_path / "comparison")
    assert len(found.table) == 2
    assert found.table["max_steps"].tolist() == ["20", "not given"]
    assert os.path.isfile(found.report)
    with pytest.raises(InputError) as raised:
        retrain.compare(run)
    assert str(raised.value).startswith(
        f"compare takes two runs or more, or a folder of them, but {str(run.path)!r}"
    )


def test_a_run_is_exported_further(run):
    formats = run.export("keras", verbosity="warning")
    assert formats["keras"] == str(run.path / "export" / "keras")
    assert os.path.isdir(formats["keras"])
    with pytest.raises(InputError, match=r"keras' exists already, and nothing is overwritten"):
        run.export("keras")
    with pytest.raises(InputError) as raised:
        run.export("kera")
    assert str(raised.value).startswith("'kera' is no export format: choose from saved_model, hub_module, ")


def test_predict_takes_files_and_folders(run, colour_folder, capsys):
    picture = pathlib.Path(colour_folder, "cyan", "000.png")
    found = retrain.predict([picture, f"{colour_folder}/yellow"], tfhub_module=run)
    assert list(found.columns) == ["path", "class", "probability"]
    assert found["class"].tolist() == ["cyan", *["yellow"] * 8]
    assert found["path"][0] == str(picture)
    assert capsys.readouterr().out == ""


def test_predict_takes_what_is_in_memory(run, colour_folder):
    picture = Image.open(f"{colour_folder}/magenta/000.png")
    array = np.asarray(picture)
    content = pathlib.Path(colour_folder, "cyan", "001.png").read_bytes()
    found = retrain.predict([picture, array, array / 255, content], tfhub_module=run, top_k=1)
    assert found["class"].tolist() == [*["magenta"] * 3, "cyan"]
    assert found["path"].tolist() == ["images[0]", "images[1]", "images[2]", "images[3]"]
    assert found["probability_1"][:3].nunique() == 1


def test_predict_skips_what_is_damaged_in_memory_as_it_does_files(run, colour_folder, tmp_path, capsys):
    content = pathlib.Path(colour_folder, "cyan", "000.png").read_bytes()[:-30]
    (tmp_path / "cut.png").write_bytes(content)
    sound = Image.open(f"{colour_folder}/magenta/000.png")
    given = [sound, Image.open(io.BytesIO(content)), content, tmp_path / "cut.png", sound]
    found = retrain.predict(given, tfhub_module=run)
    assert found["path"].tolist() == ["images[0]", "images[4]"]
    assert capsys.readouterr().err.splitlines() == [
        "'images[1]' is skipped: damaged or incomplete PNG.",
        "'images[2]' is skipped: damaged or incomplete PNG.",
        f"{str(tmp_path / 'cut.png')!r} is skipped: damaged or incomplete PNG.",
        "Skipped: 3 of 5 files (3 damaged or incomplete PNG).",
    ]
    with pytest.raises(InputError) as raised:
        retrain.predict(given[1], tfhub_module=run)
    assert str(raised.value) == "None of the 1 files is an image that can be decoded."


def test_predict_gives_features_and_writes_what_is_asked_for(run, colour_folder, tmp_path):
    found = retrain.predict(
        image_dir=colour_folder, tfhub_module=run, features=True, output=tmp_path / "f.jsonl"
    )
    assert np.stack(found["features"]).shape == (24, 3)
    lines = (tmp_path / "f.jsonl").read_text().splitlines()
    assert [json.loads(line)["path"] for line in lines] == found["path"].tolist()


@pytest.mark.parametrize("images", [None, []])
def test_predict_needs_images(run, images):
    with pytest.raises(InputError) as raised:
        retrain.predict(images, tfhub_module=run)
    assert str(raised.value) == "predict needs images: give some, or image_dir=."


def test_nothing_heavy_is_imported_before_the_check():
    code = (
        "import inspect, sys, retrain; dir(retrain); inspect.signature(retrain.train), retrain.TrainedRun\n"
        "try: retrain.train(image_dir='gone')\n"
        "except retrain.InputError as error: print(error)\n"
        "print({'numpy', 'pandas', 'tensorflow'} & set(sys.modules))"
    )
    out = subprocess.check_output([sys.executable, "-c", code], text=True, cwd=ROOT)
    assert out.splitlines() == [
        "'gone' does not exist, but a folder of class folders was expected: name one that holds images as "
        "DIR/CLASS/*.jpg.",
        "set()",
    ]


def test_train_on_a_table(colour_folder, averaging_module, tmp_path):
    paths = sorted(path.relative_to(colour_folder) for path in pathlib.Path(colour_folder).rglob("*.png"))
    table = pd.DataFrame(
        {"path": map(str, paths), "warm": [int(path.parts[0] == "yellow") for path in paths], "tint": "x"}
    )
    table["tint"] = [["red", "blue"] if path.parts[0] == "magenta" else ["green"] for path in paths]
    given = {"tfhub_module": averaging_module, "tasks": {"warm": "softmax", "tint": "sigmoid"}, **FAST}
    run = retrain.train(table, image_dir=colour_folder, model_dir=tmp_path / "run", **given)
    assert run.predictions["warm"].tolist() == table["warm"].astype(str).tolist()
    assert set(run.predictions["tint"]) == {"green", "red|blue"}
    [kept] = tmp_path.glob("labels-*.csv")
    assert f"--labels_file={kept}\n" in (run.path / "run.flags").read_text()


def test_train_on_paths_and_labels(colour_folder, averaging_module, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paths = sorted(pathlib.Path(colour_folder).rglob("*.png"))
    labels = np.asarray([path.parent.name for path in paths])
    run = retrain.train(paths, labels, tfhub_module=averaging_module, export_formats="saved_model", **FAST)
    assert run.path.parent == tmp_path / "runs"
    assert run.predictions["label"].tolist() == labels.tolist()


def test_of_a_table_with_a_mistake_nothing_stays(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as raised:
        retrain.train(pd.DataFrame({"path": ["1.png"], "kind": ["a"]}))
    expected = "A table was given without the folder in which its paths begin: name that by image_dir=."
    assert str(raised.value) == expected
    assert [*tmp_path.iterdir()] == []


def test_sweep(colour_folder, averaging_module, tmp_path):
    paths = sorted(pathlib.Path(colour_folder).rglob("*.png"))
    labels = [path.parent.name for path in paths]
    given = {"tfhub_module": averaging_module, "export_formats": ["saved_model"], **FAST}
    varied = {"dropout_rate": [0, 0.5]}
    found = retrain.sweep(paths, labels, model_dir=tmp_path / "sweep", sweep=varied, **given)
    assert sorted(found.trials["dropout_rate"]) == [0, 0.5]
    assert os.path.isfile(found.report)
    assert found.best.metrics["test"]["accuracy"] == 1.0
    assert found.best.predict(paths[0])["class"].tolist() == ["cyan"]
    assert callable(retrain.sweep)  # and no folder of that name has taken its place
