/*
 * Networks: a module holds parameters and other modules, and maps a tensor to a tensor.
 *
 *     cg_module *net = cg_sequential(dev);
 *     cg_sequential_add(net, cg_linear_module(dev, 64, 128, CG_INIT_HE));
 *     cg_sequential_add(net, cg_activation_module(dev, "relu"));
 *     cg_sequential_add(net, cg_linear_module(dev, 128, 10, CG_INIT_XAVIER));
 *     cg_tensor *logits = cg_forward(net, x);
 *
 * A module belongs to whoever made it until it is added to another, which then frees it. Given NULL, every
 * function here returns NULL or does nothing.
 */
#ifndef CLGRAD_NN_H
#define CLGRAD_NN_H

#include "tensor.h"

CG_BEGIN_DECLS

typedef struct cg_module cg_module;

/* How a weight starts: see random.h. Biases start at 0. */
typedef enum cg_init { CG_INIT_XAVIER, CG_INIT_XAVIER_NORMAL, CG_INIT_HE, CG_INIT_HE_NORMAL } cg_init;

/* y = x w + b with parameters weight (in, out) and bias (out), f32. */
CG_API cg_module *cg_linear_module(cg_device *dev, int64_t in, int64_t out, cg_init init);

/*
 * An activation by name: relu, leaky_relu (slope 0.01), swish, sigmoid, tanh, gelu, gelu_tanh. Errors: an
 * unknown name; the message lists them.
 */
CG_API cg_module *cg_activation_module(cg_device *dev, const char *name);

/* Modules one after the other; empty at first. */
CG_API cg_module *cg_sequential(cg_device *dev);

/* Appends `layer` to `net`, which frees it from now on (at once, on an error). NULL leaves an error. */
CG_API cg_status cg_sequential_add(cg_module *net, cg_module *layer);

/*
 * A multi-layer perceptron: linear layers of sizes[0..n-1] with the activation between them, none at the
 * end; He weights for relu, leaky_relu, gelu and swish, Xavier for the others and the last layer.
 */
CG_API cg_module *cg_mlp(cg_device *dev, int n, const int64_t *sizes, const char *activation);

/* What a module does with its input; `context` is what cg_custom_module was given. */
typedef cg_tensor *cg_forward_function(void *context, cg_module *self, cg_tensor *x);

/* A module of the caller's own: `forward` maps x, `release` frees `context` with the module (may be NULL). */
CG_API cg_module *cg_custom_module(cg_device *dev, const char *name, cg_forward_function *forward,
                                   void (*release)(void *), void *context);

/* Gives a custom module a parameter: retained, made a leaf that requires a gradient. */
CG_API cg_status cg_module_add_parameter(cg_module *module, const char *name, cg_tensor *value);

/* y = module(x). */
CG_API cg_tensor *cg_forward(cg_module *module, cg_tensor *x);

/* The number of parameters (tensors) of a module and everything in it. */
CG_API int cg_parameter_count(const cg_module *module);

/*
 * Parameter i, 0 <= i < cg_parameter_count, and in *name, if not NULL, its dotted path such as "0.weight",
 * valid as long as the module. The tensor belongs to the module.
 */
CG_API cg_tensor *cg_parameter(const cg_module *module, int i, const char **name);

/* The number of elements of all parameters. */
CG_API int64_t cg_parameter_elements(const cg_module *module);

/* Forgets the gradients of all parameters. */
CG_API void cg_module_zero_grad(cg_module *module);

/* Frees a module that was not added to another, with everything in it. */
CG_API void cg_module_free(cg_module *module);

/*
 * Writes all parameters to a safetensors file: whole or not at all (temporary file, fsync, rename). Waits
 * for the values. Errors: CG_ERROR_IO with the path and the reason.
 */
CG_API cg_status cg_module_save(const cg_module *module, const char *path);

/*
 * Reads all parameters from a safetensors file: each must be there with its shape and dtype, and nothing
 * else. On an error (CG_ERROR_IO, CG_ERROR_FORMAT) no parameter has changed.
 */
CG_API cg_status cg_module_load(cg_module *module, const char *path);

CG_END_DECLS
#endif
