import pandas as pd
from retrain.report.label_issues import label_issues_line, write_label_issues

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


def test_the_worst_come_first_whatever_their_task(tmp_path):
    write_label_issues(str(tmp_path), ISSUES)
    assert (tmp_path / "label_issues.csv").read_text().splitlines() == [
        "path,task,label,suggested,probability,rank",
        "2.jpg,kind,b,a,0.123457,1",
        "1.jpg,tags,x|y,y,0.2,2",
        "1.jpg,kind,a,a,0.9,3",
    ]


def test_a_line_names_the_worst():
    assert label_issues_line(ISSUES) == (
        "Labels: 2 of 3 are in doubt, such as that of '2.jpg', 'b' rather than 'a'; "
        "label_issues.csv ranks them."
    )
    assert label_issues_line(ISSUES[:1]) == "Labels: none of 1 is in doubt."


def test_no_label_could_be_judged(tmp_path):
    write_label_issues(str(tmp_path), ISSUES[:0])
    assert (tmp_path / "label_issues.csv").read_text() == "path,task,label,suggested,probability,rank\n"
    assert label_issues_line(ISSUES[:0]) == "Labels: too few to be judged by each other."
