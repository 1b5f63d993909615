/* .npy files: npy.h. */
#include "clgrad/npy.h"

#include "core/dtype.h"
#include "core/shape.h"
#include "io/array_host.h"
#include "io/atomic_file.h"
#include "io/input_file.h"
#include "io/npy_header.h"
#include "io/system_error.h"
#include "tensor/context.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void swap_bytes(unsigned char *data, int64_t n, int size) {
    for (int64_t i = 0; i < n; i++, data += size)
        for (int a = 0, b = size - 1; a < b; a++, b--) {
            unsigned char kept = data[a];
            data[a] = data[b];
            data[b] = kept;
        }
}

/* IEEE half precision: 1 sign bit, 5 of the exponent, 10 of the fraction. */
static float half_to_float(uint16_t h) {
    const int exponent = h >> 10 & 31, fraction = h & 1023;
    const float sign = h & 0x8000 ? -1.0f : 1.0f;
    if (exponent == 31) return fraction ? NAN : sign * INFINITY;
    if (exponent == 0) return sign * ldexpf((float)fraction, -24);
    return sign * ldexpf((float)(1024 + fraction), exponent - 25);
}

#define ELEMENT(type) (*(const type *)memcpy(&(type){0}, from, sizeof(type)))

/* Element i of `to` from that of a file, in the machine's byte order. False for a u8 that no i64 can hold. */
static bool convert(const cg_npy_header *h, const unsigned char *from, void *to, int64_t i) {
    if (h->kind == 'f') {
        if (h->size == 8)
            ((double *)to)[i] = ELEMENT(double);
        else
            ((float *)to)[i] = h->size == 4 ? ELEMENT(float) : half_to_float(ELEMENT(uint16_t));
    } else if (h->kind == 'b' || (h->kind == 'u' && h->size == 1)) {
        ((uint8_t *)to)[i] = h->kind == 'b' ? *from != 0 : *from;
    } else if (h->size == 8) {
        ((int64_t *)to)[i] = ELEMENT(int64_t);
        return h->kind == 'i' || ((int64_t *)to)[i] >= 0;
    } else if (h->size == 4) {
        if (h->kind == 'u')
            ((int64_t *)to)[i] = ELEMENT(uint32_t);
        else
            ((int32_t *)to)[i] = ELEMENT(int32_t);
    } else {
        ((int32_t *)to)[i] = h->size == 1     ? ELEMENT(int8_t)
                             : h->kind == 'i' ? ELEMENT(int16_t)
                                              : ELEMENT(uint16_t);
    }
    return true;
}

/* Elements into their places: in Fortran order the first axis is the one without gaps. */
static cg_status place(const cg_npy_header *h, const unsigned char *raw, cg_array *to, const char *name,
                       cg_error *err) {
    cg_dims reversed = {.rank = h->shape.rank};
    int64_t stride[CG_MAX_RANK], index[CG_MAX_RANK] = {0};
    for (int a = 0; a < h->shape.rank; a++) reversed.dim[a] = h->shape.dim[h->shape.rank - 1 - a];
    cg_dims_strides(&reversed, stride);
    for (int64_t i = 0; i < h->numel; i++) {
        int64_t at = h->fortran ? 0 : i;
        for (int a = 0; h->fortran && a < h->shape.rank; a++) at += index[a] * stride[h->shape.rank - 1 - a];
        if (!convert(h, raw + at * h->size, to->data, i))
            return CG_FAIL(err, CG_ERROR_DTYPE,
                           "npy: " CG_PATH_FORMAT ": element %lld is 2^63 or more, which no dtype holds",
                           name, (long long)i);
        for (int a = h->shape.rank - 1; a >= 0 && ++index[a] == h->shape.dim[a]; a--) index[a] = 0;
    }
    return CG_OK;
}

