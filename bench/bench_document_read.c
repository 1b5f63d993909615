/* Reading a document that may be broken, or something else altogether. */
#include "bench_document.h"
#include "cli/json_text.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_BYTES = 64 << 20 };

/* Beyond what any machine measures; within it sums and quotients stay numbers, and the axes of plots end. */
static const double least_number = 1e-30, most_number = 1e18;
static const double least_seconds = 1e-15, most_seconds = 1e12;

__attribute__((format(printf, 2, 3))) static bool refuse(char why[BENCH_WHY], const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(why, BENCH_WHY, format, args);
    va_end(args);
    text_printable(why);
    return false;
}

static bool check_text(const json_t *entry, size_t i, const char *key, char why[BENCH_WHY]) {
    const char *text = json_string_value(json_object_get(entry, key));
    if (text && *text) return true;
    return refuse(why, "result %zu: \"%s\" is missing, or no text", i, key);
}

/* 0, or neither too small nor too large. */
static bool in_bounds(const json_t *number) {
    const double value = json_number_value(number);
    return json_is_number(number) && (value == 0 || (value >= least_number && value <= most_number));
}

static bool all_in_bounds(const json_t *list) {
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!in_bounds(json_array_get(list, i))) return false;
    return json_is_array(list);
}

/* What may be missing, but not be anything else. `in` begins the message. */
static bool check_texts(const json_t *object, const char *const *keys, const char *in, char why[BENCH_WHY]) {
    for (; *keys; keys++) {
        const json_t *text = json_object_get(object, *keys);
        if (text && !json_is_string(text)) return refuse(why, "%s\"%s\" is no text", in, *keys);
    }
    return true;
}

static bool check_numbers(const json_t *object, const char *const *keys, const char *in,
                          char why[BENCH_WHY]) {
    for (; *keys; keys++) {
        const json_t *number = json_object_get(object, *keys);
        if (number && !in_bounds(number))
            return refuse(why, "%s\"%s\" is no number from 0 to %g", in, *keys, most_number);
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
        if (!(value >= least_seconds && value <= most_seconds))
            return refuse(why, "result %zu: \"seconds\" has no \"%s\" above 0 that can be", i, keys[k]);
        if (value < last * (1 - 1e-9))
            return refuse(why, "result %zu: \"seconds\" are not in order at \"%s\"", i, keys[k]);
        last = value;
    }
    return true;
}

static bool check_entry(const json_t *entry, size_t i, char why[BENCH_WHY]) {
    static const char *const texts[] = {"suite", "note", NULL};
    static const char *const numbers[] = {"samples", "runs",  "first",       "build",    "floor",
                                          "flops",   "bytes", "intensity",   "launches", "moved",
                                          "work",    "waits", "allocations", NULL};
    char in[40];
    snprintf(in, sizeof in, "result %zu: ", i);
    const json_t *size = json_object_get(entry, "size"), *error = json_object_get(entry, "error");
    if (size && !all_in_bounds(size)) return refuse(why, "%s\"size\" is no list of numbers", in);
    const double worst = json_number_value(error);
    if (error && !(json_is_number(error) && worst >= 0 && worst <= most_number))
        return refuse(why, "%s\"error\" is no number from 0 to %g", in, most_number);
    return check_text(entry, i, "case", why) && check_text(entry, i, "target", why) &&
           check_seconds(entry, i, why) && check_texts(entry, texts, in, why) &&
           check_numbers(entry, numbers, in, why);
}

static bool check_results(const json_t *document, char why[BENCH_WHY]) {
    const json_t *results = json_object_get(document, "results");
    if (!json_is_array(results)) return refuse(why, "it has no results of a benchmark (\"results\")");
    size_t i;
    json_t *entry;
    json_array_foreach(results, i, entry) {
        if (!json_is_object(entry)) return refuse(why, "result %zu is no object", i);
        if (!check_entry(entry, i, why)) return false;
        json_object_del(entry, "against"); /* what this run was compared with is not in this file */
    }
    return true;
}

/* Bytes a second of each kind of traffic. */
static bool whole_rates(const json_t *rates) {
    return in_bounds(json_object_get(rates, "read")) && in_bounds(json_object_get(rates, "copy")) &&
           in_bounds(json_object_get(rates, "triad"));
}

static bool check_device(const json_t *device, size_t i, char why[BENCH_WHY]) {
    static const char *const texts[] = {"name", "type", "platform", "driver", NULL};
    static const char *const numbers[] = {"units", NULL};
    char in[40];
    snprintf(in, sizeof in, "device %zu: ", i);
    if (!*bench_entry_text(device, "id")) return refuse(why, "device %zu has no \"id\"", i);
    const json_t *limits = json_object_get(device, "limits"), *flops = json_object_get(limits, "flops"),
                 *cache_bytes = json_object_get(limits, "cache_bytes");
    const bool whole =
        in_bounds(flops) && json_number_value(flops) > 0 && (!cache_bytes || in_bounds(cache_bytes)) &&
        whole_rates(json_object_get(limits, "memory")) && whole_rates(json_object_get(limits, "cache"));
    if (limits && !whole) return refuse(why, "the limits of device %zu are not whole", i);
    return check_texts(device, texts, in, why) && check_numbers(device, numbers, in, why);
}

/* What describes the machine: objects, texts and numbers where they are, with a name for each device. */
static bool check_machine(const json_t *document, char why[BENCH_WHY]) {
    static const char *const texts[] = {"processor", "system", NULL};
    static const char *const numbers[] = {"processors", "memory_bytes", "threads", NULL};
    const json_t *machine = json_object_get(document, "machine"), *load = json_object_get(machine, "load"),
                 *devices = json_object_get(document, "devices");
    if (machine && !json_is_object(machine)) return refuse(why, "\"machine\" is no object");
    if (load && !all_in_bounds(load)) return refuse(why, "machine: \"load\" is no list of numbers");
    if (!check_texts(machine, texts, "machine: ", why) || !check_numbers(machine, numbers, "machine: ", why))
        return false;
    if (devices && !json_is_array(devices)) return refuse(why, "\"devices\" is no list");
    size_t i;
    json_t *device;
    json_array_foreach(devices, i, device) {
        if (!check_device(device, i, why)) return false;
    }
    return true;
}

/* What the whole is called: its parts may be missing, too. */
static bool check_labels(const json_t *document, char why[BENCH_WHY]) {
    static const char *const texts[] = {"version", "commit", "date", NULL};
    const json_t *versions = json_object_get(document, "versions"); /* of peers */
    if (versions && !json_is_array(versions)) return refuse(why, "\"versions\" is no list of texts");
    for (size_t i = 0; i < json_array_size(versions); i++)
        if (!json_is_string(json_array_get(versions, i)))
            return refuse(why, "\"versions\" is no list of texts");
    return check_texts(document, texts, "", why);
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
    if (!json_texts_printable(document))
        refuse(why, "out of memory");
    else if (check_format(document, why) && check_labels(document, why) && check_machine(document, why) &&
             check_results(document, why))
        return document;
    json_decref(document);
    return NULL;
}
