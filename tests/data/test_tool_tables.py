import pytest

from retrain import files
from retrain.data.tool_tables import tool_cells
from retrain.errors import InputError


def cells(folder, text: str, name: str = "t.csv", tasks: tuple[str, ...] = ()) -> dict[str, list[str]]:
    files.write_text(folder / name, text)
    return tool_cells(str(folder / name), str(folder), tasks).to_dict("list")


def sentence(folder, text: str) -> str:
    with pytest.raises(InputError) as raised:
        cells(folder, text)
    return str(raised.value)


def left_out(folder, *names: str) -> list[str]:
    """The line that tells of columns that are left out."""
    listed = ", ".join(map(repr, names))
    return [f"--labels_file={str(folder / 't.csv')!r} has columns that are not taken for labels: {listed}."]


def test_the_predictions_of_a_run(tmp_path, told):
    header = "path,kind,predicted/kind,probability/kind,tags,predicted/tags,probability/tags,split\n"
    assert cells(tmp_path, header + "1.jpg,a,b,0.5,x|y,x,0.9,train\n2.jpg,b,b,0.5,,x,0.9,test\n") == {
        "path": ["1.jpg", "2.jpg"],
        "kind": ["a", "b"],
        "tags": ["x|y", None],
        "split": ["train", "test"],
    }
    assert told == left_out(tmp_path, *header.split(",")[2:4], *header.split(",")[5:7])
    one = cells(tmp_path, "path,label,predicted,probability,split\n1.jpg,a,b,0.5,evaluation\n")
    assert one == {"path": ["1.jpg"], "label": ["a"]}
    assert cells(tmp_path, "path,class,probability\n1.jpg,a,0.5\n") == {"path": ["1.jpg"], "class": ["a"]}
    top = cells(tmp_path, "path,class_1,probability_1,class_2,probability_2\n1.jpg,a,0.5,b,0.4\n")
    assert top == {"path": ["1.jpg"], "class_1": ["a"]}
    strange = cells(tmp_path, "path,class,probability,familiarity\n1.jpg,a,0.5,0.25\n")
    assert strange == {"path": ["1.jpg"], "class": ["a"]}


def test_the_examples_of_a_run(tmp_path, told):
    text = "path,split,size,content_hash,label\n1.jpg,train,10,0x7,a\n"
    assert cells(tmp_path, text) == {"path": ["1.jpg"], "split": ["train"], "label": ["a"]}
    assert told == left_out(tmp_path, "size", "content_hash")
    assert "size" in cells(tmp_path, text, tasks=("size",))
    assert "size" in cells(tmp_path, text.replace("10", "big"))


def test_the_label_issues_of_a_run_have_a_row_for_each_task(tmp_path):
    header = "path,task,label,suggested,probability,rank\n"
    rows = "2.jpg,kind,a,b,0.1,1\n1.jpg,tags,x|y,y,0.2,2\n1.jpg,kind,b,a,0.3,3\n"
    assert cells(tmp_path, header + rows) == {
        "path": ["1.jpg", "2.jpg"],
        "kind": ["b", "a"],
        "tags": ["x|y", None],
    }


def test_the_label_issues_of_a_run_count_as_they_were_corrected_in_the_splits_of_then(tmp_path, told):
    header = "path,split,task,label,predicted,suggested,corrected,probability,rank\n"
    rows = "2.jpg,test,kind,a,b,b,b,0.1,1\n1.jpg,train,kind,b,b,a,,0.3,2\n"
    assert cells(tmp_path, header + rows) == {
        "path": ["1.jpg", "2.jpg"],
        "split": ["train", "test"],
        "kind": ["b", "b"],
    }
    assert told == ["Labels are taken as its column 'corrected' has them: 1."]


def test_label_studio(tmp_path, told):
    text = (
        'annotation_id,annotator,choice,id,image,lead_time\n1,7,cat,3,1.jpg,0.5\n2,7,"{choices}",4,2.jpg,1\n'
    )
    text = text.replace("{choices}", '{""choices"": [""cat"", ""dog""]}')
    assert cells(tmp_path, text) == {"choice": ["['cat']", "['cat', 'dog']"], "image": ["1.jpg", "2.jpg"]}
    assert told == left_out(tmp_path, "annotation_id", "annotator", "id", "lead_time")


