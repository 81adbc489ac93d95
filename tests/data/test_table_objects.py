import json

import pandas as pd
import pytest

from retrain.data.table_objects import json_cells, parquet_cells
from retrain.errors import InputError

CALLED = "--labels_file='a.json'"


def parquet(folder, **columns: list) -> str:
    path = str(folder / "a.parquet")
    pd.DataFrame(columns).to_parquet(path)
    return path


def sentence(function, *arguments) -> str:
    with pytest.raises(InputError) as raised:
        function(*arguments)
    return str(raised.value)


def test_values_become_text():
    rows = [{"path": "1.jpg", "n": 3, "tags": ["a", "b"], "of": {"x": 1}}, {"path": "2.jpg", "n": 0.5}]
    text = "\n".join(map(json.dumps, rows))
    for written in (text, json.dumps(rows)):
        table = json_cells(written, CALLED, ".")
        assert table.astype(object).where(table.notna(), None).to_dict("list") == {
            "path": ["1.jpg", "2.jpg"],
            "n": ["3", "0.5"],
            "tags": ["a|b", None],
            "of": ['{"x": 1}', None],
        }


def test_one_object_from_paths_to_labels():
    table = json_cells('{"1.jpg": "cat", "2.PNG": ["cat", "dog"]}', CALLED, ".")
    assert table.to_dict("list") == {"path": ["1.jpg", "2.PNG"], "label": ["cat", "cat|dog"]}


def test_one_object_from_classes_to_paths(told):
    table = json_cells('{"cat": ["1.jpg", "2.png"], "dog": ["2.png"]}', CALLED, ".")
    assert table.to_dict("list") == {"path": ["1.jpg", "2.png"], "label": ["cat", "cat|dog"]}
    assert told == ["--labels_file='a.json' is read as class names, each with the paths of its images."]


def test_a_dump_of_annotations_is_no_table():
    assert sentence(json_cells, '{"images": [{"id": 1}],\n "annotations": []}', CALLED, ".") == (
        "--labels_file='a.json' is one JSON object with 'images', 'annotations' (as COCO's are), but one "
        "object for each image was expected, as JSON lines or an array: write such a table from it."
    )


@pytest.mark.parametrize(
    "text", ['[["1.jpg", "cat"], true]', '{"columns": ["path", "kind"], "data": [["1.jpg", "cat"], 1]}']
)
def test_rows_of_several_kinds_are_no_table(text):
    with pytest.raises(ValueError, match="its rows are not alike"):
        json_cells(text, CALLED, ".")


def test_the_tree_of_label_studio():
    text = '[{"id": 1, "annotations": [{}], "data": {"image": "1.jpg"}}]'
    assert sentence(json_cells, text, CALLED, ".") == (
        "--labels_file='a.json' is Label Studio's full JSON, but one object with a path and labels for each "
        "image was expected: export as JSON-MIN or CSV, and name that."
    )


def test_images_are_known_by_their_paths_where_these_are_there(tmp_path, tree):
    cells = [{"bytes": b"\x89PNG", "path": "1.png"}, {"bytes": b"\x89PNG", "path": "2.png"}]
    path = parquet(tmp_path, image=cells, label=[0, 1])
    assert parquet_cells(path, CALLED, tree(["1.png", "2.png"]))["image"].tolist() == ["1.png", "2.png"]
    paths = parquet(tmp_path, image=[{"bytes": None, "path": "gone.png"}])
    assert parquet_cells(paths, CALLED, ".")["image"].tolist() == ["gone.png"]


@pytest.mark.parametrize(
    "cell",
    [{"bytes": b"\x89PNG", "path": "1.png"}, {"bytes": b"\x89PNG", "path": None}, b"\x89PNG", [b"\x89PNG"]],
)
def test_no_sentence_prints_an_image(tmp_path, cell):
    path = parquet(tmp_path, image=[cell], label=[1])
    assert sentence(parquet_cells, path, CALLED, str(tmp_path)) == (
        "--labels_file='a.json' has images themselves in column 'image', but a table of paths was expected: "
        "name the file, or a folder of such, with --image_dir, and they are read where they lie "
        "(docs/data.md)."
    )
