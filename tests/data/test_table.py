import math

import pandas as pd
import pytest

from retrain import files
from retrain.data.listing import NOT_KNOWN, SEPARATOR, Column, Listing
from retrain.data.table import read, read_paths
from retrain.errors import InputError
from retrain.heads import sigmoid


def table(folder, text: str, name: str = "labels.csv") -> str:
    (folder / name).write_text(text, "utf-8")
    return str(folder / name)


def labels_of(listing: Listing) -> dict[str, list[str | None]]:
    return {task: column.cells for task, column in listing.columns.items()}


def sentence(path: str, *form) -> str:
    with pytest.raises(InputError) as raised:
        read(path, None, form)
    return str(raised.value)


def test_cells_are_written_as_the_head_reads_them():
    assert (SEPARATOR, NOT_KNOWN) == (sigmoid.SEPARATOR, sigmoid.NOT_KNOWN)


def test_every_column_is_a_task_and_one_with_several_labels_in_a_cell_says_so(tmp_path):
    listing = read(table(tmp_path, "file,kind,tags\nb.jpg,cat,red|small\na.jpg,dog,\n"))
    assert listing.paths == ["a.jpg", "b.jpg"]
    assert listing.columns == {
        "kind": Column(["dog", "cat"], several=False),
        "tags": Column([None, "red|small"], several=True),
    }
    assert [column.names for column in listing.columns.values()] == [("cat", "dog"), ("red", "small")]
    assert (listing.groups, listing.weights, listing.splits) == ([None] * 2, [1.0] * 2, [""] * 2)
    assert (listing.image_dir, listing.given_split, listing.ignored) == (str(tmp_path), False, {})


def test_columns_of_one_label_each_may_be_unknown_in_part(tmp_path):
    text = "path,tags:red,tags:big\na,1,0\nb,yes,\nc,false,FALSE\nd,,\n"
    listing = read(table(tmp_path, text))
    assert labels_of(listing) == {"tags": ["red", "red|?big", "", None]}
    assert listing.columns["tags"].several
    assert listing.columns["tags"].names == ("big", "red")


def test_tasks_path_column_and_separator_as_the_user_says(tmp_path):
    text = "id,tags,where,note\n1,red; big,x.jpg,hm\n2,red,y.jpg,oh\n"
    listing = read(table(tmp_path, text), "photos", ("where", {"tags": True}, ";"))
    assert (listing.image_dir, listing.paths) == ("photos", ["x.jpg", "y.jpg"])
    assert labels_of(listing) == {"tags": ["red|big", "red"]}
    given = read(table(tmp_path, text), "photos", ("where", {"tags": False}, ";"))
    assert labels_of(given) == {"tags": ["red; big", "red"]}
    assert not given.columns["tags"].several


def test_parquet_with_an_empty_cell(tmp_path):
    columns = {"path": ["a.jpg", "b.jpg"], "kind": ["cat", None]}
    pd.DataFrame(columns).to_parquet(tmp_path / "labels.parquet")
    assert labels_of(read(str(tmp_path / "labels.parquet"))) == {"kind": ["cat", None]}


def test_split_group_and_weight(tmp_path):
    text = "path,kind,split,group,weight\na,x,train,g,2\nb,y,val,,\nc,y,test,g,0.5\n"
    listing = read(table(tmp_path, text))
    assert listing.splits == ["train", "validation", "test"]
    assert listing.given_split
    assert list(listing.columns) == ["kind"]
    assert listing.groups == ["g", None, "g"]
    assert listing.weights == [2.0, 1.0, 0.5]


def test_any_word_for_a_split_in_any_case(tmp_path):
    text = "path,kind,split\na,x,Training\nb,y,Valid\nc,y,HOLDOUT\nd,y,dev\n"
    assert read(table(tmp_path, text)).splits == ["train", "validation", "test", "validation"]


def test_labels_stay_as_they_are_written(tmp_path):
    assert labels_of(read(table(tmp_path, "path,kind\na,NA\nb,01\nc,null\n"))) == {
        "kind": ["NA", "01", "null"]
    }


