"""Runs at the same time: four on one cache, and two in one directory, of train and of sweep.

`python -m tests.benchmarks.at_once [ROUNDS]`; exits 1 when one ended otherwise than one alone does. Of two
that train in one directory one is refused in a sentence; two of a sweep share its trials.
"""

import os
import pathlib
import sys
import tempfile

from tests.benchmarks import disturbed, forked

REFUSED = "retrain: Another run "


def together(words: list[list[str]], work: pathlib.Path) -> list[tuple[int, str]]:
    """How each ended, and what it said."""
    logs = [work / f"said-{number}.log" for number in range(len(words))]
    started = [forked.commanded(of, log) for of, log in zip(words, logs, strict=True)]
    return [(forked.status_of(pid), log.read_text("utf-8")) for pid, log in zip(started, logs, strict=True)]


def faults_of(work: pathlib.Path, number: int) -> list[str]:
    """What was otherwise than alone."""
    commands = disturbed.commands(work)
    train, sweep = commands["head search"], commands["sweep of heads"]
    found = []

    def check(name: str, words: list[str], runs: list[str], sentences: int) -> None:
        os.environ["RETRAIN_CACHE_DIR"] = str(work / f"cache-{number}-{name}")
        ends = together([[*words, f"--model_dir={work / f'{number}-{run}'}"] for run in runs], work)
        refused = [
            said for status, said in ends if status == 2 and REFUSED in said and "Traceback" not in said
        ]
        if len(refused) > sentences or [status for status, _ in ends].count(0) < len(ends) - sentences:
            found.append(f"{name}: {ends}")
        for run in set(runs):
            if disturbed.what_is_left(work / f"{number}-{run}") != disturbed.what_is_left(work / name):
                found.append(f"{name}, {run}: differs from one alone")

    check("train", train, ["a", "b", "c", "d"], 0)
    check("train", train, ["e", "e"], 1)
    check("sweep", sweep, ["f", "f"], 0)
    return found


def main(rounds: int = 10) -> int:
    forked.import_all()
    forked.shorten_heartbeats()
    faults = 0
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        disturbed.done(lambda: disturbed.make_world(work), work / "world")
        for name, command in {"train": "head search", "sweep": "sweep of heads"}.items():
            os.environ["RETRAIN_CACHE_DIR"] = str(work / f"cache-{name}")
            [(status, said)] = together(
                [[*disturbed.commands(work)[command], f"--model_dir={work / name}"]], work
            )
            if status:
                raise SystemExit(said)
        for number in range(rounds):
            found = faults_of(work, number)
            faults += len(found)
            print(f"Round {number}: {found or 'as alone'}", flush=True)
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
