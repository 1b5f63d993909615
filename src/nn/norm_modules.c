/* The layers of normalization: parameters weight and bias, and what batch norm gathers while it trains. */

#include "clgrad/normalization.h"
#include "nn/module.h"

/* A module's own numbers, freed with it. */
typedef struct norm_context {
    int n_axes;
    int64_t groups;
    double momentum, epsilon;
} norm_context;

enum { WEIGHT, BIAS };
enum { RUNNING_MEAN, RUNNING_VAR };

static cg_tensor *parameter(const cg_module *module, int i) {
    return module->own[CG_PARAMETERS].slot[i].tensor;
}
static cg_tensor *buffer(const cg_module *module, int i) { return module->own[CG_BUFFERS].slot[i].tensor; }

/* --- what each does with its input ------------------------------------------------------------------------------ */

static cg_tensor *layer_norm_forward(void *context, cg_module *self, cg_tensor *x) {
    const norm_context *c = context;
    return cg_layer_norm(x, c->n_axes, parameter(self, WEIGHT), parameter(self, BIAS), c->epsilon);
}

static cg_tensor *rms_norm_forward(void *context, cg_module *self, cg_tensor *x) {
    const norm_context *c = context;
    return cg_rms_norm(x, c->n_axes, parameter(self, WEIGHT), c->epsilon);
}

static cg_tensor *group_norm_forward(void *context, cg_module *self, cg_tensor *x) {
    const norm_context *c = context;
    return cg_group_norm(x, c->groups, parameter(self, WEIGHT), parameter(self, BIAS), c->epsilon);
}

static cg_tensor *batch_norm_forward(void *context, cg_module *self, cg_tensor *x) {
    const norm_context *c = context;
    return cg_batch_norm(x, parameter(self, WEIGHT), parameter(self, BIAS), buffer(self, RUNNING_MEAN),
                         buffer(self, RUNNING_VAR), cg_module_training(self), c->momentum, c->epsilon);
}

/* --- how they are made ------------------------------------------------------------------------------------------ */

static cg_status add_parameter(cg_module *module, const char *name, cg_dims shape, double value) {
    cg_tensor *x = cg_full(module->dev, CG_F32, shape, value);
    return x ? cg_module_add_parameter(module, name, x) : module->dev->error.code;
}

static cg_status add_buffer(cg_module *module, const char *name, cg_dims shape, double value) {
    cg_tensor *x = cg_full(module->dev, CG_F32, shape, value);
    return x ? cg_module_add_buffer(module, name, x) : module->dev->error.code;
}

static cg_status add_all(cg_module *module, cg_dims shape, bool has_bias, bool has_running) {
    cg_status status = add_parameter(module, "weight", shape, 1);
    if (status == CG_OK && has_bias) status = add_parameter(module, "bias", shape, 0);
    if (status == CG_OK && has_running) status = add_buffer(module, "running_mean", shape, 0);
    if (status == CG_OK && has_running) status = add_buffer(module, "running_var", shape, 1);
    return status;
}

typedef struct norm_kind {
    const char *name;
    cg_forward_function *forward;
    bool has_bias, has_running;
} norm_kind;

static const norm_kind layer_norm = {"layer_norm", layer_norm_forward, true, false};
static const norm_kind rms_norm = {"rms_norm", rms_norm_forward, false, false};
static const norm_kind group_norm = {"group_norm", group_norm_forward, true, false};
static const norm_kind batch_norm = {"batch_norm", batch_norm_forward, true, true};

static cg_module *make(cg_device *dev, const norm_kind *kind, cg_dims shape, norm_context context) {
    cg_module *module = cg_module_keeping(dev, kind->name, kind->forward, &context, sizeof context);
    cg_scope *scope = module ? cg_scope_begin(dev) : NULL;
    bool ok = scope && add_all(module, shape, kind->has_bias, kind->has_running) == CG_OK;
    cg_scope_end(scope);
    if (ok) return module;
    cg_module_free(module);
    return NULL;
}

/* An epsilon that the operation would refuse is refused at once, and so is a momentum. */
static bool check(cg_device *dev, const char *name, double epsilon, double momentum) {
    if (!(epsilon >= 0 && epsilon <= 1e30))
        CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "%s_module: expected epsilon >= 0, got %g", name, epsilon);
    else if (!(momentum >= 0 && momentum <= 1))
        CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "%s_module: expected momentum from 0 to 1, got %g", name,
                momentum);
    else
        return true;
    return false;
}

static cg_module *make_of_axes(cg_device *dev, const norm_kind *kind, cg_dims shape, double epsilon) {
    if (!dev || !check(dev, kind->name, epsilon, 0)) return NULL;
    if (shape.rank >= 1)
        return make(dev, kind, shape, (norm_context){.n_axes = shape.rank, .epsilon = epsilon});
    CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "%s_module: expected a shape of at least one axis", kind->name);
    return NULL;
}

cg_module *cg_layer_norm_module(cg_device *dev, cg_dims shape, double epsilon) {
    return make_of_axes(dev, &layer_norm, shape, epsilon);
}

cg_module *cg_rms_norm_module(cg_device *dev, cg_dims shape, double epsilon) {
    return make_of_axes(dev, &rms_norm, shape, epsilon);
}

cg_module *cg_group_norm_module(cg_device *dev, int64_t groups, int64_t channels, double epsilon) {
    if (!dev || !check(dev, group_norm.name, epsilon, 0)) return NULL;
    if (groups >= 1 && channels >= 1 && channels % groups == 0)
        return make(dev, &group_norm, cg_shape(channels),
                    (norm_context){.groups = groups, .epsilon = epsilon});
    CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "group_norm_module: %lld groups do not divide %lld channels",
            (long long)groups, (long long)channels);
    return NULL;
}

cg_module *cg_batch_norm_module(cg_device *dev, int64_t channels, double momentum, double epsilon) {
    if (!dev || !check(dev, batch_norm.name, epsilon, momentum)) return NULL;
    if (channels >= 1)
        return make(dev, &batch_norm, cg_shape(channels),
                    (norm_context){.momentum = momentum, .epsilon = epsilon});
    CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "batch_norm_module: expected channels, got %lld",
            (long long)channels);
    return NULL;
}
