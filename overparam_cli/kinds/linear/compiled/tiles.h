/* The inner loops for one instruction set and one precision. Included once for each, with

   REAL, ROOT, TYPED  the precision, its square root, and names with it
   BYTES, TARGET      of a vector; its functions' attribute
   NV, ROWS_OF(nv)    a forward tile is ROWS_OF(nv) rows x nv <= NV vectors of trials
   IV, IT             a backward tile is IV vectors of features x IT trials

   so that accumulators fill the registers. Strides within a block are known at compile time. */
#define CAT_(a, b) a##b
#define CAT(a, b) CAT_(a, b)
#define N(name) TYPED(CAT(name, BYTES))
#define V N(vector_)
#define U N(unaligned_)
#define MASK N(mask_)
#define VL (BYTES / (int)sizeof(REAL))
/* One trial, or two, have too few sums to hide how long a multiply-add takes (4 cycles, 2 at once), and so take more
   vectors of features, as far as a panel goes */
#define WIDEST 8
#define LONE (PANEL / VL < WIDEST ? PANEL / VL : WIDEST)
#define PAIR 4
#define TILE static inline __attribute__((always_inline)) TARGET

typedef REAL V __attribute__((vector_size(BYTES), may_alias));
typedef REAL U __attribute__((vector_size(BYTES), may_alias, aligned(sizeof(REAL))));
typedef INTEGER MASK __attribute__((vector_size(BYTES)));

/* Lanes of two vectors, counted from the first one's first */
TILE V N(pick_)(const V a, const V b, const MASK lanes) {
#if defined(__clang__)
    V picked;
    UNROLL for (int l = 0; l < VL; l++) picked[l] = lanes[l] < VL ? a[lanes[l]] : b[lanes[l] - VL];
    return picked;
#else
    return __builtin_shuffle(a, b, lanes);
#endif
}

/* r^(p-1), p even, by squares */
TILE void N(raise_)(const int p, V *r) {
    V square = *r * *r;
    if (p == 4) *r *= square;
    else for (int e = p / 2 - 1; e; e >>= 1, square *= square)
        if (e & 1) *r *= square;
}

/* a[i][.] += x[i][0] w for `rows` rows of a panel */
TILE void N(rank_one_)(const int rows, const int nv, V a[][NV], const REAL *x, const REAL *w) {
    V u[NV];
    UNROLL for (int v = 0; v < nv; v++) u[v] = ((const V *)w)[v];
    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < nv; v++) a[i][v] += x[i * PANEL] * u[v];
}

/* r = (X W - y)^(p-1) for `rows` rows and nv vectors of trials; meanwhile fetches as many rows from `next` on. Of features
   [from, to) alone: r has what the ones before came to, and is raised when all are in. x, next and w are at `from`. */
TILE void N(rows_forward_)(const int rows, const int nv, const Kernel *c, const REAL *x, const REAL *next, const REAL *y, const REAL *w, REAL *r, const int from, const int to) {
    enum { STEP = 4, LINE = 64 / sizeof(REAL) };
    V a[24][NV];
    if (from) UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < nv; v++) a[i][v] = ((const V *)(r + i * c->ldr))[v];
    else UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < nv; v++) a[i][v] = (V){0} - y[i];
    for (int left = to - from; left > 0; left -= PANEL, x += ROWS * PANEL, next += ROWS * PANEL) {
        const int depth = left < PANEL ? left : PANEL;
        int k = 0;
        for (; k + STEP <= depth; k += STEP) {
            UNROLL for (int l = 0; l < rows * STEP / LINE; l++) __builtin_prefetch(next + k * rows + LINE * l);
            UNROLL for (int s = 0; s < STEP; s++, w += c->ldw) N(rank_one_)(rows, nv, a, x + k + s, w);
        }
        for (; k < depth; k++, w += c->ldw) N(rank_one_)(rows, nv, a, x + k, w);
    }
    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < nv; v++) {
        if (to == c->d) N(raise_)(c->p, &a[i][v]);
        ((V *)(r + i * c->ldr))[v] = a[i][v];
    }
}

/* The same for T trials with vectors along the features, VL / T rows at a time; w (T, ldx) is W turned round. A tree
   adds up each accumulator's lanes, all accumulators at once: lane l of the last vector is the sum of the l-th. */
