/*
 * IDX files (data.h): two zero bytes, the element type, the rank, each size as a big-endian 32-bit integer,
 * then the elements. Only unsigned bytes (type 8) are read and written.
 */
#include "clgrad/data.h"

#include "core/shape.h"
#include "io/atomic_file.h"
#include "io/input_file.h"
#include "io/system_error.h"

#include <stdlib.h>

enum { IDX_TYPE_U8 = 0x08, IDX_MAX_HEADER = 4 + 4 * CG_MAX_RANK };

static size_t header_bytes(int rank) { return 4 + 4 * (size_t)rank; }

/* Reads the header into `shape`: its sizes must account for every byte of the file. */
static cg_status read_header(const cg_input_file *file, cg_dims *shape, int64_t *numel, cg_error *err) {
    uint8_t head[IDX_MAX_HEADER];
    if (file->bytes < 4)
        return CG_FAIL(err, CG_ERROR_FORMAT, "idx: " CG_PATH_FORMAT ": %llu bytes are no IDX file",
                       file->path, (unsigned long long)file->bytes);
    cg_status status = cg_input_read(file, head, 4, 0, err);
    if (status != CG_OK) return status;
    int rank = head[3];
    if (head[0] != 0 || head[1] != 0 || head[2] != IDX_TYPE_U8 || rank < 1 || rank > CG_MAX_RANK)
        return CG_FAIL(err, CG_ERROR_FORMAT,
                       "idx: " CG_PATH_FORMAT
                       ": magic %02x %02x %02x %02x; 00 00 08 and a rank of 1 to %d are read",
                       file->path, head[0], head[1], head[2], head[3], CG_MAX_RANK);
    if (file->bytes < header_bytes(rank))
        return CG_FAIL(err, CG_ERROR_FORMAT, "idx: " CG_PATH_FORMAT ": truncated in its header", file->path);
    status = cg_input_read(file, head + 4, header_bytes(rank) - 4, 4, err);
    if (status != CG_OK) return status;

    *shape = (cg_dims){.rank = rank};
    for (int i = 0; i < rank; i++) {
        const uint8_t *size = head + header_bytes(i);
        shape->dim[i] = (int64_t)size[0] << 24 | (int64_t)size[1] << 16 | (int64_t)size[2] << 8 | size[3];
    }
    if (!cg_dims_valid(shape, 1, numel))
        return CG_FAIL(err, CG_ERROR_FORMAT, "idx: " CG_PATH_FORMAT ": shape %s is too large", file->path,
                       CG_SHAPE_STR(shape));
    uint64_t data = file->bytes - header_bytes(rank);
    if (data != (uint64_t)*numel)
        return CG_FAIL(err, CG_ERROR_FORMAT,
                       "idx: " CG_PATH_FORMAT ": %s, %llu bytes where its shape %s takes %lld", file->path,
                       data < (uint64_t)*numel ? "truncated" : "longer than its header says",
                       (unsigned long long)data, CG_SHAPE_STR(shape), (long long)*numel);
    return CG_OK;
}

uint8_t *cg_idx_read(const char *path, cg_dims *shape) {
    cg_error *err = cg_error_of_thread();
    *err = (cg_error){0};
    cg_input_file file;
    uint8_t *data = NULL;
    int64_t numel = 0;
    cg_dims read = {0};
    cg_status status = cg_input_open(&file, path, err);
    if (status == CG_OK) status = read_header(&file, &read, &numel, err);
    if (status == CG_OK && !(data = malloc((size_t)numel + 1)))
        status = CG_FAIL(err, CG_ERROR_MEMORY, "idx: out of memory for %lld bytes", (long long)numel);
    if (status == CG_OK) status = cg_input_read(&file, data, (size_t)numel, header_bytes(read.rank), err);
    cg_input_close(&file);
    if (status != CG_OK) {
        free(data);
        return NULL;
    }
    if (shape) *shape = read;
    return data;
}

cg_status cg_idx_write(const char *path, cg_dims shape, const uint8_t *data) {
    cg_error *err = cg_error_of_thread();
    *err = (cg_error){0};
    int64_t numel;
    bool valid = shape.rank >= 1 && cg_dims_valid(&shape, 1, &numel);
    for (int i = 0; valid && i < shape.rank; i++) valid = shape.dim[i] <= (int64_t)UINT32_MAX;
    if (!valid || (numel > 0 && !data))
        return CG_FAIL(err, CG_ERROR_ARGUMENT,
                       "idx_write: shape %s; a rank of 1 to %d, sizes of 32 bits and the data are needed",
                       CG_SHAPE_STR(&shape), CG_MAX_RANK);

    uint8_t head[IDX_MAX_HEADER] = {0, 0, IDX_TYPE_U8, (uint8_t)shape.rank};
    for (int i = 0; i < shape.rank; i++)
        for (int byte = 0; byte < 4; byte++)
            head[header_bytes(i) + (size_t)byte] = (uint8_t)(shape.dim[i] >> (24 - 8 * byte));
    cg_atomic_file file;
    cg_status status = cg_atomic_begin(&file, path, err);
    if (status == CG_OK) status = cg_atomic_write(&file, head, header_bytes(shape.rank), err);
    if (status == CG_OK) status = cg_atomic_write(&file, data, (size_t)numel, err);
    return cg_atomic_end(&file, status, err);
}
