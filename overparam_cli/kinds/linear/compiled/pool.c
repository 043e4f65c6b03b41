#include "pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "arithmetic.h"

enum { SPIN = 2000 }; /* pauses before a thread sleeps: some 100 microseconds */

struct Pool {
    int threads, first, second;
    Task *one, *two;
    void *work;                               /* of this run, as is the next line */
    atomic_int next, begun, done, run, using; /* tasks claimed, of the first stage done, of both; which run; threads */
    atomic_int asleep, quit;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct Helper { Pool *pool; int id; pthread_t thread; } helper[];
};

static void await(atomic_int *count, int enough) {
    for (int spin = 0; atomic_load(count) < enough; spin++)
        if (spin < SPIN) PAUSE;
        else sched_yield();
}

static void take_tasks(Pool *pool, int thread) {
    const int first = pool->first, all = first + pool->second;
    for (int task; (task = atomic_fetch_add(&pool->next, 1)) < all; atomic_fetch_add(&pool->done, 1)) {
        if (task < first) {
            pool->one(pool->work, task, thread);
            atomic_fetch_add(&pool->begun, 1);
        } else {
            await(&pool->begun, first);
            pool->two(pool->work, task - first, thread);
        }
    }
}

static void *help(void *at) {
    const struct Helper *self = at;
    Pool *pool = self->pool;
    int seen = 0;
    const unsigned before = flush_subnormals();
    while (!atomic_load(&pool->quit)) {
        const int awake = atomic_load(&pool->using) > self->id ? SPIN : 0;
        for (int spin = 0; atomic_load(&pool->run) == seen && spin < awake; spin++) PAUSE;
        if (atomic_load(&pool->run) == seen) {
            pthread_mutex_lock(&pool->lock);
            atomic_fetch_add(&pool->asleep, 1);
            while (atomic_load(&pool->run) == seen && !atomic_load(&pool->quit))
                pthread_cond_wait(&pool->wake, &pool->lock);
            atomic_fetch_sub(&pool->asleep, 1);
            pthread_mutex_unlock(&pool->lock);
        }
        seen = atomic_load(&pool->run);
        if (atomic_load(&pool->using) > self->id) take_tasks(pool, self->id);
    }
    restore_subnormals(before);
    return NULL;
}

Pool *pool_new(int threads, int first, int second, Task *one, Task *two) {
    Pool *pool = calloc(1, sizeof *pool + (size_t)threads * sizeof *pool->helper);
    if (!pool) return NULL;
    *pool = (Pool){.threads = 1, .first = first, .second = second, .one = one, .two = two};
    atomic_store(&pool->next, first + second);
    pthread_mutex_init(&pool->lock, NULL), pthread_cond_init(&pool->wake, NULL);
    for (; pool->threads < threads; pool->threads++) {
        struct Helper *helper = &pool->helper[pool->threads];
        helper->pool = pool, helper->id = pool->threads;
        if (pthread_create(&helper->thread, NULL, help, helper)) break;
    }
    return pool;
}

static void wake_all(Pool *pool) {
    pthread_mutex_lock(&pool->lock);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
}

void pool_free(Pool *pool) {
    if (!pool) return;
    atomic_store(&pool->quit, 1);
    wake_all(pool);
    for (int id = 1; id < pool->threads; id++) pthread_join(pool->helper[id].thread, NULL);
    pthread_mutex_destroy(&pool->lock), pthread_cond_destroy(&pool->wake);
    free(pool);
}

int pool_threads(const Pool *pool) { return pool->threads; }

void pool_run(Pool *pool, void *work, int threads) {
    if (threads <= 1 || pool->threads == 1) {
        for (int task = 0; task < pool->first; task++) pool->one(work, task, 0);
        for (int task = 0; task < pool->second; task++) pool->two(work, task, 0);
        return;
    }
    pool->work = work;
    atomic_store(&pool->begun, 0), atomic_store(&pool->done, 0), atomic_store(&pool->using, threads);
    atomic_store(&pool->next, 0); /* the last of these: from here on a helper may claim a task */
    atomic_fetch_add(&pool->run, 1);
    if (atomic_load(&pool->asleep)) wake_all(pool);
    take_tasks(pool, 0);
    await(&pool->done, pool->first + pool->second);
}
