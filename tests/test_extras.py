"""What `pip install 'retrain[...]'` takes, where README, docs, help and sentences name it."""

import pathlib
import re
import tomllib

ROOT = pathlib.Path(__file__).parents[1]
NAMED = re.compile(r"retrain\[([^\]]+)\]")


def test_every_extra_that_is_named_is_there():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    pages = [*ROOT.glob("*.md"), *ROOT.glob("*/*.md"), *(ROOT / "retrain").rglob("*.py")]
    texts = {page: page.read_text() for page in pages if "venv" not in page.relative_to(ROOT).parts[0]}
    named = {extra for text in texts.values() for names in NAMED.findall(text) for extra in names.split(",")}
    assert {"parquet", "keras-hub"} <= named
    assert {extra for extra in named if "{" not in extra} <= set(extras)
    # pip before 23.3, which comes with Python 3.11, knows an extra by the name in the metadata: with hyphens.
    assert not [extra for extra in extras if "_" in extra]
