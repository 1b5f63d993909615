/*
 * What an optimizer is besides its state tensors, as one line of JSON:
 *     {"kind": "adam", "steps": 7, "lr": "0x1p-10", "weight_decay": "0", "l1": "0", "decoupled": false,
 *      "options": {"beta1": "0x7p-3", ...}, "parameters": {"steps": [7, ...], "lr_factor": ["0x1p0", ...], ...},
 *      "states": 2}
 * "parameters" has one entry for each parameter of the module, each of which has so many "states". Real numbers are
 * text, so that they are exact (core/exact_text.h), and since jansson's reader aborts where memory ends within a number
 * of more than 15 digits.
 */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/exact_text.h"
#include "optim/optimizer.h"

/* --- writing ------------------------------------------------------------------------------------------------ */

static json_t *real(double x) {
    char text[CG_EXACT_TEXT];
    cg_exact_text(x, text);
    return json_string(text);
}

/* Everything about parameter i, into the arrays of "parameters". */
static int append_parameter(json_t *parameters, const cg_optimizer_slot *slot) {
    int bad = json_array_append_new(json_object_get(parameters, "steps"), json_integer(slot->t));
    bad |= json_array_append_new(json_object_get(parameters, "lr_factor"), real(slot->lr_factor));
    bad |= json_array_append_new(json_object_get(parameters, "weight_decay"), real(slot->weight_decay));
    bad |= json_array_append_new(json_object_get(parameters, "l1"), real(slot->l1));
    return bad | json_array_append_new(json_object_get(parameters, "frozen"), json_boolean(slot->frozen));
}

static json_t *describe_parameters(const cg_optimizer *o) {
    json_t *parameters =
        json_pack("{s:[], s:[], s:[], s:[], s:[]}", "steps", "lr_factor", "weight_decay", "l1", "frozen");
    for (int i = 0; i < o->n && parameters; i++)
        if (append_parameter(parameters, &o->slot[i]) != 0) {
            json_decref(parameters);
            return NULL;
        }
    return parameters;
}

static json_t *describe_options(const cg_optimizer *o) {
    json_t *options = json_object();
    for (int k = 0; k < o->update->n_options && options; k++)
        if (json_object_set_new(options, o->update->option[k], real(o->option[k])) != 0) {
            json_decref(options);
            return NULL;
        }
    return options;
}

char *cg_settings_write(const cg_optimizer *o) {
    if (!isfinite(o->lr) || o->lr < 0) {
        CG_FAIL(&o->dev->error, CG_ERROR_ARGUMENT, "optimizer_settings: the lr is %g", o->lr);
        return NULL;
    }
    json_t *all =
        json_pack("{s:s, s:I, s:b}", "kind", o->kind, "steps", (json_int_t)o->t, "decoupled", o->decoupled);
    const int bad = json_object_set_new(all, "lr", real(o->lr)) |
                    json_object_set_new(all, "weight_decay", real(o->weight_decay)) |
                    json_object_set_new(all, "l1", real(o->l1)) |
                    json_object_set_new(all, "options", describe_options(o)) |
                    json_object_set_new(all, "parameters", describe_parameters(o)) |
                    json_object_set_new(all, "states", json_integer(o->update->n_states));
    char *text = bad ? NULL : json_dumps(all, JSON_COMPACT);
    json_decref(all);
    if (!text) CG_FAIL(&o->dev->error, CG_ERROR_MEMORY, "optimizer_settings: out of host memory");
    return text;
}

