"""Files of TFRecord, as TensorFlow writes them."""

import pathlib
from collections.abc import Iterable, Mapping, Sequence

import tensorflow as tf

Feature = bytes | str | int | float | Sequence[bytes] | Sequence[str] | Sequence[int] | Sequence[float]


def example(features: Mapping[str, Feature]) -> bytes:
    """A tf.train.Example."""
    return tf.train.Example(
        features=tf.train.Features(feature={name: _feature(value) for name, value in features.items()})
    ).SerializeToString()


def record_file(path: pathlib.Path, images: Iterable[Mapping[str, Feature]], compression: str = "") -> str:
    """Writes an Example of each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path), compression) as writer:
        for features in images:
            writer.write(example(features))
    return str(path)


def records_of_folder(folder: str, directory: pathlib.Path, names: Sequence[str]) -> str:
    """Writes the images of class folders by turns into files of these names, as TF Slim would; one record of
    each has none.
    """
    files = sorted(path for path in pathlib.Path(folder).rglob("*") if path.is_file())
    for number, name in enumerate(names):
        record_file(
            directory / name,
            [
                {"image/encoded": file.read_bytes(), "image/class/text": file.parent.name, "image/height": 1}
                for file in files[number :: len(names)]
            ]
            + [{"image/height": 1}],
        )
    return str(directory)


def _feature(value: Feature) -> tf.train.Feature:
    values = [value] if isinstance(value, bytes | str | int | float) else value
    if all(isinstance(item, float) for item in values):
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))
    if all(isinstance(item, int) for item in values):
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
    encoded = [item.encode() if isinstance(item, str) else item for item in values]
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=encoded))