TILE void N(dots_)(const int T, const Kernel *c, const REAL *x, const REAL *y, const REAL *w, REAL *r) {
    const int rows = VL / T;
    V a[VL];
    MASK even, odd, own;
    UNROLL for (int l = 0; l < VL; l++) a[l] = (V){0}, even[l] = 2 * l, odd[l] = 2 * l + 1, own[l] = l / T;
    for (int left = c->d; left > 0; left -= PANEL, x += ROWS * PANEL, w += PANEL)
        for (int k = 0; k < PANEL && k < left; k += VL) {
            V u[FEW];
            UNROLL for (int t = 0; t < T; t++) u[t] = *(const V *)(w + t * c->ldx + k);
            UNROLL for (int i = 0; i < rows; i++) {
                const V f = *(const V *)(x + i * PANEL + k);
                UNROLL for (int t = 0; t < T; t++) a[i * T + t] += f * u[t];
            }
        }
    UNROLL for (int half = VL / 2; half; half /= 2)
        UNROLL for (int l = 0; l < half; l++) a[l] = N(pick_)(a[2 * l], a[2 * l + 1], even) + N(pick_)(a[2 * l], a[2 * l + 1], odd);
    const V labels = *(const U *)y;
    a[0] -= N(pick_)(labels, labels, own);
    N(raise_)(c->p, a);
    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int t = 0; t < T; t++) r[i * c->ldr + t] = a[0][i * T + t];
}

/* g (+)= r^T x: `rows` rows, iv vectors of features, T trials */
TILE void N(rows_backward_)(const int T, const int iv, const Kernel *c, const int rows, const REAL *x, const REAL *r, REAL *g, const int fresh) {
    V a[IT][WIDEST];
    UNROLL for (int j = 0; j < T; j++) UNROLL for (int v = 0; v < iv; v++)
        a[j][v] = fresh ? (V){0} : ((const V *)(g + j * c->ldx))[v];
    for (int row = 0; row < rows; row++, x += PANEL, r += c->ldr) {
        V f[WIDEST];
        UNROLL for (int v = 0; v < iv; v++) f[v] = ((const V *)x)[v];
        UNROLL for (int j = 0; j < T; j++) UNROLL for (int v = 0; v < iv; v++) a[j][v] += r[j] * f[v];
    }
    UNROLL for (int j = 0; j < T; j++) UNROLL for (int v = 0; v < iv; v++) ((V *)(g + j * c->ldx))[v] = a[j][v];
}

/* Residuals' powers of the first `rows` rows of a block, into out (ROWS, ldr); some rows more may be written. */
static TARGET void N(forward_)(const Kernel *c, int block, int rows, const void *W, void *out) {
    const REAL *x = (const REAL *)c->X + (size_t)block * ROWS * c->ldx, *y = (const REAL *)c->Y + (size_t)block * ROWS;
    REAL *r = out;
    if (few(c->B, VL)) {
        const REAL *w = c->turned;
        for (int j = 0; j < c->B; j += FEW, w += FEW * c->ldx) {
            const int T = c->B - j;
#define CASE(t) for (int i = 0; i < rows; i += VL / t) N(dots_)(t, c, x + i * PANEL, y + i, w, r + i * c->ldr + j)
            if (T == 1) CASE(1);
            else if (T == 2) CASE(2);
            else CASE((VL < FEW ? VL : FEW));
#undef CASE
        }
        return;
    }
    const int vectors = (c->B + VL - 1) / VL, panels = (vectors + NV - 1) / NV;
    const REAL *w = W;
    for (int from = 0, to; from < c->d; from = to, x += ROWS * DEEP, w += (size_t)DEEP * c->ldw) {
        to = from + DEEP < c->d ? from + DEEP : c->d; /* so much of W stays in the first-level cache */
        const REAL *after = x + (to < c->d ? ROWS * DEEP : ROWS * (c->ldx - from)); /* the next ones; the next block */
        for (int panel = 0, j = 0; panel < panels; panel++) {
            const int nv = vectors / panels + (panel < vectors % panels);
#define CASE(nv) \
    case nv: \
        if (nv <= NV) for (int i = 0; i < rows; i += ROWS_OF(nv)) { \
            const REAL *next = i + ROWS_OF(nv) < rows ? x + (i + ROWS_OF(nv)) * PANEL : after; \
            N(rows_forward_)(ROWS_OF(nv), nv <= NV ? nv : 1, c, x + i * PANEL, next, y + i, w + j, r + i * c->ldr + j, from, to); \
        } \
        break;
            switch (nv) { CASE(1) CASE(2) CASE(3) CASE(4) }
#undef CASE
            j += nv * VL;
        }
    }
}