const char *cg_optimizer_settings(cg_optimizer *o) {
    if (!o) return NULL;
    char *text = cg_settings_write(o);
    if (!text) return NULL;
    free(o->settings);
    return o->settings = text;
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

/* A finite number >= 0; false if there is none. */
static bool get_number(const json_t *value, double *number) {
    const char *text = json_string_value(value);
    return text && cg_exact_value(text, number) && *number >= 0 && isfinite(*number);
}

/* A number of steps. */
static bool get_count(const json_t *value, int64_t *count) {
    *count = json_integer_value(value);
    return json_is_integer(value) && *count >= 0 && *count <= CG_MAX_STEPS;
}

/* Entry i of every array of "parameters" into `slot`. */
static bool get_parameter(const json_t *parameters, size_t i, cg_optimizer_slot *slot) {
    const json_t *frozen = json_array_get(json_object_get(parameters, "frozen"), i);
    slot->frozen = json_is_true(frozen);
    return json_is_boolean(frozen) &&
           get_count(json_array_get(json_object_get(parameters, "steps"), i), &slot->t) &&
           get_number(json_array_get(json_object_get(parameters, "lr_factor"), i), &slot->lr_factor) &&
           get_number(json_array_get(json_object_get(parameters, "weight_decay"), i), &slot->weight_decay) &&
           get_number(json_array_get(json_object_get(parameters, "l1"), i), &slot->l1);
}

static cg_status read_parameters(const cg_optimizer *o, const json_t *parameters, cg_optimizer_slot *slot) {
    const size_t n = json_array_size(json_object_get(parameters, "steps"));
    if (n != (size_t)o->n)
        return CG_FAIL(&o->dev->error, CG_ERROR_FORMAT,
                       "optimizer_load: the settings are of %zu parameters, expected %d", n, o->n);
    for (size_t i = 0; i < n; i++)
        if (!get_parameter(parameters, i, &slot[i]))
            return CG_FAIL(&o->dev->error, CG_ERROR_FORMAT,
                           "optimizer_load: the settings of parameter %zu are damaged", i);
    return CG_OK;
}

/* All numbers that belong to no parameter, into `read`. */
static cg_status read_numbers(const json_t *all, cg_optimizer *read) {
    const json_t *options = json_object_get(all, "options"), *decoupled = json_object_get(all, "decoupled");
    bool ok = json_is_boolean(decoupled) && get_count(json_object_get(all, "steps"), &read->t) &&
              get_number(json_object_get(all, "lr"), &read->lr) &&
              get_number(json_object_get(all, "weight_decay"), &read->weight_decay) &&
              get_number(json_object_get(all, "l1"), &read->l1);
    for (int k = 0; k < read->update->n_options; k++)
        ok = get_number(json_object_get(options, read->update->option[k]), &read->option[k]) &&
             read->option[k] < read->below[k] && ok;
    read->decoupled = json_is_true(decoupled);
    if (ok && json_object_size(options) == (size_t)read->update->n_options) return CG_OK;
    return CG_FAIL(
        &read->dev->error, CG_ERROR_FORMAT,
        "optimizer_load: the settings lack a number, have one that is not allowed, or are of a %s with "
        "other options",
        read->kind);
}

static cg_status check_kind(const cg_optimizer *o, const json_t *all) {
    const char *kind = json_string_value(json_object_get(all, "kind"));
    if (kind && strcmp(kind, o->kind) == 0) return CG_OK;
    return CG_FAIL(&o->dev->error, CG_ERROR_FORMAT, "optimizer_load: the file is of '%.40s', expected '%s'",
                   kind ? kind : "", o->kind);
}

/*
 * Whether the file is of the same variant: amsgrad, centered and momentum each have a state of their own. With as many
 * states, of which none is missing in the file, it is.
 */
static cg_status check_states(const cg_optimizer *o, const json_t *all) {
    const json_t *states = json_object_get(all, "states");
    if (json_is_integer(states) && json_integer_value(states) == o->update->n_states) return CG_OK;
    return CG_FAIL(&o->dev->error, CG_ERROR_FORMAT,
                   "optimizer_load: the file is of another variant of %s, expected one of %d states", o->kind,
                   o->update->n_states);
}

static bool is_ordinary(const cg_optimizer *o, const cg_optimizer_slot *slot) {
    return slot->lr_factor == 1 && slot->weight_decay == o->weight_decay && slot->l1 == o->l1 &&
           !slot->frozen;
}

/* From here on nothing can fail. */
static void take_settings(cg_optimizer *o, const cg_optimizer *read, const cg_optimizer_slot *slot) {
    o->t = read->t;
    o->lr = read->lr;
    o->weight_decay = read->weight_decay;
    o->l1 = read->l1;
    o->decoupled = read->decoupled;
    memcpy(o->option, read->option, sizeof o->option);
    o->grouped = false;
    for (int i = 0; i < o->n; i++) {
        o->slot[i].t = slot[i].t;
        o->slot[i].lr_factor = slot[i].lr_factor;
        o->slot[i].weight_decay = slot[i].weight_decay;
        o->slot[i].l1 = slot[i].l1;
        o->slot[i].frozen = slot[i].frozen;
        o->grouped = o->grouped || !is_ordinary(o, &slot[i]);
    }
}

cg_status cg_settings_read(cg_optimizer *o, const char *text) {
    json_error_t why;
    json_t *all = json_loads(text, JSON_REJECT_DUPLICATES, &why);
    cg_optimizer_slot *slot = calloc((size_t)o->n + 1, sizeof *slot);
    cg_optimizer read = *o;
    cg_status status = CG_OK;
    if (!slot)
        status = CG_FAIL(&o->dev->error, CG_ERROR_MEMORY, "optimizer_load: out of host memory");
    else if (!all && !*why.text) /* jansson has a text for everything but this */
        status = CG_FAIL(&o->dev->error, CG_ERROR_MEMORY, "optimizer_load: out of host memory");
    else if (!all)
        status = CG_FAIL(&o->dev->error, CG_ERROR_FORMAT, "optimizer_load: the settings are no JSON: %.160s",
                         why.text);
    if (status == CG_OK) status = check_kind(o, all);
    if (status == CG_OK) status = check_states(o, all);
    if (status == CG_OK) status = read_numbers(all, &read);
    if (status == CG_OK) status = read_parameters(o, json_object_get(all, "parameters"), slot);
    if (status == CG_OK) take_settings(o, &read, slot);
    json_decref(all);
    free(slot);
    return status;
}
