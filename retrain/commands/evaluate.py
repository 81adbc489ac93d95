"""`python -m retrain evaluate`: an exported classifier on a folder of images, without the run it is of.

With --label_map, any module that classifies images, by the classes that its publisher gave it.
"""

import numpy as np

from retrain.commands.checks import EvaluatePlan, check_known_labels
from retrain.commands.image_pass import pass_outputs
from retrain.commands.scoring import Scoring, load_scoring
from retrain.data.listing import TASK
from retrain.examples.left_out import evaluation_examples
from retrain.report.outcome import Outcome, figures_by_split, write_artefacts
from retrain.report.predictions_table import write_table
from retrain.report.summary import evaluation_summary
from retrain.runs.run import SKIPPED
from retrain.settings.config import to_flags, to_json

SPLIT = "evaluation"


def run(plan: EvaluatePlan) -> None:
    """Figures over all images of the folder, whatever their split, and a prediction for each."""
    scoring = _scoring(plan)
    examples = evaluation_examples(plan.data.listing, scoring.heads).on(scoring.background)
    examples, skipped = pass_outputs(scoring.module, scoring.signature, examples, plan)
    examples = examples.with_splits([SPLIT] * len(examples))
    probabilities = scoring.by_task(np.asarray(examples.features))
    figures = figures_by_split(examples, scoring.heads, probabilities, [SPLIT])
    outcome = Outcome(examples, scoring.heads, probabilities, figures)
    plan.run.begun_with(to_json(plan.config), to_flags(plan.config, "evaluate"))
    write_table(plan.run.file(SKIPPED), skipped)
    written = write_artefacts(outcome, plan.run, of_evaluation=True)
    print(evaluation_summary(outcome, plan.run, written))


def _scoring(plan: EvaluatePlan) -> Scoring:
    """Class folders are about the primary task."""
    settings = plan.config.module
    scoring = load_scoring(settings, plan.published)
    if plan.published is not None:
        return scoring
    # Of an archive or a URL it is known only now.
    classes = {task: head.class_names for task, head in scoring.heads.items()}
    check_known_labels(settings.tfhub_module, classes, plan.data)
    if not plan.data.listing.class_folders:
        return scoring
    _, *others = scoring.heads
    return scoring._replace(heads=dict(zip([TASK, *others], scoring.heads.values(), strict=True)))
