/* The words that rows are written in, for an integer T; core/elementary_c.h is the same for a real T. */
#define FN static inline __attribute__((unused))
#define C(v) ((T)(v))
#define FABS(x) ((x) < 0 ? -(x) : (x))
#define ISNAN(x) ((void)(x), (T)0)
#include "kernels/integers.h"
