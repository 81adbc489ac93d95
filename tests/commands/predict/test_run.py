import csv
import io
import itertools
import json
import os
import pathlib
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from retrain.commands.predict import run as predict
from retrain.commands.predict.check import PredictPlan, check
from retrain.commands.scoring import Scoring
from retrain.errors import InputError
from retrain.features import feature_pass as passing
from retrain.heads.sigmoid import SigmoidHead
from retrain.settings.config import Config
from tests import tiny_worlds
from tests.commands.worlds import noisy_photos


@pytest.fixture(scope="module")
def export(trained_run):
    return f"--tfhub_module={trained_run}/export/saved_model"


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text), delimiter="\t"))


def test_a_line_for_each_image_as_in_training(command, export, trained_run, colour_folder):
    result = command("predict", export, colour_folder)
    assert result.status == 0
    header, *lines = rows(result.out)
    assert header == ["path", "class", "probability"]
    trained = pd.read_csv(trained_run / "predictions.csv")
    assert [line[0] for line in lines] == [f"{colour_folder}/{path}" for path in trained["path"]]
    assert [line[1] for line in lines] == trained["predicted"].tolist()
    probabilities = [float(line[2]) for line in lines]
    np.testing.assert_allclose(probabilities, trained["probability"], atol=1e-4)


