"""WHAT is computed: pure functions of tensors and arrays, shapes documented, no I/O, nothing of ours but the errors."""