cg_status cg_npy_read_source(cg_npy_source *source, cg_array *array, cg_error *err) {
    cg_npy_header h;
    *array = (cg_array){.shape = {.rank = -1}};
    if (cg_npy_header_read(source, &h, err) != CG_OK) return err->code;
    const cg_dtype dtype = cg_npy_dtype(&h);
    const size_t bytes = (size_t)h.numel * (size_t)h.size;
    const bool as_it_is = !h.fortran && h.kind != 'b' && (size_t)h.size == cg_dtype_size(dtype) &&
                          !(h.kind == 'u' && h.size == 8);
    cg_array result;
    if (cg_array_make(&result, dtype, h.shape, "npy", err) != CG_OK) return err->code;
    unsigned char *raw = as_it_is ? result.data : malloc(bytes + 1);
    if (!raw)
        CG_FAIL(err, CG_ERROR_MEMORY, "npy: out of memory for %zu bytes", bytes);
    else if (source->read(source->context, raw, bytes, err) == CG_OK) {
        if (h.swap) swap_bytes(raw, h.numel, h.size);
        if (!as_it_is) place(&h, raw, &result, source->name, err);
    }
    if (!as_it_is) free(raw);
    if (err->code == CG_OK)
        *array = result;
    else
        cg_array_free(&result);
    return err->code;
}

/* --- Files --------------------------------------------------------------------------------------------------- */

typedef struct place_in_file {
    cg_input_file file;
    uint64_t at;
} place_in_file;

static cg_status read_file(void *context, void *to, size_t bytes, cg_error *err) {
    place_in_file *p = context;
    const uint64_t at = p->at;
    p->at += bytes;
    return cg_input_read(&p->file, to, bytes, at, err);
}

static cg_status npy_read(const char *path, cg_array *array, cg_error *err) {
    place_in_file p = {0};
    *array = (cg_array){.shape = {.rank = -1}};
    if (cg_input_open(&p.file, path, err) == CG_OK) {
        cg_npy_source source = {read_file, &p, p.file.bytes, p.file.path};
        cg_npy_read_source(&source, array, err);
    }
    cg_input_close(&p.file);
    return err->code;
}

static cg_status npy_write(const char *path, const cg_array *array, cg_error *err) {
    int64_t numel;
    if (!cg_array_valid(array, &numel))
        return CG_FAIL(err, CG_ERROR_ARGUMENT, "npy: an array without a valid shape, dtype or data");
    char header[CG_NPY_WRITTEN_HEADER];
    const size_t n = cg_npy_header_write(array, header);
    cg_atomic_file file;
    cg_status status = cg_atomic_begin(&file, path, err);
    if (status == CG_OK) status = cg_atomic_write(&file, header, n, err);
    if (status == CG_OK)
        status = cg_atomic_write(&file, array->data, (size_t)numel * cg_dtype_size(array->dtype), err);
    return cg_atomic_end(&file, status, err);
}

cg_status cg_npy_read(const char *path, cg_array *array) {
    cg_error *err = cg_error_of_thread();
    *err = (cg_error){0};
    return npy_read(path, array, err);
}

cg_status cg_npy_write(const char *path, const cg_array *array) {
    cg_error *err = cg_error_of_thread();
    *err = (cg_error){0};
    return npy_write(path, array, err);
}

cg_tensor *cg_npy_load(cg_device *dev, const char *path) {
    cg_array array;
    cg_error err = {0};
    if (!dev) return NULL;
    if (npy_read(path, &array, &err) != CG_OK) {
        if (dev->error.code == CG_OK) dev->error = err;
        return NULL;
    }
    cg_tensor *x = cg_from_array(dev, &array);
    cg_array_free(&array);
    return x;
}

cg_status cg_npy_save(const char *path, const cg_tensor *x) {
    cg_array array;
    cg_status status = cg_to_array(x, &array);
    cg_error err = {0};
    if (status != CG_OK) return status;
    status = npy_write(path, &array, &err);
    cg_array_free(&array);
    cg_device *dev = x->storage->dev;
    if (status != CG_OK && dev->error.code == CG_OK) dev->error = err;
    return status;
}
