import dataclasses
import json
import re
import shutil
import subprocess
import tarfile

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from PIL import Image

from retrain.data.corrections import EARLIER, Corrections
from retrain.report.outcome import Outcome, figures_by_split
from retrain.report.report_page import write
from retrain.report.sweep_page import write_sweep_page
from retrain.report.sweep_plots import Scale, Trials
from retrain.report.sweep_table import TrialRow
from retrain.runs.run import Run
from retrain.training.events import Events
from tests.examples.worlds import made_up
from tests.report.outcomes import of_two_tasks, predicted
from tests.report.page_reader import read_page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
HOSTILE = ["<b>&amp;", "شجرة", "猫🐈", "$x_1$"]  # markup, from right to left, wide, mathematics


def outcome(folder, names: list[str], count: int = 24) -> Outcome:
    """Images of these classes in turn, each fourth one for the test; each seventh is mistaken."""
    labels = [names[index % len(names)] for index in range(count)]
    splits = ["test" if index % 8 < 4 else "train" for index in range(count)]
    paths = [f"{index}.png" for index in range(count)]
    for index, path in enumerate(paths):
        Image.new("RGB", (12, 9), (10 * index % 255, 90, 120)).save(folder / path)
    examples = dataclasses.replace(made_up(paths, kind=labels).with_splits(splits), image_dir=str(folder))
    classes = examples.heads["kind"].class_names
    taken = [classes.index(label) + (index % 7 == 1) for index, label in enumerate(labels)]
    logits = 3.0 * np.eye(len(classes), dtype=np.float32)[np.asarray(taken) % len(classes)]
    head = examples.heads["kind"].replaced(temperature=2.0)
    probabilities = head.probabilities(tf.constant(logits)).numpy()
    figures = figures_by_split(examples, {"kind": head}, {"kind": probabilities}, ["test"])
    issues = {
        "path": paths[:3],
        "task": "kind",
        "label": labels[:3],
        "suggested": labels[1:4],
        "support": [0.1, 0.2, 0.9],
        "in_doubt": [True, True, False],
    }
    return predicted(
        examples, probabilities, figures=figures, logits={"kind": logits}, label_issues=pd.DataFrame(issues)
    )._replace(heads={"kind": head})


@pytest.fixture
def run(tmp_path) -> Run:
    run = Run(tmp_path / "run of <i>")
    run.begun_with("{}", "# python -m retrain train --flagfile=run.flags\n--image_dir=/photos/pets\n")
    return run


@pytest.fixture
def photos(tmp_path):
    (tmp_path / "photos").mkdir()
    return tmp_path / "photos"


def page(run: Run, of: Outcome):
    write(of, run.file("report.html"))
    return read_page(run.path / "report.html")


def test_a_page_has_what_was_found_and_what_to_do(run, photos):
    shown = page(run, outcome(photos, ["cat", "dog", "owl"]))
    assert shown.headings == [
        "Classifier of cat, dog and owl",
        "What it was made of",
        "By class, of images kept for a test",
        "Images to look at",
        "Mistakes on test images (2 of 12)",
        "Least certain test images",
        "Labels in doubt (2 of 3)",
        "What to do next",
    ]
    assert "12 images kept for a test: Accuracy 83.3% (55.2% to 95.3%, 12 images)" in shown.words
    assert "12 images say no more than that: on others like them expect 55% to 95%." in shown.words
    assert "Most often confused: dog taken for owl (1), owl taken for cat (1)." in shown.words
    assert "labelled cat rather dog? 0.png" in shown.words
    assert f"--corrections='{run.file('label_issues.csv')}'" in shown.words
    for verb in ("predict", "evaluate", "export", "serve", "compare"):
        assert f"python -m retrain {verb} " in shown.words


def test_a_run_without_a_module_offers_what_can_be_done_with_it(run, photos):
    with open(run.file("run.flags"), "a") as flags:
        flags.write("--export_formats=tflite,keras\n")
    shown = page(run, outcome(photos, ["cat", "dog", "owl"]))
    again = f"python -m retrain --flagfile='{run.file('run.flags')}' --export_formats=saved_model"
    assert f"Train again, for an export that predict, evaluate and serve can take: {again}" in shown.words
    for verb in ("predict", "evaluate", "export", "serve"):
        assert f"python -m retrain {verb} " not in shown.words
    assert "python -m retrain compare " in shown.words


