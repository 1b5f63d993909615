/*
 * Networks: a module holds parameters, buffers and other modules, and maps a tensor to a tensor.
 *
 *     cg_module *net = cg_sequential(dev);
 *     cg_sequential_add(net, cg_linear_module(dev, 64, 128, CG_INIT_HE));
 *     cg_sequential_add(net, cg_activation_module(dev, "relu"));
 *     cg_sequential_add(net, cg_linear_module(dev, 128, 10, CG_INIT_XAVIER));
 *     cg_tensor *logits = cg_forward(net, x);
 *
 * A module belongs to whoever made it until it is added to another, which then frees it. Given NULL, every
 * function here returns NULL or does nothing. docs/layers.md lists all layers and shows how to write one.
 *
 * NAMES: parameters, buffers and children of one module have different names, without dots. What is deeper in the tree
 * has a path, "attention.query.weight"; the children of a sequential are called "0", "1", ...
 *
 * Modules are made in f32, in training mode.
 */
#ifndef CLGRAD_NN_H
#define CLGRAD_NN_H

#include "indexing.h"
#include "tensor.h"

CG_BEGIN_DECLS

typedef struct cg_module cg_module;

/*
 * y = module(x). What a module of the library makes on the way is gone when it returns, but for what the gradient
 * needs; what a module of the caller's makes, or one that contains such a module, stays as long as the scope around the
 * call.
 */
CG_API cg_tensor *cg_forward(cg_module *module, cg_tensor *x);

/*
 * y = module(x) with parameter[i] used in place of cg_parameter(module, i), for i < cg_parameter_count: a network as a
 * function of its weights, for cg_gradcheck, cg_hessian and their kin (torch.func.functional_call). Shapes and dtypes as
 * the module's. Gradient to the given tensors; the module's own parameters are left alone. Errors: CG_ERROR_SHAPE,
 * CG_ERROR_DTYPE naming the parameter.
 */
CG_API cg_tensor *cg_forward_with(cg_module *module, cg_tensor *const *parameter, cg_tensor *x);

/* Frees a module that was not added to another, with everything in it. One that was is left to its owner. */
CG_API void cg_module_free(cg_module *module);

/* The device of a module; NULL for NULL. */
CG_API cg_device *cg_module_device(const cg_module *module);

/* What kind of module this is, "linear": the name its constructor gave. NULL for NULL. */
CG_API const char *cg_module_kind(const cg_module *module);

/*
 * Puts a module and everything in it into training mode (true) or evaluation mode (false). Dropout and batch
 * normalization differ in the two.
 */
CG_API void cg_module_train(cg_module *module, bool training);

/* Whether a module is in training mode; false for NULL. */
CG_API bool cg_module_training(const cg_module *module);

/* --- Layers (others stand beside their operations: conv.h, pooling.h, normalization.h, attention.h, recurrent.h) ------- */

/* How a weight starts: see random.h. Biases start at 0. */
typedef enum cg_init { CG_INIT_XAVIER, CG_INIT_XAVIER_NORMAL, CG_INIT_HE, CG_INIT_HE_NORMAL } cg_init;

/*
 * y = x w + b: x (..., in) -> (..., out) with parameters weight (in, out) and bias (out), f32. Errors: CG_ERROR_ARGUMENT
 * for in or out below 1, or no such init.
 */
CG_API cg_module *cg_linear_module(cg_device *dev, int64_t in, int64_t out, cg_init init);

/*
 * An activation of activations.h by name, without parameters: relu, leaky_relu (slope 0.01), relu6, sigmoid,
 * log_sigmoid, hardsigmoid, tanh, hardtanh, swish (also silu), hardswish, gelu, gelu_tanh, elu (alpha 1), selu, celu
 * (alpha 1), softplus, softsign, mish; over the last axis softmax, log_softmax, and glu and swiglu, which halve it.
 * Errors: CG_ERROR_ARGUMENT for an unknown name; the message lists them.
 */
CG_API cg_module *cg_activation_module(cg_device *dev, const char *name);

/*
 * x for x > 0, else slope x, with a parameter weight (channels) that starts at 0.25: 1 for one slope, else one for each
 * index of axis 1 of x (N, C, ...). Errors: CG_ERROR_ARGUMENT for channels < 1. Source: He et al. 2015.
 */
