import os
import re

import pytest
from PIL import Image

from retrain import files
from retrain.commands.checks import EvaluatePlan, _known, check_evaluate, check_inspect
from retrain.errors import InputError
from retrain.settings.config import Config
from tests.commands.worlds import described_export
from tests.tiny_shards import shard


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A working directory with photos of roses and tulips in it, and what seems to know these."""
    for name in ("photos/roses/1.jpg", "photos/roses/deep/er/2.PNG", "photos/tulips/3.gif"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (2, 2)).save(tmp_path / name)
    described_export(tmp_path / "export", label=["roses", "tulips", "weeds"])
    described_export(tmp_path / "tasks", kind=["a", "b"], tags=["x"])
    (tmp_path / "module").mkdir()
    (tmp_path / "module" / "saved_model.pb").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def evaluate_plan(**settings: object) -> EvaluatePlan:
    return check_evaluate(Config.of(**{"tfhub_module": "export", "image_dir": "photos", **settings}), [])


def sentence(function, **settings: object) -> str:
    with pytest.raises(InputError) as raised:
        function(**settings)
    return str(raised.value)


def test_an_evaluation_gets_a_new_directory_and_makes_none(here):
    before = sorted(os.listdir(here))
    plan = evaluate_plan()
    assert plan.data.class_names == ("roses", "tulips")
    assert plan.published is None
    assert re.fullmatch(r"runs/photos-\d{8}-\d{6}", str(plan.run))
    assert sorted(os.listdir(here)) == before


def test_an_evaluation_overwrites_nothing_and_writes_nowhere_near_its_images():
    files.write_text("old/novel.txt", "")
    assert sentence(evaluate_plan, model_dir="old") == (
        "--model_dir='old' is not empty, and nothing is overwritten: name a new directory."
    )
    assert sentence(evaluate_plan, model_dir="photos/run") == (
        "The run would write to 'photos/run', inside --image_dir='photos', where the next run would take it "
        "for a class: name a --model_dir elsewhere."
    )


def test_a_module_that_is_no_export_is_known_at_once():
    assert sentence(evaluate_plan, tfhub_module="module") == (
        "'module' is no classifier exported by retrain: it has no assets.extra/retrain.json; name a run "
        "or its export/saved_model; predict and evaluate take other classifiers with --label_map."
    )


def test_the_class_that_was_meant():
    assert _known(["dress", "hat"], "Dress") == "'dress', 'hat' (did you mean 'dress'?)"
    assert _known(["dress", "trousers"], "trouser") == "'dress', 'trousers' (did you mean 'trousers'?)"
    assert _known([f"{number:03}" for number in range(200)], "7").endswith(
        "'019', ... (200 in all) (did you mean '007'?)"
    )


def test_a_class_that_the_classifier_does_not_know(here):
    os.rename(here / "photos" / "roses", here / "photos" / "orchids")
    assert sentence(evaluate_plan) == (
        "The classifier 'export' does not know the class 'orchids' of this folder; it knows 'roses', "
        "'tulips', 'weeds'. Rename or remove the class folder."
    )
    # Class folders are about the primary task.
    assert sentence(evaluate_plan, tfhub_module="tasks").startswith(
        "The classifier 'tasks' does not know the class 'orchids' of this folder; it knows 'a', 'b'. "
    )


def test_labels_of_shards_are_about_the_primary_task_too(here):
    shard(here / "shards" / "x.tar", {"1.jpg": b"", "1.cls": b"a", "2.jpg": b"", "2.cls": b"b"})
    assert evaluate_plan(tfhub_module="tasks", image_dir="shards").data.has_one_task
    assert sentence(evaluate_plan, image_dir="shards") == (
        "The classifier 'export' does not know the label 'a' in column 'label' of --image_dir='shards'; it "
        "knows 'roses', 'tulips', 'weeds': mend it, or empty the cell."
    )


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("kind\nroses/1.jpg,a\n", None),
        ("tags,kind\nroses/1.jpg,x,b\n", None),
        ("tags\nroses/1.jpg,x\n", None),
        ("kind,colour\nroses/1.jpg,a,red\n", None),  # of which the classifier knows nothing
        (
            "colour\nroses/1.jpg,red\n",
            "The classifier 'tasks' has the tasks 'kind', 'tags', and --labels_file='labels.csv' has labels "
            "of 'colour': rename its columns.",
        ),
        (
            "kind\nroses/1.jpg,c\n",
            "The classifier 'tasks' does not know the label 'c' in column 'kind' of "
            "--labels_file='labels.csv'; it knows 'a', 'b': mend it, or empty the cell.",
        ),
    ],
)
def test_a_table_of_labels_is_about_the_tasks_of_the_classifier(table, expected):
    files.write_text("labels.csv", f"file,{table}")
    given = {"tfhub_module": "tasks", "labels_file": "labels.csv"}
    if expected is None:
        assert set(evaluate_plan(**given).data.listing.columns) & {"kind", "tags"}
    else:
        assert sentence(evaluate_plan, **given) == expected


def test_the_one_column_of_a_table_is_the_one_task_of_a_classifier_that_knows_its_labels():
    files.write_text("labels.csv", "file,species\nroses/1.jpg,tulips\n")
    listing = evaluate_plan(labels_file="labels.csv").data.listing
    assert {task: column.cells for task, column in listing.columns.items()} == {"label": ["tulips"]}
    files.write_text("labels.csv", "file,species\nroses/1.jpg,lilies\n")
    assert sentence(evaluate_plan, labels_file="labels.csv") == (
        "The classifier 'export' has the tasks 'label', and --labels_file='labels.csv' has labels of "
        "'species': rename its columns."
    )


def test_any_module_is_evaluated_by_the_classes_of_its_publisher():
    files.write_text("labels.txt", "background\ntulips, lilies\nroses\n")
    plan = evaluate_plan(tfhub_module="module", label_map="labels.txt")
    assert plan.published.class_names == ("background", "tulips, lilies", "roses")
    assert plan.published.indices == {"roses": 2, "tulips": 1}


def test_an_embedded_network_brings_its_label_map(here):
    assert sentence(evaluate_plan, tfhub_module="builtin:efficientnet_lite1").startswith(
        "The class folder 'roses' is not found in "
    )
    for old, new in {"roses": "macaw", "tulips": "hot dog"}.items():
        (here / "photos" / old).rename(here / "photos" / new)
    plan = evaluate_plan(tfhub_module="builtin:efficientnet_lite1")
    assert plan.published.indices == {"macaw": 88, "hot dog": 934}


def test_a_label_map_that_is_none(here):
    given = {"tfhub_module": "module", "label_map": "labels.txt"}
    assert sentence(evaluate_plan, **given) == (
        "--label_map='labels.txt' was expected to be a text file with one class a line, but cannot be read "
        "(No such file or directory): name the label file of the module."
    )
    files.write_text("labels.txt", "roses, dog roses\nlilies\n")
    assert sentence(evaluate_plan, **given) == (
        "The class folder 'tulips' is not found in 'labels.txt'; the nearest label there is 'lilies' (line "
        "2): rename or remove the folder."
    )
    files.write_text("labels.csv", "file,kind\nroses/1.jpg,a\n")
    assert sentence(evaluate_plan, **given, labels_file="labels.csv") == (
        "--label_map is for class folders, which have the names of a module's own classes: it does not go "
        "with --labels_file, nor with the labels in shards."
    )


def test_what_is_inspected_is_a_module():
    assert check_inspect(Config.of(tfhub_module="module"), []).run is None
    with pytest.raises(InputError, match=r"^'gone' does not exist; a module handle is "):
        check_inspect(Config.of(tfhub_module="gone"), [])
