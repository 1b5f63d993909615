#include "train_options.h"

#include "cli.h"

#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char help[] = "Train a classifier (a multi-layer perceptron) on a folder of images in IDX "
                           "format, the format of MNIST.\n"
                           "\v"
                           "The folder holds train-images-idx3-ubyte, train-labels-idx1-ubyte and the same "
                           "with t10k- or test-; or one "
                           "such pair with any prefix, of which a share is kept for testing.\n"
                           "\n"
                           "The report goes to stdout, the progress to stderr: a bar where that is a "
                           "terminal, a line per epoch. The "
                           "last line is \"test accuracy A on DEVICE\".\n"
                           "\n"
                           "Examples:\n"
                           "  clgrad train --data data/digits\n"
                           "  clgrad train --data data/digits --compare --out trained\n"
                           "  clgrad train --data mnist --hidden 512,256 --epochs 10 --device gpu\n"
                           "  clgrad train --data data/digits --optimizer sgd --lr 0.1 --activation tanh\n"
                           "\n" CLI_HELP_END;

enum option_key {
    KEY_COMPARE = 'c',
    KEY_DATA = 'd',
    KEY_EPOCHS = 'e',
    KEY_OUT = 'o',
    KEY_QUIET = 'q',
    KEY_HIDDEN = 0x100, /* from here on without a short form */
    KEY_ACTIVATION,
    KEY_OPTIMIZER,
    KEY_LR,
    KEY_BATCH,
    KEY_SEED,
    KEY_DEVICE,
    KEY_TEST_SHARE
};

static const struct argp_option options[] = {
    {NULL, 0, NULL, 0, "Data:", 1},
    {"data", KEY_DATA, "DIR", 0, "The folder of the images and labels; must be given", 1},
    {"test-share", KEY_TEST_SHARE, "X", 0,
     "Share of the samples kept for testing where the folder has no test set, at most 0.5 (default 0.2)", 1},
    {NULL, 0, NULL, 0, "Network and training:", 2},
    {"hidden", KEY_HIDDEN, "N,N,...", 0, "Sizes of the hidden layers, or 'none' (default 128,64)", 2},
    {"activation", KEY_ACTIVATION, "NAME", 0,
     "Activation between the layers: relu, leaky_relu, swish, sigmoid, tanh, gelu or gelu_tanh (default "
     "relu)",
     2},
    {"optimizer", KEY_OPTIMIZER, "NAME", 0, "Optimizer: adam, or sgd with momentum 0.9 (default adam)", 2},
    {"lr", KEY_LR, "X", 0, "Step size (default 0.002 for adam, 0.05 for sgd)", 2},
    {"epochs", KEY_EPOCHS, "N", 0, "Passes over the training set (default 30)", 2},
    {"batch", KEY_BATCH, "N", 0, "Samples in a step (default 64)", 2},
    {"seed", KEY_SEED, "N", 0, "Seed of the split, the weights and the order of the samples (default 1)", 2},
    {NULL, 0, NULL, 0, "Device and output:", 3},
    {"device", KEY_DEVICE, "NAME", 0,
     "Device by id, by kind (gpu) or by a part of its name (default: CLGRAD_DEVICE, else the best there is)",
     3},
    {"compare", KEY_COMPARE, NULL, 0, "Repeat the same training on every other usable device and compare", 3},
    {"out", KEY_OUT, "DIR", 0,
     "Folder for weights.safetensors, learning-curve.svg and history.csv (default: nothing is written)", 3},
    {"quiet", KEY_QUIET, NULL, 0, "Print the result only", 3},
    {0},
};

static long long integer(struct argp_state *state, const char *option, const char *text, long long lo,
                         long long hi) {
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end || errno || value < lo || value > hi)
        argp_error(state, "--%s takes a whole number from %lld to %lld, not '%s'", option, lo, hi, text);
    return value;
}

static double real(struct argp_state *state, const char *option, const char *text, double hi) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !(value > 0) || !(value <= hi))
        argp_error(state, "--%s takes a number above 0, at most %g, not '%s'", option, hi, text);
    return value;
}

static void parse_hidden(struct argp_state *state, char *text, train_settings *settings) {
    settings->n_hidden = 0;
    if (strcmp(text, "none") == 0) return;
    for (char *rest = text, *size; (size = strsep(&rest, ",")) != NULL;) {
        if (settings->n_hidden == TRAIN_MAX_HIDDEN)
            argp_error(state, "--hidden takes at most %d layers", TRAIN_MAX_HIDDEN);
        settings->hidden[settings->n_hidden++] = integer(state, "hidden", size, 1, 1 << 20);
    }
}

static error_t parse_option(int key, char *arg, struct argp_state *state) {
    train_options *o = state->input;
    switch (key) {
    case KEY_DATA:
        o->data = arg;
        return 0;
    case KEY_TEST_SHARE:
        o->test_share = real(state, "test-share", arg, 0.5);
        return 0;
    case KEY_HIDDEN:
        parse_hidden(state, arg, &o->settings);
        return 0;
    case KEY_ACTIVATION:
        o->settings.activation = arg;
        return 0;
    case KEY_OPTIMIZER:
        o->settings.adam = strcmp(arg, "adam") == 0;
        if (!o->settings.adam && strcmp(arg, "sgd") != 0)
            argp_error(state, "--optimizer takes adam or sgd, not '%s'", arg);
        return 0;
    case KEY_LR:
        o->settings.lr = real(state, "lr", arg, 1e6);
        return 0;
    case KEY_EPOCHS:
        o->settings.epochs = (int)integer(state, "epochs", arg, 1, 1000000);
        return 0;
    case KEY_BATCH:
        o->settings.batch = integer(state, "batch", arg, 1, INT32_MAX);
        return 0;
    case KEY_SEED:
        o->settings.seed = (uint64_t)integer(state, "seed", arg, 0, INT64_MAX);
        return 0;
    case KEY_DEVICE:
        o->device = arg;
        return 0;
    case KEY_COMPARE:
        o->compare = true;
        return 0;
    case KEY_OUT:
        o->out = arg;
        return 0;
    case KEY_QUIET:
        o->quiet = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "no argument is expected: '%s'", arg);
        return 0;
    case ARGP_KEY_END:
        if (!o->data) argp_error(state, "--data DIR must be given");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

train_options train_options_parse(int argc, char **argv) {
    static const struct argp parser = {options, parse_option, "", help, NULL, NULL, NULL};
    train_options o = {.settings = {.hidden = {128, 64},
                                    .n_hidden = 2,
                                    .activation = "relu",
                                    .adam = true,
                                    .epochs = 30,
                                    .batch = 64,
                                    .seed = 1},
                       .test_share = 0.2};
    error_t failed = argp_parse(&parser, argc, argv, 0, NULL, &o);
    if (failed != 0) {
        cli_fail("%s", strerror(failed));
        exit(CLI_FAILED);
    }
    if (o.settings.lr == 0) o.settings.lr = o.settings.adam ? 0.002 : 0.05;
    return o;
}
