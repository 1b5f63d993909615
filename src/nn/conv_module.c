/* The layers of convolutions: weight and bias as PyTorch keeps them. */
#include "clgrad/conv.h"
#include "clgrad/random.h"
#include "nn/module.h"

#include <math.h>

typedef cg_tensor *convolution(cg_tensor *x, cg_tensor *w, cg_tensor *b, cg_conv_options options);

typedef struct conv_layer {
    convolution *apply;
    cg_conv_options options;
} conv_layer;

static cg_tensor *conv_forward(void *context, cg_module *self, cg_tensor *x) {
    const conv_layer *layer = context;
    const cg_slot *slot = self->own[CG_PARAMETERS].slot;
    return layer->apply(x, slot[0].tensor, layer->options.no_bias ? NULL : slot[1].tensor, layer->options);
}

/* He normal, N(0, 2 / fan_in), and zeros; out 0 for no bias. */
static cg_status add_parameters(cg_module *module, cg_dims weight, double fan_in, int64_t out) {
    cg_device *dev = module->dev;
    cg_tensor *w = cg_normal(dev, CG_F32, weight, 0, sqrt(2.0 / fan_in)),
              *b = cg_zeros(dev, CG_F32, cg_shape(out));
    if (!w || !b) return dev->error.code;
    const cg_status status = cg_module_add_parameter(module, "weight", w);
    return status || out == 0 ? status : cg_module_add_parameter(module, "bias", b);
}

/* What a layer is, apart from the number of its axes. */
typedef struct conv_form {
    const char *name;
    convolution *apply;
    bool transposed;
} conv_form;

static bool check_sizes(cg_device *dev, const conv_form *form, int64_t in, int64_t out, const cg_dims *weight,
                        int64_t groups) {
    bool ok = in > 0 && out > 0 && groups > 0 && in % groups == 0 && out % groups == 0;
    for (int a = 2; a < weight->rank; a++) ok = ok && weight->dim[a] > 0;
    if (!ok)
        CG_FAIL(&dev->error, CG_ERROR_ARGUMENT,
                "%s_module: %lld to %lld channels in %lld groups, weight %lld by %lld: not possible",
                form->name, (long long)in, (long long)out, (long long)groups, (long long)weight->dim[2],
                (long long)(weight->rank > 3 ? weight->dim[3] : 1));
    return ok;
}

/* How many products an output element is the sum of; on average, where it is transposed. */
static double fan_in_of(const conv_form *form, int64_t in, const cg_dims *weight, const cg_conv_options *o,
                        int64_t groups) {
    double fan = (double)(in / groups);
    for (int a = 2; a < weight->rank; a++) {
        const int64_t stride = o->stride[a - 2] > 0 ? o->stride[a - 2] : 1;
        fan *= (double)weight->dim[a] / (form->transposed ? (double)stride : 1.0);
    }
    return fan > 1 ? fan : 1;
}

/* kernel: rank 3 or 4, axes from 2 on are set. */
static cg_module *conv_module(cg_device *dev, const conv_form *form, int64_t in, int64_t out, cg_dims kernel,
                              cg_conv_options options) {
    if (!dev) return NULL;
    const int64_t groups = options.groups ? options.groups : 1;
    if (!check_sizes(dev, form, in, out, &kernel, groups)) return NULL;
    kernel.dim[0] = form->transposed ? in : out;
    kernel.dim[1] = (form->transposed ? out : in) / groups;
    const conv_layer layer = {form->apply, options};
    cg_module *module = cg_module_keeping(dev, form->name, conv_forward, &layer, sizeof layer);
    cg_scope *scope = module ? cg_scope_begin(dev) : NULL;
    const double fan_in = fan_in_of(form, in, &kernel, &options, groups);
    const bool ok = scope && add_parameters(module, kernel, fan_in, options.no_bias ? 0 : out) == CG_OK;
    cg_scope_end(scope);
    if (ok) return module;
    cg_module_free(module);
    return NULL;
}

cg_module *cg_conv1d_module(cg_device *dev, int64_t in, int64_t out, int64_t kernel,
                            cg_conv_options options) {
    static const conv_form form = {"conv1d", cg_conv1d, false};
    return conv_module(dev, &form, in, out, cg_shape(0, 0, kernel), options);
}

cg_module *cg_conv2d_module(cg_device *dev, int64_t in, int64_t out, int64_t height, int64_t width,
                            cg_conv_options options) {
    static const conv_form form = {"conv2d", cg_conv2d, false};
    return conv_module(dev, &form, in, out, cg_shape(0, 0, height, width), options);
}

cg_module *cg_conv_transpose1d_module(cg_device *dev, int64_t in, int64_t out, int64_t kernel,
                                      cg_conv_options options) {
    static const conv_form form = {"conv_transpose1d", cg_conv_transpose1d, true};
    return conv_module(dev, &form, in, out, cg_shape(0, 0, kernel), options);
}

cg_module *cg_conv_transpose2d_module(cg_device *dev, int64_t in, int64_t out, int64_t height, int64_t width,
                                      cg_conv_options options) {
    static const conv_form form = {"conv_transpose2d", cg_conv_transpose2d, true};
    return conv_module(dev, &form, in, out, cg_shape(0, 0, height, width), options);
}
