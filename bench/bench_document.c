#include "bench_document.h"

#include "bench_commit.h"
#include "bench_file.h"
#include "bench_suites.h"
#include "cli/json_text.h"
#include "machine_about.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* --- A new document ------------------------------------------------------------------------------------- */

static json_t *rates(const double *bytes_per_second) {
    return json_pack("{s:f, s:f, s:f}", "read", bytes_per_second[MACHINE_READ], "copy",
                     bytes_per_second[MACHINE_COPY], "triad", bytes_per_second[MACHINE_TRIAD]);
}

static const char *type_name(cg_device_type type) {
    return type == CG_DEVICE_GPU ? "gpu" : type == CG_DEVICE_CPU ? "cpu" : "accelerator";
}

static json_t *target_json(const bench_target *target) {
    const cg_device_info *info = cg_device_properties(target->dev);
    json_t *device =
        json_pack("{s:o, s:o, s:s, s:o, s:o, s:i}", "id", json_text(info->id), "name", json_text(info->name),
                  "type", type_name(info->type), "platform", json_text(info->platform), "driver",
                  json_text(info->driver), "units", info->compute_units);
    const machine_limits *limits = &target->limits;
    if (device && limits->flops > 0)
        json_object_set_new(device, "limits",
                            json_pack("{s:f, s:o, s:o, s:f, s:s}", "flops", limits->flops, "memory",
                                      rates(limits->memory), "cache", rates(limits->cache), "cache_bytes",
                                      limits->cache_bytes, "source", limits->source));
    return device;
}

/* Threads of the CPU backend, whether it is measured or not: it is listed last. */
static int cpu_threads(void) {
    cg_device_info info;
    return cg_device_describe(cg_device_count() - 1, &info) == CG_OK ? info.compute_units : 0;
}

static json_t *machine_json(void) {
    const machine_about about = machine_about_this();
    return json_pack("{s:o, s:I, s:f, s:o, s:[f,f,f], s:i}", "processor", json_text(about.processor),
                     "processors", (json_int_t)about.processors, "memory_bytes", about.memory, "system",
                     json_text(about.system), "load", about.load[0], about.load[1], about.load[2], "threads",
                     cpu_threads());
}

json_t *bench_document_new(bool quick, int n, const bench_target *targets) {
    const time_t now = time(NULL);
    struct tm utc = {0};
    char date[32] = "";
    if (gmtime_r(&now, &utc)) strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &utc);
    json_t *devices = json_array();
    for (int i = 0; i < n; i++) json_array_append_new(devices, target_json(&targets[i]));
    return json_pack("{s:s, s:i, s:s, s:s, s:s, s:I, s:s, s:b, s:b, s:o, s:o, s:[]}", "format",
                     "clgrad-bench", "format_version", BENCH_FORMAT_VERSION, "program", "clgrad bench",
                     "version", cg_version(), "commit", BENCH_COMMIT, "time", (json_int_t)now, "date", date,
                     "quick", (int)quick, "interrupted", 0, "machine", machine_json(), "devices", devices,
                     "results");
}

static void set_times(json_t *entry, const bench_result *r) {
    json_object_set_new(entry, "seconds",
                        json_pack("{s:f, s:f, s:f, s:f, s:f}", "min", r->min, "q1", r->q1, "median",
                                  r->median, "q3", r->q3, "max", r->max));
    json_object_set_new(entry, "samples", json_integer(r->samples));
    json_object_set_new(entry, "runs", json_integer(r->runs));
    if (strcmp(r->target, "reference") == 0) return;
    const struct {
        const char *key;
        double value;
    } numbers[] = {
        {"first", r->first}, {"build", r->build}, {"error", r->worst}, {"launches", r->launches},
        {"moved", r->moved}, {"work", r->work},   {"waits", r->waits}, {"allocations", r->allocations}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        json_object_set_new(entry, numbers[i].key, json_real(numbers[i].value));
}

static void set_amounts(json_t *entry, const bench_work *work, const int64_t *size) {
    const double flops = work->flops ? work->flops(size) : 0, bytes = work->bytes ? work->bytes(size) : 0;
    const double intensity = flops > 0 && bytes > 0 ? flops / bytes : work->intensity;
    if (flops > 0) json_object_set_new(entry, "flops", json_real(flops));
    if (bytes > 0) json_object_set_new(entry, "bytes", json_real(bytes));
    if (intensity > 0) json_object_set_new(entry, "intensity", json_real(intensity));
}

json_t *bench_document_add(json_t *document, const bench_case *what, bench_size which,
                           const bench_result *r) {
    const int64_t *size = bench_case_size(what, which);
    json_t *sizes = json_array();
    for (int i = 0; i < bench_case_sizes(what); i++) json_array_append_new(sizes, json_integer(size[i]));
    json_t *entry =
        json_pack("{s:s, s:s, s:s, s:o, s:b}", "case", bench_case_title(what), "suite", bench_suite_of(what),
                  "target", r->target, "size", sizes, "reduced", size != bench_case_size(what, BENCH_FULL));
    if (!entry) return NULL;
    if (r->note[0]) json_object_set_new(entry, "note", json_text(r->note));
    if (r->failed) json_object_set_new(entry, "failed", json_true());
    if (r->timed) set_times(entry, r);
    if (r->timed) set_amounts(entry, what->work, size);
    if (r->timed && r->floor > 0) json_object_set_new(entry, "floor", json_real(r->floor));
    return json_array_append_new(json_object_get(document, "results"), entry) == 0 ? entry : NULL;
}

bool bench_document_write(const json_t *document, const char *path) {
    bench_file file = bench_file_begin(path);
    const bool whole = file.stream && json_dumpf(document, file.stream, JSON_INDENT(1)) == 0 &&
                       fputc('\n', file.stream) != EOF;
    return bench_file_end(&file, whole);
}

/* --- Looking into one ----------------------------------------------------------------------------------- */

const json_t *bench_document_results(const json_t *document) { return json_object_get(document, "results"); }

const char *bench_entry_text(const json_t *entry, const char *key) {
    const char *text = json_string_value(json_object_get(entry, key));
    return text ? text : "";
}

double bench_entry_number(const json_t *entry, const char *key) {
    return json_number_value(json_object_get(entry, key));
}

/* Where quartiles are missing, least and most stand for them. */
double bench_entry_seconds(const json_t *entry, const char *key) {
    const json_t *seconds = json_object_get(entry, "seconds");
    const json_t *number = json_object_get(seconds, key);
    if (!number && strcmp(key, "q1") == 0) number = json_object_get(seconds, "min");
    if (!number && strcmp(key, "q3") == 0) number = json_object_get(seconds, "max");
    return json_number_value(number);
}

json_t *bench_document_find(const json_t *document, const char *title, const char *target) {
    size_t i;
    json_t *entry;
    json_array_foreach(bench_document_results(document), i,
                       entry) if (strcmp(bench_entry_text(entry, "case"), title) == 0 &&
                                  strcmp(bench_entry_text(entry, "target"), target) == 0) return entry;
    return NULL;
}
