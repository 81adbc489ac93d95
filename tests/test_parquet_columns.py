import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from retrain.errors import InputError
from retrain.parquet_columns import (
    ImageColumn,
    LabelColumn,
    has_images,
    image_column,
    label_column,
    place_of,
)
from tests.tiny_parquet import IMAGE, class_label, parquet_file

JPEG = b"\xff\xd8\xff"
STRUCT = {"bytes": JPEG, "path": "1.jpg"}
NAMES = ("a", "b", "c")
ABC = class_label(*NAMES)


@pytest.fixture
def written(tmp_path):
    """Metadata of a file of one row, and its path."""

    def write(features=None, **columns) -> tuple[str, pq.FileMetaData]:
        path = parquet_file(
            tmp_path / "x.parquet", {name: [cell] for name, cell in columns.items()}, features
        )
        return path, pq.read_metadata(path)

    return write


def sentence(find, *args) -> str:
    with pytest.raises(InputError) as info:
        find(*args)
    return str(info.value)


def test_images_are_in_a_column_of_bytes_or_a_struct(written):
    assert image_column(*written(image=STRUCT)) == ImageColumn("image.bytes", ("image.path",))
    assert image_column(*written(picture={"bytes": JPEG})) == ImageColumn("picture.bytes", ())
    assert image_column(*written(jpg=JPEG, path="1.jpg")) == ImageColumn("jpg", ("path",))
    large = pa.array([JPEG], pa.large_binary())[0]
    assert image_column(*written(picture=large, file_name="1.jpg")) == ImageColumn("picture", ("file_name",))


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"path": "1.jpg", "label": "a"}, False),
        ({"image": {"bytes": None, "path": "1.jpg"}}, False),
        ({"image": {"path": "1.jpg"}}, False),
        ({"image": [JPEG]}, False),
        ({"image": STRUCT}, True),
        ({"data": JPEG}, True),
    ],
)
def test_a_table_of_paths_has_none(columns, expected, written):
    if columns.get("image") == {"bytes": None, "path": "1.jpg"}:
        kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
        columns = {"image": pa.scalar(columns["image"], kind)}
    assert has_images(written(**columns)[1]) is expected


def test_of_several_columns_the_one_that_is_called_so(written):
    assert image_column(*written(mask=JPEG, image=JPEG)).name == "image"
    assert image_column(*written(jpg=JPEG, img=STRUCT)).name == "img.bytes"
    features = {"photo": IMAGE, "md5": {"dtype": "binary", "_type": "Value"}}
    assert image_column(*written(features, md5=b"1", photo=STRUCT)).name == "photo.bytes"
    path, file = written(left=JPEG, right=STRUCT)
    assert sentence(image_column, path, file) == (
        f"{path!r} has several columns of bytes ('left', 'right'), and any may hold the images, but one was "
        "expected, or one that is called 'image': give it that name."
    )


@pytest.mark.parametrize(
    ("features", "columns", "expected"),
    [
        ({"label": ABC}, {"label": 1}, LabelColumn("label", NAMES)),
        (
            {"breed": ABC, "name": {"_type": "Value"}},
            {"name": "x", "breed": 1},
            LabelColumn("breed", NAMES),
        ),
        (
            {"labels": {"feature": ABC, "_type": "Sequence"}},
            {"labels": [1]},
            LabelColumn("labels", NAMES),
        ),
        ({"labels": [ABC]}, {"labels": [1]}, LabelColumn("labels", NAMES)),
        ({"fine": ABC, "label": ABC}, {"fine": 1, "label": 1}, LabelColumn("label", NAMES)),
        ({"fine": ABC, "coarse": ABC}, {"fine": 1, "coarse": 1, "class": "x"}, LabelColumn("class")),
        (None, {"label": 1, "category": "x"}, LabelColumn("category")),
        (None, {"label": 1.0}, LabelColumn("label")),
        (None, {"label": {"a": 1}}, None),
        (None, {"name": "x"}, None),
    ],
)
def test_labels_are_names_before_numbers(features, columns, expected, written):
    assert label_column(*written(features, image=JPEG, **columns)) == expected


def test_several_columns_of_labels_are_a_sentence(written):
    path, file = written({"fine": ABC, "coarse": ABC}, image=JPEG, fine=1, coarse=2)
    assert sentence(label_column, path, file) == (
        f"{path!r} has several columns of labels ('fine', 'coarse'), but one was expected, or one that is "
        "called 'label': give it that name."
    )


def test_metadata_that_is_none_says_nothing(written):
    path, _ = written(image=JPEG, label=1)
    for said in (b"no JSON", b"[]", b'{"info": {"features": 7}}', b'{"info": {"features": {"label": 7}}}'):
        table = pq.read_table(path).replace_schema_metadata({b"huggingface": said})
        pq.write_table(table, path)
        assert label_column(path, pq.read_metadata(path)) == LabelColumn("label")


def test_columns_are_counted_with_the_fields_of_structs(written):
    file = written(label=1, image=STRUCT)[1]
    assert [place_of(file, name) for name in ("label", "image.bytes", "image.path")] == [0, 1, 2]