def test_tabs_and_json_lines(tmp_path):
    assert labels_of(read(table(tmp_path, "path\tkind\na\tx, y\nb\tz\n", "l.tsv"))) == {"kind": ["x, y", "z"]}
    lines = '{"path": "a", "kind": 3, "tags": ["red", "big"]}\n{"path": "b", "kind": null, "tags": []}\n'
    listing = read(table(tmp_path, lines, "l.jsonl"))
    assert labels_of(listing) == {"kind": ["3", None], "tags": ["red|big", ""]}


def test_a_table_of_another_machine(tmp_path):
    for name in ("a.jpg", "b.JPG"):
        files.write_text(tmp_path / "photos" / "cats" / name, "")
    text = "Datei;Art;;\r\n.\\cats\\b.jpg;K\u00e4fer;;\r\n.\\cats\\a;M\u00fccke;;\r\n"
    (tmp_path / "labels.csv").write_bytes(text.encode("cp1252"))
    listing = read(str(tmp_path / "labels.csv"), str(tmp_path / "photos"))
    assert listing.paths == ["cats/a.jpg", "cats/b.JPG"]
    assert labels_of(listing) == {"Art": ["M\u00fccke", "K\u00e4fer"]}


def test_columns_of_0_and_1_are_one_task_unless_they_are_named(tmp_path):
    path = table(tmp_path, "path, ok, rust\na,1,0\nb,0,1\n")
    assert labels_of(read(path)) == {"label": ["ok", "rust"]}
    named = read(path, None, (None, {"ok": False, "rust": False}))
    assert labels_of(named) == {"ok": ["1", "0"], "rust": ["0", "1"]}


def test_lists_as_text_are_labels_unless_the_head_takes_one(tmp_path):
    path = table(tmp_path, "path,tags\na,\"['x', 'y']\"\nb,[]\n")
    assert read(path).columns == {"tags": Column(["x|y", ""], several=True)}
    assert labels_of(read(path, None, (None, {"tags": False}))) == {"tags": ["['x', 'y']", "[]"]}


def test_two_spellings_of_one_image_are_one_row(tmp_path):
    files.write_text(tmp_path / "a.jpg", "")
    listing = read(table(tmp_path, "path,kind\na,x\nA.JPG,x\n"))
    assert (listing.paths, listing.ignored) == (["a.jpg"], {"repeated in the table": 1})


def test_a_row_that_is_repeated_counts_once(tmp_path):
    listing = read(table(tmp_path, "path,kind\na,x\n./a,x\nb,y\na,x\n"))
    assert (listing.paths, listing.ignored) == (["a", "b"], {"repeated in the table": 2})


def test_no_table(tmp_path):
    path = str(tmp_path / "none.csv")
    assert sentence(path) == (
        f"--labels_file={path!r} was expected to be a table with a row for each image (CSV, TSV, Parquet "
        "or JSON "
        "lines), but cannot be read (No such file or directory): name such a file."
    )
    assert sentence(table(tmp_path, "path,kind\n")) == (
        f"--labels_file={str(tmp_path / 'labels.csv')!r} has no rows, but one for each image was expected: "
        "add some."
    )


def test_columns_that_are_not_there(tmp_path):
    path = table(tmp_path, "path,kind,colour\na,x,red\n")
    columns = "its columns are 'path', 'kind', 'colour'"
    assert sentence(path, "file") == (
        f"--labels_file={path!r} has no path column 'file'; {columns}: name one of them."
    )
    assert sentence(path, None, {"color": False}) == (
        f"--labels_file={path!r} has no column of labels 'color'; {columns}: did you mean 'colour'?"
    )
    path = table(tmp_path, "path,split\na,train\n")
    assert (
        sentence(path)
        == f"--labels_file={path!r} has no column of labels beside 'path': add one for each task, or leave "
        "--labels_file out where folders are the classes."
    )
    path = table(tmp_path, "file,size\na,S\n")
    assert sentence(path) == (
        f"--labels_file={path!r} has a column of labels 'size', a name that means something else in the "
        "tables of a "
        "run: rename it, or choose others with --tasks."
    )


