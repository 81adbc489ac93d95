import types

import numpy as np
import pytest
import tensorflow as tf

from retrain.workers.workers import ALONE, Part, Workers
from tests.workers.together import Thread, together


def test_one_alone_agrees_with_itself():
    assert ALONE.is_chief
    assert (ALONE.count, ALONE.replicas, ALONE.part(10)) == (1, 1, None)
    values = np.array([1.5, 2.5])
    assert ALONE.total(values) is values
    assert ALONE.chiefs_number(7) == 7
    assert ALONE.any([1])
    assert not ALONE.any(None)
    ALONE.wait_for_all()
    ALONE.leave()
    with ALONE.scope():
        assert not tf.distribute.has_strategy()


def test_the_workers_of_a_strategy_are_those_of_its_cluster():
    cluster = tf.train.ClusterSpec({"chief": ["a:1"], "worker": ["b:2", "c:3"], "evaluator": ["d:4"]})
    for task, index in ((("chief", 0), 0), (("worker", 1), 2)):
        resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(cluster, "", *task)
        workers = Workers.of(types.SimpleNamespace(cluster_resolver=resolver))
        assert (workers.index, workers.count, workers.is_chief) == (index, 3, index == 0)
    for strategy in (None, tf.distribute.get_strategy(), tf.distribute.MirroredStrategy(["CPU:0"])):
        assert (Workers.of(strategy).count, Workers.of(strategy).strategy) == (1, strategy)


def test_all_take_the_sum_and_what_the_chief_says():
    def work(worker):
        own = float(worker.index)
        return (
            worker.total(np.array([[own, 1.0]])).tolist(),
            worker.chiefs_number(worker.index + 5),
            worker.any(worker.index == 2),
            worker.any(False),
            worker.chiefs_figures({"loss": own + 0.5, "accuracy": own, "labels": ["a"]}),
        )

    agreed = ([[3.0, 3.0]], 5, True, False, {"loss": 0.5, "accuracy": 0.0, "labels": ["a"]})
    assert together(3, work) == [agreed] * 3


def test_variables_take_the_chiefs_values():
    def work(worker):
        variables = [tf.Variable([worker.index + 1.0, 2.0]), tf.Variable(worker.index, dtype=tf.int64)]
        worker.take_chiefs(variables)
        return [variable.numpy().tolist() for variable in variables]

    assert together(2, work) == [[[1.0, 2.0], 0]] * 2


@pytest.mark.parametrize(("count", "batch_size"), [(2, 10), (4, 10), (3, 3), (1, 5)])
def test_the_parts_are_the_batch_in_order(count, batch_size):
    workers = [Thread(index, [None] * count, None) for index in range(count)]
    rows = [row for worker in workers for row in range(batch_size)[_rows(worker, batch_size)]]
    assert rows == list(range(batch_size))
    sizes = [len(range(batch_size)[_rows(worker, batch_size)]) for worker in workers]
    assert max(sizes) - min(sizes) <= 1


def _rows(worker, batch_size):
    part = worker.part(batch_size)
    return slice(None) if part is None else part.rows


def test_a_worker_of_two_devices_has_a_part_for_each(monkeypatch):
    monkeypatch.setattr(Thread, "replicas", 4)
    assert Thread(1, [None, None], None).part(9) == Part(5, (2, 2))
