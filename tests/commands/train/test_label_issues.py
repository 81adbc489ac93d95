import numpy as np
import pandas as pd
from retrain.commands.train.label_issues import label_issues
from retrain.head_search.task_heads import TaskHead
from retrain.head_search.trial import Trial

from retrain.head_search.search import FoundHead
from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead

COUNT = 40
KINDS = np.arange(COUNT) % 2
FEATURES = (np.eye(2)[KINDS] + np.random.default_rng(0).normal(0, 0.1, [COUNT, 2])).astype(np.float32)


def trained(head) -> TaskHead:
    found = FoundHead(np.zeros([2, 2]), np.zeros(2), Trial(0.5, 1e-3, steps=120), "validation loss", 0.0, {})
    return TaskHead(head, found)


def examples() -> pd.DataFrame:
    """Image 4 has the wrong kind, 7 the wrong tags; 9 has no kind."""
    kinds = np.array(["a", "b"], object)[KINDS]
    tags = np.array(["x", "x|y"], object)[KINDS]
    kinds[4], kinds[9], tags[7] = "b", None, "x"
    paths = [f"{row:02}.jpg" for row in range(COUNT)]
    labels = {"kind": pd.Series(kinds, dtype=object), "tags": pd.Series(tags, dtype=object)}
    return pd.DataFrame({"path": paths, **labels, "group": paths})


def test_wrong_labels_of_every_task_are_the_worst():
    heads = {"kind": trained(SoftmaxHead(["a", "b"])), "tags": trained(SigmoidHead(["x", "y"]))}
    found = label_issues(examples(), FEATURES, heads).sort_values("support")
    assert found[["path", "task", "label", "suggested"]].values.tolist()[:2] in (
        [["04.jpg", "kind", "b", "a"], ["07.jpg", "tags", "x", "x|y"]],
        [["07.jpg", "tags", "x", "x|y"], ["04.jpg", "kind", "b", "a"]],
    )
    assert found["in_doubt"].sum() == 2
    assert len(found) == 2 * COUNT - 1


def test_a_handful_of_labels_is_not_judged():
    found = label_issues(examples()[:8], FEATURES[:8], {"kind": trained(SoftmaxHead(["a", "b"]))})
    assert len(found) == 0
