#include "kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "arithmetic.h"

#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#define APART _Pragma("clang loop vectorize(assume_safety)") /* no iteration of a loop writes what another one reads */
#pragma clang diagnostic ignored "-Wpass-failed" /* builds that do not optimise leave loops as they are */
#else
#define UNROLL _Pragma("GCC unroll 32")
#define APART _Pragma("GCC ivdep")
#endif

/* Whether vectors go along the features rather than along the trials, most of whose lanes would be empty */
static inline int few(int B, int lanes) { return 2 * B <= lanes || B == 1; }

/* Numbers that a family needs between the gradient's call and its own: see `Products_` and `above_` of tiles.h */
static inline size_t room_of(const Chain *chain) {
    if (chain->layers == END_TO_END) return 0;
    if (!chain->layers) return (size_t)(chain->m + 3) * chain->B;
    size_t heights = 0, most = 0;
    for (int j = 0; j <= chain->layers; j++) {
        const size_t size = (size_t)chain->sizes[j];
        if (j) heights += size;
        if (size > most) most = size;
    }
    return heights * chain->B + 2 * most;
}

static void turn_f64(const Kernel *, const void *W);

#define TYPED(name) CONCATENATED(name, KIND)
#define CONCATENATED(a, b) CONCATENATED_(a, b)
#define CONCATENATED_(a, b) a##_##b
#define REAL double
#define ROOT __builtin_sqrt
#define INTEGER long long
#define KIND f64
#include "typed.h"
#undef REAL
#undef ROOT
#undef INTEGER
#undef KIND
#define REAL float
#define ROOT __builtin_sqrtf
#define INTEGER int
#define KIND f32
#include "typed.h"

int overparam_version(void) { return VERSION; }

static const int compiled = sizeof tiles_f64 / sizeof *tiles_f64;

/* How many of those compiled, best first, are beyond this processor */
static int beyond(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return 2;
    if (!__builtin_cpu_supports("avx512f")) return 1;
#endif
    return 0;
}

int overparam_sets(void) { return compiled - beyond(); }

const char *overparam_set(int which) { return tiles_f64[beyond() + which].name; }

double overparam_peak(int bytes, int which, int rounds) {
    return (bytes == 8 ? peaks_f64 : peaks_f32)[beyond() + which](rounds);
}

/* Zeros, at least one, at the start of a page; NULL where there is no memory */
static void *room(size_t numbers, size_t bytes) {
    const size_t pages = (numbers * bytes + 4095) / 4096 + 1;
    void *at = aligned_alloc(4096, pages * 4096);
    return at ? memset(at, 0, pages * 4096) : NULL;
}

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

void overparam_free(Kernel *c) {
    if (!c) return;
    pool_free(c->pool);
    free(c->X), free(c->Y), free(c->sums), free(c->scratch), free(c->turned), free(c->wide), free(c->chain), free(c);
}

Kernel *overparam_new(const void *X, const void *Y, int n, int d, int p, int bytes, int most, int threads, int which) {
    Kernel *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    const int gram = p == 2, inside = gram ? 8 : bytes; /* bytes of a number of X */
    c->n = n, c->d = d, c->p = p, c->gram = gram, c->bytes = bytes, c->most = (most + PAD - 1) / PAD * PAD;
    c->ldx = (d + PANEL - 1) / PANEL * PANEL, c->blocks = (n + ROWS - 1) / ROWS;
    c->segments = c->blocks / 6 < 1 ? 1 : c->blocks / 6 > MOST_SEGMENTS ? MOST_SEGMENTS : c->blocks / 6;
    c->threads = gram ? 1 : threads < c->segments ? threads : c->segments;
    c->tiles = (inside == 8 ? tiles_f64 : tiles_f32)[beyond() + which];
    const Tiles *own = (bytes == 8 ? tiles_f64 : tiles_f32) + beyond() + which;
    c->tiles.gram = own->gram, c->tiles.descend = own->descend;
    const size_t rows = (size_t)c->blocks * ROWS, columns = c->most, residuals = gram ? rows : (size_t)c->threads * ROWS;
    c->X = room((rows + ROWS) * c->ldx, inside), c->Y = room(rows + ROWS, inside);
    c->sums = room(gram ? 0 : c->segments * columns * c->ldx, inside), c->scratch = room(residuals * columns, inside);
    c->turned = room(larger(PAD, FEW) * c->ldx, inside), c->wide = room(gram ? d * columns : 0, 8);
    c->pool = pool_new(c->threads, c->segments, SLICES, bytes == 8 ? sum_f64 : sum_f32, bytes == 8 ? slice_f64 : slice_f32);
    if (!c->X || !c->Y || !c->sums || !c->scratch || !c->turned || !c->wide || !c->pool) return overparam_free(c), NULL;
    (inside == 8 ? lay_out_f64 : lay_out_f32)(c, X, Y);
    return c;
}

int overparam_use(Kernel *c, int threads) {
    return c->threads = threads < pool_threads(c->pool) ? threads : pool_threads(c->pool);
}

void overparam_gradient(Kernel *c, const void *W, int ldw, void *G, int ldg, int B) {
    const unsigned before = flush_subnormals();
    const int lone = few(B, c->tiles.lanes);
    c->W = W, c->ldw = ldw, c->G = G, c->ldg = ldg, c->B = B;
    c->ldr = lone ? (B + FEW - 1) / FEW * FEW : (B + PAD - 1) / PAD * PAD;
    if (c->gram) c->tiles.gram(c, W, ldw, G, ldg);
    else {
        if (lone) (c->bytes == 8 ? turn_f64 : turn_f32)(c, W);
        pool_run(c->pool, c, c->threads);
    }
    restore_subnormals(before);
}

int overparam_descend(Kernel *c, const Chain *chains, int count, long done, int steps) {
    size_t bytes = 0;
    for (int f = 0; f < count; f++) bytes += room_of(chains + f) * c->bytes;
    if (bytes > c->chain_bytes) {
        void *more = room(bytes, 1);
        if (!more) return -1;
        free(c->chain);
        c->chain = more, c->chain_bytes = bytes;
    }
    const unsigned before = flush_subnormals();
    c->tiles.descend(c, chains, count, done, steps, c->chain);
    restore_subnormals(before);
    return 0;
}
