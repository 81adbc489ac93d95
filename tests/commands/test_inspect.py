"""`python -m retrain inspect` from end to end, on modules of every source and on exports."""

import json
import pathlib
import subprocess
import sys

import pytest

from retrain.__main__ import main
from retrain.exporters.hub_module import write
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.modules.loading import load_module
from tests import tiny_tf1_hub, tiny_worlds
from tests.broken_modules import hub_module

SHARED = pathlib.Path(__file__).parents[3] / "shared" / "modules"


def inspect(capsys, *flags: str) -> tuple[int, str]:
    status = main(["retrain", "inspect", *flags])
    return status, capsys.readouterr().out


def test_a_module_that_conforms(capsys, averaging_module):
    status, out = inspect(capsys, f"--tfhub_module={averaging_module}")
    assert status == 0
    assert out.startswith(f"{averaging_module}\n  format ")
    assert out.endswith("\nIt conforms.\n")


def test_a_module_that_does_not(capsys, tmp_path):
    path = hub_module(tmp_path, signatures=["image_feature_vector"])
    status, out = inspect(capsys, f"--tfhub_module={path}")
    assert status == 1
    assert "\n  FAILS  default signature   there is no signature 'default'\n" in out
    assert out.endswith("\nIt does not conform: default signature.\n")


def test_json_for_programs(capsys, tmp_path):
    status, out = inspect(
        capsys, "--json", f"--tfhub_module={tiny_tf1_hub.averaging_module(tmp_path / 'module')}"
    )
    found = json.loads(out)
    assert (status, found["conforms"], found["image_size"]) == (0, True, [8, 8])
    status, out = inspect(
        capsys, "--json", f"--tfhub_module={hub_module(tmp_path / 'broken', input_name='x')}"
    )
    assert (status, json.loads(out)["conforms"]) == (1, False)


def test_flags_about_the_module(capsys, tmp_path):
    path = tiny_worlds.averaging_module(tmp_path / "module", size=(None, None))
    flags = ["--image_size=10", "--module_kind=image_classification", "--json"]
    _, out = inspect(capsys, f"--tfhub_module={path}", *flags)
    found = json.loads(out)
    assert (found["image_size"], list(found["signatures"])) == ([10, 10], ["image_classification"])


@pytest.mark.parametrize("make", [tiny_worlds.keras_file, lambda directory: "builtin:gradients"])
def test_modules_of_other_sources_conform(capsys, tmp_path, make):
    assert inspect(capsys, f"--tfhub_module={make(tmp_path)}")[0] == 0


def test_every_export_conforms(capsys, trained_run, averaging_module, tmp_path):
    classifier = ImageClassifier(load_module(averaging_module), {"label": SoftmaxHead(["a", "b"])})
    classifier.kernels["label"].assign([[1.0, -1.0], [2.0, -3.0], [0.0, 4.0]])
    write(classifier, str(tmp_path / "hub_module"))
    for path in (trained_run / "export" / "saved_model", tmp_path / "hub_module"):
        status, out = inspect(capsys, f"--tfhub_module={path}", "--json")
        verdicts = {it["promise"]: it["verdict"] for it in json.loads(out)["promises"]}
        assert status == 0
        assert "hint" not in verdicts.values()
        assert verdicts["default signature"] == verdicts["features"] == verdicts["logits"] == "ok"


# Of the larger network one format: what formats have to do with it the smaller one shows.
NAMES = sorted(str(path.parent.relative_to(SHARED)) for path in SHARED.glob("*/*/saved_model.pb"))


@pytest.mark.parametrize(
    "name", [name for name in NAMES if "v2" not in name or name.endswith("/saved_model")]
)
def test_published_modules_conform(capsys, name):
    status, out = inspect(capsys, f"--tfhub_module={SHARED / name}", "--json")
    found = json.loads(out)
    assert status == 0
    assert not {"hint", "FAILS"} & {it["verdict"] for it in found["promises"]}
    megaflops, updates = (599, 104) if "v2" in name else (27, 54)
    assert (round(found["flops_per_image"] / 1e6), found["update_ops"]) == (megaflops, updates)


def test_no_module():
    command = [sys.executable, "-m", "retrain", "inspect", "--tfhub_module=/no/module"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("retrain: '/no/module' does not exist; a module handle is ")
