"""`resolve`, `load` and `KerasLayer`, for programs that ask tensorflow_hub for them."""

from collections.abc import Iterable
from typing import Any, NoReturn

import tensorflow as tf

from retrain.errors import InputError
from retrain.modules.sources.path_sources import Directory, TF1Hub
from retrain.modules.sources.source import source_of
from retrain.settings.python_words import arguments_of, said_in_python


@said_in_python(arguments_of(()))
def resolve(handle: str) -> str:
    """The directory of the module on this machine, fetched if need be; InputError for one without."""
    source = source_of(handle).fetched()
    if not isinstance(source, Directory):
        raise InputError(
            f"{handle!r} is no directory of a SavedModel, which hub.resolve and hub.load are for; hub.Module "
            f"takes modules of every source."
        )
    return source.location


@said_in_python(arguments_of(()))
def load(
    handle: str, tags: Iterable[str] | None = None, options: tf.saved_model.LoadOptions | None = None
) -> Any:
    """What tf.saved_model.load makes of the module; of a TF1 Hub module, of the graph with `tags`."""
    directory = resolve(handle)
    source = source_of(handle, directory)
    source.check_operations()
    if tags is None and isinstance(source, TF1Hub):
        tags = []
    return tf.saved_model.load(directory, tags, options)


def KerasLayer(handle: Any, *arguments: Any, **named: Any) -> NoReturn:  # noqa: N802, as it is called there
    """Says what stands in its place."""
    raise InputError(
        f"hub.KerasLayer is a layer of Keras 2; in Keras 3 ModuleLayer stands in its place: from "
        f"retrain.keras import ModuleLayer; ModuleLayer({handle!r}, trainable=True)."
    )
