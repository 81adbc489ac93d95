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
from retrain.modules.sources.archive_members import looked_at
from retrain.modules.sources.gzip_check import GZIP_ERRORS, read_to_the_end
from retrain.modules.sources.path_sources import SAVED_MODEL_FILE, Directory
from retrain.modules.sources.source import DEFAULTS, Source, source_of
from retrain.settings.module import ModuleSettings

DOWNLOAD = "retrain.modules.sources.download:download"


class FetchedSource(Source):
    """A module behind something else: packed, it may lie at the top or one folder down."""

    reads = Directory.reads | {"max_archive_gb"}

    def fetch(self, max_gb: float) -> pathlib.Path:
        """The directory with the module, or with its folder, on this machine; InputError for more GiB."""
        raise NotImplementedError

    def fetched(self, settings: ModuleSettings = DEFAULTS) -> Source:
        self.check()
        return source_of(self.handle, str(_module_in(self.fetch(settings.max_archive_gb)))).fetched()


class Archive(FetchedSource):
    """A module directory that has been packed."""

    form = "a .tar.gz of a module"
    suffixes = (".tar.gz", ".tgz")
    title = "archive of a module"

    def fetch(self, max_gb: float) -> pathlib.Path:
        cache = user_cache_directory() or directory_of_this_run()
        directory = cache / "modules" / files.file_hash(self.location)
        if not directory.is_dir():
            _unpack(self.location, directory, max_gb)
        return directory


class Url(FetchedSource):
    """A module on TF Hub or Kaggle, or an archive elsewhere."""

    form = "an https:// URL"
    prefixes = ("https://", "http://")
    has_files = False
    title = "URL of a module"

    def fetch(self, max_gb: float) -> pathlib.Path:
        return extensions.named(DOWNLOAD)(self.handle, max_gb)


def directory_of_this_run() -> pathlib.Path:
    """For what cannot be kept; it goes when the process ends."""
    return pathlib.Path(_directory().name)


@functools.cache
def _directory() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(prefix="retrain-")


def _module_in(directory: pathlib.Path) -> pathlib.Path:
    tops = [directory, *sorted(path for path in directory.iterdir() if path.is_dir())]
    return next((top for top in tops if (top / SAVED_MODEL_FILE).is_file()), directory)


def _unpack(archive: str, directory: pathlib.Path, max_gb: float) -> None:
    try:
        with files.new_directory(directory) as partial, tarfile.open(archive, "r:gz") as tar:
            for member in looked_at(tar, archive, max_gb):
                tar.extract(member, partial, filter="data")
            read_to_the_end(tar.fileobj)
    except InputError:
        # Another run may have unpacked the same content meanwhile: then it is there, whole.
        if not directory.is_dir():
            raise
    except GZIP_ERRORS as error:
        raise InputError(f"{archive!r} cannot be unpacked ({error}): fetch or pack it again.") from error
