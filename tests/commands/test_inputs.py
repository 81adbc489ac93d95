import os
import re

import pytest
from PIL import Image
from retrain.commands.inputs import read_inputs

from retrain.errors import InputError
from retrain.settings.config import Config


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A working directory with photos of roses and tulips in it."""
    for name in ("photos/roses/1.jpg", "photos/roses/deep/er/2.PNG", "photos/tulips/3.gif"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (2, 2)).save(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def sentence(verb: str, config: Config, *files: str) -> str:
    with pytest.raises(InputError) as raised:
        read_inputs(verb, config, files)
    return str(raised.value)


def exported(directory) -> str:
    """What looks like an export to whoever does not load it."""
    (directory / "export" / "assets.extra").mkdir(parents=True)
    (directory / "export" / "assets.extra" / "retrain.json").touch()
    (directory / "export" / "saved_model.pb").touch()
    return str(directory / "export")


def test_a_run_gets_a_new_directory_and_makes_none(here):
    listing, files, run = read_inputs("train", Config.of(image_dir="photos"), [])
    assert listing.class_names == ("roses", "tulips")
    assert files == ()
    assert re.fullmatch(r"runs/photos-\d{8}-\d{6}", run)
    assert os.listdir(here) == ["photos"]


@pytest.mark.parametrize("image_dir", ["photos/", "./photos", "../{}/photos"])
def test_a_run_is_called_after_its_folder_however_that_is_written(here, image_dir):
    run = read_inputs("train", Config.of(image_dir=image_dir.format(here.name)), []).run_directory
    assert run.startswith("runs/photos-")


def test_a_directory_that_is_empty_may_be_named(here):
    (here / "mine").mkdir()
    for name in ("mine", "new", "deep/new"):
        assert read_inputs("train", Config.of(image_dir="photos", model_dir=name), []).run_directory == name


def test_a_directory_with_something_in_it_is_left_alone(here):
    (here / "run" / "labels.txt").parent.mkdir()
    (here / "run" / "labels.txt").write_text("roses\ntulips\n")
    config = Config.of(image_dir="photos", model_dir="run")
    assert sentence("train", config) == (
        "--model_dir='run' is not empty, and nothing is overwritten: name a new directory."
    )
    (here / "run" / "labels.txt").write_text("cats\ndogs\n")
    assert sentence("train", config) == (
        "--model_dir='run' holds a run with other classes (cats, dogs): name a new directory."
    )
    (here / "run" / "labels.txt").write_text("a\nb\nc\nd\ne\nf\n")
    assert sentence("train", config) == (
        "--model_dir='run' holds a run with other classes (a, b, c, d, e, ...): name a new directory."
    )


def test_what_a_dry_run_left_is_no_run(here):
    (here / "run").mkdir()
    (here / "run" / "data_report.json").touch()
    assert read_inputs("train", Config.of(image_dir="photos", model_dir="run"), ()).run_directory == "run"


def test_a_file_is_no_directory_to_write_to(here):
    (here / "run").touch()
    assert sentence("train", Config.of(image_dir="photos", model_dir="run")) == (
        "--model_dir='run' is a file: name a new directory."
    )


@pytest.mark.parametrize("model_dir", ["photos/run", "photos", "photos/roses/../run"])
def test_a_run_inside_the_photos_would_be_a_class_of_the_next(model_dir):
    assert sentence("train", Config.of(image_dir="photos", model_dir=model_dir)) == (
        f"The run would write to {model_dir!r}, inside --image_dir='photos', where the next run would take "
        "it for a class: name a --model_dir elsewhere."
    )


def test_nor_does_a_run_started_inside_the_photos_write_there(here, monkeypatch):
    monkeypatch.chdir(here / "photos")
    assert "inside --image_dir='.', where" in sentence("train", Config.of(image_dir="."))


@pytest.mark.parametrize("name", ["a\nb", "a\rb", "a\u2028b"])
def test_names_of_classes_are_one_line(here, name):
    os.rename(here / "photos" / "roses", here / "photos" / name)
    assert sentence("train", Config.of(image_dir="photos")) == (
        f"The class folder {name!r} in 'photos' has a line break in its name, but labels are written one a "
        "line: rename it."
    )


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (
            Config.of(image_dir="photos", export_formats=("saved_mode",)),
            "'saved_mode' is no export format: choose from ",
        ),
        (
            Config.of(image_dir="photos", split_file="gone.csv"),
            "--split_file='gone.csv' is no file: name a run's predictions.csv.",
        ),
        (Config.of(image_dir="gone"), "'gone' does not exist, but a folder of class folders was expected: "),
        (Config.of(image_dir="photos", tfhub_module="gone"), "'gone' does not exist; a module handle is "),
        (
            Config.of(image_dir="photos", tfhub_module="photos"),
            "'photos' is no module: there is no saved_model.pb",
        ),
    ],
)
def test_what_cannot_be_trained_on(config, expected):
    assert sentence("train", config).startswith(expected)


@pytest.mark.parametrize("verb", ["evaluate", "predict"])
def test_a_module_that_is_no_export_is_known_at_once(here, verb):
    (here / "module").mkdir()
    (here / "module" / "saved_model.pb").touch()
    assert sentence(verb, Config.of(image_dir="photos", tfhub_module="module"), "photos") == (
        "'module' is no classifier exported by retrain: it has no assets.extra/retrain.json; name the "
        "export/saved_model of a run."
    )


def test_pictures_are_files_or_in_folders_at_any_depth(here):
    config = Config.of(tfhub_module=exported(here))
    _, files, run = read_inputs("predict", config, ["photos/tulips/3.gif", "photos", "./photos/roses/"])
    assert files == (
        "photos/tulips/3.gif",
        *("photos/roses/1.jpg", "photos/roses/deep/er/2.PNG", "photos/tulips/3.gif"),
        *("./photos/roses/1.jpg", "./photos/roses/deep/er/2.PNG"),
    )
    assert all(os.path.isfile(file) for file in files)
    assert run == ""


def test_the_folder_that_one_is_in(here, monkeypatch):
    config = Config.of(tfhub_module=exported(here))
    monkeypatch.chdir(here / "photos" / "roses")
    assert read_inputs("predict", config, ["."]).files == ("./1.jpg", "./deep/er/2.PNG")


def test_what_cannot_be_predicted(here):
    config = Config.of(tfhub_module=exported(here))
    assert sentence("predict", config, "photos", "gone.jpg") == (
        "'gone.jpg' does not exist, but an image or a folder of images was expected."
    )
    (here / "empty").mkdir()
    assert sentence("predict", config, "empty") == (
        "'empty' holds no images (.jpg, .jpeg, .png, .gif, .bmp, .webp): name a folder that does."
    )
    name = os.fsdecode(b"\xff.jpg")
    (here / name).touch()
    assert sentence("predict", config, name) == (
        "b'\\xff.jpg' is not UTF-8, as the name of a file was expected to be: rename it."
    )


def test_predictions_overwrite_nothing(here):
    (here / "p.csv").touch()
    assert sentence("predict", Config.of(tfhub_module=exported(here), output="p.csv"), "photos") == (
        "--output='p.csv' exists, and nothing is overwritten: name a new file."
    )
