"""`python -m retrain inspect`: what a module is, and whether it keeps the common promises."""

from collections.abc import Mapping
from typing import Any

from retrain.commands.checks import InspectPlan
from retrain.modules.inspection.conformance import check, conforms
from retrain.modules.inspection.description import Description, describe
from retrain.modules.inspection.examined_module import ExaminedModule
from retrain.modules.inspection.findings import Finding
from retrain.printable import say
from retrain.report.inspection import as_content, as_json, as_text


def run(plan: InspectPlan) -> int:
    """Prints both; exit status 0 when the module conforms, else 1."""
    description, findings = _examined(plan)
    say((as_json if plan.config.results.json else as_text)(description, findings))
    return 0 if conforms(findings) else 1


def content(plan: InspectPlan) -> dict[str, Any]:
    """Both, as --json has them."""
    return as_content(*_examined(plan))


def _examined(plan: InspectPlan) -> tuple[Description, Mapping[str, Finding]]:
    settings = plan.config.module
    examined = ExaminedModule(settings.tfhub_module, settings)
    return describe(examined), check(examined)
