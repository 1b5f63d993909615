/*
 * Files of tensors (safetensors), and pictures of curves and of values (SVG).
 *
 * Every file is written whole or not at all: to a temporary file in the same folder, which is renamed when
 * it is complete.
 */
#ifndef CLGRAD_IO_H
#define CLGRAD_IO_H

#include "tensor.h"

CG_BEGIN_DECLS

/* A tensor with its name in a file. */
typedef struct cg_named_tensor {
    const char *name;
    cg_tensor *tensor;
} cg_named_tensor;

/*
 * Writes n tensors as a safetensors file: 8 bytes header length, JSON header, row-major data. metadata: NULL,
 * or n_metadata pairs key, value of text. Errors, on cg_error_message(NULL): CG_ERROR_IO; CG_ERROR_ARGUMENT for an
 * empty or repeated name, or the format's own "__metadata__".
 */
CG_API cg_status cg_safetensors_save(const char *path, int n, const cg_named_tensor *tensors, int n_metadata,
                                     const char *const (*metadata)[2]);

/* An opened safetensors file: header checked, data not yet read. */
typedef struct cg_safetensors cg_safetensors;

/*
 * Opens and checks a file: header at most 100 MB and within the file, strict JSON (no duplicate keys),
 * offsets that cover the file from 0 to its end without gap or overlap, sizes that equal shape x dtype
 * without overflow. Errors: NULL, and cg_error_message(NULL) names the path, the entry and the rule.
 */
CG_API cg_safetensors *cg_safetensors_open(const char *path);

/* The number of tensors in it. */
CG_API int cg_safetensors_count(const cg_safetensors *file);

/* The name, dtype and shape of tensor i; name lives as long as the file. */
CG_API cg_status cg_safetensors_entry(const cg_safetensors *file, int i, const char **name, cg_dtype *dtype,
                                      cg_dims *shape);

/* The number of the tensor called `name`; -1 if there is none. */
CG_API int cg_safetensors_find(const cg_safetensors *file, const char *name);

/* The metadata text under `key`, NULL if there is none. */
CG_API const char *cg_safetensors_metadata(const cg_safetensors *file, const char *key);

/* Reads tensor i onto a device. Owned by the innermost scope. Errors: on the device. */
CG_API cg_tensor *cg_safetensors_read(const cg_safetensors *file, int i, cg_device *dev);

/* Closes the file. NULL is allowed. */
CG_API void cg_safetensors_close(cg_safetensors *file);

/* A curve of a plot: n points, in order of x. */
typedef struct cg_curve {
    const char *label;
    int n;
    const double *x, *y;
} cg_curve;

/* How a curve is drawn. */
typedef enum cg_curve_style {
    CG_CURVE_LINE, /* points joined in their order; few points are shown as dots too */
    CG_CURVE_DOTS, /* a dot at each point */
    CG_CURVE_BARS  /* a bar from 0 to each y around its x, as wide as the first two points are apart */
} cg_curve_style;

/* Text and axes of a plot; zero is the default of each. */
typedef struct cg_plot_options {
    const char *title, *x_label, *y_label;
    bool log_x, log_y;
    int width, height;            /* pixels; 640 x 400 */
    const cg_curve_style *styles; /* one for each curve; NULL: lines */
    bool equal_axes;              /* a unit of x is as long as one of y */
} cg_plot_options;

/*
 * Writes curves as an SVG picture that needs nothing else to be shown. Points that are not finite are left out. Errors,
 * on cg_error_message(NULL): CG_ERROR_IO; CG_ERROR_ARGUMENT for a size outside 160 to 10000, curves without data,
 * another style, and equal_axes with a logarithmic one.
 */
CG_API cg_status cg_plot_svg(const char *path, int n, const cg_curve *curves, cg_plot_options options);

/* A gray picture: values (rows, columns), row-major, the first row at the top. */
typedef struct cg_picture {
    const char *label;
    int rows, columns;
    const float *values;
} cg_picture;

/* Text, grays and layout of pictures; zero is the default of each. */
typedef struct cg_picture_options {
    const char *title;
    double black, white; /* the values drawn so; both 0: the least and the greatest finite one of all */
    int cell;            /* pixels of an element's side; 4 */
    int per_line;        /* pictures side by side; all */
} cg_picture_options;

/*
 * Writes n pictures beside each other as one SVG picture in 64 grays; values beyond black and white are cut, NaN is left
 * out. Errors, on cg_error_message(NULL): CG_ERROR_IO; CG_ERROR_ARGUMENT for pictures without elements, or a whole that
 * is more than 10000 pixels wide or high.
 */
CG_API cg_status cg_pictures_svg(const char *path, int n, const cg_picture *pictures,
                                 cg_picture_options options);

CG_END_DECLS
#endif
