/* The compiled kernel's checks in C, for builds with sanitizers (`make sanitize`): every instruction set, precision, few
   and many trials, one thread and four, against loops written out in long double; exits with 1 at the first that fails. */
#include "kernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned long long seed = 1;
static double draw(void) { /* in [-1, 1) */
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (double)(seed >> 11) / (double)(1ULL << 52) - 1;
}

static double get(const void *at, size_t i, int bytes) { return bytes == 8 ? ((const double *)at)[i] : ((const float *)at)[i]; }
static void put(void *at, size_t i, int bytes, double value) {
    if (bytes == 8) ((double *)at)[i] = value;
    else ((float *)at)[i] = (float)value;
}
static void *numbers(size_t count, int bytes, int random) { /* exactly so many, for the sanitizer; a line is 64 bytes */
    void *at = aligned_alloc(64, (count * bytes + 63) / 64 * 64);
    for (size_t i = 0; i < count; i++) put(at, i, bytes, random ? draw() : 0);
    return at;
}

static void expect(int ok, const char *what, int n, int d, int B, int bytes, int which, int threads) {
    if (ok) return;
    printf("%s: n %d, d %d, %d trials, %d bytes, %s, %d threads\n", what, n, d, B, bytes, overparam_set(which), threads);
    exit(1);
}

static void check_gradient(int n, int d, int B, int p, int bytes, int which, int threads) {
    const int width = (B + PAD - 1) / PAD * PAD, data = p == 2 ? 8 : bytes;
    void *X = numbers((size_t)n * d, data, 1), *Y = numbers(n, data, 1);
    void *W = numbers((size_t)d * width, bytes, 1), *G = numbers((size_t)d * width, bytes, 0);
    Kernel *c = overparam_new(X, Y, n, d, p, bytes, B, threads, which);
    for (int call = 0; call < 3; call++) {
        overparam_use(c, 1 + call * threads / 2);
        overparam_gradient(c, W, width, G, width, B);
        for (int j = 0; j < B; j += 1 + B / 3)
            for (int f = d - 1; f >= 0; f -= 1 + d / 5) { /* the last one, of a panel that is not full, among them */
                long double sum = 0;
                for (int i = 0; i < n; i++) {
                    long double r = -get(Y, i, data);
                    for (int k = 0; k < d; k++) r += (long double)get(X, (size_t)i * d + k, data) * get(W, (size_t)k * width + j, bytes);
                    if (p == 2) sum = i == f ? r : sum;
                    else sum += powl(r, p - 1) * get(X, (size_t)i * d + f, data) / n;
                }
                const double error = fabs((double)(get(G, (size_t)f * width + j, bytes) - sum)) / (1 + fabs((double)sum));
                expect(error < (bytes == 8 ? 1e-11 : 1e-3), "gradient", n, d, B, bytes, which, threads);
            }
    }
    overparam_free(c);
    free(X), free(Y), free(W), free(G);
}