CG_API cg_module *cg_prelu_module(cg_device *dev, int64_t channels);

/* cg_softmax over `axis`. Errors: those of cg_softmax, when it runs. */
CG_API cg_module *cg_softmax_module(cg_device *dev, int axis);

/*
 * cg_dropout with probability p in training mode, x itself in evaluation mode. Masks come from the device's generator
 * (cg_seed). Errors: CG_ERROR_ARGUMENT unless 0 <= p <= 1.
 */
CG_API cg_module *cg_dropout_module(cg_device *dev, double p);

/* Each sample as a row: x (N, ...) -> (N, D), D the product of the other dims. */
CG_API cg_module *cg_flatten_module(cg_device *dev);

/* Each sample in another shape: x (N, ...) -> (N, sample...); one dim of `sample` may be -1, what is left. */
CG_API cg_module *cg_reshape_module(cg_device *dev, cg_dims sample);

/*
 * A table of vectors: integers (...) -> (..., width) by cg_embedding, with a parameter weight (count, width) that starts
 * at N(0, 1). padding: the row that starts at 0 and is not trained, or CG_NO_PADDING. Errors: CG_ERROR_ARGUMENT for
 * sizes and padding.
 */
CG_API cg_module *cg_embedding_module(cg_device *dev, int64_t count, int64_t width, int64_t padding);

/* --- Modules of modules -------------------------------------------------------------------------------------------- */

/* Modules one after the other; empty at first: it gives back what it is given. */
CG_API cg_module *cg_sequential(cg_device *dev);

/*
 * cg_module_add under the name of its number. NULL leaves an error. Errors: also CG_ERROR_ARGUMENT where `net` is not a
 * sequential.
 */
CG_API cg_status cg_sequential_add(cg_module *net, cg_module *layer);

/*
 * y = inner(x) + shortcut(x), as children "inner" and "shortcut", which it frees (at once, on an error). shortcut NULL
 * is x itself, unless the device holds an error: the NULL may then be a layer that could not be made, and the result is
 * NULL. Source: He et al. 2016.
 */
CG_API cg_module *cg_residual_module(cg_module *inner, cg_module *shortcut);

/* --- A module of the caller's own ------------------------------------------------------------------------------------- */

/* What a module does with its input; `context` is what cg_custom_module was given. */
typedef cg_tensor *cg_forward_function(void *context, cg_module *self, cg_tensor *x);

/*
 * A module of the caller's own: `forward` maps x, `release` frees `context` with the module (may be NULL). A forward
 * asks self for its parameters, buffers and children each time: cg_module_set_dtype replaces tensors. On an error
 * `release` is not called. Errors: CG_ERROR_ARGUMENT without name or forward.
 */
CG_API cg_module *cg_custom_module(cg_device *dev, const char *name, cg_forward_function *forward,
                                   void (*release)(void *), void *context);

/*
 * Gives a module a parameter, a copy of `value` that requires a gradient. Errors: CG_ERROR_DTYPE unless it is real,
 * CG_ERROR_ARGUMENT for a name that is taken, empty or with a dot, CG_ERROR_DEVICE_MISMATCH.
 */
CG_API cg_status cg_module_add_parameter(cg_module *module, const char *name, cg_tensor *value);

/*
 * Gives a module a buffer, a copy of `value` that is saved and loaded but not trained, such as a running mean; any
 * dtype. A forward changes it in place by cg_assign. Errors: as cg_module_add_parameter, but for the dtype.
 */
CG_API cg_status cg_module_add_buffer(cg_module *module, const char *name, cg_tensor *value);

/*
 * Makes `child` a part of `module` under a name: its parameters and buffers are the module's from now on, with paths,
 * and it is freed with it. On an error `child` is freed at once, unless it is part of a module already. NULL leaves an
 * error. Errors: CG_ERROR_ARGUMENT for a name that is taken, empty or with a dot, CG_ERROR_DEVICE_MISMATCH,
 * CG_ERROR_STATE where child is part of a module already, or is `module` or contains it.
 */
CG_API cg_status cg_module_add(cg_module *module, const char *name, cg_module *child);

/* A parameter of a module by its name, or of what is in it by its path. NULL with CG_ERROR_ARGUMENT if there is none. */
CG_API cg_tensor *cg_module_parameter_named(const cg_module *module, const char *path);

