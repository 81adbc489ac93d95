"""Joins the others: the strategy of tf.distribute that the flags and the environment ask for."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from typing import NoReturn

import tensorflow as tf
from absl import logging

from retrain.errors import InputError, LostWorkerError
from retrain.quiet import native_stderr_held
from retrain.settings.distribution import DistributionSettings
from retrain.workers.cluster import SLURM, Cluster
from retrain.workers.meeting import called, met
from retrain.workers.workers import Workers

SLURM_PORT = 8888  # of the first task of a machine; the next has the next one
# What collectives raise when another worker is gone; the connection to it tells so at about the same time.
FAILED = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.InternalError,
)
SECONDS_TO_NOTICE = 30.0


@contextlib.contextmanager
def joined(
    cluster: Cluster | None, settings: DistributionSettings, trains_on_images: bool
) -> Iterator[Workers]:
    """All that train together, when all are there. When one is lost, this process begins anew."""
    if cluster is None:
        yield Workers(_of_one_machine(settings.distribution) if trains_on_images else None)
        return
    resolver = _resolver(cluster)
    addresses = cluster.addresses or tuple(resolver.cluster_spec().as_dict()["worker"])
    who = called(cluster.index)
    logging.info("This is %s of %d workers (%s). Waiting for the others.", who, cluster.count, cluster.source)
    meeting = met(addresses, cluster.index, settings.worker_timeout, lost=_begin_anew)
    try:
        yield Workers(_of_all(resolver), cluster.index, cluster.count, meeting.end)
    except FAILED as error:
        if meeting.has_ended:
            raise
        time.sleep(SECONDS_TO_NOTICE)  # the watch over the others begins anew, where one is lost
        meeting.abandon()
        raise LostWorkerError(
            f"The connection between the workers has failed ({type(error).__name__}): start the same command "
            f"again on all of them, which goes on from the last checkpoint."
        ) from error
    except BaseException:
        meeting.abandon()
        raise
    meeting.end()


def _of_one_machine(distribution: str) -> tf.distribute.Strategy | None:
    """Over all GPUs; on a CPU over its logical devices, of which there is one where nobody made more."""
    if distribution == "off":
        return None
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    if distribution == "auto" and (len(devices) < 2 or "CPU" in devices[0].name):
        return None
    if len(devices) < 2:
        raise InputError(
            f"--distribution=mirrored trains on several devices of one machine, but here is one, "
            f"{devices[0].name!r}: leave it out."
        )
    logging.info("Training is on %d devices (mirrored).", len(devices))
    return tf.distribute.MirroredStrategy([device.name for device in devices])


def _of_all(resolver: tf.distribute.cluster_resolver.ClusterResolver) -> tf.distribute.Strategy:
    with native_stderr_held():
        return tf.distribute.MultiWorkerMirroredStrategy(cluster_resolver=resolver)


def _resolver(cluster: Cluster) -> tf.distribute.cluster_resolver.ClusterResolver:
    resolvers = tf.distribute.cluster_resolver
    if cluster.source != SLURM:
        return resolvers.TFConfigClusterResolver()
    # Which GPUs a task sees Slurm says itself; the resolver is told of enough, for it counts tasks by them.
    return resolvers.SlurmClusterResolver(
        {"worker": cluster.count},
        SLURM_PORT,
        gpus_per_node=cluster.count,
        gpus_per_task=1,
        auto_set_gpu=False,
    )


def _begin_anew(who: str) -> NoReturn:
    """The same command once more, in this process: collectives know no way back from a lost worker."""
    words = f"retrain: {who} was lost; this worker begins anew, and goes on from the last checkpoint.\n"
    os.write(2, words.encode())
    for descriptor in map(int, os.listdir("/dev/fd")):  # what TensorFlow has opened, its port among it
        if descriptor > 2:
            with contextlib.suppress(OSError):  # that of the listing
                os.set_inheritable(descriptor, False)
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
