/* Networks from a line of text: "mlp:512,256:gelu". */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clgrad/models.h"
#include "core/shape.h"
#include "tensor/context.h"

enum { MOST_LAYERS = 64 };

/* What a model is made from; `arguments` is what stands behind the first colon, NULL without one. */
typedef struct request {
    cg_device *dev;
    const char *description, *arguments;
    cg_dims sample;
    int64_t classes;
} request;

typedef struct model {
    const char *name;
    cg_module *(*make)(const request *r);
} model;

const char *cg_model_list(void) {
    return "linear                 logits as a linear function of the sample\n"
           "mlp:SIZES[:ACTIVATION] a perceptron with hidden layers of these sizes: mlp:800, "
           "mlp:512,256:gelu; else relu\n"
           "lenet                  a convolutional network, for samples (C, H, W)\n";
}

static cg_module *refuse(const request *r, const char *what) {
    CG_FAIL(&r->dev->error, CG_ERROR_ARGUMENT, "model: \"%s\": %s; there are\n%s", r->description, what,
            cg_model_list());
    return NULL;
}

static int64_t features(const request *r) { return cg_shape_numel(r->sample); }

static cg_module *make_linear(const request *r) {
    if (r->arguments) return refuse(r, "linear takes nothing behind a colon");
    return cg_mlp(r->dev, 2, (const int64_t[]){features(r), r->classes}, "relu");
}

/* Reads "512,256" into size[0..]; *end is what follows. The number of sizes, 0 if they are not as they should be. */
static int read_sizes(const char *text, int64_t *size, const char **end) {
    for (int n = 0; n < MOST_LAYERS;) {
        char *after;
        errno = 0;
        if (*text < '0' || *text > '9') return 0;
        size[n] = strtoll(text, &after, 10);
        if (errno || size[n] < 1) return 0;
        n++;
        *end = after;
        if (*after != ',') return n;
        text = after + 1;
    }
    return 0;
}

static cg_module *make_mlp(const request *r) {
    int64_t size[MOST_LAYERS + 2] = {features(r)};
    const char *end = "";
    int n = r->arguments ? read_sizes(r->arguments, size + 1, &end) : 0;
    if (n == 0 || (*end && *end != ':'))
        return refuse(r, "mlp takes sizes of layers from 1 on, with commas between");
    size[n + 1] = r->classes;
    return cg_mlp(r->dev, n + 2, size, *end ? end + 1 : "relu");
}

static cg_module *make_lenet(const request *r) {
    if (r->arguments) return refuse(r, "lenet takes nothing behind a colon");
    return cg_lenet(r->dev, r->sample, r->classes);
}

static const model models[] = {{"linear", make_linear}, {"mlp", make_mlp}, {"lenet", make_lenet}};

cg_module *cg_model(cg_device *dev, const char *description, cg_dims sample, int64_t classes) {
    if (!dev) return NULL;
    request r = {
        .dev = dev, .description = description ? description : "", .sample = sample, .classes = classes};
    if (features(&r) < 1 || classes < 1) {
        CG_FAIL(&dev->error, CG_ERROR_ARGUMENT,
                "model: expected samples and classes, got %s and %lld classes", CG_SHAPE_STR(&sample),
                (long long)classes);
        return NULL;
    }
    size_t length = strcspn(r.description, ":");
    if (r.description[length]) r.arguments = r.description + length + 1;
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        if (strlen(models[i].name) == length && strncmp(models[i].name, r.description, length) == 0)
            return models[i].make(&r);
    return refuse(&r, "no such model");
}
