"""`python -m retrain inspect`: what a module is, and whether it keeps the common promises."""

from retrain.commands.inputs import Inputs
from retrain.modules.inspection.conformance import check, conforms
from retrain.modules.inspection.description import describe
from retrain.modules.inspection.examined_module import ExaminedModule
from retrain.report.inspection import as_json, as_text
from retrain.settings.config import Config


def inspect(config: Config, inputs: Inputs) -> int:
    """Prints both; exit status 0 when the module conforms, else 1."""
    examined = ExaminedModule(config.tfhub_module, config)
    description, findings = describe(examined), check(examined)
    print(as_json(description, findings) if config.json else as_text(description, findings))
    return 0 if conforms(findings) else 1
