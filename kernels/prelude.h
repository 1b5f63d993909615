/*
 * The vocabulary of elementary.h and of rows for OpenCL C 1.2, for one type and width.
 *
 * The host defines TYPE (the number of a dtype), W (lanes: 1, 2, 4, 8 or 16), WIDE (1: indices are long) and
 * ALIGNED (1: pointers are aligned to W elements). The defaults here let a file be compiled by itself.
 *   T, I, U     W lanes of the type, and of integers as wide; TS, IS, US one lane
 *   INDEX       of elements in a buffer and of work-items
 */
#ifndef PRELUDE_H
#define PRELUDE_H

#pragma OPENCL FP_CONTRACT OFF
#ifdef cl_khr_fp64
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#endif

#define CG_F32 0
#define CG_F64 1
#define CG_I32 2
#define CG_I64 3
#define CG_U8 4
#define CG_BOOL 5

#ifndef TYPE
#define TYPE CG_F32
#endif
#ifndef W
#define W 1
#endif
#ifndef WIDE
#define WIDE 0
#endif
#ifndef ALIGNED
#define ALIGNED 0
#endif

#define FN static inline
#define APART static __attribute__((noinline)) /* compilers take half as long over loops that stand apart */
#define UNROLL _Pragma("unroll") /* in a macro; elsewhere #pragma unroll */
#define GLUE_(a, b) a##b
#define GLUE(a, b) GLUE_(a, b)

/* name of a type or conversion, for W lanes */
#if W == 1
#define LANES(name) name
#else
#define LANES(name) GLUE(name, W)
#endif

#if WIDE
typedef long INDEX;
typedef ulong UINDEX;
typedef LANES(long) INDEX_LANES;
#else
typedef int INDEX;
typedef uint UINDEX;
typedef LANES(int) INDEX_LANES;
#endif

#if TYPE == CG_F32
#define CG_BITS 32
#define REAL 1
#define TS float
#define IS int
#define US uint
#elif TYPE == CG_F64
#define CG_BITS 64
#define REAL 1
#define TS double
#define IS long
#define US ulong
#elif TYPE == CG_I32
#define CG_BITS 32
#define REAL 0
#define TS int
#define IS int
#define US uint
#else
#define CG_BITS 64
#define REAL 0
#define TS long
#define IS long
#define US ulong
#endif

typedef LANES(TS) T;
typedef LANES(IS) I;
typedef LANES(US) U;
#define TO_TS GLUE(convert_, TS)
#define TO_T LANES(GLUE(convert_, TS))
#define AS_T LANES(GLUE(as_, TS))
#define AS_I LANES(GLUE(as_, IS))
#define AS_U LANES(GLUE(as_, US))

/*
 * A constant. Where there are no doubles there are no double literals. Of integers: Oclgrind 21.10 makes 255 of the 1
 * in `x < y ? 1 : 0` once the compiler has turned that into a widened comparison of vectors; the call, which costs
 * nothing elsewhere, hides the constant from it.
 */
#if TYPE == CG_F64
#define C(v) ((T)(v))
#elif REAL
#define C(v) ((T)(v##f))
#else
#define C(v) ((T)min((TS)(v##f), (TS)(v##f)))
#endif
#define CI(v) ((I)(IS)(v))
#define CU(v) ((U)(US)(v##u))

#if REAL
#define FMA(a, b, c) fma(a, b, c)
#define SQRT(x) sqrt(x)
#define FABS(x) fabs(x)
#define ISNAN(x) ((x) != (x))
#else
#define FABS(x) max(x, -(x))
#define ISNAN(x) ((I)(0))
#endif

/* W neighbouring elements of a buffer or of private memory */
#if W == 1
#define VLOAD(p) (*(p))
#define VSTORE(v, p) (*(p) = (v))
#else
#define VLOAD(p) GLUE(vload, W)(0, p)
#define VSTORE(v, p) GLUE(vstore, W)(v, 0, p)
#endif

/*
 * The same of global memory. PoCL makes vload16 and vstore16 of parts, which its compiler does not join again where a
 * branch is near; a vector type that may begin at any element stays one access.
 */
#if defined(__clang__) && W > 4
#define ANYWHERE(element) __attribute__((aligned(sizeof(element))))
#define LOAD_ANYWHERE(type, p) (*(const __global type *)(p))
#define STORE_ANYWHERE(type, v, p) (*(__global type *)(p) = (v))
#else
#define ANYWHERE(element)
#define LOAD_ANYWHERE(type, p) VLOAD(p)
#define STORE_ANYWHERE(type, v, p) VSTORE(v, p)
#endif
typedef T ANYWHERE(TS) T_ANYWHERE;
#define GLOAD(p) LOAD_ANYWHERE(T_ANYWHERE, p)
#define GSTORE(v, p) STORE_ANYWHERE(T_ANYWHERE, v, p)

/* 0, 1, 2, ... in the lanes */
#if W == 1
#define LANE_LIST (0)
#elif W == 2
#define LANE_LIST (0, 1)
#elif W == 4
#define LANE_LIST (0, 1, 2, 3)
#elif W == 8
#define LANE_LIST (0, 1, 2, 3, 4, 5, 6, 7)
#else
#define LANE_LIST (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
#endif
#define LANE_NUMBERS ((I)LANE_LIST)

/* a / b for a >= 0, b > 0 */
FN INDEX divide(INDEX a, INDEX b) { return (INDEX)((UINDEX)a / (UINDEX)b); }

#endif
