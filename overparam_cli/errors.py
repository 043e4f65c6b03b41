"""The errors a user can meet. The library raises them; the command line prints one line and exits with `exit_code`.

A message says what is wrong, why, and what to do about it, in one line. The exit codes are part of the interface and
are listed in the README; 0 is success, 130 is an interrupted run that can be continued.
"""


class OverparamError(Exception):
    """Base of every error that is the user's to mend."""

    exit_code = 1


class ConfigError(OverparamError):
    """A config file, an option or a name is wrong (the same code Click uses for bad usage)."""

    exit_code = 2


class DataUnavailableError(OverparamError):
    """The data set is neither in the cache nor to be had from the network."""

    exit_code = 3


class DataInvalidError(OverparamError):
    """The data set is there, but it is not what it should be: damaged, misparsed, or unfit for regression."""

    exit_code = 4


class LogError(OverparamError):
    """A results folder is missing, damaged, or written under another schema version."""

    exit_code = 5


class UnreadableError(LogError):
    """A results folder may not be read: it is somebody else's, perhaps."""

    exit_code = 7


class BusyError(OverparamError):
    """Another run is writing to the same results folder."""

    exit_code = 6


class StorageError(OverparamError):
    """Results cannot be written: no space, no permission."""

    exit_code = 7


class OutputError(StorageError):
    """Standard output cannot be written: the disk is full, or it is closed."""


class ReaderGoneError(OverparamError):
    """Whoever read standard output has gone away (`overparam table | head -1`): there is nothing left to say."""

    exit_code = 141


class NotReproducedError(OverparamError):
    """`overparam verify --strict` found a claim that does not hold, or has no verdict."""

    exit_code = 8


class ClusterError(OverparamError):
    """The cluster that is to train cannot be reached, or its workers die or cannot do it."""

    exit_code = 9


class RunInterrupted(OverparamError):
    """Ctrl-C or a termination signal: the checkpoint is saved and the same command goes on."""

    exit_code = 130
