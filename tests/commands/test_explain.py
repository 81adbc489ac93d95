"""--explain on photos whose classes differ in one corner alone: all that is shown lies in that corner."""

import pathlib

import numpy as np
import pytest
from PIL import Image

from retrain.evidence.heat_maps import Evidence
from tests.commands.worlds import FAST

COLOURS = {"red": (230, 20, 20), "green": (20, 230, 20)}
SIDE, PATCH = 32, 8


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> pathlib.Path:
    """Grey noise with a patch of the class's colour in the upper right corner."""
    folder, random = tmp_path_factory.mktemp("corner") / "photos", np.random.default_rng(0)
    for name, colour in COLOURS.items():
        (folder / name).mkdir(parents=True)
        for number in range(12):
            pixels = np.repeat(random.integers(110, 146, (SIDE, SIDE, 1), np.uint8), 3, axis=2)
            pixels[:PATCH, -PATCH:] = colour
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


@pytest.fixture
def maps(monkeypatch) -> list[np.ndarray]:
    """Those that are made, in order."""
    made, of = [], Evidence.of

    def remembered(self, task, path):
        name, cells = of(self, task, path)
        made.append(cells)
        return name, cells

    monkeypatch.setattr(Evidence, "of", remembered)
    return made


def check(maps: list[np.ndarray], page: pathlib.Path) -> None:
    assert maps
    for cells in maps:
        row, column = np.unravel_index(cells.argmax(), cells.shape)
        assert row < 2
        assert column >= 6
        assert np.abs(cells[3:, :5]).max() < 0.2 * cells.max()
    assert "Red is what the prediction goes by" in page.read_text("utf-8")
    maps.clear()


def test_the_evidence_is_where_it_was_put(photos, averaging_module, maps, tmp_path, command):
    flags = [f"--{name}={value}" for name, value in {**FAST, "export_formats": "saved_model"}.items()]
    data = [f"--image_dir={photos}", "--explain"]
    run, scored = tmp_path / "run", tmp_path / "scored"
    assert command(*data, f"--tfhub_module={averaging_module}", f"--model_dir={run}", *flags).status == 0
    check(maps, run / "report.html")
    assert command("evaluate", *data, f"--tfhub_module={run}", f"--model_dir={scored}").status == 0
    check(maps, scored / "report.html")
    assert (
        command("evaluate", *data[:1], f"--tfhub_module={run}", f"--model_dir={tmp_path / 'x'}").status == 0
    )
    assert maps == []