/* Families of every rule beside each other: steps cut in two are the same steps; scalars that stand for no layer stay 1 */
static void check_descent(int n, int d, int B, int p, int bytes, int which, int threads) {
    enum { RULES = 5, FAMILIES = 3 * RULES };
    const int width = (FAMILIES * B + PAD - 1) / PAD * PAD, data = p == 2 ? 8 : bytes, m = 3;
    const int sizes[] = {d, 3, 18, 1}, numbers_of = 3 * d + 18 * 3 + 18;
    const double hyper[RULES][4] = {{0}, {0.9}, {0}, {0.95, 1e-8}, {0.9, 0.999, 1e-8, 1}};
    const int slots[RULES] = {0, 1, 1, 2, 2};
    void *X = numbers((size_t)n * d, data, 1), *Y = numbers(n, data, 1);
    void *W = numbers((size_t)d * width, bytes, 0), *G = numbers((size_t)d * width, bytes, 0);
    void *real = numbers((size_t)m * B, bytes, 0), *depths = numbers(B, bytes, 0), *rate = numbers(B, bytes, 0), *decay = numbers(B, bytes, 0);
    for (int j = 0; j < B; j++) {
        put(rate, j, bytes, 1e-3), put(depths, j, bytes, 1 + j % 4), put(decay, j, bytes, j % 2 ? 0.1 : 0);
        for (int q = 0; q < m; q++) put(real, (size_t)q * B + j, bytes, q < j % (m + 1));
    }
    Chain chains[2][FAMILIES];
    for (int way = 0; way < 2; way++) for (int family = 0; family < FAMILIES; family++) {
        Chain *chain = &chains[way][family];
        const int rule = family % RULES, matrices = family / RULES == 1, whole = family / RULES == 2;
        const size_t size = (size_t)(matrices ? numbers_of : whole ? d : d + m) * B;
        *chain = (Chain){d, matrices || whole ? 0 : m, B, rule, numbers(size, bytes, !way), whole ? depths : real, rate, decay,
                         {0}, {0}, (char *)W + (size_t)family * B * bytes, (char *)G + (size_t)family * B * bytes, width,
                         whole ? END_TO_END : matrices ? 3 : 0, sizes};
        for (int i = 0; i < 4; i++) chain->hyper[i] = hyper[rule][i];
        for (int s = 0; s < slots[rule]; s++) {
            chain->state[s] = numbers(size, bytes, 0);
            if (rule == ADAGRAD) for (size_t i = 0; i < size; i++) put(chain->state[s], i, bytes, 0.1);
        }
        if (way) for (size_t i = 0; i < size; i++) put(chain->params, i, bytes, get(chains[0][family].params, i, bytes));
        else if (family < RULES) for (int j = 0; j < B; j++) for (int q = j % (m + 1); q < m; q++) put(chain->params, (size_t)(d + q) * B + j, bytes, 1);
    }
    Kernel *c = overparam_new(X, Y, n, d, p, bytes, FAMILIES * B, threads, which);
    expect(!overparam_descend(c, chains[1], FAMILIES, 0, 5) && !overparam_descend(c, chains[0], FAMILIES, 0, 2) &&
           !overparam_descend(c, chains[0], FAMILIES, 2, 3), "memory", n, d, B, bytes, which, threads);
    for (int family = 0; family < FAMILIES; family++) {
        const int scalars = family < RULES;
        for (size_t i = 0; i < (size_t)(scalars ? d + m : family < 2 * RULES ? numbers_of : d) * B; i++) {
            const double a = get(chains[0][family].params, i, bytes);
            expect(a == get(chains[1][family].params, i, bytes), "descent", n, d, B, bytes, which, threads);
            if (scalars && i >= (size_t)d * B && !get(real, i - (size_t)d * B, bytes))
                expect(a == 1, "pad", n, d, B, bytes, which, threads);
        }
        for (int way = 0; way < 2; way++)
            free(chains[way][family].params), free(chains[way][family].state[0]), free(chains[way][family].state[1]);
    }
    overparam_free(c);
    free(X), free(Y), free(W), free(G), free(real), free(depths), free(rate), free(decay);
}

int main(void) {
    const int shapes[][2] = {{1, 1}, {3, 5}, {96, 64}, {97, 65}, {601, 33}, {1300, 20}}, batches[] = {1, 2, 3, 7, 13, 17, 50};
    expect(overparam_version() == VERSION && overparam_sets() > 0, "version", 0, 0, 0, 0, 0, 0);
    for (int which = 0; which < overparam_sets(); which++)
        for (int bytes = 4; bytes <= 8; bytes += 4)
            for (size_t b = 0; b < sizeof batches / sizeof *batches; b++) {
                for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
                    for (int threads = 1; threads <= 4; threads += 3)
                        for (int p = 4; p <= 6; p += 2) check_gradient(shapes[s][0], shapes[s][1], batches[b], p, bytes, which, threads);
                check_gradient(65, 65, batches[b], 2, bytes, which, 1);
                check_descent(1300, 10, batches[b], 4, bytes, which, 4);
                check_descent(70, 70, batches[b], 2, bytes, which, 1);
            }
    printf("%d instruction sets, best %s: all checks hold\n", overparam_sets(), overparam_set(0));
    return 0;
}
