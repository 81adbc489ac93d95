"""What runs a frozen module over batches of images, as fast as this machine can: TensorFlow, or LiteRT.

An engine is a callable, images float32 [b, H, W, 3] -> one signature's output float32 [b, F], safe to call
from WORKERS threads at once. LiteRT (XNNPACK, float32) gives the same features to about 1e-5; its conversion
takes seconds, so it is for passes over many images, and its features are kept under another key.
"""

import os
import queue
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import tensorflow as tf

from retrain.errors import InputError
from retrain.modules.image_module import ImageModule
from retrain.modules.runnable import runnable
from retrain.quiet import native_stderr_held

try:
    from ai_edge_litert.interpreter import Interpreter
except ImportError:  # there is no wheel for every platform
    Interpreter = None

Engine = Callable[[np.ndarray], np.ndarray]
Batch = tuple[np.ndarray, np.ndarray]  # rows int64 [b], and images or features of these rows

TENSORFLOW, LITERT = "tensorflow", "litert"
WORKERS = 2  # threads that call the engine: more than one, so that none waits for the other's Python
BATCH_SIZE = 32
LITERT_BATCH_SIZE = 8  # a LiteRT graph has a fixed batch; small ones stay in the cache of a core
TOLERANCE = 1e-4  # of the largest feature
# Images from which on conversion is repaid: it takes 4 to 8 s for MobileNet v2, and saves 3 ms an image.
PAYS_FROM = 3000


class NotConvertibleError(Exception):
    """LiteRT cannot run this module, or not with the module's numbers."""


def choose_engine(wanted: str, module: ImageModule, count: int) -> str:
    """The engine for a pass over `count` images.

    "auto" takes LiteRT where it is installed and pays: for networks, not for
    `builtin:gradients`, whose few weightless operations TensorFlow runs faster.
    """
    if wanted == LITERT and Interpreter is None:
        raise InputError(
            "--feature_engine=litert needs a package that is missing: pip install ai-edge-litert."
        )
    if wanted != "auto":
        return wanted
    pays = bool(module.variables) and count >= PAYS_FROM
    return LITERT if Interpreter is not None and pays else TENSORFLOW


def make_engine(name: str, module: ImageModule, signature: str) -> Engine:
    """The engine of that name for a signature of the module, ready to run; raises NotConvertibleError."""
    make = litert_engine if name == LITERT else tensorflow_engine
    return make(module, signature)


def run_engine(engine: Engine, batches: Iterable[Batch]) -> Iterator[Batch]:
    """(rows, images) -> (rows, features) in order; WORKERS batches are computed at a time."""
    with ThreadPoolExecutor(WORKERS) as workers:
        running: deque[tuple[np.ndarray, Future[np.ndarray]]] = deque()
        for rows, images in batches:
            running.append((rows, workers.submit(engine, images)))
            if len(running) > WORKERS:
                rows, features = running.popleft()
                yield rows, features.result()
        for rows, features in running:
            yield rows, features.result()


def of_whole_batches(engine: Engine) -> Engine:
    """The engine with smaller batches filled up with black images to BATCH_SIZE.

    The last bits of features depend on the shape of the batch: what is remembered must be the same whichever
    images were passed with it.
    """

    def features(images: np.ndarray) -> np.ndarray:
        missing = max(0, BATCH_SIZE - len(images))
        return engine(np.pad(images, [(0, missing), (0, 0), (0, 0), (0, 0)]))[: len(images)]

    return features


def tensorflow_engine(module: ImageModule, signature: str) -> Engine:
    spec = tf.TensorSpec([None, *module.image_size, 3], tf.float32)
    features = tf.function(
        lambda images: module.output(images, signature), input_signature=[spec], autograph=False
    )

    def computed(images: np.ndarray) -> np.ndarray:
        with runnable(module.handle):
            return features(images).numpy()

    return computed


def litert_engine(module: ImageModule, signature: str) -> Engine:
    """Converts the module and holds the result against it; raises NotConvertibleError."""
    model = _converted(module, signature)
    idle: queue.SimpleQueue[Interpreter] = queue.SimpleQueue()
    threads = max(1, (os.cpu_count() or 1) // WORKERS)
    with native_stderr_held():
        for _ in range(WORKERS):
            interpreter = Interpreter(model_content=model, num_threads=threads)
            interpreter.allocate_tensors()
            idle.put(interpreter)

    def features(images: np.ndarray) -> np.ndarray:
        interpreter = idle.get()
        try:
            parts = range(0, len(images), LITERT_BATCH_SIZE)
            return np.concatenate([_invoke(interpreter, images[i : i + LITERT_BATCH_SIZE]) for i in parts])
        finally:
            idle.put(interpreter)

    _check_agreement(features, module, signature)
    return features


def _converted(module: ImageModule, signature: str) -> bytes:
    spec = tf.TensorSpec([LITERT_BATCH_SIZE, *module.image_size, 3], tf.float32)
    function = tf.function(lambda images: module.output(images, signature)).get_concrete_function(spec)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], module)
    with native_stderr_held():
        try:
            return converter.convert()
        except Exception as error:  # the converter has no class of its own for a graph that it does not know
            reason = error  # raised further down, or what was held would be shown
    raise NotConvertibleError(str(reason).partition("\n")[0]) from reason


def _invoke(interpreter: "Interpreter", images: np.ndarray) -> np.ndarray:
    """Features of at most LITERT_BATCH_SIZE images; a smaller batch is filled up with black ones."""
    batch = np.zeros([LITERT_BATCH_SIZE, *images.shape[1:]], np.float32)
    batch[: len(images)] = images
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], batch)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[: len(images)]


def _check_agreement(engine: Engine, module: ImageModule, signature: str) -> None:
    images = np.random.default_rng(0).random([2, *module.image_size, 3], np.float32)
    expected = module.output(tf.constant(images), signature).numpy()
    difference = np.abs(engine(images) - expected).max()
    if not difference <= TOLERANCE * np.abs(expected).max():
        raise NotConvertibleError(f"its features differ by {difference:.1g}")
