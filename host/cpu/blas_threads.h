/* OpenBLAS has threads of its own, which stay off while ours do the work. */
#ifndef CLGRAD_HOST_CPU_BLAS_THREADS_H
#define CLGRAD_HOST_CPU_BLAS_THREADS_H

/*
 * Before every call of BLAS or LAPACK: the first one turns OpenBLAS's threads off for the whole process. Two pools that
 * spin on the same cores cost 20 to 60 times (performance.md 4).
 */
void cg_blas_use_one_thread(void);

#endif