/* Blocks [from, to) into sums (B, ldx), in as equal groups of trials as can be */
static TARGET void N(segment_)(const Kernel *c, int from, int to, void *sums, void *scratch) {
    _Static_assert(IV <= WIDEST && PAIR * VL <= PANEL && LONE * VL <= PANEL, "a backward tile is within a panel");
    const int B = c->B, groups = (B + IT - 1) / IT, wide = VL * (B == 1 ? LONE : B == 2 ? PAIR : IV);
    REAL *g = sums, *r = scratch;
    for (int block = from; block < to; block++) {
        const REAL *x = (const REAL *)c->X + (size_t)block * ROWS * c->ldx;
        const int left = c->n - block * ROWS, rows = left < ROWS ? left : ROWS;
        N(forward_)(c, block, rows, c->W, r);
        for (int i = 0, whole; i < c->d; i += whole ? wide : VL) {
            whole = B <= 2 || c->d - i > (IV - 1) * VL;
            for (int group = 0, j = 0; group < groups; group++) {
                const int T = B / groups + (group < B % groups);
                const REAL *features = x + i / PANEL * ROWS * PANEL + i % PANEL;
                REAL *sum = g + (size_t)j * c->ldx + i;
#define CASE(t) \
    case t: \
        if (whole) N(rows_backward_)(t, t == 1 ? LONE : t == 2 ? PAIR : IV, c, rows, features, r + j, sum, block == from); \
        else N(rows_backward_)(t, 1, c, rows, features, r + j, sum, block == from); \
        break;
                switch (T) { CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) }
#undef CASE
                j += T;
            }
        }
    }
    if (from == to) for (size_t i = 0; i < (size_t)B * c->ldx; i++) g[i] = 0;
}

/* l2: W widened, A W - b, and back */
static TARGET void N(gram_)(Kernel *c, const void *W, int ldw, void *G, int ldg) {
    double *wide = c->wide, *out = c->scratch;
    const REAL *from = W;
    REAL *to = G;
    const int width = (c->B + PAD - 1) / PAD * PAD, B = c->B;
    for (int i = 0; i < c->d; i++, wide += width, from += ldw) APART for (int j = 0; j < B; j++) wide[j] = from[j];
    c->ldw = width;
    if (few(B, c->tiles.lanes)) turn_f64(c, c->wide);
    for (int block = 0; block < c->blocks; block++) {
        const int left = c->d - block * ROWS;
        c->tiles.forward(c, block, left < ROWS ? left : ROWS, c->wide, out + (size_t)block * ROWS * c->ldr);
    }
    for (int i = 0; i < c->d; i++, out += c->ldr, to += ldg) APART for (int j = 0; j < B; j++) to[j] = (REAL)out[j];
}

/* A chain's products of scalars, (m + 3, B): all of them, what pulls at them, of those before one, of those after each */
typedef struct { REAL *scale, *pull, *below, *above; } N(Products_);
TILE N(Products_) N(products_)(const Chain *chain, REAL *room) {
    const size_t B = chain->B;
    return (N(Products_)){room, room + B, room + 2 * B, room + 3 * B};
}

/* End-to-end columns into W */
static TARGET void N(compose_)(const Chain *chain, REAL *room) {
    const int d = chain->d, m = chain->m, B = chain->B, ld = chain->ld;
    const N(Products_) of = N(products_)(chain, room);
    const REAL *restrict first = chain->params, *restrict scalars = first + (size_t)d * B;
    REAL *restrict W = chain->W, *restrict scale = of.scale, *restrict above = of.above;
    for (int j = 0; j < B; j++) scale[j] = 1, of.pull[j] = 0, of.below[j] = 1;
    for (int q = m - 1; q >= 0; q--)
        for (int j = 0; j < B; j++) above[q * B + j] = scale[j], scale[j] *= scalars[q * B + j];
    for (int i = 0; i < d; i++, first += B, W += ld) APART for (int j = 0; j < B; j++) W[j] = first[j] * scale[j];
}

