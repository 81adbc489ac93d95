"""The size test in short; `python -m tests.benchmarks.size` is the long one."""

import pytest

from tests.benchmarks import size


@pytest.mark.parametrize("kind", ["table", "parquet", "sketches", "look_alikes"])
def test_every_stage_is_measured(kind, capsys):
    size.main(kind, "40", "80")
    told = capsys.readouterr().out
    assert "total: exponent" in told
