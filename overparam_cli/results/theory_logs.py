"""Names of `record`, until everyone imports them from there."""

from overparam_cli.results.record import TABLE, THEORY, Record, find_names, find_records

__all__ = ["TABLE", "THEORY", "Record", "find_names", "find_records", "read_record"]

read_record = Record.read
