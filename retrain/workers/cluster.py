"""Which processes train together, as TF_CONFIG or Slurm tells each of them; without TensorFlow.

TF_CONFIG is that of tf.estimator: {"cluster": {"chief": ["a:2222"], "worker": ["b:2222"]}, "task": {"type":
"worker", "index": 0}}. Without a chief the first worker is it. An evaluator belongs to no cluster.
"""

import contextlib
import errno
import json
import socket
from collections.abc import Mapping
from typing import Any, NamedTuple

from retrain.errors import InputError, LostWorkerError

TF_CONFIG, SLURM = "TF_CONFIG", "Slurm"
SLURM_TASKS, SLURM_RANK = "SLURM_STEP_NUM_TASKS", "SLURM_PROCID"
JOBS, EVALUATOR = ("chief", "worker"), "evaluator"
EXAMPLE = (
    '{"cluster": {"chief": ["host0:2222"], "worker": ["host1:2222"]}, "task": {"type": "worker", "index": 0}}'
)


class Cluster(NamedTuple):
    """All workers, as one of them sees it.

    Attributes:
      source: what tells of it, TF_CONFIG or SLURM.
      count: how many there are, the chief among them, an evaluator not.
      index: which of them this process is; 0 is the chief.
      addresses: "host:port" of each, the chief's first; empty where Slurm's are not yet known.
      is_evaluator: whether this process is none of them, but evaluates what they train.
    """

    source: str
    count: int
    index: int
    addresses: tuple[str, ...] = ()
    is_evaluator: bool = False

    @property
    def is_chief(self) -> bool:
        return self.index == 0 and not self.is_evaluator


def find_cluster(environment: Mapping[str, str]) -> Cluster | None:
    """The cluster that the environment names, or None; InputError for one that cannot be meant."""
    if environment.get(TF_CONFIG):
        return _of_tf_config(environment[TF_CONFIG])
    count = environment.get(SLURM_TASKS, "")  # srun sets it, a script of sbatch alone has none
    if count.isdigit() and int(count) > 1:
        return Cluster(SLURM, int(count), int(environment.get(SLURM_RANK, "0")))
    return None


def planned_cluster(distribution: str, environment: Mapping[str, str]) -> Cluster | None:
    """The cluster that trains together, where --distribution lets it; None where one process does."""
    if distribution in ("off", "mirrored"):
        return None
    cluster = find_cluster(environment)
    if cluster is None and distribution == "multi_worker":
        raise InputError(
            f"--distribution=multi_worker trains with others, but neither {TF_CONFIG} nor Slurm says with "
            f"whom: set {TF_CONFIG}, such as {EXAMPLE}, or start it by srun."
        )
    return None if cluster is None or (cluster.count == 1 and cluster.is_chief) else cluster


def check_is_here(cluster: Cluster) -> None:
    """InputError where the worker's own address is not one of this machine, or is taken, or unknown."""
    if not cluster.addresses or cluster.is_evaluator:
        return
    address = cluster.addresses[cluster.index]
    host, port = address_of(address)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:  # which may be so for a moment: in a cluster names come up with the machines
        raise LostWorkerError(
            f"{TF_CONFIG} names the address {address!r} for this task, but no such host is known "
            f"({error.strerror}): name this machine as the others reach it."
        ) from error
    reasons = [_why_not_bound(family, at) for family, *_, at in found]
    if None in reasons:
        return
    if errno.EADDRINUSE in reasons:
        raise InputError(
            f"The address {address!r} of this task is in use by another process: end that, or name another "
            f"port in {TF_CONFIG}, to all tasks."
        )
    raise InputError(
        f"{TF_CONFIG} names the address {address!r} for this task, but it is not one of this machine: each "
        f"machine needs its own task, with its own type and index."
    )


def address_of(address: str) -> tuple[str, int]:
    """Host and port."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def _why_not_bound(family: int, at: Any) -> int | None:
    with contextlib.closing(socket.socket(family, socket.SOCK_STREAM)) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(at)
        except OSError as error:
            return error.errno
    return None


def _of_tf_config(text: str) -> Cluster | None:
    """None where it names no cluster, as on a machine that only knows its task."""
    try:
        config = json.loads(text)
    except ValueError as error:
        raise InputError(f"{TF_CONFIG} is no JSON ({error}): it must be such as {EXAMPLE}.") from None
    if not isinstance(config, dict):
        raise InputError(f"{TF_CONFIG} is no object of JSON: it must be such as {EXAMPLE}.")
    cluster = config.get("cluster", {})
    if not cluster:
        return None
    _check_cluster(cluster)
    kind, index = _task(config.get("task"), cluster)
    addresses = tuple(address for job in JOBS for address in cluster.get(job, ()))
    if kind == EVALUATOR:
        return Cluster(TF_CONFIG, len(addresses), index, addresses, is_evaluator=True)
    before = len(cluster.get("chief", ())) if kind == "worker" else 0
    return Cluster(TF_CONFIG, len(addresses), before + index, addresses)


def _check_cluster(cluster: Any) -> None:
    jobs = cluster if isinstance(cluster, dict) else {}
    known = (*JOBS, EVALUATOR)
    if unknown := [job for job in jobs if job not in known]:
        raise InputError(
            f"{TF_CONFIG} has tasks of the type {unknown[0]!r} in its cluster, but training takes chief, "
            f"worker and evaluator: all workers hold all weights. Leave them out, or give --distribution=off."
        )
    addresses = [address for of_job in jobs.values() for address in (of_job if _is_list(of_job) else [None])]
    wrong = [one for one in addresses if not _is_address(one)]
    if wrong or not any(jobs.get(job) for job in JOBS) or len(jobs.get("chief", ())) > 1:
        found = f"{wrong[0]!r} stands there" if wrong else f"there is {json.dumps(cluster)}"
        raise InputError(
            f"The cluster in {TF_CONFIG} must name at most one chief and the workers, each by host:port, but "
            f"{found}: it must be such as {EXAMPLE}."
        )


def _task(task: Any, cluster: Mapping[str, Any]) -> tuple[str, int]:
    """The type and the index of this process."""
    if not isinstance(task, dict) or "type" not in task:
        raise InputError(
            f'{TF_CONFIG} names a cluster, but not which task of it this process is: add "task": {{"type": '
            f'"worker", "index": 0}}, another one in each process.'
        )
    kind, index = task["type"], task.get("index", 0)
    count = 1 if kind == EVALUATOR else len(cluster.get(kind, ())) if isinstance(kind, str) else 0
    if kind not in (*JOBS, EVALUATOR) or type(index) is not int or not 0 <= index < count:
        raise InputError(
            f"{TF_CONFIG} says that this process is the task {kind!r} {index!r}, which its cluster does not "
            f"have: it has {', '.join(f'{job} 0 to {len(of) - 1}' for job, of in cluster.items() if of)}."
        )
    return kind, index


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _is_address(value: Any) -> bool:
    host, _, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    return bool(host) and port.isdigit() and 0 < int(port) < 2**16
