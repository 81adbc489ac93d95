"""Files in the memory of the process, at addresses as those of a bucket."""

import pathlib

import tensorflow as tf

from retrain.gfile import files_below, remove


def write(address: str, content: bytes) -> None:
    """A file; folders have to be made, as nowhere else."""
    tf.io.gfile.makedirs(address.rpartition("/")[0])
    with tf.io.gfile.GFile(address, "wb") as file:
        file.write(content)


def emptied(address: str) -> None:
    """Removes all files below it; tf.io.gfile.rmtree trips over names that begin like folders."""
    for name in files_below(address):
        remove(f"{address}/{name}")


def copied(folder: str, address: str) -> str:
    """All files below a folder of this machine."""
    for path in sorted(pathlib.Path(folder).rglob("*")):
        if path.is_file():
            write(f"{address}/{path.relative_to(folder).as_posix()}", path.read_bytes())
    return address