def test_objects_and_empty_columns_are_no_labels(tmp_path, told):
    lines = '{"source-ref": "1.jpg", "class": 0, "class-metadata": {"job": 1}, "note": null}\n'
    assert cells(tmp_path, lines) == {"source-ref": ["1.jpg"], "class": ["0"]}
    assert told == left_out(tmp_path, "class-metadata", "note")
    assert cells(tmp_path, "path,kind,split\n1.jpg,,\n") == {
        "path": ["1.jpg"],
        "kind": [None],
        "split": [None],
    }


def test_the_number_of_a_fold_is_no_label(tmp_path, told):
    assert list(cells(tmp_path, "path,kind,Fold\n1.jpg,a,0\n2.jpg,b,1\n")) == ["path", "kind"]
    assert told == left_out(tmp_path, "Fold")
    for name in ("cv_fold", "fold_id", "KFold", "k-fold nr"):
        assert list(cells(tmp_path, f"path,kind,{name}\n1.jpg,a,0\n2.jpg,b,1\n")) == ["path", "kind"]
    assert "fold" in cells(tmp_path, "path,fold\n1.jpg,left\n")


def test_roboflow_s_tables(tmp_path, told):
    for split in ("train", "valid"):
        files.write_text(tmp_path / split / "_classes.csv", f"filename, cat, dog\n{split}.jpg,1,0\n")
    named = tool_cells(str(tmp_path / "train" / "_classes.csv"), str(tmp_path))
    assert named.to_dict("list") == {"filename": ["train.jpg"], "label:cat": ["1"], "label:dog": ["0"]}
    assert tool_cells(str(tmp_path), str(tmp_path)).to_dict("list") == {
        "filename": ["train/train.jpg", "valid/valid.jpg"],
        "label:cat": ["1", "1"],
        "label:dog": ["0", "0"],
        "split": ["train", "valid"],
    }
    roboflow = "The columns of Roboflow's _classes.csv are labels of one task, 'label'."
    assert told == [
        roboflow,
        f"--labels_file={str(tmp_path)!r} is read as one table of 'train/_classes.csv', "
        "'valid/_classes.csv'.",
        roboflow,
    ]


def test_hugging_face_s_metadata_of_each_split(tmp_path):
    files.write_text(tmp_path / "train" / "metadata.csv", "label,file_name\ncat,a/1.jpg\n")
    files.write_text(tmp_path / "test" / "metadata.jsonl", '{"file_name": "2.jpg", "size": "big"}\n')
    assert tool_cells(str(tmp_path), str(tmp_path)).to_dict("list") == {
        "file_name": ["test/2.jpg", "train/a/1.jpg"],
        "size": ["big", None],
        "split": ["test", "train"],
        "label": [None, "cat"],
    }


def test_other_tables_stay(tmp_path, told):
    text = "path,id,probability of rain,size\n1.jpg,7,high,S\n"
    assert list(cells(tmp_path, text)) == ["path", "id", "probability of rain", "size"]
    assert told == []


def test_the_attributes_of_files_in_vgg_image_annotator_s_tables(tmp_path, told):
    header = "filename,file_size,file_attributes,region_count,region_id\n"
    row = '{},7,"{{""kind"":""{}"",""tags"":{{""red"":true,""big"":false}},""n"":"""",""filename"":7}}",0,0\n'
    assert cells(tmp_path, header + row.format("1.jpg", "cat") + row.format("2.jpg", "dog")) == {
        "filename": ["1.jpg", "2.jpg"],
        "kind": ["cat", "dog"],
        "tags": ["['red']", "['red']"],
    }
    path = str(tmp_path / "t.csv")
    assert told == [
        f"The attributes of files in VGG Image Annotator's {path!r} are columns of labels.",
        *left_out(tmp_path, "n"),
    ]
    assert sentence(tmp_path, header + "1.jpg,7,{},1,0\n") == (
        f"--labels_file={path!r} is VGG Image Annotator's, but says nothing in 'file_attributes', where "
        "labels of images were expected, not of regions: write a table of paths and labels, as CSV."
    )
    assert "file_attributes" in cells(tmp_path, header + "1.jpg,7,none,1,0\n")


def test_objects_alone_are_no_table(tmp_path):
    path = str(tmp_path / "t.csv")
    assert sentence(tmp_path, '{"a": {"x": 1}, "b": {}}\n{"a": {"x": 2}, "b": {}}\n') == (
        f'--labels_file={path!r} has an object in every cell, such as {{"x": 1}}, but paths and labels were '
        "expected: write a table of these, as CSV."
    )


def test_sets_are_no_objects(tmp_path):
    text = "path,tags\n1.jpg,\"{'a', 'b'}\"\n"
    assert cells(tmp_path, text) == {"path": ["1.jpg"], "tags": ["{'a', 'b'}"]}