def test_files_of_any_kind_and_name_in_the_order_given(command, export, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = ["b.png", 'a "b", c.jpg', "玫瑰.bmp", "tab\there.webp"]
    for name, colour in zip(names, [*tiny_worlds.COLOURS.values(), (0, 255, 255)], strict=True):
        Image.new("RGB", (20, 10), colour).save(name)
    _, *lines = rows(command("predict", export, *names, names[0]).out)
    assert [line[0] for line in lines] == [*names, names[0]]
    assert [line[1] for line in lines] == ["cyan", "magenta", "yellow", "cyan", "cyan"]


def test_predictions_go_to_a_file(command, export, colour_folder, tmp_path):
    output = tmp_path / "below" / "x.csv"
    result = command("predict", export, f"--output={output}", f"{colour_folder}/cyan/000.png")
    assert (result.status, result.out) == (0, f"1 predictions are in {output}\n")
    table = pd.read_csv(output)
    assert list(table.columns) == ["path", "class", "probability"]
    assert table["class"].tolist() == ["cyan"]


def test_what_is_no_image_is_named_and_the_others_predicted(command, export, colour_folder, tmp_path):
    (tmp_path / "empty.jpg").touch()
    result = command("predict", export, tmp_path / "empty.jpg", f"{colour_folder}/cyan/000.png")
    assert result.status == 0
    assert [line[1] for line in rows(result.out)[1:]] == ["cyan"]
    assert result.err.splitlines()[-2:] == [
        f"{str(tmp_path / 'empty.jpg')!r} is skipped: empty file.",
        "Skipped: 1 of 2 files (1 empty file).",
    ]


def test_none_that_can_be_decoded(command, export, tmp_path):
    """One that begins like an image passes the check."""
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xdb no more")
    result = command("predict", export, tmp_path / "broken.jpg")
    assert (result.status, result.out) == (2, "")
    assert result.err.splitlines()[-1] == "retrain: None of the 1 files is an image that can be decoded."


def test_nothing_is_kept_of_images(command, export, colour_folder, user_cache):
    before = sorted(user_cache.rglob("*"))
    assert command("predict", export, colour_folder).status == 0
    assert sorted(user_cache.rglob("*")) == before


def predicted(module: object, *words: object, **settings: object) -> None:
    predict.run(check(Config.of(tfhub_module=str(module), **settings), [*map(str, words)]))


def test_every_format_holds_the_same_table(trained_run, colour_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(predict, "ROWS_AT_A_TIME", 7)
    of = {ending: str(tmp_path / f"p.{ending}") for ending in ("csv", "tsv", "jsonl", "parquet")}
    for output in of.values():
        predicted(trained_run, colour_folder, output=output, all_classes=True)
    table = pd.read_csv(of["csv"])
    assert list(table.columns) == [
        *("path", "class", "probability"),
        *("probability/cyan", "probability/magenta", "probability/yellow"),
    ]
    assert len(table) == 24
    np.testing.assert_allclose(table.iloc[:, 3:].max(axis=1), table["probability"])
    for other in (
        pd.read_csv(of["tsv"], sep="\t"),
        pd.read_json(of["jsonl"], lines=True),
        pd.read_parquet(of["parquet"]),
    ):
        pd.testing.assert_frame_equal(other, table, check_dtype=False)


def test_a_killed_command_goes_on_and_ends_as_it_would_have(
    trained_run, colour_folder, tmp_path, monkeypatch, caplog
):
    predicted(trained_run, colour_folder, output=str(tmp_path / "whole.csv"))
    monkeypatch.setattr(passing, "BATCH_SIZE", 4)
    run_engine, output = passing.run_engine, str(tmp_path / "p.csv")

    def killed(*arguments):
        yield from itertools.islice(run_engine(*arguments), 2)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt) as raised:
        patched.setattr(passing, "run_engine", killed)
        predicted(trained_run, colour_folder, output=output)
    assert raised.value.__notes__ == ["The same command goes on where it was."]
    assert sorted(os.listdir(tmp_path)) == [".p.csv.partial", "whole.csv"]
    with caplog.at_level("INFO", "absl"):
        predicted(trained_run, colour_folder, output=output)
    assert "Features: 16 images computed" in caplog.text
    assert "8 remembered, 0 skipped" in caplog.text
    assert sorted(os.listdir(tmp_path)) == ["p.csv", "whole.csv"]
    assert (tmp_path / "p.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_feature_vectors_of_any_module(averaging_module, tmp_path):
    image, output = tmp_path / "cyan.png", tmp_path / "f.jsonl"
    Image.new("RGB", (8, 8), tiny_worlds.COLOURS["cyan"]).save(image)
    predicted(averaging_module, image, output=str(output), features=True)
    [line] = output.read_text().splitlines()
    assert json.loads(line) == {"path": str(image), "features": [0.0, 1.0, 1.0]}


def test_the_terminal_gets_utf8_whatever_its_locale(trained_run, tmp_path, monkeypatch):
    terminal = io.TextIOWrapper(io.BytesIO(), "ascii")
    monkeypatch.setattr("sys.stdout", terminal)
    Image.new("RGB", (8, 8), tiny_worlds.COLOURS["cyan"]).save(tmp_path / "玫瑰.png")
    predicted(trained_run, tmp_path / "玫瑰.png")
    terminal.flush()
    assert terminal.buffer.getvalue().decode().splitlines()[1].split("\t")[:2] == [
        *(str(tmp_path / "玫瑰.png"), "cyan")
    ]


def test_images_are_sorted_by_class(trained_run, colour_folder, tmp_path, caplog, capsys):
    images = [f"{colour_folder}/{name}/00{index}.png" for name in tiny_worlds.COLOURS for index in (0, 1)]
    into = tmp_path / "sorted"
    with caplog.at_level("INFO", "absl"):
        predicted(trained_run, *images, sort_into=str(into), sort_by="link")
    assert caplog.messages[-1] == f"Images sorted into {into}: 6."
    links = sorted(path for path in into.rglob("*") if path.is_symlink())
    assert [str(path.relative_to(into)) for path in links] == [
        f"{name}/00{index}.png" for name in sorted(tiny_worlds.COLOURS) for index in (0, 1)
    ]
    assert [os.readlink(path) for path in links] == sorted(images)
    assert len(capsys.readouterr().out.splitlines()) == 1 + 6


def test_a_command_killed_between_the_folder_and_the_table_goes_on(
    trained_run, colour_folder, tmp_path, monkeypatch, caplog
):
    into, output = tmp_path / "sorted", tmp_path / "p.csv"
    settings = {"output": str(output), "sort_into": str(into), "sort_by": "link"}
    with monkeypatch.context() as patched, pytest.raises(ZeroDivisionError):
        patched.setattr(predict, "write", lambda *_: 1 / 0)
        predicted(trained_run, colour_folder, **settings)
    before = os.stat(into)
    with pytest.raises(InputError, match="exists, and nothing is overwritten"):
        predicted(trained_run, colour_folder, **{**settings, "sort_by": "copy"})
    with caplog.at_level("INFO", "absl"):
        predicted(trained_run, colour_folder, **settings)
    assert f"Images have been sorted into {into} already." in caplog.messages
    assert (os.stat(into).st_ino, os.stat(into).st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert sorted(os.listdir(tmp_path)) == ["p.csv", "sorted"]
    assert len(pd.read_csv(output)) == len([*into.rglob("*.png")]) == 24


def test_an_image_of_several_classes_is_in_each_and_one_of_none_in_none(colour_folder, tmp_path, caplog):
    """As train reads them with --head=sigmoid."""
    heads = {"tags": SigmoidHead(["a", "b"])}
    scoring = Scoring(None, "", heads, lambda rows: [rows])
    files = [f"{colour_folder}/{name}/000.png" for name in ("cyan", "magenta", "yellow")]
    rows = np.float32([[0.9, 0.8], [0.1, 0.8], [0.2, 0.1]])
    with caplog.at_level("INFO", "absl"):
        plan = PredictPlan(Config.of(sort_into=str(tmp_path / "sorted")), (), "", None, None, None)
        predict._sort(plan, scoring, files, rows)
    found = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.png"))
    assert found == ["sorted/a/000.png", "sorted/b/000-2.png", "sorted/b/000.png"]
    assert caplog.messages == [f"Images sorted into {tmp_path / 'sorted'}: 2; 1 with none of the classes."]


def test_the_classes_of_a_publisher(published, colour_folder, capsys):
    image = f"{colour_folder}/cyan/000.png"
    predicted(published / "module", image, label_map=str(published / "labels.txt"), top_k=1)
    header, line = rows(capsys.readouterr().out)
    assert header == ["path", "class", "probability", "class_1", "probability_1"]
    assert (line[0], line[1], line[3]) == (image, "Aqua, Cyan", "Aqua, Cyan")
    assert line[2] == line[4]


def test_a_table_says_which_images_and_how_they_are_called(trained_run, colour_folder, tmp_path, caplog):
    (tmp_path / "list.csv").write_text("file,kind\nyellow/001.png,?\ngone.png,?\ncyan/000.png,\n")
    output = tmp_path / "p.csv"
    given = {"labels_file": str(tmp_path / "list.csv"), "image_dir": colour_folder}
    predicted(trained_run, output=str(output), **given)
    assert pd.read_csv(output)[["path", "class"]].to_numpy().tolist() == [
        *(["yellow/001.png", "yellow"], ["cyan/000.png", "cyan"])
    ]
    assert caplog.messages[-1] == ("Skipped: 1 of 3 files (1 cannot be read (No such file or directory)).")
    assert pathlib.Path(given["labels_file"]).is_file()


def check_all_say_the_same(directory: pathlib.Path, printed: str) -> None:
    """The predictions of a run, of an evaluation and those that were printed, which differ by image."""
    tables = [pd.read_csv(directory / name / "predictions.csv") for name in ("run", "evaluation")]
    tables.append(pd.read_csv(io.StringIO(printed), sep="\t"))
    expected = tables[0]["probability"]
    assert expected.nunique() > 12
    for table in tables[1:]:
        np.testing.assert_allclose(table["probability"], expected, atol=1e-5)


def test_an_export_says_what_stands_behind_transparent_pixels(command, averaging_module, tmp_path):
    """In training, evaluation and prediction alike."""
    for index in range(24):
        path = tmp_path / "icons" / ("faint", "strong")[index % 2] / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGBA", (8, 8), (0, 0, 0, 20 + 100 * (index % 2) + index)).save(path)
    flags = [f"--tfhub_module={averaging_module}", f"--image_dir={tmp_path / 'icons'}"]
    run, evaluation = f"--model_dir={tmp_path / 'run'}", f"--model_dir={tmp_path / 'evaluation'}"
    few_steps = ["--learning_rate=0.1", "--l2_regularizer=0.01", "--max_steps=3"]
    grey = ["--alpha_background=#808080", "--export_formats=saved_model"]
    trained = command(*flags, run, *few_steps, *grey)
    assert "24 images with transparency: put on #808080 (--alpha_background)." in trained.err
    export = f"--tfhub_module={tmp_path / 'run' / 'export' / 'saved_model'}"
    assert command("evaluate", export, flags[1], evaluation).status == 0
    printed = command("predict", export, str(tmp_path / "icons"))
    check_all_say_the_same(tmp_path, printed.out)


@pytest.mark.parametrize("formats", ["saved_model", "saved_model,tflite"])
def test_images_are_made_small_in_one_way(command, averaging_module, tmp_path, formats):
    """In training, evaluation and prediction alike, by TensorFlow and without it."""
    photos = noisy_photos(tmp_path / "photos")
    for path in pathlib.Path(photos).rglob("*.png"):  # sharp, and larger than the input
        Image.open(path).resize((63, 63), Image.Resampling.NEAREST).save(path)
    given = [f"--image_dir={photos}", f"--tfhub_module={averaging_module}", f"--model_dir={tmp_path / 'run'}"]
    tuned = ["--fine_tune", "--learning_rate=0.1", "--max_steps=3", f"--export_formats={formats}"]
    trained = command(*given, *tuned)
    assert "antialias=on, eval_every=" in trained.err
    run, evaluation = f"--tfhub_module={tmp_path / 'run'}", f"--model_dir={tmp_path / 'evaluation'}"
    assert command("evaluate", run, given[0], evaluation).status == 0
    printed = command("predict", run, photos)
    check_all_say_the_same(tmp_path, printed.out)
    described = tmp_path / "run" / "export" / "saved_model" / "assets.extra" / "retrain.json"
    assert json.loads(described.read_text())["antialias"] is True


STRANGE = {"grey": (128, 128, 128), "red": (255, 0, 0)}


@pytest.fixture
def some_strange(tmp_path):
    """An image of a class, and two of none."""
    Image.new("RGB", (8, 8), (10, 245, 245)).save(tmp_path / "cyan.png")
    for name, colour in STRANGE.items():
        Image.new("RGB", (8, 8), colour).save(tmp_path / f"{name}.png")
    return [tmp_path / f"{name}.png" for name in ("cyan", *STRANGE)]


@pytest.mark.parametrize("name", ["saved_model", "hub_module"])
def test_images_like_none_that_are_known_have_no_class(telling_run, name, some_strange, capsys):
    export = f"{telling_run}/export/{name}"
    predicted(export, *some_strange)
    header, *told = rows(capsys.readouterr().out)
    assert header == ["path", "class", "probability", "familiarity"]
    assert told[0][1] == "cyan"
    assert [float(line[3]) < 0.05 for line in told] == [False, True, True]
    assert "?" not in {line[1] for line in told}
    predicted(export, *some_strange, reject_unfamiliar=True, top_k=1)
    rejected = rows(capsys.readouterr().out)[1:]
    assert [line[1] for line in rejected] == ["cyan", "?", "?"]
    assert [[line[2], line[-1]] for line in rejected] == [line[2:] for line in told]
    assert [line[3] for line in rejected] == [line[1] for line in told]


def test_what_is_rejected_is_sorted_into_no_class(telling_run, some_strange, tmp_path, caplog):
    into = tmp_path / "sorted"
    with caplog.at_level("INFO", "absl"):
        predicted(telling_run, *some_strange, reject_unfamiliar=True, sort_into=str(into))
    assert caplog.messages[-1] == f"Images sorted into {into}: 1; 2 with none of the classes."
    assert [path.relative_to(into).as_posix() for path in into.rglob("*.png")] == ["cyan/cyan.png"]


def test_a_classifier_in_an_archive_that_tells_no_familiarity(trained_run, colour_folder, tmp_path):
    archive = shutil.make_archive(tmp_path / "module", "gztar", trained_run / "export" / "saved_model")
    with pytest.raises(InputError, match="does not tell how familiar images are"):
        predicted(archive, colour_folder, reject_unfamiliar=True)
