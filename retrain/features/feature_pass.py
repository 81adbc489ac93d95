"""The frozen pass: each image through the module once, its features remembered, what is no image named.

How the pass is computed is the secret of `feature_engine`, how features are kept that of `feature_cache`.
"""

import contextlib
import itertools
import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from absl import logging

from retrain.data.images import DECODING
from retrain.data.pipeline import batches_with_facts, image_batches, why_no_image
from retrain.errors import InputError
from retrain.features.cache import FeatureCache, FileKey
from retrain.features.engines import (
    BATCH_SIZE,
    LITERT,
    TENSORFLOW,
    WORKERS,
    Engine,
    NotConvertibleError,
    choose_engine,
    make_engine,
)
from retrain.features.sketches import SketchBook
from retrain.features.stored import Features
from retrain.modules.image_module import ImageModule
from retrain.modules.signatures import IMAGE_FEATURE_VECTOR
from retrain.progress import progress

IN_MEMORY = 2**30  # bytes of features; more are read from the cache when they are asked for

Batch = tuple[np.ndarray, np.ndarray]  # rows int64 [b], and images or features of these rows


class FrozenFeatures(NamedTuple):
    """What a pass over files gave.

    Attributes:
      features: float32 [N, F], in the order of the files, zeros for those that were skipped; where they are
        too many, they stay in the files of the cache.
      skipped: the position of each file that gave no image -> why.
      computed: how many images went through the module now; the others had been remembered.
      engine: what computed them.
    """

    features: Features
    skipped: Mapping[int, str]
    computed: int
    engine: str


def frozen_features(
    module: ImageModule,
    files: Sequence[FileKey],
    cache_directory: str | os.PathLike[str] | None,
    engine: str = "auto",
    signature: str = IMAGE_FEATURE_VECTOR,
    book: SketchBook | None = None,
) -> FrozenFeatures:
    """The signature's output for all files; without `cache_directory` nothing is kept.

    `engine` is "auto", "tensorflow" or "litert". The images that are decoded are sketched in `book`.
    """
    caches = _caches(module, signature, cache_directory) if cache_directory else {}
    name = _cheapest_engine(engine, module, files, caches)
    cache = caches.get(name)
    missing = _missing(files, cache)
    length = module.num_outputs(signature)
    features = _remembered(files, cache, length) if cache is None or _fit(len(files), length) else None
    batches = _decoded(files, missing, module.image_size, book)
    first, computed = next(batches, None), set()
    if first is not None:  # an engine may take seconds to make, and is not needed for what is no image
        try:
            run = make_engine(name, module, signature)
        except NotConvertibleError as error:
            _check_may_fall_back(engine, module.handle, error)
            return frozen_features(module, files, cache_directory, TENSORFLOW, signature, book)
        results = _run(run, itertools.chain([first], batches))
        computed = _keep(features, files, missing, results, cache)
    if features is None:
        cache.refresh()
        features = cache.stored(files)
    skipped = {row: why_no_image(files[row].path) for row in missing if row not in computed}
    return FrozenFeatures(features, skipped, len(computed), name)


def _caches(
    module: ImageModule, signature: str, directory: str | os.PathLike[str]
) -> dict[str, FeatureCache]:
    key = {
        "module": module.fingerprint,
        "signature": signature,
        "output": module.feature_output,
        "image_size": module.image_size,
        "decoding": DECODING,
    }
    length = module.num_outputs(signature)
    return {name: FeatureCache(directory, {**key, "engine": name}, length) for name in (TENSORFLOW, LITERT)}


def _cheapest_engine(
    wanted: str, module: ImageModule, files: Sequence[FileKey], caches: Mapping[str, FeatureCache]
) -> str:
    """The wanted engine, or for "auto" the one that has the fewest images left to compute."""
    if wanted != "auto" or not caches:
        return choose_engine(wanted, module, len(files))
    left = {name: len(_missing(files, cache)) for name, cache in caches.items()}
    fewest = min(left.values())
    chosen = choose_engine(wanted, module, fewest)
    # Without images left, an engine need not even be installed.
    return chosen if left[chosen] == fewest else next(name for name in left if left[name] == fewest)


def _missing(files: Sequence[FileKey], cache: FeatureCache | None) -> list[int]:
    return [row for row, key in enumerate(files) if cache is None or not cache.has(key)]


def _fit(count: int, length: int) -> bool:
    return 4 * count * length <= IN_MEMORY


def _remembered(files: Sequence[FileKey], cache: FeatureCache | None, length: int) -> np.ndarray:
    """Features of all files, zeros for those that are missing."""
    return np.zeros([len(files), length], np.float32) if cache is None else cache.read(files)


def _decoded(
    files: Sequence[FileKey], missing: Sequence[int], image_size: tuple[int, int], book: SketchBook | None
) -> Iterator[Batch]:
    """Positions in `missing`, and images."""
    paths = [files[row].path for row in missing]
    if not paths:
        return
    if book is None or book.has([files[row] for row in missing]):
        yield from image_batches(paths, image_size, BATCH_SIZE).as_numpy_iterator()
        return
    for positions, images, sketches in batches_with_facts(paths, image_size, BATCH_SIZE).as_numpy_iterator():
        book.add([files[missing[position]] for position in positions], sketches)
        yield positions, images


def _check_may_fall_back(wanted: str, handle: str, error: NotConvertibleError) -> None:
    if wanted == LITERT:
        sentence = f"{handle!r} cannot be run by LiteRT: {error}; leave out --feature_engine."
        raise InputError(sentence) from error
    logging.info("LiteRT cannot run this module (%s); TensorFlow computes its features.", error)


def _keep(
    features: np.ndarray | None,
    files: Sequence[FileKey],
    missing: Sequence[int],
    results: Iterable[Batch],
    cache: FeatureCache | None,
) -> set[int]:
    """Writes results, whose rows are positions in `missing`, to `features` and cache, where there are such.

    Returns the files they are of.
    """
    seen: set[int] = set()
    with cache.writer() if cache is not None else contextlib.nullcontext() as writer:
        for positions, values in progress(results, len(missing), "features", "images", _size):
            rows = [missing[position] for position in positions]
            if features is not None:
                features[rows] = values
            seen.update(rows)
            if writer is not None:
                writer.append([files[row] for row in rows], values)
    return seen


def _size(batch: Batch) -> int:
    return len(batch[0])


def _run(engine: Engine, batches: Iterable[Batch]) -> Iterator[Batch]:
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