/* Hyperparameters as a rule uses them in its t-th step */
static void N(numbers_)(const Chain *chain, long t, REAL h[6]) {
    const double *given = chain->hyper;
    for (int i = 0; i < 4; i++) h[i] = (REAL)given[i];
    if (chain->rule == ADADELTA) h[2] = (REAL)(1 - given[0]);
    if (chain->rule == ADAM) {
        const double correction = sqrt(1 - pow(given[1], (double)t));
        h[2] = (REAL)(1 - given[0]), h[3] = (REAL)(1 - given[1]);
        h[4] = (REAL)(given[3] != 0 ? given[2] * correction : given[2]);
        h[5] = (REAL)(correction / (1 - pow(given[0], (double)t)));
    }
}

/* A parameter w of gradient g after its rule's step; s, u: its state */
TILE REAL N(moved_)(const int rule, const REAL *h, const REAL w, REAL g, const REAL rate, REAL *s, REAL *u) {
    switch (rule) {
    case MOMENTUM: g = *s = h[0] * *s + g; break;
    case ADAGRAD: *s += g * g, g = g / (ROOT(*s) + h[0]); break;
    case ADADELTA:
        *s = h[0] * *s + h[2] * (g * g);
        g = g * (1 / ROOT(*s + h[1])) * ROOT(*u + h[1]);
        *u = h[0] * *u + h[2] * (g * g);
        break;
    case ADAM:
        *s = h[0] * *s + h[2] * g, *u = h[1] * *u + h[3] * (g * g);
        g = *s / (ROOT(*u) + h[4]) * h[5];
    }
    return w - rate * g;
}

/* Every parameter's step, from G; weight decay (Eq. 4) is part of the gradient */
TILE void N(step_)(const int rule, const Chain *chain, const REAL *h, REAL *room) {
    const int d = chain->d, m = chain->m, B = chain->B, ld = chain->ld;
    const N(Products_) of = N(products_)(chain, room);
    REAL *restrict first = chain->params, *restrict scalars = first + (size_t)d * B;
    REAL *restrict s = chain->state[0] ? chain->state[0] : first, *restrict u = chain->state[1] ? chain->state[1] : first;
    const REAL *restrict real = chain->real, *restrict rate = chain->rate, *restrict decay = chain->decay, *restrict G = chain->G;
    const REAL *restrict scale = of.scale, *restrict above = of.above;
    REAL *restrict pull = of.pull, *restrict below = of.below;
    for (int i = 0; i < d; i++, first += B, s += B, u += B, G += ld)
        APART for (int j = 0; j < B; j++) {
            const REAL w = first[j], g = G[j];
            pull[j] += w * g;
            first[j] = N(moved_)(rule, h, w, scale[j] * g + decay[j] * w, rate[j], s + j, u + j);
        }
    for (int q = 0; q < m; q++)
        for (int j = 0; j < B; j++) {
            const REAL a = scalars[q * B + j], slope = below[j] * above[q * B + j] * pull[j] + decay[j] * a;
            const int at = q * B + j;
            if (real[q * B + j]) scalars[q * B + j] = N(moved_)(rule, h, a, slope, rate[j], s + at, u + at);
            below[j] *= a;
        }
}

/* out[.] = sum over r of a[r] W[r][.], W (rows, n) */
static TARGET void N(combine_)(const int rows, const int n, const REAL *a, const REAL *W, REAL *out) {
    enum { MOST = 4 };
    int c = 0;
#define CASE(wide) \
    for (; c + wide * VL <= n; c += wide * VL) { \
        V sum[wide]; \
        UNROLL for (int v = 0; v < wide; v++) sum[v] = (V){0}; \
        for (int r = 0; r < rows; r++) UNROLL for (int v = 0; v < wide; v++) \
            sum[v] += a[r] * *(const U *)(W + (size_t)r * n + c + v * VL); \
        UNROLL for (int v = 0; v < wide; v++) *(U *)(out + c + v * VL) = sum[v]; \
    }
    CASE(MOST)
    CASE(1)
#undef CASE
    for (; c < n; c++) {
        REAL sum = 0;
        for (int r = 0; r < rows; r++) sum += a[r] * W[(size_t)r * n + c];
        out[c] = sum;
    }
}

