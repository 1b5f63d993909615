#include "host/cpu/blas_threads.h"

#include <pthread.h>

/* OpenBLAS's way to set its threads; other libraries do not have it. */
extern void openblas_set_num_threads(int n) __attribute__((weak));

static void use_one_thread(void) {
    if (openblas_set_num_threads) openblas_set_num_threads(1);
}

void cg_blas_use_one_thread(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, use_one_thread);
}
