"""The programs of the Triton kernel, compiled for an H100, which needs none: what became of each, as JSON."""

import json
from typing import Any

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from overparam_cli.kinds.linear.fused import programs

NUMBERS = {"n", "d", "B", "width", "m", "blocks", "steps"}
FIXED = {"P": 4, "ROWS": 32, "COLS": 16, "D": 128, "M": 2, "BLOCKS": 16}  # as kernel.py has them for Figure 3
H100 = GPUTarget("cuda", 90, 32)


def compiled(program: str, dtype: str) -> dict[str, Any]:
    function = getattr(programs, program)
    kinds = dict.fromkeys(FIXED, "constexpr") | dict.fromkeys(NUMBERS, "i32") | {"gram": "*fp64"}
    signature = {name: kinds.get(name, f"*{dtype}") for name in function.arg_names}
    fixed = {name: value for name, value in FIXED.items() if name in signature}
    source = ASTSource(fn=function, signature=signature, constexprs=fixed)
    made = triton.compile(source, target=H100, options={"num_warps": 8, "enable_fp_fusion": True})
    return {"bytes": len(made.asm["cubin"]), "tf32": "tf32" in made.asm["ptx"], "shared": made.metadata.shared}


if __name__ == "__main__":
    names = ("partial_gradients", "sum_gradients", "move_chains", "descend_gram")
    print(json.dumps({f"{name} {dtype}": compiled(name, dtype) for name in names for dtype in ("fp32", "fp64")}))
