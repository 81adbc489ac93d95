import dataclasses

import numpy as np
import pytest
from PIL import Image

from retrain.report import prediction_page
from retrain.report.caption_fonts import caption_width
from retrain.report.outcome import Outcome
from retrain.report.prediction_page import BORDER, CAPTION, COLUMNS, SIDE, TITLE, write
from tests.examples.worlds import made_up
from tests.report.outcomes import of_two_tasks, predicted

RIGHT, WRONG, BLANK = (46, 125, 50), (198, 40, 40), (204, 204, 204)


@pytest.fixture
def folder(tmp_path):
    for name, colour in {"cyan": (0, 255, 255), "black": (0, 0, 0)}.items():
        Image.new("RGB", (30, 20), colour).save(tmp_path / f"{name}.png")
    return tmp_path


def outcome(folder, *rows: tuple[str, str, str, float, str], names: tuple[str, str] = ("a", "b")) -> Outcome:
    """Of rows of path, label, what is predicted, how probable that is, and split."""
    paths, labels, predictions, values, splits = zip(*rows, strict=True)
    # The classes are those of the labels: two rows more, which are not shown, have one of each.
    examples = made_up([*paths, "1.png", "2.png"], label=[*labels, *names]).with_splits(
        [*splits, "train", "train"]
    )
    probabilities = [
        [value, 1 - value] if name == names[0] else [1 - value, value]
        for name, value in zip([*predictions, names[0], names[0]], [*values, 1.0, 1.0], strict=True)
    ]
    return predicted(dataclasses.replace(examples, image_dir=str(folder)), probabilities)


def opened(folder) -> Image.Image:
    with Image.open(folder / "page.png") as page:
        return page.copy()


def tiles(folder, *rows) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """The colours of frame and image of each tile in the first row."""
    write(outcome(folder, *rows), str(folder / "page.png"))
    page = np.asarray(opened(folder))
    lefts = [BORDER + column * (SIDE + BORDER) for column in range(min(COLUMNS, len(rows)))]
    return [
        (
            tuple(page[TITLE + BORDER, left + SIDE // 2]),
            tuple(page[TITLE + BORDER + SIDE // 2, left + SIDE // 2]),
        )
        for left in lefts
    ]


def test_mistakes_come_first_and_are_framed_otherwise(folder):
    assert tiles(
        folder,
        ("cyan.png", "a", "a", 0.9, "test"),
        ("black.png", "a", "b", 0.6, "test"),
        ("cyan.png", "a", "b", 0.8, "test"),
    ) == [(WRONG, (0, 255, 255)), (WRONG, (0, 0, 0)), (RIGHT, (0, 255, 255))]


def test_what_is_right_begins_with_what_is_least_sure(folder):
    assert tiles(
        folder,
        ("cyan.png", "a", "a", 0.9, "test"),
        ("black.png", "b", "b", 0.6, "test"),
    ) == [(RIGHT, (0, 0, 0)), (RIGHT, (0, 255, 255))]


def test_images_that_were_trained_on_are_not_shown(folder):
    rows = [("cyan.png", "a", "a", 0.9, "train"), ("black.png", "a", "a", 0.6, "validation")]
    assert tiles(folder, *rows)[0] == (RIGHT, (0, 0, 0))
    assert tiles(folder, *rows, ("cyan.png", "a", "a", 0.6, "test"))[0] == (RIGHT, (0, 255, 255))


def test_what_a_mistake_is_labelled_is_said(folder, monkeypatch):
    said = []
    monkeypatch.setattr(prediction_page, "draw_caption", lambda draw, corner, text, colour: said.append(text))
    write(outcome(folder, ("cyan.png", "a", "b", 0.75, "test")), str(folder / "page.png"))
    assert said[1:3] == ["b 75%", "labelled a"]


def test_a_page_holds_24_images(folder):
    write(outcome(folder, *[("cyan.png", "a", "a", 0.5, "test")] * 40), str(folder / "page.png"))
    assert opened(folder).size == (
        6 * (SIDE + BORDER) + BORDER,
        TITLE + 4 * (SIDE + CAPTION) + BORDER,
    )


def test_without_held_out_images_there_is_an_empty_page(folder):
    write(outcome(folder, ("cyan.png", "a", "a", 0.9, "train")), str(folder / "page.png"))
    page = opened(folder)
    assert page.crop((0, TITLE, *page.size)).getextrema() == ((255, 255),) * 3


def test_the_page_says_of_what_it_is(folder):
    assert prediction_page._title(of_two_tasks(), "test") == (
        "Images of the test split, kind: mistakes first, then what was least certain"
    )
    one = outcome(folder, ("cyan.png", "a", "a", 0.9, "validation"))
    assert prediction_page._title(one, "validation") == (
        "Images of the validation split: mistakes first, then what was least certain"
    )


def test_an_image_without_a_label_of_the_primary_task_is_not_shown():
    held_out = of_two_tasks()
    held_out = held_out._replace(examples=held_out.examples.with_splits(["train", "test", "test"]))
    split, shown = prediction_page._most_telling(prediction_page._predictions(held_out))
    assert split == "test"
    assert shown.to_dict("records") == [
        {"path": "3.jpg", "label": "b", "predicted": "a", "probability": 0.75, "right": False}
    ]


def test_an_image_that_pillow_cannot_read_is_left_blank(folder):
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    rows = [("broken.jpg", "a", "a", 0.9, "test"), ("gone.jpg", "a", "b", 0.9, "test")]
    assert tiles(folder, *rows) == [(WRONG, BLANK), (RIGHT, BLANK)]


def test_names_of_any_length_and_script(folder):
    name = "玫瑰 " * 40
    row = ("cyan.png", name, name + "x", 0.9, "test")
    write(outcome(folder, row, names=(name, name + "x")), str(folder / "page.png"))
    for end in ("", " 87%"):
        fitting = prediction_page._fitting(name, end)
        assert caption_width(fitting) <= SIDE
        assert fitting.endswith(end)
        assert name.startswith(fitting.removesuffix(end))


def test_a_long_name_has_two_lines_its_beginning_and_its_end():
    assert prediction_page._two_lines("short.jpg") == ("short.jpg", "")
    first, rest = prediction_page._two_lines("087effcb-4eb3-41c1-a0bb-ec5c489f972f.jpg")
    assert first + rest == "087effcb-4eb3-41c1-a0bb-ec5c489f972f.jpg"
    first, rest = prediction_page._two_lines(
        "photograph-of-the-north-side-of-the-house-by-the-river-0017.jpg"
    )
    assert first.startswith("photograph")
    assert rest.startswith("…")
    assert rest.endswith("-0017.jpg")
    assert max(map(caption_width, (first, rest))) <= SIDE
