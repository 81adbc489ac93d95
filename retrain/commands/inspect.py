"""`python -m retrain inspect`: what a module is, and whether it keeps the common promises."""

from retrain.commands.checks import InspectPlan
from retrain.modules.inspection.conformance import check, conforms
from retrain.modules.inspection.description import describe
from retrain.modules.inspection.examined_module import ExaminedModule
from retrain.report.inspection import as_json, as_text


def run(plan: InspectPlan) -> int:
    """Prints both; exit status 0 when the module conforms, else 1."""
    settings = plan.config.module
    examined = ExaminedModule(settings.tfhub_module, settings)
    description, findings = describe(examined), check(examined)
    print((as_json if plan.config.results.json else as_text)(description, findings))
    return 0 if conforms(findings) else 1
