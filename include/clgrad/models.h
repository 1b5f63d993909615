/*
 * A small zoo of networks, each a module of layers (nn.h) with fresh f32 weights from the device's generator. All give
 * logits, for the losses from logits of loss.h. docs/layers.md tells how each is built.
 */
#ifndef CLGRAD_MODELS_H
#define CLGRAD_MODELS_H

#include "nn.h"

CG_BEGIN_DECLS

/*
 * A multi-layer perceptron: samples flattened, (N, ...) -> (N, sizes[0]), then linear layers of sizes[0..n-1] with the
 * activation of cg_activation_module between them, none at the end -> (N, sizes[n-1]). He weights before activations
 * that are small on one side (relu, leaky_relu, relu6, elu, celu, swish, hardswish, gelu, mish, softplus), Xavier before
 * the others and in the last layer. Errors: CG_ERROR_ARGUMENT for n < 2, a size < 1, an unknown activation.
 */
CG_API cg_module *cg_mlp(cg_device *dev, int n, const int64_t *sizes, const char *activation);

/*
 * A convolutional network in the manner of LeNet for samples (C, H, W), at least 4 x 4: (N, C, H, W) -> (N, classes).
 * 3 x 3 convolutions of 16, 32 and 64 channels, each with batch normalization and relu, a 2 x 2 maximum after the second
 * and the third; a hidden linear layer of 128; dropout of 0.25 and 0.5 before the linear layers. Errors: CG_ERROR_SHAPE
 * for another sample, or one of more than 2^31 features, CG_ERROR_ARGUMENT for classes < 1.
 * Source: LeCun et al. 1998, with the layers of later years.
 */
CG_API cg_module *cg_lenet(cg_device *dev, cg_dims sample, int64_t classes);

/* The sizes of a transformer; a 0 stands for the value given here. */
typedef struct cg_transformer_options {
    int64_t vocabulary; /* must be given */
    int64_t context;    /* 64: the longest sequence */
    int64_t width;      /* 64: a multiple of heads */
    int64_t heads;      /* 4 */
    int64_t layers;     /* 2; at most 1024 */
    double dropout;     /* 0: of the embedding, and of what each half block adds */
} cg_transformer_options;

/*
 * A decoder-only transformer: tokens (B, T) i32 or i64, T <= context -> logits (B, T, vocabulary) of each next token,
 * which see only what stands before. Token and learned position embedding, then `layers` blocks of
 * x + attention(norm(x)) and x + mlp(norm(x)) (causal multi-head attention; width -> 4 width -> gelu -> width), a last
 * norm, a linear layer. Errors: CG_ERROR_ARGUMENT for the options; when it runs, CG_ERROR_SHAPE for T > context.
 * Source: Vaswani et al. 2017; Radford et al. 2019 for the norm before each half block.
 */
CG_API cg_module *cg_transformer(cg_device *dev, cg_transformer_options options);

/*
 * A network from a description, for samples of a shape and a number of classes: (N, sample...) -> (N, classes).
 * cg_model_list names all descriptions. Errors: CG_ERROR_ARGUMENT saying what is wrong with the description and listing
 * what there is; those of the model.
 */
CG_API cg_module *cg_model(cg_device *dev, const char *description, cg_dims sample, int64_t classes);

/* What cg_model understands, a line for each description with what it means: text for a program's help. */
CG_API const char *cg_model_list(void);

CG_END_DECLS
#endif
