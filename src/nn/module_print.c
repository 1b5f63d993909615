/* A module as a tree of text. */
#include <stdlib.h>
#include <string.h>

#include "clgrad/autograd.h"
#include "core/shape.h"
#include "nn/module.h"

enum { INDENT = 2 };

/* "1: linear", the left column of a module's line. */
static int label_length(const cg_module *module, const char *name, int depth) {
    return depth * INDENT + (name ? (int)strlen(name) + 2 : 0) + (int)strlen(module->name);
}

/* The length of the longest label. */
static int label_column(const cg_module *module, const char *name, int depth) {
    int longest = label_length(module, name, depth);
    for (int i = 0; i < module->n_children; i++) {
        int inner = label_column(module->child[i].module, module->child[i].name, depth + 1);
        if (inner > longest) longest = inner;
    }
    return longest;
}

/* "  weight (784, 800), bias (800) frozen" */
static void print_tensors(const cg_slots *own, const char *before, bool parameters, FILE *stream) {
    for (int i = 0; i < own->n; i++) {
        const cg_tensor *x = own->slot[i].tensor;
        fprintf(stream, "%s%s %s%s", i ? ", " : before, own->slot[i].name, CG_SHAPE_STR(&x->shape),
                parameters && !cg_requires_grad(x) ? " frozen" : "");
    }
}

static void print_tree(const cg_module *module, const char *name, int depth, int column, FILE *stream) {
    const cg_slots *parameters = &module->own[CG_PARAMETERS], *buffers = &module->own[CG_BUFFERS];
    fprintf(stream, "%*s%s%s%s", depth * INDENT, "", name ? name : "", name ? ": " : "", module->name);
    if (parameters->n || buffers->n) {
        fprintf(stream, "%*s", column - label_length(module, name, depth), "");
        print_tensors(parameters, "  ", true, stream);
        print_tensors(buffers, parameters->n ? "; buffers " : "  buffers ", false, stream);
    }
    fprintf(stream, "\n");
    for (int i = 0; i < module->n_children; i++)
        print_tree(module->child[i].module, module->child[i].name, depth + 1, column, stream);
}

static int64_t frozen_elements(const cg_module *module) {
    int64_t total = 0;
    const cg_slots *own = &module->own[CG_PARAMETERS];
    for (int i = 0; i < own->n; i++)
        if (!cg_requires_grad(own->slot[i].tensor)) total += cg_numel(own->slot[i].tensor);
    for (int i = 0; i < module->n_children; i++) total += frozen_elements(module->child[i].module);
    return total;
}

static int64_t buffer_elements(const cg_module *module) {
    int64_t total = 0;
    const cg_slots *own = &module->own[CG_BUFFERS];
    for (int i = 0; i < own->n; i++) total += cg_numel(own->slot[i].tensor);
    for (int i = 0; i < module->n_children; i++) total += buffer_elements(module->child[i].module);
    return total;
}

cg_status cg_module_print(const cg_module *module, FILE *stream) {
    if (!module || !stream) return CG_ERROR_ARGUMENT;
    int64_t frozen = frozen_elements(module), buffers = buffer_elements(module);
    print_tree(module, NULL, 0, label_column(module, NULL, 0), stream);
    fprintf(stream, "%lld parameters", (long long)cg_parameter_elements(module));
    if (frozen) fprintf(stream, ", %lld of them frozen", (long long)frozen);
    if (buffers) fprintf(stream, ", %lld numbers in buffers", (long long)buffers);
    fprintf(stream, "\n");
    if (!ferror(stream)) return CG_OK;
    return CG_FAIL(&module->dev->error, CG_ERROR_IO, "module_print: the stream takes no text");
}
