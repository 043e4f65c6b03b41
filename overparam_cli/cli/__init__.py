"""The command line: parse, call, print. Every command stands once."""
