"""Modules that are named and have no file of the user's: `builtin:`."""

from retrain.errors import InputError
from retrain.modules.sources.source import Source


class Builtin(Source):
    """The module that is embedded in retrain."""

    form = "builtin:"
    prefixes = ("builtin:",)
    title = "embedded in retrain"
    reads = frozenset({"image_size"})
    loader = "retrain.modules.sources.builtin:load"
    has_files = can_be_trained = computes_in_bfloat16 = False

    def check(self) -> None:
        if self.handle != "builtin:":
            raise InputError(
                f"{self.handle!r} names an embedded module that there is not; the only one is 'builtin:'."
            )
