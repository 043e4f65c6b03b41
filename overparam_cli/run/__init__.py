"""From a plan to a finished run folder: jobs, locks, checkpoints, reuse."""
