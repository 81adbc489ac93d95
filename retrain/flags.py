"""The command line: a verb, flags made from Config, and the names that the predecessors gave them.

The only place where absl flags are defined, in a FlagValues of its own: no library's flags get in.
Whatever a user mistypes becomes one sentence (InputError).
"""

import itertools
import os
import shutil
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from absl import flags as absl_flags

from retrain import __version__
from retrain.commands import COMMANDS
from retrain.errors import InputError
from retrain.extensions import unknown_name
from retrain.help_page import help_page
from retrain.names_elsewhere import advice_on, meant_by
from retrain.plain_log import VERBOSITIES
from retrain.predecessors import (
    ALIASES,
    FORMER,
    FRACTIONS,
    LOGGING_VERBOSITIES,
    SWITCHES,
    refusal,
    told,
)
from retrain.settings.config import FIELDS, Config, check, read_by
from retrain.settings.field import TRUTHS, about, from_text, kind


class Parsed(NamedTuple):
    """A command line: `given` names the fields that the user set, `files` are the words after the flags.

    `notes` are sentences on flags of the predecessors, or given twice, to be told first.
    """

    verb: str
    config: Config
    given: frozenset[str]
    files: tuple[str, ...]
    verbosity: str
    notes: tuple[str, ...] = ()


def answer(argv: Sequence[str]) -> str | None:
    """The text that --help or --version asks for, or None."""
    words = argv[1 : argv.index("--")] if "--" in argv else argv[1:]
    if {"-h", "-help", "--help"} & set(words):
        verb = next((word for word in words if word in COMMANDS), "train")
        return help_page(verb, _also(), min(shutil.get_terminal_size().columns, 100))
    return f"retrain {__version__}\n" if "--version" in words else None


def parse(argv: Sequence[str]) -> Parsed:
    """The checked command line; argv[0] is the program's name."""
    flags = _flags()
    verb, files = _verb_and_files(_parse_flags(flags, argv))
    former = _former(flags, verb)
    values = _values(flags)
    config = Config.of(**values)
    check(config, verb, values)
    typed = [name for name in [*FIELDS, *ALIASES] if flags[name].present]
    return Parsed(
        verb,
        config,
        given=frozenset(values),
        files=files,
        verbosity=_chosen_verbosity(flags),
        notes=(*_given_again(argv), *told(former, typed, config)),
    )


def _given_again(argv: Sequence[str]) -> list[str]:
    """A note on each flag that stands twice on the command line with different values: the last counts."""
    words = argv[1 : argv.index("--")] if "--" in argv else argv[1:]
    given: dict[str, list[str]] = {}
    for word, following in itertools.zip_longest(words, words[1:], fillvalue=""):
        name, equals, value = word.lstrip("-").partition("=")
        takes_one = name in FIELDS and kind(FIELDS[name]) is not bool and not about(FIELDS[name]).repeated
        if word.startswith("-") and takes_one:
            given.setdefault(name, []).append(value if equals else following)
    return [
        f"--{name} is given {len(values)} times: the last counts, {values[-1]!r}."
        for name, values in given.items()
        if len({*values}) > 1
    ]


def _also() -> dict[str, str]:
    """How else each field can be given."""
    texts = {alias: f"--{alias}=FRACTION" if alias in FRACTIONS else f"--{alias}" for alias in ALIASES}
    return {name: ", ".join(texts[a] for a in ALIASES if ALIASES[a] == name) for name in ALIASES.values()}


def _flags() -> absl_flags.FlagValues:
    flags = absl_flags.FlagValues()
    flags.set_gnu_getopt(True)
    for flag, name in [*((name, name) for name in FIELDS), *ALIASES.items()]:
        convert = _percentage if flag in FRACTIONS else _switch if flag in SWITCHES else _converter
        # A boolean one may be given as --NAME and --noNAME.
        is_boolean = kind(FIELDS[name]) is bool or flag in SWITCHES
        parser = _Parser(convert(flag, name))
        if about(FIELDS[name]).repeated:
            absl_flags.DEFINE_multi(
                parser, absl_flags.ArgumentSerializer(), flag, None, "", flag_values=flags
            )
        else:
            absl_flags.DEFINE(parser, flag, None, "", flag_values=flags, boolean=is_boolean)
    for name, known in FORMER.items():
        absl_flags.DEFINE(_Parser(str), name, None, "", flag_values=flags, boolean=known.is_switch)
    absl_flags.DEFINE(_Parser(_verbosity), "verbosity", "info", "", flag_values=flags)
    absl_flags.DEFINE(_Parser(_logging_verbosity), "logging_verbosity", None, "", flag_values=flags)
    return flags


class _Parser(absl_flags.ArgumentParser):
    def __init__(self, convert: Callable[[str], Any]):
        self.convert = convert

    def parse(self, argument: str) -> Any:
        return self.convert(argument)


def _converter(flag: str, name: str) -> Callable[[str], Any]:
    """The function from the text of `flag` to the value of the field `name`."""

    def convert(text: str) -> Any:
        return from_text(FIELDS[name], text, f"--{flag}")

    return convert


def _switch(flag: str, name: str) -> Callable[[str], Any]:
    def convert(text: str) -> Any:
        if text.lower() not in TRUTHS:
            raise InputError(f"--{flag} takes true or false, but was given {text!r}.")
        return SWITCHES[flag][TRUTHS[text.lower()]]

    return convert


