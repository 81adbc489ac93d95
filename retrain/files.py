"""Everything that reaches the disk: written beside, flushed, renamed: no final name ever holds half a file.

A full disk, or a place that cannot be written to, becomes an InputError; on any error what was begun is
removed. Also the hashes by which the content of files is known.
"""

import contextlib
import errno
import hashlib
import json
import os
import pathlib
import secrets
import shutil
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from retrain.addresses import of_each
from retrain.errors import InputError
from retrain.image_files import is_file
from retrain.system_errors import writing

PARTIAL = ".partial"  # how the name of what is not whole yet ends
Path = str | os.PathLike[str]


def write_text(path: Path, text: str) -> None:
    """Writes `text` as UTF-8, lines ending as they are."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, data: bytes) -> None:
    """Writes the file in one step, replacing the one that was there; makes the directories above it."""
    with replaced_file(path) as file:
        file.write(data)


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Yields a file to fill, which becomes `path` at the end, or vanishes when the body fails."""
    check_is_new(path, "file")
    with replaced_file(path) as file:
        yield file
        check_is_new(path, "file")


@contextlib.contextmanager
def replaced_file(path: Path) -> Iterator[BinaryIO]:
    """As `new_file`, but a file that was at `path` makes room; makes the directories above it."""
    path = pathlib.Path(path)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = _beside(path)
        try:
            with open(partial, "xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        _flush(path.parent)


def check_is_new(path: Path, what: str) -> None:
    """InputError where there is something; `what` is to be made there, a file or a directory."""
    if os.path.lexists(path):
        raise InputError(f"{str(path)!r} exists already, and nothing is overwritten: name a new {what}.")


@contextlib.contextmanager
def new_directory(path: Path) -> Iterator[str]:
    """Yields an empty directory to fill, which becomes `path` at the end, or vanishes when the body fails."""
    path = pathlib.Path(path)
    check_is_new(path, "directory")
    with _partial_directory(path) as partial:
        yield str(partial)
        _flush_tree(partial)
        _rename_directory(partial, path)


@contextlib.contextmanager
def replaced_directory(path: Path) -> Iterator[str]:
    """As `new_directory`, but what was at `path` makes room once the new one is complete.

    Between the two renames, for a moment, neither is there.
    """
    path = pathlib.Path(path)
    old = _beside(path)
    try:
        with _partial_directory(path) as partial:
            yield str(partial)
            _flush_tree(partial)
            _exchange(partial, path, old)
    finally:
        if path.exists():
            shutil.rmtree(old, ignore_errors=True)


def remove_leftovers(directory: Path) -> None:
    """Removes what processes that were killed had begun to write below `directory`; none may be alive."""
    for path in sorted(pathlib.Path(directory).rglob(f".*{PARTIAL}")):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def lies_in(path: Path, directory: Path) -> bool:
    """Whether it is the directory or below, wherever links lead; such as go round in circles lead nowhere."""
    return pathlib.Path(os.path.realpath(path)).is_relative_to(os.path.realpath(directory))


def missing_files(directory: Path, paths: Iterable[str]) -> list[str]:
    """Those of the paths, from a directory, at which there is no file; of 100 000 in a fifth of a second."""
    beginning = os.path.join(directory, "")  # os.path.join of each would take longer than the asking
    named = {path: path if os.path.isabs(path) else f"{beginning}{path}" for path in paths}
    return [path for path, there in zip(named, of_each(is_file, named.values()), strict=True) if not there]


def read_text(path: Path) -> str:
    """The text of a file that was written here; InputError for what is none."""
    try:
        return pathlib.Path(path).read_text("utf-8")
    except UnicodeDecodeError as error:
        raise _damaged(path, "text in UTF-8", error) from error


def read_json(path: Path) -> Any:
    """What the JSON in a file says that was written here; InputError for what is none."""
    text = read_text(path)
    try:
        return json.loads(text)
    except ValueError as error:
        raise _damaged(path, "JSON", error) from error


def _damaged(path: Path, what: str, error: ValueError) -> InputError:
    return InputError(
        f"{str(path)!r} was expected to be {what} as retrain writes it, but cannot be read ({error}): "
        f"put back what it was, or remove it."
    )


def file_hash(path: Path) -> str:
    """SHA-256 of the file's content, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def directory_hash(path: Path) -> str:
    """SHA-256 of the names and contents of all files below `path`: not of where it lies, nor of times."""
    root = pathlib.Path(path)
    names = sorted(file.relative_to(root).as_posix() for file in root.rglob("*") if file.is_file())
    lines = (f"{file_hash(root / name)} {name}\n" for name in names)
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def _beside(path: pathlib.Path) -> pathlib.Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}{PARTIAL}")


@contextlib.contextmanager
def _partial_directory(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """Yields a new directory beside `path`, removed when the body fails; at the end names are on the disk."""
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = _beside(path)
        partial.mkdir()
        try:
            yield partial
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        _flush(path.parent)


def _flush(path: pathlib.Path) -> None:
    """Makes the content of a file, or the names in a directory, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _flush_tree(directory: pathlib.Path) -> None:
    for path in [*directory.rglob("*"), directory]:
        if not path.is_symlink():  # what it points to is another's, and may lie where nothing can be flushed
            _flush(path)


def _exchange(partial: pathlib.Path, path: pathlib.Path, old: pathlib.Path) -> None:
    """The new directory at `path`, that of before at `old`; or all as it was."""
    if path.exists():
        path.rename(old)
    try:
        partial.rename(path)
    except OSError:
        if old.exists():
            old.rename(path)
        raise


def _rename_directory(partial: pathlib.Path, path: pathlib.Path) -> None:
    try:
        os.rename(partial, path)
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
            check_is_new(path, "directory")
        raise
