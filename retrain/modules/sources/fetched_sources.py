"""Modules that are a directory on this machine only when they have been fetched: archives, URLs.

Archives are unpacked once, into the user's cache directory under the hash of their content, or where there is
none, for the run; URLs are downloaded by tensorflow_hub into its own cache. What comes of them is left to the
source of the directory.
"""

import functools
import pathlib
import tarfile
import tempfile

from retrain import extensions, files
from retrain.cache_directory import user_cache_directory
from retrain.errors import InputError
from retrain.modules.sources.gzip_check import GZIP_ERRORS, read_to_the_end
from retrain.modules.sources.path_sources import SAVED_MODEL_FILE, Directory
from retrain.modules.sources.source import Source, source_of

DOWNLOAD = "retrain.modules.sources.download:download"
# What an archive may hold; the largest published modules have 2 GiB, in some dozens of files.
LARGEST, MOST_FILES = 8 * 2**30, 10_000


class FetchedSource(Source):
    """A module behind something else: packed, it may lie at the top or one folder down."""

    reads = Directory.reads

    def fetch(self) -> pathlib.Path:
        """The directory with the module, or with its folder, on this machine."""
        raise NotImplementedError

    def fetched(self) -> Source:
        self.check()
        return source_of(self.handle, str(_module_in(self.fetch()))).fetched()


class Archive(FetchedSource):
    """A module directory that has been packed."""

    form = "a .tar.gz of a module"
    suffixes = (".tar.gz", ".tgz")
    title = "archive of a module"

    def fetch(self) -> pathlib.Path:
        cache = user_cache_directory() or directory_of_this_run()
        directory = cache / "modules" / files.file_hash(self.location)
        if not directory.is_dir():
            _unpack(self.location, directory)
        return directory


class Url(FetchedSource):
    """A module on TF Hub or Kaggle, or an archive elsewhere."""

    form = "an https:// URL"
    prefixes = ("https://", "http://")
    has_files = False
    title = "URL of a module"

    def fetch(self) -> pathlib.Path:
        return extensions.named(DOWNLOAD)(self.handle)


def directory_of_this_run() -> pathlib.Path:
    """For what cannot be kept; it goes when the process ends."""
    return pathlib.Path(_directory().name)


@functools.cache
def _directory() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(prefix="retrain-")


def _module_in(directory: pathlib.Path) -> pathlib.Path:
    tops = [directory, *sorted(path for path in directory.iterdir() if path.is_dir())]
    return next((top for top in tops if (top / SAVED_MODEL_FILE).is_file()), directory)


def _extract(tar: tarfile.TarFile, directory: str, archive: str) -> None:
    """Unpacks files and folders, each looked at before it is written, and nothing else."""
    size = 0
    for count, member in enumerate(tar, 1):
        size += member.size
        if size > LARGEST or count > MOST_FILES:
            raise InputError(
                f"{archive!r} holds more than {LARGEST / 2**30:.0f} GiB or {MOST_FILES} files, and modules "
                f"hold less: if it is one all the same, unpack it, and give the directory."
            )
        # Not left to the filter alone: that of Python before 3.11.13 lets links lead out.
        if not (member.isreg() or member.isdir()) or ".." in pathlib.PurePosixPath(member.name).parts:
            raise InputError(
                f"{archive!r} is not unpacked: {member.name!r} in it is no file or folder below it, and "
                f"modules are made of these: get the module from elsewhere."
            )
        tar.extract(member, directory, filter="data")


def _unpack(archive: str, directory: pathlib.Path) -> None:
    try:
        with files.new_directory(directory) as partial, tarfile.open(archive, "r:gz") as tar:
            _extract(tar, partial, archive)
            read_to_the_end(tar.fileobj)
    except InputError:
        # Another run may have unpacked the same content meanwhile: then it is there, whole.
        if not directory.is_dir():
            raise
    except GZIP_ERRORS as error:
        raise InputError(f"{archive!r} cannot be unpacked ({error}): fetch or pack it again.") from error