def _percentage(flag: str, name: str) -> Callable[[str], float]:
    def convert(text: str) -> float:
        fraction = _converter(flag, name)(text)
        if not 0 <= fraction < 1:
            raise InputError(f"--{flag}={text} is no fraction from 0 to 1: for percent, use --{name}.")
        return round(fraction * 100, 9)

    return convert


def _verbosity(text: str) -> str:
    if text not in VERBOSITIES:
        raise InputError(unknown_name(text, VERBOSITIES, "value of --verbosity"))
    return text


def _logging_verbosity(text: str) -> str:
    if text not in LOGGING_VERBOSITIES:
        raise InputError(unknown_name(text, LOGGING_VERBOSITIES, "value of --logging_verbosity"))
    return LOGGING_VERBOSITIES[text]


def _chosen_verbosity(flags: absl_flags.FlagValues) -> str:
    first, other = flags["verbosity"], flags["logging_verbosity"]
    if first.present and other.present:
        _check_equal(first, other)
    return (other if other.present else first).value


def _parse_flags(flags: absl_flags.FlagValues, argv: Sequence[str]) -> list[str]:
    """Fills `flags`, and returns the words that are none."""
    try:
        return flags(argv)[1:]
    except absl_flags.UnrecognizedFlagError as error:
        raise InputError(_unknown_flags(error, argv)) from None
    except absl_flags.CantOpenFlagFileError as error:
        cause = error.__context__
        raise InputError(f"The flag file {cause.filename!r} cannot be read: {cause.strerror}.") from None
    except UnicodeDecodeError:
        raise InputError("The flag file is no text: it must hold one --NAME=VALUE on each line.") from None
    except ValueError as error:  # what absl says of --noNAME=VALUE
        raise InputError(f"{error}: leave out the value.") from None
    except absl_flags.Error as error:
        raise InputError(_words(error)) from None


def _words(error: absl_flags.Error) -> str:
    if isinstance(error.__context__, InputError):  # what a parser said, before absl added words of its own
        return str(error.__context__)
    flag = next((word for word in str(error).split() if word.startswith("-")), "The last flag")
    return f"{flag} needs a value: {flag}=VALUE."


def _unknown_flags(error: absl_flags.UnrecognizedFlagError, argv: Sequence[str]) -> str:
    """All of them at once, each with the flag of the same verb that was probably meant."""
    if " " in error.flagname:
        return f"'--{error.flagname}' is no flag: on a line of a flag file, write --NAME=VALUE."
    words = _flags()(argv, known_only=True)[1:]
    words = words[: words.index("--")] if "--" in words else words
    verb = next((word for word in words if word in COMMANDS), "train")
    names = dict.fromkeys(word.lstrip("-").partition("=")[0] for word in words if word.startswith("-"))
    return " ".join(_unknown_flag(name, verb) for name in names if name)


def _unknown_flag(name: str, verb: str) -> str:
    known = read_by(verb)
    aliases = [alias for alias, meant in ALIASES.items() if meant in known]
    former = FORMER if verb == "train" else ()
    if advice := advice_on(name, known):
        return f"--{name} is no flag of retrain: {advice}"
    meant = meant_by(name, [*known, *aliases, *former, "flagfile", "help", "version", "verbosity"])
    listing = "python -m retrain --help" if verb == "train" else f"python -m retrain {verb} --help"
    return f"--{name} is no flag of retrain: " + (
        f"did you mean --{meant}?" if meant else f"{listing} lists them."
    )


def _verb_and_files(words: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    verb, *files = words or ["train"]
    truths = [word for word in words if word.lower() in ("true", "false") and not os.path.exists(word)]
    for stray in truths:
        raise InputError(
            f"{stray!r} stands alone: a flag that is true or false is "
            f"written --NAME or --noNAME, such as --nofine_tune, or --NAME=false."
        )
    if verb not in COMMANDS and os.path.isdir(verb):
        raise InputError(f"{verb!r} is no verb: a folder of images is given as --image_dir={verb}.")
    if verb not in COMMANDS:
        raise InputError(unknown_name(verb, COMMANDS, "verb"))
    if files and not COMMANDS[verb].takes_words:
        raise InputError(f"{verb} takes flags only, but was given {files[0]!r}: write --NAME=VALUE.")
    return verb, tuple(files)


def _values(flags: absl_flags.FlagValues) -> dict[str, Any]:
    """The values that were given, by the name of their field."""
    sources = {name: name for name in FIELDS if flags[name].present}
    for alias, name in ALIASES.items():
        if not flags[alias].present:
            continue
        _check_equal(flags[sources.setdefault(name, alias)], flags[alias])
    values = {name: flags[source].value for name, source in sources.items()}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


def _check_equal(first: absl_flags.Flag, other: absl_flags.Flag) -> None:
    if first.value != other.value:
        raise InputError(f"--{first.name} and --{other.name} mean the same, but differ: give one of the two.")


def _former(flags: absl_flags.FlagValues, verb: str) -> list[str]:
    """The flags of the predecessors that were given, and that nothing reads any more."""
    values = {name: flags[name].value for name in FORMER if flags[name].present}
    for name, value in values.items():
        if verb != "train":
            raise InputError(f"--{name}={value} is not read by {verb}: it applies to train.")
    if sentences := refusal(values):
        raise InputError(sentences)
    return list(values)
