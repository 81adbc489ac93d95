import pytest
from absl import logging

from retrain.data.corrections import EARLIER, Corrections, read_corrections
from retrain.data.listing import Column, Listing
from retrain.errors import InputError

PATHS = ["a/1.jpg", "a/2.jpg", "b/3.jpg"]
LISTING = Listing(
    image_dir="photos",
    paths=PATHS,
    columns={"kind": Column(["a", "a", "b"]), "tags": Column(["x|y", "x", None], several=True)},
    splits=[""] * 3,
    groups=[None] * 3,
    weights=[1.0] * 3,
    ignored=0,
    class_folders=False,
)
HEADER = "path,split,task,label,predicted,suggested,corrected,probability,rank"


def corrections(tmp_path, *rows: str, header: str = HEADER, encoding: str = "utf-8") -> Corrections:
    (tmp_path / "mine.csv").write_text("\n".join([header, *rows]) + "\n", encoding=encoding)
    return read_corrections(str(tmp_path / "mine.csv"), LISTING, {"kind": False, "tags": True})


def sentence(tmp_path, *rows: str, header: str = HEADER) -> str:
    with pytest.raises(InputError) as raised:
        corrections(tmp_path, *rows, header=header)
    return str(raised.value).removeprefix(f"--corrections={str(tmp_path / 'mine.csv')!r}")


def test_filled_cells_correct_and_all_rows_tell_of_the_earlier_run(tmp_path, monkeypatch):
    logged = []
    monkeypatch.setattr(logging, "info", lambda text, *values: logged.append(text % values))
    found = corrections(
        tmp_path,
        "a/2.jpg,test,kind,a,b,b, b ,0.1,1",
        "a/1.jpg,train,tags,x|y,x,x,y|x,0.2,2",
        "a/1.jpg,train,kind,a,a,b,,0.9,3",
        "gone.jpg,validation,kind,a,a,b,b,0.9,4",
    )
    assert found.labels == {"kind": {"a/2.jpg": "b"}, "tags": {"a/1.jpg": "y|x"}}
    assert found.splits == {"a/1.jpg": "train", "a/2.jpg": "test", "gone.jpg": "validation"}
    assert found.earlier.columns.tolist() == EARLIER
    assert found.earlier.iloc[0].tolist() == ["a/2.jpg", "kind", "test", "a", "b"]
    assert logged == [
        "Corrections: 2 labels, such as that of 'a/2.jpg', 'b'. Of images that are not there: 1."
    ]


def test_a_spreadsheet_may_have_written_it_and_two_columns_will_do(tmp_path, told):
    found = corrections(tmp_path, "a/2.jpg;b", header="path;corrected", encoding="utf-16")
    assert found.labels == {"kind": {"a/2.jpg": "b"}}
    assert found.splits == {}
    assert found.earlier.iloc[0].tolist() == ["a/2.jpg", "kind", "", "", ""]
    called = f"--corrections={str(tmp_path / 'mine.csv')!r}"
    assert told == [
        f"{called} is not UTF-8, and is read as UTF-16.",
        f"{called} is read with ';' between its cells.",
        "Corrections: 1 label, such as that of 'a/2.jpg', 'b'.",
    ]


def test_what_corrects_nothing_is_refused(tmp_path):
    assert sentence(tmp_path, "a/1.jpg,test,kind,a,b,b,,0.1,1") == (
        " has nothing in its column 'corrected': write the right label there wherever a label is wrong."
    )
    assert sentence(tmp_path, "z.jpg,test,kind,a,b,b,b,0.1,1") == (
        " corrects 1 label, but none of an image that is there: name the file of a run on these images."
    )
    assert sentence(tmp_path, "a/1.jpg,a", header="path,label") == (
        " has no column 'corrected': name a run's label_issues.csv, or a copy of it, with the right label in "
        "column 'corrected' wherever a label is wrong."
    )
    assert sentence(tmp_path).startswith(" has no rows")


def test_what_is_no_class_or_no_task_is_refused(tmp_path):
    assert sentence(tmp_path, "a/1.jpg,test,kind,a,b,b,c,0.1,1") == (
        " at 'a/1.jpg': 'c' is no class: choose from a, b."
    )
    assert sentence(tmp_path, "a/1.jpg,test,tags,x,b,b,x|z,0.1,1") == (
        " at 'a/1.jpg': 'z' is no class: choose from x, y."
    )
    assert sentence(tmp_path, "a/1.jpg,test,kinds,x,b,b,x,0.1,1") == (
        ": 'kinds' is no task: choose from kind, tags; did you mean 'kind'?"
    )
