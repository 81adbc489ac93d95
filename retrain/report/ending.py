"""What is known of a run only at its end, the time that each stage took, in times.json and in report.html.

The report is there before the exports are, which take long, and may fail: times are put where its mark is.
"""

import json

from retrain.files import read_text, write_text
from retrain.report.pages import TEMPLATES
from retrain.runs.run import TIMES, Run

REPORT, END_MARK = "report.html", "<!-- times -->"


def end_report(run: Run) -> None:
    """Writes times.json, the seconds of each stage, and puts them where the mark of report.html is."""
    seconds = {stage: round(of, 3) for stage, of in run.seconds.items()}
    run.write(TIMES, json.dumps(seconds, indent=2, ensure_ascii=False) + "\n")
    report = run.path / REPORT
    section = TEMPLATES.get_template("times.html").render(
        seconds=run.seconds, total=sum(run.seconds.values())
    )
    write_text(report, read_text(report).replace(END_MARK, section))
