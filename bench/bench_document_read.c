/* Reading a document that may be broken, or something else altogether. */
#include "bench_document.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_BYTES = 64 << 20 };

__attribute__((format(printf, 2, 3))) static bool refuse(char why[BENCH_WHY], const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(why, BENCH_WHY, format, args);
    va_end(args);
    return false;
}

static bool check_text(const json_t *entry, size_t i, const char *key, char why[BENCH_WHY]) {
    const char *text = json_string_value(json_object_get(entry, key));
    if (text && *text) return true;
    return refuse(why, "result %zu: \"%s\" is missing, or no text", i, key);
}

/* Numbers that may be missing, but not be anything else. */
static bool check_numbers(const json_t *entry, size_t i, char why[BENCH_WHY]) {
    static const char *const keys[] = {"samples", "runs",      "first",    "build", "floor", "flops",
                                       "bytes",   "intensity", "launches", "moved", "waits", "allocations"};
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        const json_t *number = json_object_get(entry, keys[k]);
        if (number && !(json_is_number(number) && json_number_value(number) >= 0))
            return refuse(why, "result %zu: \"%s\" is no number of 0 or more", i, keys[k]);
    }
    return true;
}

/* Present, above 0, finite and in order. */
static bool check_seconds(const json_t *entry, size_t i, char why[BENCH_WHY]) {
    static const char *const keys[] = {"min", "q1", "median", "q3", "max"};
    const json_t *seconds = json_object_get(entry, "seconds");
    if (!seconds) return true; /* it was not timed */
    double last = 0;
    for (int k = 0; k < 5; k++) {
        const json_t *number = json_object_get(seconds, keys[k]);
        if (!number && k % 2) continue; /* a peer's */
        const double value = json_number_value(number);
        if (!(value > 0) || !isfinite(value))
            return refuse(why, "result %zu: \"seconds\" has no \"%s\" above 0", i, keys[k]);
        if (value < last * (1 - 1e-9))
            return refuse(why, "result %zu: \"seconds\" are not in order at \"%s\"", i, keys[k]);
        last = value;
    }
    return true;
}

static bool check_results(const json_t *document, char why[BENCH_WHY]) {
    const json_t *results = json_object_get(document, "results");
    if (!json_is_array(results)) return refuse(why, "it has no results of a benchmark (\"results\")");
    size_t i;
    json_t *entry;
    json_array_foreach(results, i, entry) {
        if (!json_is_object(entry)) return refuse(why, "result %zu is no object", i);
        if (!check_text(entry, i, "case", why) || !check_text(entry, i, "target", why) ||
            !check_seconds(entry, i, why) || !check_numbers(entry, i, why))
            return false;
    }
    return true;
}

/* What describes the machine: objects and texts where they are, with a name for each device. */
static bool check_machine(const json_t *document, char why[BENCH_WHY]) {
    const json_t *machine = json_object_get(document, "machine"),
                 *devices = json_object_get(document, "devices");
    if (machine && !json_is_object(machine)) return refuse(why, "\"machine\" is no object");
    if (devices && !json_is_array(devices)) return refuse(why, "\"devices\" is no list");
    size_t i;
    json_t *device;
    json_array_foreach(devices, i, device) {
        const json_t *limits = json_object_get(device, "limits");
        if (!*bench_entry_text(device, "id")) return refuse(why, "device %zu has no \"id\"", i);
        const bool whole = bench_entry_number(limits, "flops") > 0 &&
                           json_is_object(json_object_get(limits, "memory")) &&
                           json_is_object(json_object_get(limits, "cache"));
        if (limits && !whole) return refuse(why, "the limits of device %zu are not whole", i);
    }
    return true;
}

static bool check_format(const json_t *document, char why[BENCH_WHY]) {
    if (!json_is_object(document)) return refuse(why, "it is no object");
    const json_t *format = json_object_get(document, "format");
    const char *program = bench_entry_text(document, "program");
    if (!format && strcmp(program, "compare.py") == 0) return true;
    if (!format || strcmp(bench_entry_text(document, "format"), "clgrad-bench") != 0)
        return refuse(why, "it is neither of clgrad bench (\"format\": \"clgrad-bench\") nor of bench/peers");
    const json_t *version = json_object_get(document, "format_version");
    if (!json_is_integer(version) || json_integer_value(version) < 1)
        return refuse(why, "it has no \"format_version\"");
    if (json_integer_value(version) > BENCH_FORMAT_VERSION)
        return refuse(why, "its format is version %lld; this program reads up to %d",
                      (long long)json_integer_value(version), BENCH_FORMAT_VERSION);
    return true;
}

json_t *bench_document_read(const char *path, char why[BENCH_WHY]) {
    struct stat about;
    json_error_t error;
    if (stat(path, &about) != 0) return refuse(why, "%s", strerror(errno)), NULL;
    if (S_ISDIR(about.st_mode)) return refuse(why, "it is a folder"), NULL;
    if (about.st_size > MAX_BYTES) return refuse(why, "it is larger than %d MiB", MAX_BYTES >> 20), NULL;
    json_t *document = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!document) return refuse(why, "it is no JSON: line %d: %s", error.line, error.text), NULL;
    if (check_format(document, why) && check_machine(document, why) && check_results(document, why))
        return document;
    json_decref(document);
    return NULL;
}
