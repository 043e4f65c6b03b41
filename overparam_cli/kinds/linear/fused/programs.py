"""What runs on the GPU: Triton programs, each of which many instances run of at once.

Nothing here waits for another instance. A barrier of the whole grid inside one launch would need all instances on the
GPU at the same time. Triton can ask for that, but its interpreter, the only place where this can be tested without a
GPU, cannot do it: there, instances run one after another. So ℓp, whose gradient is a sum over all rows of the data,
takes two launches an iteration, the end of the first being the barrier; recorded as a graph, a hundred iterations are
asked for at a time. ℓ2 needs no barrier: XᵀX and Xᵀy are all there is of the data, and trials do not interact, so an
instance has one trial, keeps XᵀX in its registers, and makes any number of iterations in one launch.

Sums are in a fixed order: the same bits every time. Products are in the weights' full precision ("ieee": no TF32).
"""

import triton
import triton.language as tl


@triton.jit
def _times(a, b):
    return a * b


@triton.jit
def _power(base, exponent: tl.constexpr):
    """base^exponent by squares, exponent ≤ 511; nothing is squared that is not needed, for it might overflow."""
    result = tl.full(base.shape, 1.0, base.dtype)
    for bit in tl.static_range(9):
        if (exponent >> bit) % 2 == 1:
            result = result * base
        if (exponent >> (bit + 1)) > 0:
            base = base * base
    return result