/* A buffer by its name or path. NULL with CG_ERROR_ARGUMENT if there is none. */
CG_API cg_tensor *cg_module_buffer_named(const cg_module *module, const char *path);

/* A child by its name, or a module deeper in the tree by its path. NULL with CG_ERROR_ARGUMENT if there is none. */
CG_API cg_module *cg_module_child(const cg_module *module, const char *path);

/* The number of children of a module itself; 0 for NULL. */
CG_API int cg_module_child_count(const cg_module *module);

/*
 * Child i in the order they were added, 0 <= i < cg_module_child_count, and in *name, if not NULL, its name, valid as
 * long as the child. Errors: CG_ERROR_ARGUMENT.
 */
CG_API cg_module *cg_module_child_at(const cg_module *module, int i, const char **name);

/* --- Parameters and buffers of a whole tree --------------------------------------------------------------------------- */

/* The number of parameters (tensors) of a module and everything in it. */
CG_API int cg_parameter_count(const cg_module *module);

/*
 * Parameter i, 0 <= i < cg_parameter_count, a module's own first, then those of its children in order; in *name, if not
 * NULL, its path, valid until something is added to the tree or it is freed. The tensor belongs to the module.
 * Frozen by cg_require_grad(parameter, false) it is left alone by optimizers. Errors: CG_ERROR_ARGUMENT.
 */
CG_API cg_tensor *cg_parameter(const cg_module *module, int i, const char **name);

/* The number of elements of all parameters. */
CG_API int64_t cg_parameter_elements(const cg_module *module);

/* The number of buffers (tensors) of a module and everything in it. */
CG_API int cg_module_buffer_count(const cg_module *module);

/* Buffer i, 0 <= i < cg_module_buffer_count, as cg_parameter. */
CG_API cg_tensor *cg_module_buffer(const cg_module *module, int i, const char **name);

/* Forgets the gradients of all parameters. */
CG_API void cg_module_zero_grad(cg_module *module);

/*
 * Freezes (wanted false) all parameters of a module and everything in it, or makes them trainable again:
 * cg_require_grad of each.
 */
CG_API cg_status cg_module_require_grad(cg_module *module, bool wanted);

/*
 * Converts all real parameters and buffers to f32 or f64: new tensors in place of the old, without gradients, frozen
 * ones frozen still. To be called before an optimizer is made. On an error nothing has changed. Errors: CG_ERROR_DTYPE
 * for another dtype, or f64 where the device has none.
 */
CG_API cg_status cg_module_set_dtype(cg_module *module, cg_dtype dtype);

/*
 * Prints a module as a tree: a line for each module with its name, its parameters and buffers and their shapes; then how
 * many numbers that makes. Errors: CG_ERROR_IO if the stream takes no text.
 */
CG_API cg_status cg_module_print(const cg_module *module, FILE *stream);

/* --- Saving ----------------------------------------------------------------------------------------------------------- */

/*
 * Writes all parameters and buffers to a safetensors file: whole or not at all (temporary file, fsync, rename). Waits
 * for the values. Errors: CG_ERROR_IO with the path and the reason.
 */
CG_API cg_status cg_module_save(const cg_module *module, const char *path);

/*
 * Reads all parameters and buffers from a safetensors file: each must be there with its shape and dtype, and nothing
 * else. On an error (CG_ERROR_IO, CG_ERROR_FORMAT) nothing has changed.
 */
CG_API cg_status cg_module_load(cg_module *module, const char *path);

/* The values of all parameters and buffers of a module at one time, kept on its device. */
typedef struct cg_module_state cg_module_state;

/*
 * Keeps the values a module has now, such as the best of a training. Freed by cg_module_state_free; it may outlive the
 * module, not the device.
 */
CG_API cg_module_state *cg_module_state_save(const cg_module *module);

/*
 * Gives a module the values that were kept; the state stays as it is. The module may be another one with the same names,
 * shapes and dtypes. On an error nothing has changed. Errors: CG_ERROR_FORMAT naming what does not fit.
 */
CG_API cg_status cg_module_state_restore(cg_module *module, const cg_module_state *state);

/* Frees a state. NULL is allowed. */
CG_API void cg_module_state_free(cg_module_state *state);

CG_END_DECLS
#endif
