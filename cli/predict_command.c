/* clgrad predict: what a trained network makes of images. */
#include "cli.h"
#include "options.h"
#include "predict_output.h"
#include "weights_file.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char help[] =
    "Predict the class of images with weights that clgrad train wrote.\n"
    "\v"
    "IMAGE is a picture (PNG, JPEG, PGM, PPM); it is made gray and brought to the size the network was "
    "trained on. With --data the images are those of a folder in IDX format, whose labels give accuracy "
    "and confusion matrix; where the folder has no test set, --set test takes the samples that the "
    "training had held back.\n"
    "\n"
    "A row for each image goes to stdout: its number or file, its label where there is one, class and "
    "probability. The confusion matrix has a row for each label and a column for each class predicted.\n"
    "\n"
    "Examples:\n"
    "  clgrad train --data data/digits --model lenet --out trained\n"
    "  clgrad predict --weights trained --data data/digits\n"
    "  clgrad predict --weights trained --data data/digits --set all --csv >predictions.csv\n"
    "  clgrad predict --weights trained --invert scan1.png scan2.png\n"
    "\n" CLI_HELP_END;

enum option_key {
    KEY_DATA = 'd',
    KEY_WEIGHTS = 'w',
    KEY_QUIET = 'q',
    KEY_CSV = 0x100,
    KEY_SET,
    KEY_DEVICE,
    KEY_INVERT
};

static const struct argp_option options[] = {
    {"weights", KEY_WEIGHTS, "PATH", 0, "weights.safetensors, or the folder it is in; must be given", 1},
    {"data", KEY_DATA, "DIR", 0, "A folder of images and labels in IDX format", 1},
    {"set", KEY_SET, "NAME", 0, "Which of its samples: test, train or all (default test)", 1},
    {"invert", KEY_INVERT, NULL, 0, "Pictures are dark on light, the network knows light on dark", 1},
    {"csv", KEY_CSV, NULL, 0, "Rows as CSV on stdout, and the summary on stderr", 2},
    {"quiet", KEY_QUIET, NULL, 0, "The summary only", 2},
    {"device", KEY_DEVICE, "NAME", 0,
     "Device by id, by kind (gpu) or by a part of its name (default: CLGRAD_DEVICE, else the best there is)",
     2},
    {0},
};

typedef struct predict_options {
    const char *weights, *data, *device;
    bool train, test; /* which samples of the folder */
    char **images;
    int n_images;
    bool invert, csv, quiet;
} predict_options;

static void choose_set(predict_options *o, const char *name, struct argp_state *state) {
    static const char *const sets[] = {"test", "train", "all", NULL};
    const int set = option_choice(options, state, KEY_SET, name, sets);
    o->test = set != 1;
    o->train = set != 0;
}

