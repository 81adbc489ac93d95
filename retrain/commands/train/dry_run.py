"""`--dry_run`: what is known of the images, and nothing trained; no module is needed for it."""

import pandas as pd

from retrain.commands.image_pass import pass_facts
from retrain.commands.train.check import TrainPlan
from retrain.commands.train.prepare import list_examples, split_examples
from retrain.examples.facts import check_trained, data_facts
from retrain.examples.groups import find_duplicates, grouped
from retrain.report.data_report import log_data_report, write_data_report


def dry_run(plan: TrainPlan) -> None:
    """Writes the facts, also those of data that cannot be trained on, of which an InputError tells then."""
    listed = list_examples(plan)
    passed = pass_facts(listed.examples, plan.config.module, plan.data)
    duplicates = find_duplicates(passed.examples, passed.images.thumbnails)
    facts = data_facts(
        examples=split_examples(plan, grouped(passed.examples, duplicates)),
        images=passed.images,
        skipped=pd.concat([passed.skipped, listed.leaks]),
        duplicates=duplicates,
        ignored=plan.data.listing.ignored,
    )
    log_data_report(facts)
    path = write_data_report(str(plan.run), facts)
    print(f"Nothing was trained (--dry_run). All facts are in {path}")
    check_trained(facts)
