"""`python -m retrain export`: the classifier is read from one export, and written in other formats."""

from retrain.commands.export.check import ExportPlan
from retrain.commands.export.keras_source import on_its_source
from retrain.commands.written_exports import Material, record_exports, write_exports
from retrain.exporters import EXPORTERS
from retrain.exporters.model_card import recorded_run
from retrain.exporters.reading_process import reading_process
from retrain.exporters.restored import restored_classifier
from retrain.exporters.seen_images import read_seen
from retrain.printable import say


def run(plan: ExportPlan) -> int:
    """The exit status: 1 where one of the formats could not be written."""
    results = plan.config.results
    material = Material(
        train=plan.train,
        compared_on=plan.compared_on,
        takes_bytes=results.default_signature == "bytes",
        seen=read_seen(plan.source),
        final_tensor_name=results.final_tensor_name,
        of_run=recorded_run(plan.source),
    )
    formats = results.export_formats
    with reading_process(formats) as reader:
        model = restored_classifier(plan.source)
        if any(EXPORTERS[name].of_source for name in formats):
            model = on_its_source(model, plan.run)
        exports = write_exports(model.traced(), plan.run, formats, material, reader)
    record_exports(plan.run, exports)
    for directory in exports.directories(plan.run):
        say(f"Exported {directory}")
    return 1 if exports.failed else 0
