#include "weights_file.h"

#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT = 256, PAIRS = 5 };

static void shape_text(char text[TEXT], const cg_dims *shape) {
    int n = 0;
    text[0] = 0;
    for (int i = 0; i < shape->rank; i++)
        n += snprintf(text + n, (size_t)(TEXT - n), "%s%lld", i ? "," : "", (long long)shape->dim[i]);
}

cg_status weights_save(const char *path, const cg_module *net, const weights_about *about) {
    char sample[TEXT], classes[TEXT], share[TEXT], seed[TEXT];
    const int parameters = cg_parameter_count(net), n = parameters + cg_module_buffer_count(net);
    cg_named_tensor *tensors = calloc((size_t)n + 1, sizeof *tensors);
    if (!tensors) return CG_ERROR_MEMORY;
    for (int i = 0; i < n; i++)
        tensors[i].tensor = i < parameters ? cg_parameter(net, i, &tensors[i].name)
                                           : cg_module_buffer(net, i - parameters, &tensors[i].name);
    shape_text(sample, &about->sample);
    snprintf(classes, TEXT, "%lld", (long long)about->classes);
    snprintf(share, TEXT, "%.17g", about->test_share);
    snprintf(seed, TEXT, "%llu", (unsigned long long)about->seed);
    const char *const metadata[PAIRS][2] = {{"model", about->model},
                                            {"sample", sample},
                                            {"classes", classes},
                                            {"test_share", share},
                                            {"seed", seed}};
    const cg_status status = cg_safetensors_save(path, n, tensors, PAIRS, metadata);
    free(tensors);
    return status;
}

/* --- reading ------------------------------------------------------------------------------------------------- */

static bool read_shape(const char *text, cg_dims *shape) {
    *shape = (cg_dims){0};
    for (char *end; *text && shape->rank < CG_MAX_RANK; text = *end ? end + 1 : end) {
        const long long size = strtoll(text, &end, 10);
        if (end == text || size < 1 || (*end && *end != ',')) return false;
        shape->dim[shape->rank++] = size;
    }
    return shape->rank > 0 && !*text;
}

static bool read_about(const cg_safetensors *file, weights_about *about) {
    static const char *const keys[PAIRS] = {"model", "sample", "classes", "test_share", "seed"};
    const char *text[PAIRS];
    char *end;
    for (int i = 0; i < PAIRS; i++) {
        text[i] = cg_safetensors_metadata(file, keys[i]);
        if (!text[i] || !*text[i]) return false;
    }
    if (strlen(text[0]) >= sizeof about->model || !read_shape(text[1], &about->sample)) return false;
    strcpy(about->model, text[0]);
    about->classes = strtoll(text[2], &end, 10);
    if (*end || about->classes < 1) return false;
    about->test_share = strtod(text[3], &end);
    if (*end || !(about->test_share > 0 && about->test_share <= 0.5)) return false;
    errno = 0;
    about->seed = strtoull(text[4], &end, 10);
    return !*end && !errno;
}

cg_module *weights_load(const char *path, cg_device *dev, weights_about *about) {
    cg_safetensors *file = cg_safetensors_open(path);
    if (!file) {
        cli_fail("%s", cg_error_message(NULL));
        return NULL;
    }
    const bool described = read_about(file, about);
    cg_safetensors_close(file);
    if (!described) {
        cli_fail("'%s' does not say which network its weights belong to: it is none that clgrad train wrote",
                 path);
        return NULL;
    }
    cg_module *net = cg_model(dev, about->model, about->sample, about->classes);
    if (net && cg_module_load(net, path) == CG_OK) {
        cg_module_train(net, false);
        return net;
    }
    cli_fail("%s", cg_error_message(dev));
    cg_module_free(net);
    return NULL;
}
