import json

import pytest

from retrain.report.ending import END_MARK, end_report
from retrain.runs.run import Run


@pytest.fixture
def run(tmp_path) -> Run:
    run = Run(tmp_path)
    run.write("report.html", f"<p>before</p>{END_MARK}<p>behind</p>")
    run.seconds = {"search of <heads>": 1.5, "exports": 4.5}
    return run


def test_the_seconds_of_each_stage_stand_where_the_mark_was(run):
    end_report(run)
    text = (run.path / "report.html").read_text()
    assert text.startswith("<p>before</p><section>")
    assert text.endswith("</section><p>behind</p>")
    for cell in ("search of &lt;heads&gt;</td>", "1.5 s<", "25 %<", "4.5 s<", "75 %<"):
        assert cell in text
    assert json.loads((run.path / "times.json").read_text()) == run.seconds


def test_a_report_that_has_them_keeps_them(run):
    end_report(run)
    before = (run.path / "report.html").read_bytes()
    run.seconds = {"exports": 9.0}
    end_report(run)
    assert (run.path / "report.html").read_bytes() == before


def test_of_no_time_there_is_no_share(run):
    run.seconds = {"exports": 0.0}
    end_report(run)
    assert "0 %<" in (run.path / "report.html").read_text()
