"""The files that start several workers: the scripts with programs that only tell what they are given."""

import json
import os
import pathlib
import subprocess
from typing import Any

import pytest
import yaml

from retrain.flags import parse
from retrain.workers.cluster import find_cluster

DEPLOY = pathlib.Path(__file__).parents[2] / "deploy"
# What Kubeflow's training operator v1 says of its TFJob (its Go types), and Kubernetes of what is used of a
# pod: name -> what is below it; a type, or some words, of a value; a list of what each of its elements is.
POD = {
    "spec": {
        "containers": [
            {
                "name": str,
                "image": str,
                "command": [str],
                "ports": [{"name": str, "containerPort": int}],
                "resources": {"limits": {...: int}},
                "volumeMounts": [{"name": str, "mountPath": str}],
            }
        ],
        "volumes": [{"name": str, "persistentVolumeClaim": {"claimName": str}}],
    }
}
REPLICAS = {"replicas": int, "restartPolicy": {"Always", "OnFailure", "Never", "ExitCode"}, "template": POD}
KINDS = ("Chief", "Worker", "Evaluator")  # of those that there are, those that train or evaluate here
TF_JOB = {
    "apiVersion": {"kubeflow.org/v1"},
    "kind": {"TFJob"},
    "metadata": {"name": str},
    "spec": {
        "runPolicy": {"cleanPodPolicy": {"All", "Running", "None"}, "backoffLimit": int},
        "tfReplicaSpecs": dict.fromkeys(KINDS, REPLICAS),
    },
}


def mistakes(value: Any, known: Any, place: str = "") -> list[str]:
    """Where a value is not what is known of it."""
    if isinstance(known, type):
        return [] if type(value) is known else [f"{place} is {value!r}"]
    if isinstance(known, set):
        return [] if value in known else [f"{place} is {value!r}"]
    if isinstance(known, list):
        return [found for one in value for found in mistakes(one, known[0], f"{place}[]")]
    of = {name: known.get(name, known.get(...)) for name in value}
    unknown = [f"{place}.{name} is not known" for name, what in of.items() if what is None]
    return unknown + [
        it for name, what in of.items() if what for it in mistakes(value[name], what, f"{place}.{name}")
    ]


def test_the_job_of_kubernetes_has_the_structure_of_a_tfjob():
    job = yaml.safe_load((DEPLOY / "tfjob.yaml").read_text())
    assert mistakes(job, TF_JOB) == []
    replicas = job["spec"]["tfReplicaSpecs"]
    for of_kind in replicas.values():
        [container] = of_kind["template"]["spec"]["containers"]
        # By these names the operator knows the container and its port, which stands in TF_CONFIG.
        assert container["name"] == "tensorflow"
        assert container["ports"] == [{"name": "tfjob-port", "containerPort": 2222}]
        mounts = {mount["name"] for mount in container["volumeMounts"]}
        assert mounts == {volume["name"] for volume in of_kind["template"]["spec"]["volumes"]}
        python, module, *words = container["command"]
        assert (python, module, words[0]) == ("python", "-m", "retrain")
        assert {"model_dir", "feature_cache"} <= parse(words).given
    assert replicas["Chief"]["replicas"] == 1


def test_a_job_that_is_none_is_noticed():
    job = yaml.safe_load((DEPLOY / "tfjob.yaml").read_text())
    job["spec"]["tfReplicaSpecs"]["Worker"]["restartPolicy"] = "Sometimes"
    job["spec"]["replicas"] = 3
    assert mistakes(job, TF_JOB) == [
        ".spec.replicas is not known",
        ".spec.tfReplicaSpecs.Worker.restartPolicy is 'Sometimes'",
    ]


@pytest.fixture
def script(tmp_path, monkeypatch):
    """Runs a script of `deploy` with programs of these names, given as their shell; how it ended."""

    def run(name: str, *words: str, **programs: str) -> int:
        for program, content in programs.items():
            (tmp_path / program).write_text(f"#!/bin/sh\n{content}\n")
            (tmp_path / program).chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        return subprocess.run(["sh", str(DEPLOY / name), *words], cwd=tmp_path).returncode

    return run


def test_two_workers_are_told_of_each_other(script, tmp_path):
    python = 'printf "%s\\n%s\\n" "$TF_CONFIG" "$*" > "$(echo "$TF_CONFIG" | tr -cd a-z0-9)"'
    assert script("two_workers.sh", "--image_dir=my photos", "--fine_tune", python=python) == 0
    told = [path.read_text().splitlines() for path in tmp_path.iterdir() if path.name != "python"]
    clusters = [find_cluster({"TF_CONFIG": config}) for config, _ in told]
    assert sorted(cluster.index for cluster in clusters) == [0, 1]
    assert {cluster.addresses for cluster in clusters} == {("127.0.0.1:2222", "127.0.0.1:2223")}
    assert {words for _, words in told} == {"-m retrain --image_dir=my photos --fine_tune"}
    assert all(json.loads(config) for config, _ in told)


def test_the_chief_says_how_two_workers_ended(script):
    assert script("two_workers.sh", python='case "$TF_CONFIG" in *\\"chief\\",*) exit 2;; esac') == 2


@pytest.mark.parametrize(("ended", "starts"), [("0", 1), ("2", 1), ("138", 3), ("143", 3)])
def test_a_job_of_slurm_is_started_again_where_a_worker_was_lost(script, tmp_path, ended, starts):
    status = script("slurm.sh", "--image_dir=photos", srun=f'echo "$*" >> {tmp_path}/started; exit {ended}')
    assert status == int(ended)
    line = "--kill-on-bad-exit=1 python -m retrain --image_dir=photos"
    assert (tmp_path / "started").read_text().splitlines() == [line] * starts
