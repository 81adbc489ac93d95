import json
import socket

import pytest

from retrain.errors import InputError
from retrain.workers.cluster import (
    EXAMPLE,
    SLURM,
    TF_CONFIG,
    Cluster,
    check_is_here,
    find_cluster,
    planned_cluster,
)

HOSTS = {"chief": ["a:1"], "worker": ["b:2", "c:3"]}


def of(config) -> Cluster | None:
    return find_cluster({"TF_CONFIG": config if isinstance(config, str) else json.dumps(config)})


def sentence(config) -> str:
    with pytest.raises(InputError) as raised:
        of(config)
    return str(raised.value)


def test_each_task_has_its_place_the_chief_first():
    places = [("chief", 0), ("worker", 0), ("worker", 1)]
    for index, (kind, number) in enumerate(places):
        found = of({"cluster": HOSTS, "task": {"type": kind, "index": number}})
        assert found == Cluster(TF_CONFIG, 3, index, ("a:1", "b:2", "c:3"))
        assert found.is_chief == (index == 0)


def test_without_a_chief_the_first_worker_is_it():
    found = of({"cluster": {"worker": ["b:2", "c:3"]}, "task": {"type": "worker", "index": 0}})
    assert (found.is_chief, found.count) == (True, 2)


def test_an_evaluator_is_none_of_the_workers():
    found = of({"cluster": HOSTS, "task": {"type": "evaluator", "index": 0}})
    assert (found.count, found.is_evaluator, found.is_chief) == (3, True, False)


@pytest.mark.parametrize("environment", [{}, {"TF_CONFIG": ""}, {"TF_CONFIG": '{"cluster": {}}'}])
def test_no_cluster(environment):
    assert find_cluster(environment) is None


def test_slurm_names_a_cluster_in_a_step_of_several_tasks():
    assert find_cluster({"SLURM_STEP_NUM_TASKS": "3", "SLURM_PROCID": "1"}) == Cluster(SLURM, 3, 1)
    assert find_cluster({"SLURM_STEP_NUM_TASKS": "1", "SLURM_PROCID": "0"}) is None
    assert find_cluster({"SLURM_NTASKS": "3", "SLURM_PROCID": "0"}) is None  # a script that sbatch runs


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("{", f"TF_CONFIG is no JSON (Expecting property name enclosed in double quotes: line 1 column 2 "
              f"(char 1)): it must be such as {EXAMPLE}."),
        ("[]", f"TF_CONFIG is no object of JSON: it must be such as {EXAMPLE}."),
        (
            {"cluster": HOSTS},
            'TF_CONFIG names a cluster, but not which task of it this process is: add "task": {"type": '
            '"worker", "index": 0}, another one in each process.',
        ),
        (
            {"cluster": HOSTS, "task": {"type": "boss", "index": 0}},
            "TF_CONFIG says that this process is the task 'boss' 0, which its cluster does not have: it has "
            "chief 0 to 0, worker 0 to 1.",
        ),
        (
            {"cluster": HOSTS, "task": {"type": "worker", "index": 2}},
            "TF_CONFIG says that this process is the task 'worker' 2, which its cluster does not have: it "
            "has chief 0 to 0, worker 0 to 1.",
        ),
        (
            {"cluster": {**HOSTS, "ps": ["d:4"]}, "task": {"type": "chief"}},
            "TF_CONFIG has tasks of the type 'ps' in its cluster, but training takes chief, worker and "
            "evaluator: all workers hold all weights. Leave them out, or give --distribution=off.",
        ),
        (
            {"cluster": {"worker": ["host"]}, "task": {"type": "worker", "index": 0}},
            "The cluster in TF_CONFIG must name at most one chief and the workers, each by host:port, but "
            f"'host' stands there: it must be such as {EXAMPLE}.",
        ),
        (
            {"cluster": {"chief": ["a:1", "b:2"]}, "task": {"type": "chief", "index": 0}},
            "The cluster in TF_CONFIG must name at most one chief and the workers, each by host:port, but "
            f'there is {{"chief": ["a:1", "b:2"]}}: it must be such as {EXAMPLE}.',
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_meant(config, expected):
    assert sentence(config) == expected


def test_flags_decide_whether_a_cluster_counts():
    environment = {"TF_CONFIG": json.dumps({"cluster": HOSTS, "task": {"type": "chief", "index": 0}})}
    for distribution in ("auto", "multi_worker"):
        assert planned_cluster(distribution, environment).count == 3
    for distribution in ("off", "mirrored"):
        assert planned_cluster(distribution, environment) is None
    assert planned_cluster("auto", {}) is None
    alone = {"TF_CONFIG": json.dumps({"cluster": {"chief": ["a:1"]}, "task": {"type": "chief", "index": 0}})}
    assert planned_cluster("auto", alone) is None
    with pytest.raises(InputError) as raised:
        planned_cluster("multi_worker", {})
    assert str(raised.value) == (
        "--distribution=multi_worker trains with others, but neither TF_CONFIG nor Slurm says with whom: set "
        f"TF_CONFIG, such as {EXAMPLE}, or start it by srun."
    )


def test_an_address_has_to_be_one_of_this_machine_and_free():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=rf"^The address '127.0.0.1:{port}' of this task is in use by "):
            check_is_here(Cluster(TF_CONFIG, 2, 0, (f"127.0.0.1:{port}", "b:2")))
    check_is_here(Cluster(TF_CONFIG, 2, 0, (f"127.0.0.1:{port}", "b:2")))
    with pytest.raises(InputError, match=r"names the address '192.0.2.1:5' for this task, but it is not one"):
        check_is_here(Cluster(TF_CONFIG, 2, 1, ("127.0.0.1:5", "192.0.2.1:5")))
    with pytest.raises(InputError, match=r"'nowhere.invalid:5' for this task, but no such host is known \("):
        check_is_here(Cluster(TF_CONFIG, 2, 1, ("127.0.0.1:5", "nowhere.invalid:5")))
    check_is_here(Cluster(SLURM, 2, 1))
