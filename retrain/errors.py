"""The one error that is shown to a user as a sentence: everything else is a bug and keeps its traceback."""


class InputError(ValueError):
    """What was expected, what was found, where, and what to do: one full sentence."""


class RefusedError(InputError):
    """What the system refuses, such as a file on a full disk: whatever was to be done is not at fault."""
