"""`serve` under load, beside what the same export computes without a server.

python -m tests.benchmarks.serving EXPORT IMAGE... [--seconds=S] [--clients=1,8,64]

EXPORT holds `tflite`, as a run's directory `export` does. Of each number of clients, each with one connection
and one image a request: requests a second, their median and 99th percentile in milliseconds, and the share of
two limits: what LiteRT computes of decoded images, and what decoding and LiteRT give together. Measured with
EfficientNet-Lite1 and photos of 400 x 533 pixels on two cores, of which the clients take their part, too.
"""

import argparse
import asyncio
import base64
import contextlib
import itertools
import json
import pathlib
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from retrain.serving.served_model import ServedModel, workers

BATCH = 32
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
ANSWERED = b"HTTP/1.1 200 "
REQUEST = "POST /v1/models/retrain:predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s"


def requests_of(files: Sequence[bytes]) -> Iterator[bytes]:
    """In TensorFlow Serving's form, the files in turn, for ever."""
    bodies = [json.dumps({"instances": [{"b64": base64.b64encode(contents).decode()}]}) for contents in files]
    return itertools.cycle([(REQUEST % (len(body), body)).encode() for body in bodies])


async def ask(address: tuple[str, int], requests: Iterator[bytes], until: float) -> list[float]:
    """Seconds that each request took, one after another over one connection."""
    reader, writer = await asyncio.open_connection(*address)
    seconds = []
    while time.monotonic() < until:
        start = time.monotonic()
        writer.write(next(requests))
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(int(LENGTH.search(head)[1]))
        if not head.startswith(ANSWERED):
            raise SystemExit(f"{head!r} {body!r}")
        seconds.append(time.monotonic() - start)
    writer.close()
    return seconds


async def load(address: tuple[str, int], files: Sequence[bytes], clients: int, seconds: float) -> np.ndarray:
    """Seconds of all requests of so many clients, in so much time."""
    requests, until = requests_of(files), time.monotonic() + seconds
    taken = await asyncio.gather(*(ask(address, requests, until) for _ in range(clients)))
    return np.concatenate(taken)


def rate(compute: Callable[[Sequence[bytes]], int], files: Sequence[bytes], seconds: float) -> float:
    """Images a second of what computes batches of files, and says how many."""
    batch = list(itertools.islice(itertools.cycle(files), BATCH))
    compute(batch)
    done, start = 0, time.monotonic()
    while time.monotonic() < start + seconds:
        done += compute(batch)
    return done / (time.monotonic() - start)


def limits(export: pathlib.Path, files: Sequence[bytes], seconds: float) -> dict[str, float]:
    """Images a second of LiteRT alone, and behind what decodes them."""
    model = ServedModel(str(export / "saved_model"), str(export / "tflite"))
    decoded = [model.decoded(contents) for contents in files]
    images = list(itertools.islice(itertools.cycle(decoded), BATCH))
    with ThreadPoolExecutor(workers()) as pool:
        return {
            "LiteRT": rate(lambda batch: len(model.rows(images)), files, seconds),
            "decoding and LiteRT": rate(
                lambda batch: len(model.rows([*pool.map(model.decoded, batch)])), files, seconds
            ),
        }


def served(export: pathlib.Path) -> tuple[subprocess.Popen, tuple[str, int]]:
    """The server, which is ready, and where it listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        host, port = free.getsockname()
    words = [f"--tfhub_module={export / 'saved_model'}", "--model_name=retrain", f"--port={port}"]
    server = subprocess.Popen([sys.executable, "-m", "retrain", "serve", *words])
    while server.poll() is None:
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection((host, port)):
            return server, (host, port)
        time.sleep(0.1)
    raise SystemExit("The server has ended.")


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("export", type=pathlib.Path)
    parser.add_argument("images", nargs="+", type=pathlib.Path)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--clients", default="1,8,64")
    given = parser.parse_args(arguments)
    files = [path.read_bytes() for path in given.images]
    most = limits(given.export, files, given.seconds)
    for name, of_limit in most.items():
        print(f"{name}: {of_limit:.1f} images/s", flush=True)
    server, address = served(given.export)
    try:
        for clients in map(int, given.clients.split(",")):
            asyncio.run(load(address, files, clients, 1.0))
            taken = asyncio.run(load(address, files, clients, given.seconds))
            shares = ", ".join(
                f"{len(taken) / given.seconds / of:.2f} of {name}" for name, of in most.items()
            )
            median, p99 = 1000 * np.quantile(taken, [0.5, 0.99])
            print(
                f"{clients} clients: {len(taken) / given.seconds:.1f} requests/s, median {median:.0f} ms, "
                f"p99 {p99:.0f} ms; {shares}",
                flush=True,
            )
    finally:
        server.terminate()
        server.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
