"""The one error that is shown to a user as a sentence: everything else is a bug and keeps its traceback."""


class InputError(ValueError):
    """What was expected, what was found, where, and what to do: one full sentence.

    `status` is the exit status of the command line.
    """

    status = 2


class RefusedError(InputError):
    """What the system refuses, such as a file on a full disk: whatever was to be done is not at fault."""


class LostWorkerError(InputError):
    """A worker that did not come, or was lost: the same command may succeed, and goes on.

    Its status is the one that Kubeflow's training operator keeps for what is to be started again.
    """

    status = 138