static error_t parse_option(int key, char *arg, struct argp_state *state) {
    predict_options *o = state->input;
    const option_place places[] = {
        {KEY_DATA, .text = &o->data},
        {KEY_WEIGHTS, .text = &o->weights},
        {KEY_DEVICE, .text = &o->device},
        {KEY_INVERT, .flag = &o->invert},
        {KEY_CSV, .flag = &o->csv},
        {KEY_QUIET, .flag = &o->quiet},
        {0},
    };
    if (option_put(options, places, state, key, arg)) return 0;
    switch (key) {
    case KEY_SET:
        choose_set(o, arg, state);
        return 0;
    case ARGP_KEY_ARGS:
        o->images = state->argv + state->next;
        o->n_images = state->argc - state->next;
        return 0;
    case ARGP_KEY_END:
        if (!o->weights) argp_error(state, "--weights PATH must be given");
        if (!o->data == !o->n_images) argp_error(state, "either --data DIR or images must be given");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* --- what is predicted -------------------------------------------------------------------------------------- */

/* The samples of a folder, of the shape the network knows. NULL: says what fails. */
static cg_dataset *open_folder(const predict_options *o, const weights_about *about, bool test) {
    cg_dataset *part[2];
    if (cg_dataset_open(o->data, about->test_share, about->seed, &part[0], &part[1]) != CG_OK) {
        cli_fail("%s", cg_error_message(NULL));
        return NULL;
    }
    cg_dataset_free(part[!test]);
    return part[test];
}

static bool fits(const cg_dataset *set, const weights_about *about) {
    const cg_dims shape = cg_dataset_sample_shape(set);
    bool same = shape.rank == about->sample.rank && cg_dataset_classes(set) <= about->classes;
    for (int i = 0; same && i < shape.rank; i++) same = shape.dim[i] == about->sample.dim[i];
    if (!same) cli_fail("the network was trained on samples of another shape, or on fewer classes");
    return same;
}

/* A picture as the network knows them, into x (the sample's elements). Says what fails. */
static bool read_picture(const char *path, const weights_about *about, bool invert, float *x) {
    const int64_t *want = about->sample.dim;
    cg_array picture = {0}, resized = {0};
    bool ok = cg_image_read(path, (cg_image_options){.channels = want[0] == 3 ? 3 : 1}, &picture) == CG_OK;
    ok = ok && cg_image_resize(&picture, want[1], want[2], &resized) == CG_OK;
    if (!ok) cli_fail("%s", cg_error_message(NULL));
    for (int64_t i = 0; ok && i < cg_array_numel(&resized); i++) {
        const double value = cg_array_get(&resized, i);
        x[i] = (float)(invert ? 1 - value : value);
    }
    cg_array_free(&picture);
    cg_array_free(&resized);
    return ok;
}

/* The pictures as a data set, with labels of 0 that nobody looks at. NULL: says what fails. */
static cg_dataset *open_pictures(const predict_options *o, const weights_about *about) {
    const cg_dims *s = &about->sample;
    if (s->rank != 3 || (s->dim[0] != 1 && s->dim[0] != 3)) {
        cli_fail("the network was trained on samples that are no pictures, gray or of three colours");
        return NULL;
    }
    const int64_t n = o->n_images;
    cg_array x = {0}, labels = {0};
    cg_dataset *set = NULL;
    bool ok = cg_array_new(&x, CG_F32, cg_shape(n, s->dim[0], s->dim[1], s->dim[2])) == CG_OK &&
              cg_array_new(&labels, CG_I32, cg_shape(n)) == CG_OK;
    if (!ok) cli_fail("%s", cg_error_message(NULL));
    for (int64_t i = 0; ok && i < n; i++)
        ok = read_picture(o->images[i], about, o->invert,
                          (float *)x.data + i * s->dim[0] * s->dim[1] * s->dim[2]);
    if (ok) set = cg_dataset_from_arrays(&x, &labels);
    if (ok && !set) cli_fail("%s", cg_error_message(NULL));
    cg_array_free(&x);
    cg_array_free(&labels);
    return set;
}

/* Predicts a set and tells of it. */
static int predict_set(const predict_options *o, cg_module *net, const weights_about *about,
                       const cg_dataset *set, predict_report *report) {
    prediction p = {0};
    int code = CLI_OK;
    if (!set || !fits(set, about)) return CLI_FAILED;
    const cg_status status = prediction_of(&p, net, set);
    if (status != CG_OK)
        code = cli_fail("%s", status == CG_ERROR_MEMORY ? cg_status_meaning(status)
                                                        : cg_error_message(cg_module_device(net)));
    else
        predict_report_add(report, &p, o->data ? set : NULL, o->images);
    prediction_free(&p);
    return code;
}

static int predict(const predict_options *o, cg_module *net, const weights_about *about) {
    predict_report report = {.rows = !o->quiet, .csv = o->csv, .classes = about->classes};
    if (!predict_report_begin(&report, o->data != NULL)) return cli_fail("out of memory");
    int code = CLI_OK;
    for (int test = 0; test < 2 && code == CLI_OK; test++) {
        if (o->data && !(test ? o->test : o->train)) continue;
        if (!o->data && test) continue;
        cg_dataset *set = o->data ? open_folder(o, about, test) : open_pictures(o, about);
        code = predict_set(o, net, about, set, &report);
        cg_dataset_free(set);
    }
    if (code == CLI_OK) predict_report_end(&report);
    predict_report_free(&report);
    return code;
}

/* The file of weights: itself, or in a folder. In new memory; NULL without. */
static char *weights_path(const char *path) {
    static const char name[] = "/weights.safetensors";
    struct stat about;
    const bool folder = stat(path, &about) == 0 && S_ISDIR(about.st_mode);
    char *full = malloc(strlen(path) + sizeof name);
    if (full) sprintf(full, "%s%s", path, folder ? name : "");
    return full;
}

int predict_command(int argc, char **argv) {
    static const struct argp parser = {options, parse_option, "[IMAGE...]", help, NULL, NULL, NULL};
    predict_options o = {.test = true};
    error_t failed = argp_parse(&parser, argc, argv, 0, NULL, &o);
    if (failed != 0) return cli_fail("%s", strerror(failed));
    cg_device *dev = cg_device_open(o.device);
    if (!dev) return cli_fail("%s", cg_error_message(NULL));
    weights_about about = {.classes = 0};
    char *path = weights_path(o.weights);
    cg_module *net = path ? weights_load(path, dev, &about) : NULL;
    int code = net ? predict(&o, net, &about) : CLI_FAILED;
    if (!path) cli_fail("out of memory");
    cg_module_free(net);
    cg_device_close(dev);
    free(path);
    return code;
}
