/* What the commands of the clgrad program share. */
#ifndef CLGRAD_CLI_H
#define CLGRAD_CLI_H

#include <clgrad/clgrad.h>

/* Exit codes, as --help states them. 130 is what shells give for an end by Ctrl-C. */
enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_INTERRUPTED = 130 };

/* The end of every help text. */
#define CLI_HELP_END                                                                                         \
    "Exit codes:\n"                                                                                          \
    "  0    success\n"                                                                                       \
    "  1    something failed while running; the message on stderr says what\n"                               \
    "  2    the command line was wrong\n"                                                                    \
    "  130  interrupted by Ctrl-C; nothing is left half-written\n"                                           \
    "\n"                                                                                                     \
    "Environment:\n"                                                                                         \
    "  CLGRAD_DEVICE      the device to use where --device is not given\n"                                   \
    "  CLGRAD_THREADS     number of threads of the CPU backend\n"                                            \
    "  CLGRAD_FUSE        0 runs every elementwise operation by itself\n"                                    \
    "  CLGRAD_CACHE       folder of compiled kernels\n"                                                      \
    "  CLGRAD_OPENCL_LIB  path of the OpenCL library to load\n"

/* The commands. argv[0] is the name in messages, such as "clgrad train". They return the exit code. */
int bench_command(int argc, char **argv);
int devices_command(int argc, char **argv);
int doctor_command(int argc, char **argv);
int ops_command(int argc, char **argv);
int predict_command(int argc, char **argv);
int train_command(int argc, char **argv);
int tune_command(int argc, char **argv);

/* Says on stderr what failed, with the program's name before it. Returns CLI_FAILED. */
int cli_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The dtype of a name, such as "f32"; -1 if there is none. */
int cli_dtype(const char *name);

/* "CPU", "GPU" or "accelerator". */
const char *cli_device_type(cg_device_type type);

/* 1536 as "1.5 KiB". buf has room for CLI_BYTES_TEXT bytes; returns buf. */
enum { CLI_BYTES_TEXT = 32 };
const char *cli_bytes(uint64_t bytes, char *buf);
#define CLI_BYTES(bytes) cli_bytes((bytes), (char[CLI_BYTES_TEXT]){0})

#endif
