"""The subjects: one folder for each kind of experiment."""
