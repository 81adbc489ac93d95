"""Modules in the user's files: a directory of the TF1 Hub format, a TF2 SavedModel, a `.keras` file."""

import os
import pathlib

from retrain.errors import InputError
from retrain.extensions import named
from retrain.modules.sources.foreign_files import check_no_graph_def, check_no_pointers, what_is
from retrain.modules.sources.run_directory import is_run, why_no_module
from retrain.modules.sources.source import INPUT, SAVED_MODEL_FILE, Source, holds_preset

TF1_HUB_FILE = "tfhub_module.pb"
HDF5 = (".h5", ".hdf5")
MODULE_FILES = (".keras", *HDF5, ".tar.gz", ".tgz")
SHOWN_NAMES = 5


class KerasFile(Source):
    """A model that was saved by Keras, by Keras 2 in an HDF5 file."""

    form = "a .keras file"
    suffixes = (".keras", *HDF5)
    title = "Keras model"
    reads = frozenset({"image_size", "module_kind", "feature_output", "feature_pooling"}) | INPUT
    loader = "retrain.modules.sources.keras_model:load_file"
    is_keras = True

    def check(self) -> None:
        super().check()
        named("retrain.modules.sources.keras_archive:check_name")(self.handle, self.location)
        if self.location.endswith(HDF5):
            named("retrain.modules.sources.hdf5_file:check_has_network")(self.handle, self.location)


class Directory(Source):
    """What both kinds of module directories have in common."""

    form = "a module directory"
    reads = frozenset({"image_size", "module_kind", "feature_output", "feature_pooling"}) | INPUT
    reads |= {"allow_unsafe_module_ops"}

    def check(self) -> None:
        directory = pathlib.Path(self.location)
        if (directory / SAVED_MODEL_FILE).is_file():
            check_no_pointers(self.handle, self.location)
            check_no_graph_def(self.handle, directory / SAVED_MODEL_FILE)
            return
        if is_run(self.location):
            raise InputError(why_no_module(self.handle, self.location))
        raise InputError(
            f"{self.handle!r} is no module: there is no {SAVED_MODEL_FILE} in it, but "
            f"{_listed(directory)}.{self._meant(directory)}"
        )

    def _meant(self, directory: pathlib.Path) -> str:
        """What in the directory, which is no module, may have been meant, or what its files are."""
        # What the export/ of a run most probably is meant to be; then one level down; then files.
        places = (f"saved_model/{SAVED_MODEL_FILE}", f"*/{SAVED_MODEL_FILE}")
        inside = [path.parent for place in places for path in sorted(directory.glob(place), key=_order)]
        files = sorted(path for path in directory.iterdir() if path.is_file())
        inside += [path for path in files if path.name.endswith(MODULE_FILES)]
        if inside:
            return f" Did you mean {os.path.join(self.location, inside[0].relative_to(directory))!r}?"
        foreign = ((path.name, what_is(path.name)) for path in files)
        return next((f" {name!r} {what}." for name, what in foreign if what), "")

    def check_operations(self) -> None:
        check = named("retrain.modules.graphs.graph_safety:check_saved_model")
        check(pathlib.Path(self.location, SAVED_MODEL_FILE), self.handle)


class TF1Hub(Directory):
    """A module of the TF1 Hub format, for hub.Module."""

    title = "TF1 Hub module"
    loader = "retrain.modules.sources.tf1_hub:load"
    spec_reader = "retrain.modules.sources.tf1_hub_files:read_spec"
    names_signatures = True

    @classmethod
    def recognises(cls, location: str) -> bool:
        return os.path.isfile(os.path.join(location, TF1_HUB_FILE))


class SavedModel(Directory):
    """Any other directory: what can be loaded from it is a TF2 SavedModel, whose graph is as it was saved."""

    title = "TF2 SavedModel"
    loader = "retrain.modules.sources.saved_model:load"
    spec_reader = "retrain.modules.sources.saved_model_spec:read_spec"
    computes_in_bfloat16 = False

    @classmethod
    def recognises(cls, location: str) -> bool:
        return os.path.isdir(location) and not (TF1Hub.recognises(location) or holds_preset(location))


def _order(path: pathlib.Path) -> tuple[bool, int, str]:
    """Of versions, as TensorFlow Serving has them, the newest first; else by name."""
    name = path.parent.name
    return not name.isdecimal(), -int(name) if name.isdecimal() else 0, name


def _listed(directory: pathlib.Path) -> str:
    names = sorted(entry.name + "/" * entry.is_dir() for entry in os.scandir(directory))
    more = len(names) - SHOWN_NAMES
    return ", ".join(names[:SHOWN_NAMES] + [f"{more} more"] * (more > 0)) or "nothing"