def test_the_parts_are_listed_at_the_top(run, photos):
    Image.new("RGB", (40, 30)).save(run.path / "augmented.png")
    for _ in range(2):  # of each page its own
        shown = page(run, outcome(photos, ["cat", "dog", "owl"]))
    text = (run.path / "report.html").read_text()
    contents = re.findall(r'<a href="#(part-\d+)">(.*)</a>', text)
    assert contents == re.findall(r'<h2 id="(part-\d+)">(.*)</h2>', text)
    assert [name for _, name in contents] == [
        "What it was made of",
        "By class, of images kept for a test",
        "Images to look at",
        "What training saw",
        "What to do next",
    ]
    assert {link[1:] for link in shown.links if link.startswith("#")} <= {*shown.ids}


def test_an_image_has_its_name_and_what_is_said_of_it(run, photos):
    shown = page(run, outcome(photos, [*HOSTILE]))
    assert all(shown.names)
    assert "0.png: labelled <b>&amp;, rather شجرة?" in shown.names


def test_a_name_leads_to_the_image_unless_it_lies_in_a_tar_file(run, photos):
    of = outcome(photos, ["cat", "dog", "owl"])
    assert (photos / "1.png").absolute().as_uri() in page(run, of).links
    tar = photos / "all.tar"
    with tarfile.open(tar, "w") as file:
        for path in of.examples.paths:
            file.add(photos / path, path)
    members = dataclasses.replace(of.examples, image_dir=str(tar))
    shown = page(run, of._replace(examples=members))
    assert "1.png" in shown.words
    assert not [link for link in shown.links if link.startswith("file:")]


def test_the_top_card_tells_of_labels_in_doubt(run, photos):
    of = outcome(photos, ["cat", "dog", "owl"])
    shown = page(run, of)
    assert "2 labels are in doubt: see below." in shown.words
    assert "#labels-in-doubt-1" in shown.links
    assert (
        '<h3 id="labels-in-doubt-1">Labels in doubt (2 of 3)</h3>' in (run.path / "report.html").read_text()
    )
    one = page(run, of._replace(label_issues=of.label_issues.assign(in_doubt=[True, False, False])))
    assert "1 label is in doubt: see below." in one.words
    assert "see below." not in page(run, of._replace(label_issues=None)).words


def test_a_page_tells_what_corrections_have_brought(run, photos):
    of = outcome(photos, ["cat", "dog", "owl"], count=6)
    rows = [(path, "kind", "test", "cat", "cat") for path in of.examples.paths[:4]]
    shown = page(run, of._replace(corrections=Corrections({}, pd.DataFrame(rows, columns=EARLIER))))
    assert "What corrections have brought" in shown.headings
    assert "On the same 4 test images: accuracy 100.0% in the earlier run" in shown.words


def test_a_title_says_what_is_asked(run, photos):
    assert page(run, outcome(photos, list("abcdef"))).headings[0] == "Classifier of 6 classes, a to f"
    two = of_two_tasks()
    assert page(
        run, two._replace(examples=dataclasses.replace(two.examples, image_dir=str(photos)))
    ).headings[0] == ("Classifier of kind and tags")


def test_it_needs_nothing_from_elsewhere(run, photos):
    addresses = page(run, outcome(photos, ["cat", "dog"])).addresses
    assert addresses
    assert {address.split(",")[0] for address in addresses if not address.startswith("#")} == {
        "data:image/jpeg;base64",
        "data:image/png;base64",  # the cells of the confusion matrix
    }


def test_names_are_text_in_any_script(run, photos):
    shown = page(run, outcome(photos, HOSTILE))
    for name in HOSTILE:
        assert f"labelled {name}" in shown.words
    assert "run of <i>" in shown.words