TILE REAL N(dot_)(const int n, const REAL *a, const REAL *b) {
    V even = {0}, odd = {0};
    REAL sum = 0;
    int c = 0;
    for (; c + 2 * VL <= n; c += 2 * VL) {
        even += *(const U *)(a + c) * *(const U *)(b + c);
        odd += *(const U *)(a + c + VL) * *(const U *)(b + c + VL);
    }
    even += odd;
    UNROLL for (int l = 0; l < VL; l++) sum += even[l];
    for (; c < n; c++) sum += a[c] * b[c];
    return sum;
}

/* A chain of matrices: how many numbers a trial's parameters are, and the heights of its layers, which is how many its
   products of all layers above one (rows of such heights) are; those stand in the room, trial by trial */
TILE void N(extent_)(const Chain *chain, size_t *parameters, size_t *heights) {
    *parameters = *heights = 0;
    for (int j = 1; j <= chain->layers; j++)
        *heights += chain->sizes[j], *parameters += (size_t)chain->sizes[j] * chain->sizes[j - 1];
}

/* A trial's end-to-end column into W, multiplied from the output down */
TILE void N(compose_matrices_)(const Chain *chain, const int b, const size_t parameters, const size_t heights, REAL *room) {
    REAL *W = chain->W, *whole = room + heights * chain->B, *above = room + (b + 1) * heights - 1;
    const REAL *layer = (const REAL *)chain->params + (b + 1) * parameters;
    *above = 1;
    for (int j = chain->layers; j > 0; j--) {
        const int rows = chain->sizes[j], n = chain->sizes[j - 1];
        REAL *product = j > 1 ? above - n : whole;
        layer -= (size_t)rows * n;
        N(combine_)(rows, n, above, layer, product);
        above = product;
    }
    for (int i = 0; i < chain->d; i++) W[(size_t)i * chain->ld + b] = whole[i];
}

static TARGET void N(compose_all_matrices_)(const Chain *chain, REAL *room) {
    size_t parameters, heights;
    N(extent_)(chain, &parameters, &heights);
    for (int b = 0; b < chain->B; b++) N(compose_matrices_)(chain, b, parameters, heights, room);
}

/* Every parameter's step: a layer's gradient is what is above it times what is below, G (W_{j-1} ... W_1)^T. And at once,
   while a trial's layers are in the second-level cache, their product */
TILE void N(step_matrices_)(const int rule, const Chain *chain, const REAL *h, REAL *room) {
    size_t parameters, heights;
    N(extent_)(chain, &parameters, &heights);
    const REAL *G = chain->G, *above = room;
    REAL *params = chain->params, *one = chain->state[0] ? chain->state[0] : params, *two = chain->state[1] ? chain->state[1] : params;
    REAL *below = room + heights * chain->B, *next = below + (room_of(chain) - heights * chain->B) / 2;
    for (int b = 0; b < chain->B; b++) {
        const REAL rate = ((const REAL *)chain->rate)[b], decay = ((const REAL *)chain->decay)[b];
        for (int i = 0; i < chain->d; i++) below[i] = G[(size_t)i * chain->ld + b];
        for (int j = 1; j <= chain->layers; j++) {
            const int rows = chain->sizes[j], n = chain->sizes[j - 1];
            for (int r = 0; r < rows; r++, above++, params += n, one += n, two += n) {
                if (j < chain->layers) next[r] = N(dot_)(n, params, below);
                const REAL pull = *above;
                const REAL *restrict under = below;
                REAL *restrict w = params, *restrict s = one, *restrict u = two;
                for (int c = 0; c < n; c++) w[c] = N(moved_)(rule, h, w[c], pull * under[c] + decay * w[c], rate, s + c, u + c);
            }
            REAL *swap = below;
            below = next, next = swap;
        }
        N(compose_matrices_)(chain, b, parameters, heights, room);
    }
}

/* W_e itself into W */
static TARGET void N(copy_)(const Chain *chain) {
    const size_t B = chain->B, ld = chain->ld;
    for (size_t i = 0; i < (size_t)chain->d; i++) memcpy((REAL *)chain->W + i * ld, (const REAL *)chain->params + i * B, B * sizeof(REAL));
}

/* The end-to-end rule, LOT trials at a time: the gradient is |W|^(2-2/N) (G + (N-1) <W, G> W / |W|^2), that of W = 0 is
   0 for N > 1, and weight decay is that of N layers. Sums are in double precision: |W| may be below the root of the least
   number. */
