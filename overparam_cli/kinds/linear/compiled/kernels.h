/* The gradient of a batch of linear predictors, and optimisers' steps on top of it; bound by ctypes.

   Losses lp with even p >= 4, one output:  G = X^T (X W - y)^(p-1) / n.  X lies once, in blocks of ROWS rows; a block
   goes forward and, while its residuals are in the first-level cache, backward. The rows are cut into segments, whose
   sums are added in one fixed tree: the number of threads changes no bit. NaN and infinity stay in their columns.

   l2:  G = A W - b  with A = X^T X / n and b = X^T y / n, in double precision whatever W's; one thread. */
#ifndef OVERPARAM_KERNELS_H
#define OVERPARAM_KERNELS_H

#include <stddef.h>

#include "pool.h"

enum { VERSION = 5 }; /* of this interface; `library.py` asks for it */
enum { ROWS = 96, PANEL = 64, DEEP = 2 * PANEL, PAD = 16, SLICES = 4, MOST_SEGMENTS = 16, FEW = 4 };

/* A family: trials of one optimiser whose columns of W stand together. They are chains of scalars a_2 ... a_{m+1} times
   a first layer; or, where `layers` is not 0, of so many matrices, layer j of (sizes[j], sizes[j - 1]) numbers, the last
   one of one row, and then m is 0, `real` is of no meaning, and params and state are (B, P), layers one after another;
   or, where it is END_TO_END, W_e itself (d, B), moved as N layers would move it (Eq. 12), m is 0 and `real` (B) has N.
   The rules are those of kinds/optimizers, where their formulas stand; so do the names of `state` and `hyper`. */
enum { GD, MOMENTUM, ADAGRAD, ADADELTA, ADAM };
enum { END_TO_END = -1 };
typedef struct {
    int d, m, B, rule;              /* features, scalars, trials */
    void *params;                   /* (d + m, B): first layers, then scalars, 1 where there is no such layer */
    const void *real, *rate, *decay; /* (m, B) 1 where there is one; (B) learning rates; (B) weight decays */
    void *state[2];                 /* (d + m, B) each */
    double hyper[4];
    void *W, *G;                    /* (d, ld): room for the end-to-end columns and their gradient */
    int ld;                         /* the same for all families of a batch */
    int layers;
    const int *sizes;               /* layers + 1: d, ..., 1 */
} Chain;

typedef struct Kernel Kernel;
typedef void Segment(const Kernel *, int from, int to, void *sums, void *scratch);
typedef void Forward(const Kernel *, int block, int rows, const void *W, void *out);
typedef void Gram(Kernel *, const void *W, int ldw, void *G, int ldg);
typedef void Descend(Kernel *, const Chain *, int count, long done, int steps, void *scratch);

/* Functions of one instruction set and precision; of a kernel of l2, forward is in double, gram and descend as W is. */
typedef struct {
    const char *name;
    int lanes;
    Segment *segment;
    Forward *forward;
    Gram *gram;
    Descend *descend;
} Tiles;

struct Kernel {
    int n, d, p, gram;           /* rows and columns of X; gram: X is A and y is b */
    int bytes;                   /* of a number of W: 4 or 8 */
    int ldx, blocks, most;       /* d rounded up to PANEL, n / ROWS rounded up, trials there is room for */
    int segments, threads;       /* threads: to use now */
    void *X, *Y;                 /* block by block: [panel of PANEL features][ROWS][PANEL]; one a row */
    void *sums, *scratch, *turned; /* of segments; residuals of a block, of each thread; W turned round, for few trials */
    void *wide, *chain;          /* of l2: W and G in double; of descent: products of scalars */
    size_t chain_bytes;
    Tiles tiles;                 /* the instruction set */
    Pool *pool;
    int B, ldw, ldr, ldg;        /* of this call, as is the next line; ldr: of the residuals */
    const void *W;
    void *G;
};

int overparam_version(void);
int overparam_sets(void);           /* how many instruction sets this processor has of those compiled, best first */
const char *overparam_set(int which);
Kernel *overparam_new(const void *X, const void *Y, int n, int d, int p, int bytes, int most, int threads, int which);
void overparam_free(Kernel *);
int overparam_use(Kernel *, int threads); /* how many are used then */
void overparam_gradient(Kernel *, const void *W, int ldw, void *G, int ldg, int B);
/* `steps` iterations after `done` of `count` families; 0, or -1 where there is no memory, and nothing is done then */
int overparam_descend(Kernel *, const Chain *, int count, long done, int steps);
double overparam_peak(int bytes, int which, int rounds);    /* operations of `rounds` times as many multiply-adds as fit */

#endif
