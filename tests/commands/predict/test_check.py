import pytest
from PIL import Image

from retrain.commands.predict.check import PredictPlan, check
from retrain.errors import InputError
from retrain.report import TABLES
from retrain.settings.config import Config
from tests.commands.worlds import described_export


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A working directory with a photo, what seems to know its class, and a module that is no classifier."""
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (2, 2)).save(tmp_path / "photos/1.jpg")
    described_export(tmp_path / "export", label=["roses", "tulips"])
    (tmp_path / "module").mkdir()
    (tmp_path / "module" / "saved_model.pb").touch()
    (tmp_path / "labels.txt").write_text("roses\ntulips\n")
    (tmp_path / "list.csv").write_text("nr,file,kind\n1,1,roses\n2,gone.jpg,\n1,1,tulips\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def plan(*words: str, **settings: object) -> PredictPlan:
    return check(Config.of(**{"tfhub_module": "export", **settings}), words)


def sentence(*words: str, **settings: object) -> str:
    with pytest.raises(InputError) as raised:
        plan(*words, **settings)
    return str(raised.value)


def test_images_are_words_or_a_folder_or_stand_in_a_table():
    assert (plan("photos").paths, plan("photos").run) == (("photos/1.jpg",), None)
    assert plan(image_dir="photos").paths == ("photos/1.jpg",)
    of_table = plan(image_dir="photos", labels_file="list.csv", path_column="file")
    assert (of_table.paths, of_table.image_dir) == (("1.jpg", "gone.jpg"), "photos")
    assert sentence() == "predict needs images: name files or folders after the flags."
    assert sentence("photos", image_dir="photos") == (
        "--image_dir='photos' and 'photos' both name images: give one of the two."
    )


def test_a_module_that_is_no_export_gives_features_or_the_classes_of_a_label_map():
    assert sentence("photos", tfhub_module="module") == (
        "'module' is no classifier exported by retrain: it has no assets.extra/retrain.json; name a run "
        "or its export/saved_model; predict and evaluate take other classifiers with --label_map."
    )
    assert plan("photos", tfhub_module="module", features=True).published is None
    published = plan("photos", tfhub_module="module", label_map="labels.txt").published
    assert published.class_names == ("roses", "tulips")
    embedded = plan("photos", tfhub_module="builtin:efficientnet_lite1").published
    assert (len(embedded.class_names), embedded.class_names[285]) == (1000, "Egyptian cat")


@pytest.mark.parametrize("ending", TABLES)
def test_the_ending_says_how_the_table_is_written(ending):
    assert plan("photos", output=f"p{ending.upper()}").table == TABLES[ending]


def test_standard_output_has_a_name():
    for given in (plan("photos", output="-"), plan("photos")):
        assert (given.output, given.table, given.note, given.run) == (None, None, None, None)


def test_nothing_is_overwritten(here):
    (here / "p.csv").touch()
    assert sentence("photos", output="p.csv") == (
        "--output='p.csv' exists, and nothing is overwritten: name a new file."
    )
    assert sentence("photos", sort_into="photos") == (
        "--sort_into='photos' exists, and nothing is overwritten: name a new directory."
    )


def test_a_place_where_nothing_can_be_written_is_known_at_once(here):
    assert plan("photos", output="new/folders/p.csv").output == "new/folders/p.csv"
    assert sentence("photos", output="photos/1.jpg/p.csv") == (
        f"--output='photos/1.jpg/p.csv' cannot be written, for {str(here / 'photos/1.jpg')!r} is no folder "
        f"that you may write in: name a place where it can be."
    )


def test_images_that_are_sorted_into_their_own_folder_count_twice_and_that_is_told(caplog):
    plan("photos", sort_into="sorted")
    plan("photos/1.jpg", sort_into="photos/sorted")
    sentence = "'photos/sorted' lies in 'photos': from now on, images sorted there are images of both."
    assert sentence not in caplog.messages
    plan("photos", sort_into="photos/sorted")
    assert sentence in caplog.messages


def test_a_classifier_that_tells_no_familiarity_is_known_at_once(trained_run):
    export = str(trained_run / "export" / "saved_model")
    assert plan("photos", tfhub_module=export).config.results.reject_unfamiliar is False
    for handle in (export, "builtin:efficientnet_lite1"):
        assert sentence("photos", tfhub_module=handle, reject_unfamiliar=True) == (
            f"{handle!r} does not tell how familiar images are, and --reject_unfamiliar goes by that: leave "
            "it out, or train a classifier again, with more images."
        )


def test_what_computes_is_told_and_where_it_is(telling_run, caplog):
    run = str(telling_run)
    for settings, told in (
        ({}, f"classify with {run}/export/tflite (LiteRT)"),
        ({"engine": "tensorflow"}, f"classify with {run}/export/saved_model"),
        ({"features": True}, f"pass through {run}/export/saved_model"),
        ({"tfhub_module": "builtin:gradients", "features": True}, "pass through builtin:gradients"),
    ):
        caplog.clear()
        with caplog.at_level("INFO", "absl"):
            plan("photos", **{"tfhub_module": run, **settings})
        assert caplog.messages == [f"Images to {told}: 1."]


def test_a_classifier_that_tells_it(telling_run):
    plan("photos", tfhub_module=str(telling_run), reject_unfamiliar=True)
