import pandas as pd

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


def lines(issues: pd.DataFrame, tmp_path) -> list[str]:
    write(of_two_tasks(label_issues=issues), str(tmp_path / "label_issues.csv"))
    return (tmp_path / "label_issues.csv").read_text().splitlines()


def test_the_worst_come_first_whatever_their_task(tmp_path):
    assert lines(ISSUES, tmp_path) == [
        "path,task,label,suggested,probability,rank",
        "2.jpg,kind,b,a,0.123457,1",
        "1.jpg,tags,x|y,y,0.2,2",
        "1.jpg,kind,a,a,0.9,3",
    ]


def test_of_equals_the_path_and_then_the_task_decide(tmp_path):
    equal = ISSUES.assign(support=0.5, probability=0.5)
    expected = [
        *("1.jpg,kind,a,a,0.5,1", "1.jpg,tags,x|y,y,0.5,2"),
        "2.jpg,kind,b,a,0.5,3",
    ]
    assert lines(equal, tmp_path)[1:] == lines(equal[::-1], tmp_path)[1:] == expected


def test_no_label_could_be_judged(tmp_path):
    assert lines(ISSUES[:0], tmp_path) == ["path,task,label,suggested,probability,rank"]
