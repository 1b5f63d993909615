/* The clgrad program: finds the command and hands over to it. */
#include "cli.h"

#include <argp.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

typedef struct command {
    const char *name, *full_name;
    int (*run)(int argc, char **argv);
} command;

static const command commands[] = {
    {"bench", "clgrad bench", bench_command},       {"devices", "clgrad devices", devices_command},
    {"doctor", "clgrad doctor", doctor_command},    {"ops", "clgrad ops", ops_command},
    {"predict", "clgrad predict", predict_command}, {"train", "clgrad train", train_command},
    {"tune", "clgrad tune", tune_command},
};

static const char help[] = "Tensors, gradients and training on any OpenCL device and on the CPU.\n"
                           "\n"
                           "Commands:\n"
                           "  bench      Time operations and training on every device\n"
                           "  devices    List the devices there are to compute on, and which one is chosen\n"
                           "  doctor     Check every operation on a device against the reference\n"
                           "  ops        List the operations, and how a device does each of them\n"
                           "  predict    Predict the class of images with weights that were trained\n"
                           "  train      Train a classifier on images, on one device or on all of them\n"
                           "  tune       Measure a device's ways to compute products, and keep the fastest\n"
                           "\n"
                           "\"clgrad COMMAND --help\" tells all about a command."
                           "\v"
                           "Examples:\n"
                           "  clgrad devices\n"
                           "  clgrad doctor --device gpu\n"
                           "  clgrad train --data data/digits --out trained\n"
                           "  clgrad train --data data/digits --compare\n"
                           "  clgrad predict --weights trained --data data/digits\n"
                           "\n" CLI_HELP_END;

int cli_fail(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fflush(stdout);
    fputs("clgrad: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return CLI_FAILED;
}

int cli_dtype(const char *name) {
    for (int t = CG_F32; t <= CG_BOOL; t++)
        if (strcmp(name, cg_dtype_name((cg_dtype)t)) == 0) return t;
    return -1;
}

const char *cli_device_type(cg_device_type type) {
    return type == CG_DEVICE_GPU ? "GPU" : type == CG_DEVICE_CPU ? "CPU" : "accelerator";
}

const char *cli_bytes(uint64_t bytes, char *buf) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double value = (double)bytes;
    int unit = 0;
    for (; value >= 1024 && unit < 6; unit++) value /= 1024;
    snprintf(buf, CLI_BYTES_TEXT, "%.*f %s", unit > 0 && value < 100, value, units[unit]);
    return buf;
}

static void print_version(FILE *stream, struct argp_state *state) {
    (void)state;
    fprintf(stream, "clgrad %s\n", cg_version());
}

/* The command of the command line, and its place there. */
typedef struct choice {
    const command *command;
    int at;
} choice;

/* Only the options before the command are the program's own. */
static error_t parse_option(int key, char *arg, struct argp_state *state) {
    choice *chosen = state->input;
    if (key == ARGP_KEY_NO_ARGS) argp_usage(state);
    if (key != ARGP_KEY_ARG) return key == ARGP_KEY_END ? 0 : ARGP_ERR_UNKNOWN;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(arg, commands[i].name) == 0) chosen->command = &commands[i];
    if (!chosen->command)
        argp_error(state,
                   "there is no command '%s': it is bench, devices, doctor, ops, predict, train or tune",
                   arg);
    chosen->at = state->next - 1;
    state->next = state->argc; /* the rest is the command's */
    return 0;
}

int main(int argc, char **argv) {
    static const struct argp parser = {NULL, parse_option, "COMMAND [OPTION...]", help, NULL, NULL, NULL};
    setlocale(LC_CTYPE, ""); /* to know whether the terminal takes UTF-8; numbers stay in the C locale */
    setenv("ARGP_HELP_FMT", "no-dup-args-note,rmargin=100", 0);
    argp_program_version_hook = print_version;
    argp_err_exit_status = CLI_USAGE;

    static char program[] = "clgrad"; /* in messages, whatever path it was started by */
    if (argc > 0) argv[0] = program;
    choice chosen = {NULL, 0};
    error_t failed = argp_parse(&parser, argc, argv, ARGP_IN_ORDER, NULL, &chosen);
    if (failed != 0) return cli_fail("%s", strerror(failed));
    char name[32];
    snprintf(name, sizeof name, "%s", chosen.command->full_name);
    argv[chosen.at] = name;
    int code = chosen.command->run(argc - chosen.at, argv + chosen.at);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        int failure = cli_fail("the output could not be written");
        return code == CLI_OK ? failure : code;
    }
    return code;
}
