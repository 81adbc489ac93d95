"""The source of a module: what its handle is, which settings it reads, and how it is loaded.

What a handle is, and what can be seen to be wrong with it, is answered without TensorFlow and without going
online. What needs TensorFlow stands in files of its own, which are imported on use. Whether the module can be
used is left to them.
"""

import dataclasses
import os
from collections.abc import Iterator
from typing import Any, ClassVar

from retrain import extensions
from retrain.errors import InputError
from retrain.modules.sources import SOURCES
from retrain.modules.sources.embedded import BUILTIN, best
from retrain.modules.sources.foreign_files import check_is_known, check_no_pointers
from retrain.modules.sources.run_directory import is_run
from retrain.settings.module import ModuleSettings

DEFAULTS = ModuleSettings()
SAVED_MODEL_FILE = "saved_model.pb"
PRESET_FILE = "config.json"
INDEX = ".index"  # of a checkpoint, which TensorFlow names without
# Where a run, and the winner of a sweep, keep modules that they exported; the one to ask for first ahead.
EXPORTS = tuple(f"{top}export/{name}" for top in ("", "best/") for name in ("saved_model", "hub_module"))
# The settings of what the network in a module is to see of an image, and what makes that, imported on use.
INPUT = frozenset(
    field.name for field in dataclasses.fields(ModuleSettings) if field.name.startswith("module_input_")
)
SCALED = "retrain.modules.scaled_module:scaled"


@dataclasses.dataclass(frozen=True)
class Source:
    """The module that a handle names; the rows of SOURCES are subclasses.

    Attributes:
      handle: what the user named, for messages.
      location: where the module is: a path, or the handle where it has none.
      form: what handles of this source are, in words.
      prefixes, suffixes: how the names of its modules begin, or those of its files end.
      title: what its modules are called in print.
      reads: the fields of ModuleSettings that make a difference to its modules.
      loader: the function that needs TensorFlow, by name: (location, handle, settings) -> ImageModule.
      spec_reader: (location, handle) -> ModuleSpec, where the files alone say what a module is.
      has_files: whether `location` is a path.
      can_be_trained: False where no module of this source has a variable; of others the module tells.
      computes_in_bfloat16: whether the loader takes `bfloat16`, for convolutions and matrix products.
      is_keras: whether its modules are Keras models, whose layers a file of Keras can have.
      licence: of the weights, as SPDX calls it, where the source knows it.
      label_map: the file of its publisher's class names, where one comes with the module.
      names_signatures: whether files must name the common signatures, and say the size of images.
    """

    handle: str
    location: str

    form: ClassVar[str]
    prefixes: ClassVar[tuple[str, ...]] = ()
    suffixes: ClassVar[tuple[str, ...]] = ()
    title: ClassVar[str]
    reads: ClassVar[frozenset[str]]
    loader: ClassVar[str]
    spec_reader: ClassVar[str | None] = None
    has_files: ClassVar[bool] = True
    can_be_trained: ClassVar[bool] = True
    computes_in_bfloat16: ClassVar[bool] = True
    is_keras: ClassVar[bool] = False
    licence: ClassVar[str] = ""
    label_map: ClassVar[str | None] = None
    names_signatures: ClassVar[bool] = False

    @classmethod
    def recognises(cls, location: str) -> bool:
        """Whether a module named so is of this source, whatever may be wrong with it."""
        is_such_a_file = location.endswith(cls.suffixes) and not os.path.isdir(location)
        return is_such_a_file or location.startswith(cls.prefixes)

    def check(self) -> None:
        """Raises InputError for what can be seen to be no module without TensorFlow and offline."""
        if self.has_files:
            _check_exists(self.handle, self.location)
            check_no_pointers(self.handle, self.location)

    def fetched(self, settings: ModuleSettings = DEFAULTS) -> "Source":
        """The source of the module as it is on this machine, checked; what is elsewhere is fetched first."""
        self.check()
        return self

    def check_operations(self) -> None:
        """Raises InputError where graphs in the module's files do something else than compute."""

    @property
    def files(self) -> str | None:
        """The file or directory that holds the module, if there is one."""
        return self.location if self.has_files else None

    def read_spec(self) -> Any:
        """The ModuleSpec: what the module takes and gives."""
        source = self.fetched()
        if source.spec_reader is None:
            return source.load().spec
        return extensions.named(source.spec_reader)(source.location, source.handle)

    def load(self, settings: ModuleSettings = DEFAULTS, bfloat16: bool = False) -> Any:
        """The ImageModule; one that cannot compute in bfloat16 does so in float32."""
        source = self.fetched(settings)
        if not settings.allow_unsafe_module_ops:
            source.check_operations()
        precision = {"bfloat16": bfloat16} if source.computes_in_bfloat16 else {}
        module = extensions.named(source.loader)(source.location, source.handle, settings, **precision)
        return extensions.named(SCALED)(module, settings) if source.reads >= INPUT else module


def source_of(handle: str, location: str | None = None) -> Source:
    """The source of a handle, or of what has been fetched for it to `location`; InputError for no handle.

    The directory of a run is as good a handle as the one of its export, and `builtin:` as the one of the best
    embedded module.
    """
    handle = best() if handle == BUILTIN else handle
    if location is None:
        location = os.path.expanduser(handle)
        location = module_directory(location) or location
    kind = next((kind for kind in _kinds() if kind.recognises(location)), None)
    if kind is None:
        _check_exists(handle, location)
        check_no_pointers(handle, location)
        check_is_known(handle, location)
        raise InputError(f"{handle!r} is a file of an unknown kind; a module handle is {forms()}.")
    return kind(handle, location)


def module_directory(path: str) -> str | None:
    """The directory of a SavedModel: `path`, or where a run or sweep there exported one; None without any."""
    places = (path, *(os.path.join(path, place) for place in EXPORTS))
    return next((at for at in places if os.path.isfile(os.path.join(at, SAVED_MODEL_FILE))), None)


def holds_preset(location: str) -> bool:
    """Whether a directory is a preset of KerasHub: its configuration, no SavedModel beside it, and no run."""
    has_config = os.path.isfile(os.path.join(location, PRESET_FILE))
    is_other = os.path.exists(os.path.join(location, SAVED_MODEL_FILE)) or is_run(location)
    return has_config and not is_other


def check_handle(handle: str) -> None:
    """Raises InputError for what can be seen to be no module without importing TensorFlow or going online."""
    source_of(handle).check()


def _check_exists(handle: str, location: str) -> None:
    if not os.path.exists(location):
        if os.path.isfile(location + INDEX):
            check_is_known(handle, location + INDEX)
        raise InputError(f"{handle!r} does not exist; a module handle is {forms()}.")


def forms() -> str:
    """What a handle may be, in words: the most usual, which is recognised last, first."""
    *first, last = dict.fromkeys(kind.form for kind in reversed(list(_kinds())))
    return f"{', '.join(first)} or {last}"


def _kinds() -> Iterator[type[Source]]:
    return (extensions.load(SOURCES, name, "source") for name in SOURCES)
