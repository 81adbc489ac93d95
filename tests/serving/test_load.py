"""The short form of tests/benchmarks/serving.py."""

import pathlib
import re

from tests.benchmarks import serving

LINE = re.compile(r"2 clients: [\d.]+ requests/s, median \d+ ms, p99 \d+ ms; [\d.]+ of LiteRT, [\d.]+ of ")


def test_all_requests_of_several_clients_are_answered(served_exports, colour_folder, capsys):
    images = sorted(map(str, pathlib.Path(colour_folder).rglob("*.png")))[:3]
    assert serving.main([str(served_exports["one"]), *images, "--seconds=0.2", "--clients=1,2"]) == 0
    assert LINE.match(capsys.readouterr().out.splitlines()[-1])
