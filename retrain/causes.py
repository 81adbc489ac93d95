"""What the words of somebody else's error say, in a line.

TensorFlow puts where a graph was built before what went wrong in it, and the node behind.
"""

import re

PLACES = re.compile(
    r'Graph execution error|Detected at node|<stack traces unavailable>|File "|\d+ root error'
)
MARKS = re.compile(r"^\(\d+\) [A-Za-z_ ]+: +|\{\{function_node .*?\}\} *| \[Op:\w*\].*$")


def cause_of(error: BaseException) -> str:
    """The line that says what went wrong; the error's type where it has no words."""
    lines = [line.strip() for line in str(error).splitlines()]
    places = [index for index, line in enumerate(lines) if PLACES.match(line)]
    behind = lines[places[-1] + 1 :] if places else lines
    said = [line for line in behind if line and not line.startswith("[[")] or list(filter(None, lines))
    return MARKS.sub("", said[0]) if said else type(error).__name__
