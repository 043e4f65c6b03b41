/* Threads that claim tasks. A run has two stages: `first` tasks, and then `second` ones, which begin when all of the
   first are done. Whoever comes takes the next task, so a thread that the system keeps waiting holds up little; at the
   barriers of OpenMP all wait for the slowest, on a busy machine a hundred times as long as the work takes. */
#ifndef OVERPARAM_POOL_H
#define OVERPARAM_POOL_H

typedef struct Pool Pool;
typedef void Task(void *work, int task, int thread); /* `thread` counts from 0, the caller */

/* `threads` are helpers and the caller; fewer where the system gives none, NULL where there is no memory */
Pool *pool_new(int threads, int first, int second, Task *one, Task *two);
void pool_free(Pool *);
int pool_threads(const Pool *);

/* All tasks, by the caller and helpers, `threads` of them in all at the most */
void pool_run(Pool *, void *work, int threads);

#endif
