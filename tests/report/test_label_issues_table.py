import pandas as pd

from retrain.data.corrections import Corrections
from retrain.report.label_issues_table import write
from tests.report.outcomes import of_two_tasks

ISSUES = pd.DataFrame(
    {
        "path": ["1.jpg", "2.jpg", "1.jpg"],
        "task": ["kind", "kind", "tags"],
        "label": ["a", "b", "x|y"],
        "suggested": ["a", "a", "y"],
        "probability": [0.9, 0.12345678, 0.2],
        "support": [0.8, 0.1, 0.3],
        "in_doubt": [False, True, True],
    }
)


def lines(issues: pd.DataFrame, tmp_path, **others: object) -> list[str]:
    write(of_two_tasks(label_issues=issues, **others), str(tmp_path / "label_issues.csv"))
    return (tmp_path / "label_issues.csv").read_text().splitlines()


def test_the_worst_come_first_whatever_their_task(tmp_path):
    assert lines(ISSUES, tmp_path) == [
        "path,split,task,label,predicted,suggested,corrected,probability,rank",
        "2.jpg,validation,kind,b,a,a,,0.123457,1",
        "1.jpg,train,tags,x|y,x|y,y,,0.2,2",
        "1.jpg,train,kind,a,a,a,,0.9,3",
    ]


def test_what_was_corrected_stands_there_for_the_next_round_judged_or_not(tmp_path):
    labels = {"kind": {"1.jpg": "a", "3.jpg": "b", "gone.jpg": "b"}}
    found = lines(ISSUES, tmp_path, corrections=Corrections(labels, pd.DataFrame()))
    assert found[3:] == ["1.jpg,train,kind,a,a,a,a,0.9,3", "3.jpg,test,kind,b,a,,b,,4"]


def test_of_equals_the_path_and_then_the_task_decide(tmp_path):
    equal = lines(ISSUES.assign(support=0.5, probability=0.5), tmp_path)
    assert equal == lines(ISSUES[::-1].assign(support=0.5, probability=0.5), tmp_path)
    assert [line.split(",")[0:3:2] for line in equal[1:]] == [
        *(["1.jpg", "kind"], ["1.jpg", "tags"], ["2.jpg", "kind"])
    ]


def test_no_label_could_be_judged(tmp_path):
    assert len(lines(ISSUES[:0], tmp_path)) == 1
