import pytest
import tensorflow as tf

from retrain.errors import InputError
from retrain.settings.distribution import DistributionSettings
from retrain.workers import joined as joining
from retrain.workers.cluster import SLURM, Cluster
from retrain.workers.joined import joined


@pytest.mark.parametrize("distribution", ["auto", "off"])
def test_one_device_is_no_strategy(distribution):
    with joined(None, DistributionSettings(distribution), True) as workers:
        assert workers.strategy is None
        assert workers.is_chief


def test_mirrored_needs_several_devices():
    with pytest.raises(InputError) as raised, joined(None, DistributionSettings("mirrored"), True):
        pass
    assert str(raised.value) == (
        "--distribution=mirrored trains on several devices of one machine, but here is one, "
        "'/device:CPU:0': leave it out."
    )


def test_slurm_names_the_addresses(monkeypatch):
    environment = {
        "SLURM_PROCID": "1",
        "SLURM_STEP_NUM_TASKS": "3",
        "SLURM_STEP_NODELIST": "node[01-02]",
        "SLURM_STEP_TASKS_PER_NODE": "2,1",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    resolver = joining._resolver(Cluster(SLURM, 3, 1))
    assert resolver.cluster_spec().as_dict() == {"worker": ["node01:8888", "node01:8889", "node02:8888"]}
    assert (resolver.task_type, resolver.task_id) == ("worker", 1)
    assert isinstance(resolver, tf.distribute.cluster_resolver.SlurmClusterResolver)