def test_cells_that_cannot_be_meant(tmp_path):
    path = table(tmp_path, "path,kind\na,\nb,\n")
    assert sentence(path) == f"--labels_file={path!r} has no label at all in column 'kind': fill it in."
    path = table(tmp_path, "path,kind\na,x\n,y\n")
    assert sentence(path) == (
        f"--labels_file={path!r} has no path in 1 rows, such as row 2: every row needs one in column "
        "'path'; fill "
        "them in, or remove the rows."
    )
    path = table(tmp_path, "path,kind\na,x\nb,y\na,y\n")
    assert sentence(path) == (
        f"--labels_file={path!r} says different things of 'a', in the rows 1, 3: keep one row for each "
        "image, with several labels in one cell, as in 'cat|dog', or say with --path_column where the paths "
        "are, if not in 'path'."
    )
    path = table(tmp_path, "path,tags:red\na,1\nb,maybe\n")
    assert sentence(path) == (
        f"--labels_file={path!r} has 'maybe' in column 'tags:red', where 1, 0 or nothing was expected, as "
        "in every "
        "column TASK:LABEL: mend it."
    )
    path = table(tmp_path, "path,kind,split\na,x,train\nb,y,later\n")
    assert sentence(path) == (
        f"--labels_file={path!r} has 'later' in column 'split', where 'train', 'validation' or 'test' was "
        "expected: "
        "mend it, or leave the column out."
    )
    path = table(tmp_path, "path,kind,weight\na,x,-1\n")
    assert sentence(path) == (
        f"--labels_file={path!r} has '-1' in column 'weight', where a number of 0 or more was expected, "
        "what each image counts: mend it, or call the column otherwise."
    )
    path = table(tmp_path, "path,tags\na,x|y;z\nb,y\n")
    assert sentence(path, None, {}, ";") == (
        f"--labels_file={path!r} has labels with '|' in column 'tags', which stands between labels in the "
        "tables of "
        "a run: rename them."
    )


def test_weights_and_groups_that_are_improbable_are_told(tmp_path, told):
    rows = "".join(f"{i},x,{'A' if i < 4 else i},{3.5 if i else 0.025}\n" for i in range(8))
    path = table(tmp_path, "path,kind,group,weight\n" + rows)
    read(path)
    assert told == [
        f"--labels_file={path!r} has 4 of 8 images in one group, 'A', and all of a group are in one split: "
        "if these are no copies or views of one thing, call column 'group' otherwise.",
        f"--labels_file={path!r} has weights from 0.025 to 3.5, so that some images count 140 times others: "
        "if these are not what each image counts, but kilograms, say, call column 'weight' otherwise.",
    ]
    told.clear()
    read(table(tmp_path, "path,kind,group,weight\n" + rows.replace("A", "B", 1).replace("0.025", "0.035")))
    assert told == []


def test_roboflow_s_folders(tree, told):
    splits = {"train": b"filename, cat, dog\n1.jpg,1,0\n", "valid": b"filename, cat, dog\n1.jpg,1,1\n"}
    photos = tree({f"{split}/_classes.csv": text for split, text in splits.items()})
    listing = read(photos)
    assert (listing.paths, listing.splits) == (["train/1.jpg", "valid/1.jpg"], ["train", "validation"])
    assert labels_of(listing) == {"label": ["cat", "cat|dog"]}


def test_a_large_table(tmp_path):
    rows = "".join(f"{index}.jpg,k{index % 5},{'x|y' if index % 3 else 'z'}\n" for index in range(5000))
    listing = read(table(tmp_path, "path,kind,tags\n" + rows))
    assert len(listing.paths) == 5000
    assert math.isclose(labels_of(listing)["kind"].count("k0"), 1000)


def test_paths_alone_in_the_order_of_the_rows_whatever_the_others_say(tmp_path):
    path = table(tmp_path, "nr,file,kind\n1,b.jpg,x\n2,a.jpg,\n1,b.jpg,y\n")
    assert read_paths(path, str(tmp_path), "file") == ["b.jpg", "a.jpg"]
    assert read_paths(path, "", None) == ["b.jpg", "a.jpg"]
    assert read_paths(path, "", "nr") == ["1", "2"]
