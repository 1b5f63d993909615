#include "train_options.h"

#include "cli.h"
#include "options.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Train a classifier on a folder of images in IDX format, the format of MNIST.\n"
    "\v"
    "The folder holds train-images-idx3-ubyte, train-labels-idx1-ubyte and the same with t10k- or "
    "test-; or one such pair with any prefix, of which a share is kept for testing.\n"
    "\n"
    "The report goes to stdout, the progress to stderr: a bar where that is a terminal, a line per "
    "epoch. The last line is \"test accuracy A on DEVICE\".\n"
    "\n"
    "Without --validation each epoch is measured on the test set, which has no say in the training: "
    "what is watched by --early-stop and by the schedule plateau is then the training loss. With "
    "--early-stop or --validation the network ends with the weights of its best epoch.\n"
    "\n"
    "Ctrl-C ends a training with --out after the batch at hand and leaves checkpoint.safetensors there; "
    "the same command with --resume goes on from it, with the losses it would have had.\n"
    "\n"
    "Examples:\n"
    "  clgrad train --data data/digits\n"
    "  clgrad train --data data/digits --compare --out trained\n"
    "  clgrad train --data mnist --model mlp:800 --epochs 20 --schedule cosine --device gpu\n"
    "  clgrad train --data mnist --model lenet --shift 1 --out lenet --save-every 1\n"
    "  clgrad train --data data/digits --optimizer sgd --lr 0.1 --model mlp:64:tanh --runs 5\n"
    "\n" CLI_HELP_END;

enum option_key {
    KEY_COMPARE = 'c',
    KEY_DATA = 'd',
    KEY_EPOCHS = 'e',
    KEY_MODEL = 'm',
    KEY_OUT = 'o',
    KEY_QUIET = 'q',
    KEY_RESUME = 'r',
    KEY_OPTIMIZER = 0x100, /* from here on without a short form */
    KEY_LR,
    KEY_BATCH,
    KEY_SEED,
    KEY_DEVICE,
    KEY_TEST_SHARE,
    KEY_VALIDATION,
    KEY_SHIFT,
    KEY_ROTATE,
    KEY_SCHEDULE,
    KEY_WEIGHT_DECAY,
    KEY_CLIP,
    KEY_EARLY_STOP,
    KEY_SAVE_EVERY,
    KEY_RUNS
};

static const struct argp_option options[] = {
    {NULL, 0, NULL, 0, "Data:", 1},
    {"data", KEY_DATA, "DIR", 0, "The folder of the images and labels; must be given", 1},
    {"test-share", KEY_TEST_SHARE, "X", 0,
     "Share of the samples kept for testing where the folder has no test set, at most 0.5 (default 0.2)", 1},
    {"validation", KEY_VALIDATION, "X", 0,
     "Share of the training samples, at most 0.5, kept to choose the best epoch by (default: none)", 1},
    {"shift", KEY_SHIFT, "X", 0, "Shift each image at random by at most X pixels as it is used", 1},
    {"rotate", KEY_ROTATE, "X", 0, "Turn each image at random by at most X degrees as it is used", 1},
    {NULL, 0, NULL, 0, "Network and training:", 2},
    {"model", KEY_MODEL, "NAME", 0,
     "The network: linear, mlp:SIZES with hidden layers such as mlp:512,256 or mlp:800:gelu, or lenet "
     "(default mlp:128,64)",
     2},
    {"optimizer", KEY_OPTIMIZER, "NAME", 0,
     "adam, adamw, rmsprop, adagrad, or sgd with momentum 0.9 (default adam)", 2},
    {"lr", KEY_LR, "X", 0,
     "Step size (default 0.002 for adam and adamw, 0.05 for sgd, 0.001 for rmsprop, 0.02 for adagrad)", 2},
    {"schedule", KEY_SCHEDULE, "NAME", 0,
     "Step size over time: constant, step (a tenth after each third), exponential (to a hundredth), "
     "cosine (to 0), one-cycle, or plateau (half, when 5 epochs have brought nothing) (default constant)",
     2},
    {"weight-decay", KEY_WEIGHT_DECAY, "X", 0, "Weight decay (default 0; 0.01 for adamw)", 2},
    {"clip", KEY_CLIP, "X", 0, "Largest norm of the gradient of a step (default: any)", 2},
    {"epochs", KEY_EPOCHS, "N", 0, "Passes over the training set (default 30)", 2},
    {"batch", KEY_BATCH, "N", 0, "Samples in a step (default 64)", 2},
    {"early-stop", KEY_EARLY_STOP, "N", 0, "End when N epochs have brought nothing better", 2},
    {"seed", KEY_SEED, "N", 0, "Seed of the split, the weights and the order of the samples (default 1)", 2},
    {"runs", KEY_RUNS, "N", 0, "Train N times, with this seed and those after it, and show the spread", 2},
    {NULL, 0, NULL, 0, "Device and output:", 3},
    {"device", KEY_DEVICE, "NAME", 0,
     "Device by id, by kind (gpu) or by a part of its name (default: CLGRAD_DEVICE, else the best there is)",
     3},
    {"compare", KEY_COMPARE, NULL, 0, "Repeat the same training on every other usable device and compare", 3},
    {"out", KEY_OUT, "DIR", 0,
     "Folder for weights.safetensors, learning-curve.svg and history.csv (default: nothing is written)", 3},
    {"save-every", KEY_SAVE_EVERY, "N", 0,
     "Write checkpoint.safetensors into it every N epochs, and at the end", 3},
    {"resume", KEY_RESUME, NULL, 0, "Go on from the checkpoint in it, if there is one", 3},
    {"quiet", KEY_QUIET, NULL, 0, "Print the result only", 3},
    {0},
};

