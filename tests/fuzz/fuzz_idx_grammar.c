/*
 * IDX headers of the right form with sizes of the fuzzer's choice, and the data sets made of them. An oracle
 * with 128-bit integers says which are valid; valid ones are written again and must give the same file.
 */
#include "fuzz_file.h"

#include <clgrad/data.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__extension__ typedef __int128 int128;

enum { MAX_DIMS = 10, MAX_DATA = 4096 };

/* The number of elements; -1 if it cannot be held. A dim of 0 hides no overflow. */
static int128 oracle_elements(int rank, const uint32_t *dim) {
    int128 product = 1;
    bool empty = false;
    for (int i = 0; i < rank; i++) {
        if (dim[i] == 0) empty = true;
        if (dim[i] > 0 && product <= INT64_MAX) product *= dim[i];
    }
    return product > INT64_MAX ? -1 : empty ? 0 : product;
}

static void write_again(cg_dims shape, const uint8_t *data, const uint8_t *file, size_t bytes) {
    size_t again_bytes;
    if (cg_idx_write(fuzz_output_path(), shape, data) != CG_OK) fuzz_fail(cg_error_message(NULL));
    uint8_t *again = fuzz_read(fuzz_output_path(), &again_bytes);
    if (again_bytes != bytes || memcmp(again, file, bytes) != 0)
        fuzz_fail("written again, it is another file");
    free(again);
    unlink(fuzz_output_path());
}

/* A data set whose labels are the images' own file is refused unless the shapes happen to fit. */
static void use_as_dataset(const char *path, cg_dims shape) {
    cg_dataset *set = cg_dataset_from_idx(path, path);
    if (set) fuzz_fail("images of rank 1, or labels of rank 2 and more");
    if (shape.rank == 1 && cg_error_code(NULL) != CG_ERROR_SHAPE) fuzz_fail(cg_error_message(NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes) {
    fuzz_choices c = {input, bytes, 0};
    uint8_t file[4 + 4 * MAX_DIMS + MAX_DATA] = {0, 0, 8, 0};
    uint32_t dim[MAX_DIMS] = {0};
    int rank = fuzz_below(&c, MAX_DIMS + 1);
    file[3] = (uint8_t)rank;
    for (int i = 0; i < rank; i++) {
        dim[i] = (uint32_t)fuzz_size(&c);
        for (int byte = 0; byte < 4; byte++) file[4 + 4 * i + byte] = (uint8_t)(dim[i] >> (24 - 8 * byte));
    }
    int128 elements = oracle_elements(rank, dim);
    int64_t data_bytes = elements >= 0 && elements <= MAX_DATA ? (int64_t)elements : MAX_DATA;
    if (fuzz_below(&c, 4) == 3) data_bytes = fuzz_word(&c) % MAX_DATA;
    size_t header = 4 + 4 * (size_t)rank;
    for (int64_t i = 0; i < data_bytes; i++) file[header + (size_t)i] = (uint8_t)(i * 31 + rank);

    bool valid = rank >= 1 && rank <= CG_MAX_RANK && elements == data_bytes;
    const char *path = fuzz_file(file, header + (size_t)data_bytes);
    cg_dims shape;
    uint8_t *data = cg_idx_read(path, &shape);
    if ((data != NULL) != valid) fuzz_fail(data ? "the oracle refuses it" : cg_error_message(NULL));
    if (data) {
        write_again(shape, data, file, header + (size_t)data_bytes);
        use_as_dataset(path, shape);
    }
    free(data);
    return 0;
}
