"""A small module of every row of SOURCES, which the contracts are held against. A new row adds one here."""

import pathlib
import tarfile
from collections.abc import Callable
from typing import NamedTuple

from tests import tiny_presets, tiny_tf1_hub, tiny_worlds


class Example(NamedTuple):
    """How to make a module of some content, 1.0 or 2.0, in a new directory, and what is known of it.

    Attributes:
      make: directory, content -> handle; one without content ignores it.
      has_moving_averages: whether training=True changes variables.
      has_content: whether modules of this source can differ.
      is_here: whether it can be loaded without a network.
      repeats: whether its modules are of the class of another row's, and need no contract of their own.
    """

    make: Callable[[pathlib.Path, float], str]
    has_moving_averages: bool = True
    has_content: bool = True
    is_here: bool = True
    repeats: bool = False


def _packed(directory: pathlib.Path, content: float) -> str:
    tiny_worlds.averaging_module(directory, methods={"__call__": content})
    archive = directory.with_suffix(".tar.gz")
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(directory, arcname="module")
    return str(archive)


EXAMPLES = {
    "gradients": Example(
        lambda directory, content: "builtin:gradients", has_moving_averages=False, has_content=False
    ),
    "efficientnet_lite": Example(
        lambda directory, content: "builtin:efficientnet_lite1", has_content=False, repeats=True
    ),
    "keras_application": Example(
        lambda directory, content: "keras:MobileNetV2:none", has_content=False, repeats=True
    ),
    "keras_hub": Example(lambda directory, content: "keras_hub:vit_base", is_here=False, repeats=True),
    "url": Example(lambda directory, content: "https://no.such.host/module", is_here=False, repeats=True),
    "bucket": Example(lambda directory, content: f"ram://modules{directory}", is_here=False, repeats=True),
    "archive": Example(_packed, repeats=True),
    "keras_file": Example(lambda directory, content: tiny_worlds.keras_file(directory, factor=content)),
    "preset_directory": Example(
        lambda directory, content: tiny_presets.vit(directory), has_moving_averages=False, has_content=False
    ),
    "tf1_hub": Example(lambda directory, content: tiny_tf1_hub.averaging_module(directory, content)),
    "saved_model": Example(
        lambda directory, content: tiny_worlds.averaging_module(directory, methods={"__call__": content})
    ),
}
# One for each kind of ImageModule.
KINDS = {name: example for name, example in EXAMPLES.items() if not example.repeats}
