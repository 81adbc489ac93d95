"""Writers of a retrained classifier; a format is one row of EXPORTERS."""

from typing import Any, NamedTuple

from retrain.extensions import load


class ExporterRow(NamedTuple):
    """One format.

    Attributes:
      write: "package.module:function", (classifier, directory, options) -> None, of a directory that is not
        there yet.
      is_module: whether it is again an image module with both common signatures, which can be retrained.
    """

    write: str
    is_module: bool = True


class ExportOptions(NamedTuple):
    """What an export is made with, beside the classifier.

    Attributes:
      takes_bytes: whether the signature serving_default takes the files of images, and not their pixels.
    """

    takes_bytes: bool = False


AS_USUAL = ExportOptions()

EXPORTERS = {
    "saved_model": ExporterRow("retrain.export.reusable_saved_model:write"),
    "hub_module": ExporterRow("retrain.export.hub_module:write"),
}
# Those that can be retrained, the one that is asked for first ahead.
MODULES = tuple(name for name, row in EXPORTERS.items() if row.is_module)


def exporter(name: str) -> Any:
    """What writes the format; InputError for one that is none."""
    return load({name: row.write for name, row in EXPORTERS.items()}, name, "export format")
