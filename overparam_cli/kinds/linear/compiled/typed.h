/* What is done in one precision, for each instruction set. Included once for each, with REAL, INTEGER (as wide), ROOT
   (its square root) and TYPED(name), a name with the precision in it. */
#if defined(__x86_64__)
#define BYTES 64
#define TARGET __attribute__((target("avx512f,avx2,fma")))
#define NV 3
#define ROWS_OF(nv) ((nv) == 1 ? 24 : (nv) == 2 ? 12 : 8)
#define IV 4
#define IT 6
#include "tiles.h"
#define BYTES 32
#define TARGET __attribute__((target("avx2,fma")))
#define NV 2
#define ROWS_OF(nv) ((nv) == 1 ? 12 : 6)
#define IV 2
#define IT 6
#include "tiles.h"
#endif
#define BYTES 16 /* NEON; SSE2, which has half as many registers and spills */
#define TARGET
#define NV 4
#define ROWS_OF(nv) 6
#define IV 4
#define IT 6
#include "tiles.h"

#define SET(name, bytes) {name, bytes / (int)sizeof(REAL), TYPED(segment_##bytes), TYPED(forward_##bytes), TYPED(gram_##bytes), TYPED(descend_##bytes)}
static const Tiles TYPED(tiles)[] = {
#if defined(__x86_64__)
    SET("avx512", 64),
    SET("avx2", 32),
    SET("sse2", 16),
#else
    SET("128-bit vectors", 16),
#endif
};
static double (*const TYPED(peaks)[])(int) = {
#if defined(__x86_64__)
    TYPED(peak_64),
    TYPED(peak_32),
#endif
    TYPED(peak_16),
};
#undef SET

/* X (n, d) into blocks of panels */
static void TYPED(lay_out)(Kernel *c, const void *X, const void *Y) {
    const REAL *from = X;
    REAL *to = c->X;
    for (size_t i = 0; i < (size_t)c->n; i++)
        for (size_t f = 0; f < (size_t)c->d; f++)
            to[(i / ROWS * c->ldx + f / PANEL * PANEL) * ROWS + i % ROWS * PANEL + f % PANEL] = from[i * c->d + f];
    memcpy(c->Y, Y, c->n * sizeof(REAL));
}

/* W (d, ldw) as rows of trials, what pads them zeros */
static void TYPED(turn)(const Kernel *c, const void *W) {
    REAL *to = c->turned;
    for (int j = 0; j < (c->B + FEW - 1) / FEW * FEW; j++)
        for (int f = 0; f < c->d; f++) to[(size_t)j * c->ldx + f] = j < c->B ? ((const REAL *)W)[(size_t)f * c->ldw + j] : 0;
}

/* The trials of one slice: the tree over the segments' sums, then into G */
static void TYPED(slice)(void *work, int slice, int thread) {
    const Kernel *c = work;
    const size_t ldx = c->ldx, size = (size_t)c->B * ldx;
    const size_t from = (size_t)c->B * slice / SLICES, to = (size_t)c->B * (slice + 1) / SLICES;
    REAL *sums = c->sums, *G = c->G;
    (void)thread;
    for (int b = 1; b < c->segments; b *= 2)
        for (int s = 0; s + b < c->segments; s += 2 * b) {
            REAL *restrict sum = sums + s * size;
            const REAL *restrict other = sums + (s + b) * size;
            for (size_t i = from * ldx; i < to * ldx; i++) sum[i] += other[i];
        }
    const REAL scale = (REAL)1 / (REAL)c->n;
    for (size_t i = 0; i < (size_t)c->d; i += 8) /* features of a cache line together */
        for (size_t j = from; j < to; j++)
            for (size_t f = i; f < i + 8 && f < (size_t)c->d; f++) G[f * c->ldg + j] = scale * sums[j * ldx + f];
}

static void TYPED(sum)(void *work, int task, int thread) {
    const Kernel *c = work;
    c->tiles.segment(c, c->blocks * task / c->segments, c->blocks * (task + 1) / c->segments,
                      (REAL *)c->sums + (size_t)task * c->B * c->ldx, (REAL *)c->scratch + (size_t)thread * c->most * ROWS);
}
