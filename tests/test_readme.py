"""The code in README's "From Python" does what it says, as it stands there."""

import pathlib
import re
import shutil

import numpy as np

from tests import tiny_worlds

README = pathlib.Path(__file__).parents[1] / "README.md"


def test_from_python(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tiny_worlds.colour_folder(tmp_path / "photos", 5)
    shutil.copy("photos/cyan/000.png", "picture.jpg")
    shutil.copytree("photos/yellow", "more_pictures")
    section = README.read_text("utf-8").split("\n## From Python\n")[1]
    names = {"images": np.zeros([2, 240, 240, 3], np.float32)}
    for block in re.findall(r"```python\n(.*?)```", section, re.DOTALL):
        exec(block, names)
    assert names["table"]["class"].tolist() == ["cyan", *["yellow"] * 5]
    assert names["run"].metrics["test"]["accuracy"] == 1.0
    assert names["features"].shape == (2, names["module"].num_features)
