/*
 * .npy headers of the right form with types, orders and sizes of the fuzzer's choice. An oracle with 128-bit integers says
 * which are valid, and where each element of a valid one stands in the file.
 */
#include "fuzz_file.h"

#include <clgrad/npy.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

__extension__ typedef __int128 int128;

enum { MAX_DIMS = 10, MAX_DATA = 2048, HEADER = 400 };

static const struct {
    const char *name;
    int size;
    cg_dtype dtype;
} types[] = {{"b1", 1, CG_BOOL}, {"i1", 1, CG_I32}, {"i2", 2, CG_I32}, {"i4", 4, CG_I32}, {"i8", 8, CG_I64},
             {"u1", 1, CG_U8},   {"u2", 2, CG_I32}, {"u4", 4, CG_I64}, {"u8", 8, CG_I64}, {"f2", 2, CG_F32},
             {"f4", 4, CG_F32},  {"f8", 8, CG_F64}, {"c8", 8, CG_F32}, {"O8", 8, CG_F32}};
enum { READABLE = 12 };

/* The number of elements; -1 if memory cannot hold them. A dim of 0 hides no overflow; a negative one is no size. */
static int128 oracle_elements(int rank, const int64_t *dim) {
    int128 product = 1;
    bool empty = false;
    for (int i = 0; i < rank; i++) {
        if (dim[i] < 0) return -1;
        if (dim[i] == 0) empty = true;
        if (dim[i] > 0 && product <= INT64_MAX) product *= dim[i];
    }
    return product > INT64_MAX / 8 ? -1 : empty ? 0 : product;
}

/* Where element i, counted row-major, stands in Fortran order. */
static int64_t fortran_place(int64_t i, int rank, const int64_t *dim) {
    int64_t index[MAX_DIMS], place = 0;
    for (int a = rank - 1; a >= 0; a--) {
        index[a] = i % dim[a];
        i /= dim[a];
    }
    for (int a = rank - 1; a >= 0; a--) place = place * dim[a] + index[a];
    return place;
}

/* The bytes are all below 64, so that their value in any whole type is the sum of shifted bytes, and no real is NaN. */
static double oracle_whole(const uint8_t *at, int size, bool big) {
    uint64_t value = 0;
    for (int i = 0; i < size; i++) value = value << 8 | at[big ? i : size - 1 - i];
    return (double)(int64_t)value;
}

static void check_elements(const cg_array *a, int type, bool big, bool fortran, const int64_t *dim,
                           const uint8_t *data) {
    if (a->dtype != types[type].dtype) fuzz_fail("another dtype");
    for (int64_t i = 0; i < cg_array_numel(a); i++) {
        const int64_t place = fortran ? fortran_place(i, a->shape.rank, dim) : i;
        const double want = oracle_whole(data + place * types[type].size, types[type].size, big);
        if (types[type].name[0] == 'f' ? !isfinite(cg_array_get(a, i))
                                       : cg_array_get(a, i) != (type == 0 ? (double)(want != 0) : want))
            fuzz_fail("another element");
    }
}

static int write_header(uint8_t *file, int type, bool big, bool fortran, int rank, const int64_t *dim) {
    char *text = (char *)file + 10, shape[260] = "";
    size_t used = 0;
    for (int i = 0; i < rank; i++)
        used += (size_t)snprintf(shape + used, sizeof shape - used, "%lld%s", (long long)dim[i],
                                 rank == 1 || i + 1 < rank ? ", " : "");
    int n = snprintf(text, HEADER - 10, "{'descr': '%c%s', 'fortran_order': %s, 'shape': (%s), }\n",
                     big ? '>' : '<', types[type].name, fortran ? "True" : "False", shape);
    memcpy(file, "\x93NUMPY\x01\x00", 8);
    file[8] = (uint8_t)(n & 255);
    file[9] = (uint8_t)(n >> 8);
    return 10 + n;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes) {
    static uint8_t file[HEADER + MAX_DATA];
    fuzz_choices c = {input, bytes, 0};
    int64_t dim[MAX_DIMS];
    const int type = fuzz_below(&c, (int)(sizeof types / sizeof *types)), rank = fuzz_below(&c, MAX_DIMS);
    const bool big = fuzz_below(&c, 2), fortran = fuzz_below(&c, 2);
    for (int i = 0; i < rank; i++) dim[i] = fuzz_size(&c);
    const int head = write_header(file, type, big, fortran, rank, dim), size = types[type].size;
    const int128 elements = oracle_elements(rank, dim);
    int64_t data_bytes = elements >= 0 && elements * size <= MAX_DATA ? (int64_t)elements * size : MAX_DATA;
    if (fuzz_below(&c, 4) == 3) data_bytes = (int64_t)(fuzz_word(&c) % MAX_DATA);
    for (int64_t i = 0; i < data_bytes; i++) file[head + i] = (uint8_t)((i * 37 + rank) % 64);

    const bool valid =
        type < READABLE && rank <= CG_MAX_RANK && elements >= 0 && elements * size == data_bytes;
    cg_array a;
    cg_npy_read(fuzz_file(file, (size_t)(head + data_bytes)), &a);
    if ((a.data != NULL) != valid) fuzz_fail(a.data ? "the oracle refuses it" : cg_error_message(NULL));
    if (a.data) check_elements(&a, type, big, fortran, dim, file + head);
    cg_array_free(&a);
    return 0;
}
