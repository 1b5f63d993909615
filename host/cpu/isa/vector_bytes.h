/* The bytes of a vector register of the instruction set that a file is compiled for. */
#ifndef CLGRAD_HOST_CPU_ISA_VECTOR_BYTES_H
#define CLGRAD_HOST_CPU_ISA_VECTOR_BYTES_H

#if defined(__AVX512F__)
#define VEC_BYTES 64
#elif defined(__AVX2__)
#define VEC_BYTES 32
#else
#define VEC_BYTES 16
#endif

#endif
