import subprocess
import sys

import numpy as np

from retrain.exporters.litert import read
from retrain.exporters.tflite import write
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier

PROGRAM = """
import sys
import numpy as np
from retrain.exporters.litert import read
model = read(sys.argv[1])
found = model(np.ones([3, *model.image_size, 3]))
print(model.image_size, found["default"].shape, "tensorflow" in sys.modules)
"""


def test_it_takes_no_tensorflow(loaded_module, tmp_path):
    write(ImageClassifier(loaded_module, {"label": SoftmaxHead(["a", "b"])}), str(tmp_path / "export"))
    said = subprocess.check_output([sys.executable, "-c", PROGRAM, str(tmp_path / "export")], text=True)
    assert said == "(8, 8) (3, 2) False\n"


def test_rows_stay_in_their_order(loaded_module, tmp_path):
    model = ImageClassifier(loaded_module, {"label": SoftmaxHead(["a", "b"])})
    model.kernels["label"].assign([[9.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    write(model, str(tmp_path / "export"))
    images = np.random.default_rng(0).random([40, 8, 8, 3], np.float32)
    images[:, :, :, 0] = np.linspace(0, 1, 40)[:, None, None]
    found = read(str(tmp_path / "export"))(images)["default"][:, 0]
    assert (np.diff(found) > 0).all()
