"""`python -m retrain compare RUN RUN ...`: what differs between runs, and whether that is more than chance.

Nothing of it needs TensorFlow.
"""

from retrain.commands.checks import ComparePlan
from retrain.printable import say
from retrain.report.comparison_page import PAGE, TABLE, comparison_lines, write_comparison
from retrain.report.run_comparison import compared, different_flags, read_run


def run(plan: ComparePlan) -> None:
    """Prints the comparison, and writes comparison.html and comparison.csv."""
    runs = [read_run(run) for run in plan.runs]
    flags, tasks = different_flags(runs), compared(runs)
    write_comparison(plan.run, runs, flags, tasks)
    say("\n".join(comparison_lines(runs, flags, tasks)))
    say(f"Everything is in {plan.run}: {PAGE}, {TABLE}")
