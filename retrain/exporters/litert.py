"""A TFLite file that retrain exported, run by LiteRT: no TensorFlow is imported for it."""

import os
import pathlib
import queue
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from retrain.exporters.beside import MODEL_FILE
from retrain.quiet import native_stderr_held

SIGNATURE = "serving_default"


class LiteRtModel:
    """Interpreters of one file, as many as there are cores: a call gives each of them an image at a time."""

    def __init__(self, directory: str, threads: int | None = None):
        path = str(pathlib.Path(directory, MODEL_FILE))
        self.count = threads or os.cpu_count() or 1
        self._idle: queue.SimpleQueue[Callable[..., dict[str, np.ndarray]]] = queue.SimpleQueue()
        with native_stderr_held():
            for _ in range(self.count):
                interpreter = Interpreter(model_path=path, num_threads=1)
                interpreter.allocate_tensors()
                self._idle.put(interpreter.get_signature_runner(SIGNATURE))
            [details] = interpreter.get_input_details()
        self.image_size: tuple[int, int] = tuple(int(side) for side in details["shape"][1:3])
        self._workers = ThreadPoolExecutor(self.count)

    def __call__(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Images float32 [B, H, W, 3] in [0, 1] -> what is served of them, by key: float32 [B, ...]."""
        rows = list(self._workers.map(self._one, np.asarray(images, np.float32)))
        return {key: np.concatenate([row[key] for row in rows]) for key in rows[0]}

    def _one(self, image: np.ndarray) -> dict[str, np.ndarray]:
        run = self._idle.get()
        try:
            return run(images=image[None])
        finally:
            self._idle.put(run)


def read(directory: str) -> LiteRtModel:
    """What runs the export in this directory."""
    return LiteRtModel(directory)
