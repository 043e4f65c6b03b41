/* What of the arithmetic hangs on the processor: subnormal numbers, which are slow, are zero; pauses of a thread that
   waits. */
#ifndef OVERPARAM_ARITHMETIC_H
#define OVERPARAM_ARITHMETIC_H

#if !defined(__GNUC__)
#error "the compiled kernel needs the vector extensions of GCC or Clang"
#endif

#if defined(__x86_64__)
#include <xmmintrin.h>

static inline unsigned flush_subnormals(void) {
    const unsigned before = _mm_getcsr();
    _mm_setcsr(before | 0x8040); /* flush to zero, denormals are zero */
    return before;
}
static inline void restore_subnormals(unsigned before) { _mm_setcsr(before); }
#define PAUSE _mm_pause()
#else
static inline unsigned flush_subnormals(void) { return 0; }
static inline void restore_subnormals(unsigned before) { (void)before; }
#define PAUSE ((void)0)
#endif

#endif
