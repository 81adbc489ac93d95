"""Modules in the user's files: a directory of the TF1 Hub format, a TF2 SavedModel, a `.keras` file."""

import os
import pathlib

from retrain.errors import InputError
from retrain.extensions import named
from retrain.modules.sources.foreign_files import check_no_pointers
from retrain.modules.sources.source import INPUT, SAVED_MODEL_FILE, Source, holds_preset

RUN_FLAGS = "run.flags"
TF1_HUB_FILE = "tfhub_module.pb"
HDF5 = (".h5", ".hdf5")
SHOWN_NAMES = 5


class KerasFile(Source):
    """A model that was saved by Keras, by Keras 2 in an HDF5 file."""

    form = "a .keras file"
    suffixes = (".keras", *HDF5)
    title = "Keras model"
    reads = frozenset({"image_size", "module_kind", "feature_output", "feature_pooling"}) | INPUT
    loader = "retrain.modules.sources.keras_model:load_file"

    def check(self) -> None:
        super().check()
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
            return
        # What the export/ of a run most probably is meant to be; then one level down.
        places = ("saved_model", "*")
        inside = [path for place in places for path in sorted(directory.glob(f"{place}/{SAVED_MODEL_FILE}"))]
        meant = os.path.join(self.handle, inside[0].parent.relative_to(directory)) if inside else ""
        advice = f" Did you mean {meant!r}?" if inside else ""
        if (directory / RUN_FLAGS).is_file():
            advice = " It is a run that has exported no module: let it go on first, or name another."
        raise InputError(
            f"{self.handle!r} is no module: there is no {SAVED_MODEL_FILE} in it, but "
            f"{_listed(directory)}.{advice}"
        )

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


def _listed(directory: pathlib.Path) -> str:
    names = sorted(entry.name + "/" * entry.is_dir() for entry in os.scandir(directory))
    more = len(names) - SHOWN_NAMES
    return ", ".join(names[:SHOWN_NAMES] + [f"{more} more"] * (more > 0)) or "nothing"
