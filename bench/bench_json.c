#include "bench_report.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct bench_json {
    json_t *root, *results;
};

static json_t *rates(const double *bytes_per_second) {
    return json_pack("{s:f, s:f, s:f}", "read", bytes_per_second[MACHINE_READ], "copy",
                     bytes_per_second[MACHINE_COPY], "triad", bytes_per_second[MACHINE_TRIAD]);
}

static json_t *target_json(const bench_target *target) {
    const cg_device_info *info = cg_device_properties(target->dev);
    json_t *device = json_pack("{s:s, s:s, s:s, s:s, s:i}", "id", info->id, "name", info->name, "platform",
                               info->platform, "driver", info->driver, "units", info->compute_units);
    const machine_limits *limits = &target->limits;
    if (device && limits->flops > 0)
        json_object_set_new(device, "limits",
                            json_pack("{s:f, s:o, s:o, s:f, s:s}", "flops", limits->flops, "memory",
                                      rates(limits->memory), "cache", rates(limits->cache), "cache_bytes",
                                      limits->cache_bytes, "source", limits->source));
    return device;
}

bench_json *bench_json_new(bool quick, int n, const bench_target *targets) {
    bench_json *json = calloc(1, sizeof *json);
    if (!json) return NULL;
    double load[1] = {0};
    if (getloadavg(load, 1) < 1) load[0] = -1;
    json_t *devices = json_array();
    for (int i = 0; i < n; i++) json_array_append_new(devices, target_json(&targets[i]));
    json->results = json_array();
    json->root = json_pack("{s:s, s:s, s:I, s:b, s:s, s:f, s:o}", "program", "clgrad_bench", "version",
                           cg_version(), "time", (json_int_t)time(NULL), "quick", (int)quick, "processor",
                           bench_processor(), "load", load[0], "devices", devices);
    if (json->root && json->results) return json;
    bench_json_end(json, NULL);
    return NULL;
}

/* bench/peers/peers.py gives the same keys, as far as it has their values. */
static json_t *result_json(const bench_case *what, const int64_t *size, const bench_result *r) {
    json_t *entry = json_pack("{s:s, s:s}", "case", bench_case_title(what), "target", r->target);
    if (r->note[0]) json_object_set_new(entry, "note", json_string(r->note));
    if (r->failed) json_object_set_new(entry, "failed", json_true());
    if (!r->timed) return entry;
    json_object_set_new(entry, "seconds",
                        json_pack("{s:f, s:f, s:f}", "min", r->min, "median", r->median, "max", r->max));
    json_object_set_new(entry, "samples", json_integer(r->samples));
    json_object_set_new(entry, "runs", json_integer(r->runs));
    json_object_set_new(entry, "first", json_real(r->first));
    json_object_set_new(entry, "build", json_real(r->build));
    json_object_set_new(entry, "error", json_real(r->worst));
    if (r->floor > 0) json_object_set_new(entry, "floor", json_real(r->floor));
    if (what->work->flops) json_object_set_new(entry, "flops", json_real(what->work->flops(size)));
    if (what->work->bytes) json_object_set_new(entry, "bytes", json_real(what->work->bytes(size)));
    return entry;
}

bool bench_json_add(bench_json *json, const bench_case *what, bench_size size, int n,
                    const bench_result *results) {
    for (int i = 0; i < n; i++)
        if (json_array_append_new(json->results, result_json(what, bench_case_size(what, size), &results[i])))
            return false;
    return true;
}

bool bench_json_end(bench_json *json, const char *path) {
    if (!json) return path == NULL;
    bool written = true;
    if (path)
        written = json_object_set(json->root, "results", json->results) == 0 &&
                  json_dump_file(json->root, path, JSON_INDENT(1)) == 0;
    json_decref(json->results);
    json_decref(json->root);
    free(json);
    return written;
}