static void check(const train_options *o, struct argp_state *state) {
    if (!o->data) argp_error(state, "--data DIR must be given");
    if ((o->settings.save_every || o->settings.resume) && !o->out)
        argp_error(state, "--save-every and --resume need --out DIR");
    if (o->runs > 1 && (o->out || o->compare))
        argp_error(state, "--runs goes neither with --out nor with --compare");
    if (o->settings.resume && o->compare) argp_error(state, "--resume does not go with --compare");
}

static error_t parse_option(int key, char *arg, struct argp_state *state) {
    train_options *o = state->input;
    train_settings *s = &o->settings;
    const option_place places[] = {
        {KEY_DATA, .text = &o->data},
        {KEY_TEST_SHARE, .real = &s->test_share, .high = 0.5},
        {KEY_VALIDATION, .real = &s->validation, .high = 0.5},
        {KEY_SHIFT, .real = &s->augmentation.shift, .high = 1000},
        {KEY_ROTATE, .real = &s->augmentation.rotate, .high = 180},
        {KEY_MODEL, .text = &s->model},
        {KEY_LR, .real = &s->lr, .high = 1e6},
        {KEY_WEIGHT_DECAY, .real = &s->weight_decay, .high = 1e6},
        {KEY_CLIP, .real = &s->clip, .high = 1e30},
        {KEY_EPOCHS, .count = &s->epochs, .high = 1000000},
        {KEY_EARLY_STOP, .count = &s->patience, .high = 1000000},
        {KEY_RUNS, .count = &o->runs, .high = 1000},
        {KEY_DEVICE, .text = &o->device},
        {KEY_COMPARE, .flag = &o->compare},
        {KEY_OUT, .text = &o->out},
        {KEY_SAVE_EVERY, .count = &s->save_every, .high = 1000000},
        {KEY_RESUME, .flag = &s->resume},
        {KEY_QUIET, .flag = &o->quiet},
        {0},
    };
    if (option_put(options, places, state, key, arg)) return 0;
    switch (key) {
    case KEY_OPTIMIZER:
        s->optimizer = (train_optimizer)option_choice(options, state, key, arg, train_optimizer_names);
        return 0;
    case KEY_SCHEDULE:
        s->schedule = (train_schedule)option_choice(options, state, key, arg, train_schedule_names);
        return 0;
    case KEY_BATCH:
        s->batch = option_integer(options, state, key, arg, 1, INT32_MAX);
        return 0;
    case KEY_SEED:
        s->seed = (uint64_t)option_integer(options, state, key, arg, 0, INT64_MAX);
        return 0;
    case ARGP_KEY_END:
        check(o, state);
        return 0;
    default:
        return option_unknown(state, key, arg);
    }
}

train_options train_options_parse(int argc, char **argv) {
    static const struct argp parser = {options, parse_option, "", help, NULL, NULL, NULL};
    train_options o = {
        .settings = {.model = "mlp:128,64", .epochs = 30, .batch = 64, .seed = 1, .test_share = 0.2},
        .runs = 1};
    const error_t failed = argp_parse(&parser, argc, argv, 0, NULL, &o);
    if (failed != 0) exit(cli_fail("%s", strerror(failed)));
    static const double lr[] = {0.002, 0.002, 0.05, 0.001, 0.02};
    if (o.settings.lr == 0) o.settings.lr = lr[o.settings.optimizer];
    return o;
}