TILE void N(step_whole_)(const int rule, const Chain *chain, const REAL *h) {
    enum { LOT = 16 };
    const size_t B = chain->B, ld = chain->ld;
    const REAL *depths = chain->real, *rate = chain->rate, *decay = chain->decay, *G = chain->G;
    REAL *W = chain->params, *s = chain->state[0] ? chain->state[0] : W, *u = chain->state[1] ? chain->state[1] : W;
    for (size_t from = 0; from < B; from += LOT) {
        const int lot = B - from < LOT ? (int)(B - from) : LOT;
        double square[LOT] = {0}, overlap[LOT] = {0};
        REAL scale[LOT], along[LOT], shrink[LOT];
        for (size_t i = 0; i < (size_t)chain->d; i++)
            for (int j = 0; j < lot; j++) {
                const double w = W[i * B + from + j];
                square[j] += w * w, overlap[j] += w * G[i * ld + from + j];
            }
        for (int j = 0; j < lot; j++) {
            const double depth = depths[from + j], norm = sqrt(square[j]), power = pow(norm, 2 - 2 / depth);
            scale[j] = (REAL)power, shrink[j] = decay[from + j] * (REAL)depth;
            along[j] = depth > 1 && norm > 0 ? (REAL)((depth - 1) * overlap[j] / norm * power / norm) : 0;
        }
        for (size_t i = 0; i < (size_t)chain->d; i++)
            for (int j = 0; j < lot; j++) {
                const size_t at = i * B + from + j;
                const REAL w = W[at], g = scale[j] * G[i * ld + from + j] + along[j] * w + shrink[j] * w;
                W[at] = N(moved_)(rule, h, w, g, rate[from + j], s + at, u + at);
            }
    }
}

TILE void N(compose_any_)(const Chain *chain, const int step, REAL *room) {
    if (chain->layers == END_TO_END) N(copy_)(chain);
    else if (!chain->layers) N(compose_)(chain, room);
    else if (!step) N(compose_all_matrices_)(chain, room); /* otherwise the step before has done so */
}

static TARGET void N(descend_)(Kernel *c, const Chain *chains, int count, long done, int steps, void *scratch) {
    int B = 0;
    for (int f = 0; f < count; f++) B += chains[f].B;
    for (int step = 0; step < steps; step++) {
        REAL *room = scratch, h[6];
        for (int f = 0; f < count; room += room_of(chains + f++)) N(compose_any_)(chains + f, step, room);
        overparam_gradient(c, chains->W, chains->ld, chains->G, chains->ld, B);
        room = scratch;
        for (int f = 0; f < count; room += room_of(chains + f++)) {
            const Chain *chain = chains + f;
            N(numbers_)(chain, done + step + 1, h);
#define CASE(rule) \
    case rule: \
        if (chain->layers == END_TO_END) N(step_whole_)(rule, chain, h); \
        else if (chain->layers) N(step_matrices_)(rule, chain, h, room); \
        else N(step_)(rule, chain, h, room); \
        break;
            switch (chain->rule) { CASE(GD) CASE(MOMENTUM) CASE(ADAGRAD) CASE(ADADELTA) CASE(ADAM) }
#undef CASE
        }
    }
}

/* Multiply-adds of registers alone, as many at a time as the longest chain of them needs */
static TARGET double N(peak_)(int rounds) {
    enum { CHAINS = 12 };
    V a[CHAINS], x = (V){0} + (REAL)0.999, y = (V){0} + (REAL)1e-3;
    UNROLL for (int i = 0; i < CHAINS; i++) a[i] = (V){0} + (REAL)i;
    for (int round = 0; round < rounds; round++) UNROLL for (int i = 0; i < CHAINS; i++) a[i] = a[i] * x + y;
    V sum = a[0];
    UNROLL for (int i = 1; i < CHAINS; i++) sum += a[i];
    REAL kept = 0;
    UNROLL for (int l = 0; l < VL; l++) kept += sum[l];
    return kept > -1 ? 2.0 * CHAINS * VL * rounds : 0; /* always the former: what is not used is not computed */
}

#undef TILE
#undef WIDEST
#undef LONE
#undef PAIR
#undef VL
#undef MASK
#undef U
#undef V
#undef N
#undef CAT
#undef CAT_
#undef TARGET
#undef BYTES
#undef NV
#undef ROWS_OF
#undef IV
#undef IT
