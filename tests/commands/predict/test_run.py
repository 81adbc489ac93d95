import csv
import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests import tiny_worlds


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
    assert f"{str(tmp_path / 'empty.jpg')!r} is skipped: empty file." in result.err


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
