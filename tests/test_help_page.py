import re

import pytest

from retrain.commands import COMMANDS
from retrain.flags import answer, parse
from retrain.help_page import VERBS, help_page
from retrain.predecessors import ALIASES
from retrain.settings.config import FIELDS, SECTIONS, read_by

# What each verb cannot do without.
LINES = {
    "train": "--image_dir=photos",
    "sweep": "--image_dir=photos",
    "evaluate": "--image_dir=photos --tfhub_module=export",
    "predict": "--tfhub_module=export a.jpg",
    "serve": "--tfhub_module=export",
    "export": "--model_dir=run --export_formats=keras",
    "inspect": "",
    "compare": "a b",
}


def flags_shown(verb: str) -> list[str]:
    """The flags of a help page as it shows them, with their defaults."""
    return re.findall(r"^  (--\S+)", help_page(verb, {}, 80), re.MULTILINE)


@pytest.mark.parametrize("verb", COMMANDS)
def test_the_help_page_names_every_flag_that_the_verb_reads(verb):
    page = answer(["retrain", verb, "--help"])
    shown = [line.split()[0].partition("=")[0] for line in page.splitlines() if line.startswith("  --")]
    general = ["flagfile", "verbosity", "version", "help"]
    assert sorted(shown) == sorted(f"--{name}" for name in [*read_by(verb), *general])


def test_the_help_page_knows_every_verb_section_and_alias():
    assert list(VERBS) == list(COMMANDS)
    assert all(f"--{alias}" in answer(["retrain", "train", "-h"]) for alias in ALIASES)
    page = answer(["retrain", "sweep", "-h"])
    titles = [section.title for section in SECTIONS.values()]
    others = ("Several devices, several machines", "Server")
    assert [line for line in page.splitlines() if line in titles] == [of for of in titles if of not in others]


def test_a_section_of_which_the_verb_reads_nothing_is_left_out():
    page = help_page("inspect", {}, 80).splitlines()
    titles = [section.title for section in SECTIONS.values()]
    assert [line for line in page if line in titles] == ["Image module and its features", "Results"]


@pytest.mark.parametrize("verb", COMMANDS)
def test_every_default_that_is_shown_can_be_given(verb):
    defaults = [flag for flag in flags_shown(verb) if "=" in flag]
    assert "--verbosity=info" in defaults
    for flag in defaults:
        name = flag.removeprefix("--").partition("=")[0]
        config = parse(["retrain", verb, *LINES[verb].split(), flag]).config
        assert name == "verbosity" or config.value(name) == FIELDS[name].default


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
    assert "moves none between splits. Also --validation_split=FRACTION.\n" in page


def test_what_a_verb_needs_has_no_default():
    assert "  --tfhub_module=builtin:  " in help_page("train", {}, 80)
    assert "  --tfhub_module   " in help_page("predict", {}, 80)


def test_a_flag_that_is_true_or_false_stands_alone():
    assert "  --json                        Print JSON, for programs.\n" in help_page("inspect", {}, 80)
    assert "  --seed=0 " in help_page("train", {}, 80)


def test_defaults_are_shown_as_they_are_typed():
    assert {
        "--calibrate=true",
        "--module_input_range=0,1",
        "--export_formats=saved_model,hub_module,tflite",
        "--validation_percentage=10",
        "--momentum=0.9",
        "--label_separator=|",
    } < set(flags_shown("train"))
