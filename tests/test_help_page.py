import pytest

from retrain.commands import COMMANDS
from retrain.flags import ALIASES, answer
from retrain.help_page import GROUPS, VERBS, help_page
from retrain.settings.config import read_by


@pytest.mark.parametrize("verb", COMMANDS)
def test_the_help_page_names_every_flag_that_the_verb_reads(verb):
    page = answer(["retrain", verb, "--help"])
    shown = {line.split()[0].partition("=")[0] for line in page.splitlines() if line.startswith("  --")}
    assert shown == {f"--{name}" for name in [*read_by(verb), "flagfile", "verbosity", "version", "help"]}


def test_the_help_page_knows_every_verb_group_and_alias():
    assert list(VERBS) == list(COMMANDS)
    page = answer(["retrain", "sweep", "-h"])
    assert all(f"--{alias}" in page for alias in ALIASES)
    assert all(title in page for title in GROUPS.values())


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("verb", COMMANDS)
def test_the_help_page_fits_its_width(verb, width):
    lines = help_page(verb, {}, width).splitlines()
    assert max(map(len, lines)) <= max(width, 80)
    assert not any(line != line.rstrip() for line in lines)


def test_an_entry_shows_default_advice_choices_and_aliases():
    page = help_page("train", {"validation_percentage": "--validation_split=FRACTION"}, 300)
    assert (
        "  --class_weights=none          "
        "balanced lets every class count the same, however many images it has. One of none, balanced.\n"
    ) in page
    assert "adding images moves none. Also --validation_split=FRACTION.\n" in page


def test_what_a_verb_needs_has_no_default():
    assert "  --tfhub_module=builtin:  " in help_page("train", {}, 80)
    assert "  --tfhub_module   " in help_page("predict", {}, 80)


def test_a_flag_that_is_true_or_false_stands_alone():
    assert "  --json                        Print JSON, for programs.\n" in help_page("inspect", {}, 80)
    assert "  --seed=0 " in help_page("train", {}, 80)
