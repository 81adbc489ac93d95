"""What is shown of text that strangers have written: no name moves the cursor, colours a line or hides one.

Names of files, classes and modules may hold anything but NUL. Files keep them as they are.
"""

import contextlib
import re
from collections.abc import Callable, Iterator

# Control characters but tab and line feed, those that turn the direction of writing, bytes that are no text.
HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

_words: list[Callable[[str], str]] = [str]


def printable(text: str) -> str:
    r"""The text with such characters as Python writes them, `\x1b` for an escape."""
    return HIDDEN.sub(lambda found: ascii(found[0])[1:-1], text)


def say(text: str = "", end: str = "\n") -> None:
    """Prints the text so, in the words of the innermost `worded`."""
    print(printable(_words[-1](text)), end=end)


@contextlib.contextmanager
def worded(words: Callable[[str], str]) -> Iterator[None]:
    """Within, `words` makes of a text what is said."""
    _words.append(words)
    try:
        yield
    finally:
        _words.remove(words)