@triton.jit
def partial_gradients(
    X, y, W, partial, n, d, B, width, m,
    P: tl.constexpr, ROWS: tl.constexpr, COLS: tl.constexpr, D: tl.constexpr, M: tl.constexpr,
):  # fmt: skip
    """X_rᵀ (X_r W_e − y_r)^{P−1} of one block r of rows and COLS trials, into `partial` (blocks, B, d).

    X (n, d), y (n). W: W_e (d, width) if M is 0, else the parameters (d + m, width) of scalar chains with m ≤ M
    scalars, whose W_e is the product of their scalars times their first layer. D: features at a time, a power of 2.
    """
    rows = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    cols = tl.program_id(1) * COLS + tl.arange(0, COLS)
    here = cols < B
    R = tl.zeros((ROWS, COLS), dtype=X.dtype.element_ty)
    for start in range(0, d, D):
        own = start + tl.arange(0, D)
        x = tl.load(X + rows[:, None] * d + own[None, :], mask=(rows < n)[:, None] & (own < d)[None, :], other=0.0)
        w = tl.load(W + own[:, None] * width + cols[None, :], mask=(own < d)[:, None] & here[None, :], other=0.0)
        R += tl.dot(x, w, input_precision="ieee", out_dtype=X.dtype.element_ty)
    if M > 0:
        layer = tl.arange(0, M)
        a = tl.load(
            W + (d + layer)[:, None] * width + cols[None, :], mask=(layer < m)[:, None] & here[None, :], other=1.0
        )
        R = R * tl.reduce(a, 0, _times)[None, :]
    R = R - tl.load(y + rows, mask=rows < n, other=0.0)[:, None]
    slope = R * _power(R * R, (P - 2) // 2)
    slope = tl.where((rows < n)[:, None], slope, 0.0)
    place = (tl.program_id(0).to(tl.int64) * B + cols)[None, :] * d
    for start in range(0, d, D):
        own = start + tl.arange(0, D)
        x = tl.load(X + rows[:, None] * d + own[None, :], mask=(rows < n)[:, None] & (own < d)[None, :], other=0.0)
        G = tl.dot(tl.trans(x), slope, input_precision="ieee", out_dtype=X.dtype.element_ty)
        tl.store(partial + place + own[:, None], G, mask=(own < d)[:, None] & here[None, :])


@triton.jit
def _sum(partial, b, own, d, B, blocks, BLOCKS: tl.constexpr, D: tl.constexpr):
    """Σ over blocks of rows of what `partial` has of trial b and the features `own`, (D)."""
    total = tl.zeros((D,), dtype=partial.dtype.element_ty)
    for start in range(0, blocks, BLOCKS):
        block = start + tl.arange(0, BLOCKS)
        place = (block.to(tl.int64) * B + b)[:, None] * d + own[None, :]
        total += tl.sum(
            tl.load(partial + place, mask=(block < blocks)[:, None] & (own < d)[None, :], other=0.0), axis=0
        )
    return total


@triton.jit
def sum_gradients(partial, G, n, d, B, width, blocks, BLOCKS: tl.constexpr, D: tl.constexpr):
    """G (d, width) of one trial and D features: the sum of `partial` over the blocks of rows, over n."""
    b = tl.program_id(0)
    own = tl.program_id(1) * D + tl.arange(0, D)
    tl.store(G + own * width + b, _sum(partial, b, own, d, B, blocks, BLOCKS, D) / n, mask=own < d)


@triton.jit
def _chain(params, real, b, own, d, B, m, D: tl.constexpr, M: tl.constexpr):
    """Of trial b: W_1 (D), the scalars (M), which of them there are (M), the products of all and of all but one (M)."""
    layer = tl.arange(0, M)
    w = tl.load(params + own * B + b, mask=own < d, other=0.0)
    a = tl.load(params + (d + layer) * B + b, mask=layer < m, other=1.0)
    there = tl.load(real + layer * B + b, mask=layer < m, other=0.0)
    # Without dividing (a scalar may be 0). A 0 in a pad's own place silences it.
    others = tl.where(layer[:, None] == layer[None, :], there[:, None], a[None, :])
    return w, a, there, tl.reduce(a, 0, _times), tl.reduce(others, 1, _times)


@triton.jit
def _descent(w, a, there, scale, others, G, lr, penalty):
    """One step of Eq. 4 from G = ∇L(W_e), by App. A.1."""
    overlap = tl.sum(w * G, axis=0)
    return w - lr * (scale * G + penalty * w), a - lr * (others * overlap + penalty * there * a)


@triton.jit
def move_chains(
    partial, params, real, rate, decay, n, d, B, m, blocks,
    BLOCKS: tl.constexpr, D: tl.constexpr, M: tl.constexpr,
):  # fmt: skip
    """One step of trial b's chain, its gradient being the sum of `partial` over the blocks of rows, over n."""
    b = tl.program_id(0)
    own, layer = tl.arange(0, D), tl.arange(0, M)
    w, a, there, scale, others = _chain(params, real, b, own, d, B, m, D, M)
    G = _sum(partial, b, own, d, B, blocks, BLOCKS, D) / n
    w, a = _descent(w, a, there, scale, others, G, tl.load(rate + b), tl.load(decay + b))
    tl.store(params + own * B + b, w, mask=own < d)
    tl.store(params + (d + layer) * B + b, a, mask=layer < m)


@triton.jit(do_not_specialize=["steps"])
def descend_gram(
    gram, params, real, rate, decay, d, B, m, steps,
    D: tl.constexpr, M: tl.constexpr,
):  # fmt: skip
    """`steps` steps of trial b's chain on ℓ2: G = (XᵀX W_e − XᵀY)/n in float64 from `gram`, (d, d + 1)."""
    b = tl.program_id(0)
    own, layer = tl.arange(0, D), tl.arange(0, M)
    inside = (own < d)[:, None] & (own < d)[None, :]
    A = tl.load(gram + own[:, None] * (d + 1) + own[None, :], mask=inside, other=0.0)
    c = tl.load(gram + own * (d + 1) + d, mask=own < d, other=0.0)
    lr, penalty = tl.load(rate + b), tl.load(decay + b)
    w, a, there, scale, others = _chain(params, real, b, own, d, B, m, D, M)
    for _ in range(steps):  # down the columns of XᵀX, which is symmetric: along rows, lanes would have to be summed
        W_e = (w * scale).to(tl.float64)
        G = (tl.sum(A * W_e[:, None], axis=0) + c).to(w.dtype)
        w, a = _descent(w, a, there, scale, others, G, lr, penalty)
        scale = tl.reduce(a, 0, _times)
        others = tl.reduce(tl.where(layer[:, None] == layer[None, :], there[:, None], a[None, :]), 1, _times)
    tl.store(params + own * B + b, w, mask=own < d)
    tl.store(params + (d + layer) * B + b, a, mask=layer < m)
