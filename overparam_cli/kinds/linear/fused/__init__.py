"""The gradient kernel for GPUs, written in Triton."""