def test_facts_of_the_data(run, photos):
    facts = {
        "width": {},
        "height": {},
        "tasks": {},
        "transparent": 0,
        "narrow_16_bit": 0,
        "ignored_files": {"txt": 2},
        "skipped": [{"path": "x.jpg", "reason": "not an image"}, {"path": "y.jpg", "reason": "not an image"}],
        "exact_duplicates": [],
        "in_several_splits": [],
        "near_duplicates": [["0.png", "1.png"]],
        "label_conflicts": [
            {"task": "kind", "same_content": False, "labels": {"0.png": "cat", "1.png": "dog"}}
        ],
        "alpha_background": "white",
    }
    run.write("data_report.json", json.dumps(facts))
    shown = page(run, outcome(photos, ["cat", "dog"]))
    assert "2 txt 2 not an image" in shown.words
    assert {"Strangers and copies", "Copies with different labels (1)", "Near duplicates (1 set)"} <= set(
        shown.headings
    )
    assert "cat 0.png dog 1.png" in shown.words


def test_curves_are_those_of_the_events(run, photos):
    assert "How it learnt" not in page(run, outcome(photos, ["cat", "dog"])).headings
    Events(run.path).write("train", {step: {"loss": 1.0 / (1 + step)} for step in range(3)})
    Events(run.path).write("validation", {step: {"loss": 1.0, "accuracy": 0.5} for step in range(3)})
    shown = page(run, outcome(photos, ["cat", "dog"]))
    assert "How it learnt" in shown.headings
    for word in ("training", "validation", "accuracy", "step"):
        assert word in shown.words
    frozen = "The heads learn on a module that stays as it is"
    assert (
        f"{frozen}; how strongly they are kept from learning images by heart was found by cross-validation: "
        "the strongest penalty that is no worse than the best by more than chance."
    ) in shown.words
    with open(run.file("run.flags"), "a") as flags:
        flags.write("--l2_regularizer=0.1\n")
    assert f"{frozen}. " in page(run, outcome(photos, ["cat", "dog"])).words


def test_augmented_images_are_shown(run, photos):
    Image.new("RGB", (40, 30)).save(run.path / "augmented.png")
    assert "What training saw" in page(run, outcome(photos, ["cat", "dog"])).headings


def test_an_evaluation_is_called_so(tmp_path, photos):
    run = Run(tmp_path / "evaluation")
    run.begun_with("{}", "# python -m retrain evaluate --flagfile=run.flags\n--image_dir=/photos/pets\n")
    shown = page(run, outcome(photos, ["cat", "dog"]))
    assert shown.headings[:2] == ["Evaluation of cat and dog", "What it was judged by"]
    assert shown.headings[-1] == "How it was made"
    assert f"python -m retrain evaluate --flagfile={run.file('run.flags')}" in shown.words


def test_the_winner_of_a_sweep_shows_what_the_sweep_found(tmp_path, photos):
    row = TrialRow(3, "finished", {"dropout_rate": 0.25}, 0.875, None, {"accuracy": 0.875}, 1.0, True)
    found = Trials([row], 3, {"dropout_rate": Scale(0.0, 0.5)}, "validation/accuracy", True)
    write_sweep_page(str(tmp_path / "sweep.html"), found, {})
    run = Run(tmp_path / "best")
    run.begun_with("{}", "# python -m retrain train --flagfile=run.flags\n--image_dir=/photos/pets\n")
    shown = page(run, outcome(photos, ["cat", "dog"]))
    assert {"The sweep that it won", "All flags at once", "All trials"} <= set(shown.headings)
    assert "87.5%" in shown.words
    assert "#sweep" in shown.links


def test_a_hundred_classes_stay_small(run, photos):
    shown = page(run, outcome(photos, [f"class {index:03}" for index in range(100)], 300))
    assert "class 099" in shown.words
    assert (run.path / "report.html").stat().st_size < 1_000_000


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
def test_a_browser_shows_it_without_a_complaint(run, photos):
    write(outcome(photos, HOSTILE), run.file("report.html"))
    words = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--dump-dom"]
    shown = subprocess.run(
        [*words, (run.path / "report.html").as_uri()], capture_output=True, text=True, timeout=120
    )
    assert "What to do next" in shown.stdout
    assert "CONSOLE" not in shown.stderr
