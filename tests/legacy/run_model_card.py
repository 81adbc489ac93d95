"""Runs the code for hub.Module that the model card of an export shows, with the genuine hub.Module.

Usage: run_model_card.py EXPORT PICTURE OUTPUT.npy: writes the logits. Runs in the old environment.
"""

import pathlib
import re
import sys

import numpy as np
import tensorflow as tf

export, picture, output = sys.argv[1:]
text = pathlib.Path(export, "README.md").read_text("utf-8")
code = re.search(r"^hub\.Module:\n\n```python\n(.*?)\n```$", text, re.DOTALL | re.MULTILINE)[1]
code = code.replace("import retrain.modules as hub", "import tensorflow_hub as hub")
code = code.replace('"THIS_DIRECTORY"', repr(export)).replace("'PICTURE.jpg'", repr(picture))
names = {}
with tf.Graph().as_default():
    exec(code, names)
    with tf.compat.v1.Session() as session:
        session.run(tf.compat.v1.global_variables_initializer())
        np.save(output, session.run(names["logits"]))
