/* Printing as NumPy does: brackets by axis, aligned columns, long axes shortened to their ends. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/shape.h"
#include "tensor/context.h"

enum { EDGE = 3, THRESHOLD = 1000, CELL = 40 };

typedef struct printer {
    FILE *stream;
    const cg_tensor *x;
    const unsigned char *data;
    int width;
    bool shorten, failed;
    char format; /* 'f': all values fit "%.4f"; 'e': they do not; 'd': integers; 'b': bool */
} printer;

static double value_at(const printer *p, int64_t i) {
    switch (p->x->storage->dtype) {
    case CG_F32:
        return (double)((const float *)p->data)[i];
    case CG_F64:
        return ((const double *)p->data)[i];
    case CG_I32:
        return ((const int32_t *)p->data)[i];
    case CG_I64:
        return (double)((const int64_t *)p->data)[i];
    default:
        return p->data[i];
    }
}

static int cell_text(const printer *p, int64_t i, char cell[CELL]) {
    double v = value_at(p, i);
    if (p->format == 'b') return snprintf(cell, CELL, "%s", v != 0 ? "True" : "False");
    if (p->format == 'd' && p->x->storage->dtype == CG_I64)
        return snprintf(cell, CELL, "%lld", (long long)((const int64_t *)p->data)[i]);
    if (p->format == 'd') return snprintf(cell, CELL, "%.0f", v);
    if (isnan(v)) return snprintf(cell, CELL, "nan");
    return snprintf(cell, CELL, p->format == 'e' ? "%.4e" : "%.4f", v);
}

static void choose_format(printer *p, int64_t numel) {
    cg_dtype dtype = p->x->storage->dtype;
    p->format = dtype == CG_BOOL ? 'b' : cg_dtype_is_float(dtype) ? 'f' : 'd';
    for (int64_t i = 0; p->format == 'f' && i < numel; i++) {
        double a = fabs(value_at(p, i));
        if (isfinite(a) && a != 0 && (a < 1e-3 || a >= 1e6)) p->format = 'e';
    }
    char cell[CELL];
    for (int64_t i = 0; i < numel; i++) {
        int n = cell_text(p, i, cell);
        if (n > p->width) p->width = n;
    }
}

static void put(printer *p, const char *text) {
    if (fputs(text, p->stream) < 0) p->failed = true;
}

static void separator(printer *p, int axis) {
    if (axis == p->x->shape.rank - 1) {
        put(p, ", ");
        return;
    }
    put(p, ",");
    for (int i = axis; i < p->x->shape.rank - 1; i++) put(p, "\n");
    for (int i = 0; i <= axis; i++) put(p, " ");
}

/* Prints the part of the tensor below `axis`, whose first element is number `first`. */
static void print_axis(printer *p, int axis, int64_t first) {
    const cg_dims *shape = &p->x->shape;
    if (axis == shape->rank) {
        char cell[CELL], padded[CELL + CELL];
        cell_text(p, first, cell);
        snprintf(padded, sizeof padded, "%*s", p->width, cell);
        put(p, padded);
        return;
    }
    int64_t step = 1, n = shape->dim[axis];
    for (int i = axis + 1; i < shape->rank; i++) step *= shape->dim[i];
    put(p, "[");
    for (int64_t i = 0; i < n && !p->failed; i++) {
        if (i) separator(p, axis);
        if (p->shorten && n > 2 * EDGE && i == EDGE) {
            put(p, "...");
            i = n - EDGE - 1;
            continue;
        }
        print_axis(p, axis + 1, first + i * step);
    }
    put(p, "]");
}

cg_status cg_print(FILE *stream, const cg_tensor *x) {
    if (!x || !stream) return CG_ERROR_ARGUMENT;
    cg_device *dev = x->storage->dev;
    int64_t numel = cg_numel(x);
    size_t bytes = (size_t)numel * cg_dtype_size(x->storage->dtype);
    unsigned char *data = malloc(bytes ? bytes : 1);
    if (!data) return CG_FAIL(&dev->error, CG_ERROR_MEMORY, "print: out of host memory for %zu bytes", bytes);
    cg_status status = cg_to_host(x, data, bytes);
    if (status == CG_OK) {
        printer p = {.stream = stream, .x = x, .data = data, .shorten = numel > THRESHOLD};
        choose_format(&p, numel);
        print_axis(&p, 0, 0);
        if (fprintf(stream, " %s %s\n", cg_dtype_name(x->storage->dtype), CG_SHAPE_STR(&x->shape)) < 0 ||
            p.failed)
            status = CG_FAIL(&dev->error, CG_ERROR_IO, "print: the stream takes no text");
    }
    free(data);
    return status;
}
