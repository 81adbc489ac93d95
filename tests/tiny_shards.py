"""Tar files in WebDataset's form."""

import io
import pathlib
import tarfile
from collections.abc import Mapping, Sequence


def shard(path: pathlib.Path, members: Mapping[str, bytes], *others: tarfile.TarInfo) -> str:
    """Writes a tar file of these members, and of others without content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for entry in others:
            archive.addfile(entry)
    return str(path)


def shards_of_folder(folder: str, directory: pathlib.Path, names: Sequence[str]) -> str:
    """Writes the images of class folders by turns into shards of these names, each with its class."""
    files = sorted(path for path in pathlib.Path(folder).rglob("*") if path.is_file())
    for number, name in enumerate(names):
        members = {}
        for index, file in enumerate(files[number :: len(names)]):
            members[f"{index:06}{file.suffix}"] = file.read_bytes()
            members[f"{index:06}.cls"] = file.parent.name.encode()
        shard(directory / name, members)
    return str(directory)
