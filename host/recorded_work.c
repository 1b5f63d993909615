#include "host/recorded_work.h"

#include <stdlib.h>
#include <string.h>

#include "host/nan_check.h"
#include "host/work.h"

/* A request of its own, with what it points to, or launches of several. */
typedef struct recorded {
    cg_launches *launches; /* NULL: a request */
    cg_work kind;
    void *request;
    cg_program *program;
    cg_segment *segment;
    cg_refresh refresh; /* update NULL: nothing changes */
} recorded;

struct cg_recorded {
    recorded *item;
    int n, room;
    cg_block **pin;
    int n_pins, room_pins;
    uint64_t seed, first;
    cg_status status; /* the first error */
    bool within;      /* a request: what a backend asks of itself meanwhile is part of it */
    int count;
    cg_refresh refresh; /* of the next request of its kind */
    cg_block *free_list[CG_POOL_CLASSES];
};

uint64_t cg_hw_record_number(const cg_hw *hw) { return hw->recording ? hw->recordings : 0; }

bool cg_hw_is_recorded(const cg_buffer *buffer) { return buffer && ((const cg_block *)buffer)->pins > 0; }

bool cg_hw_may_take_over(const cg_hw *hw, const cg_buffer *buffer) {
    return hw->recording ? ((const cg_block *)buffer)->made_in == hw->recordings : !cg_hw_is_recorded(buffer);
}

cg_block **cg_record_free_list(cg_hw *hw) { return hw->recording ? hw->recording->free_list : NULL; }

static cg_status out_of_memory(cg_hw *hw) {
    return hw->recording->status = CG_FAIL(hw->err, CG_ERROR_MEMORY, "record: out of host memory");
}

/* Room for one more; false without memory. */
static bool grow(void **list, int n, int *room, size_t size) {
    if (n < *room) return true;
    const int more = *room ? 2 * *room : 32;
    void *grown = realloc(*list, (size_t)more * size);
    if (!grown) return false;
    *list = grown;
    *room = more;
    return true;
}

/* --- making ---------------------------------------------------------------------------------------------------- */

cg_status cg_hw_record_begin(cg_hw *hw, uint64_t seed, uint64_t first) {
    if (cg_check_wanted())
        return CG_FAIL(hw->err, CG_ERROR_STATE, "record_begin: CLGRAD_CHECK reads every result on the host");
    hw->recording = calloc(1, sizeof *hw->recording);
    if (!hw->recording) return CG_FAIL(hw->err, CG_ERROR_MEMORY, "record_begin: out of host memory");
    hw->recordings++;
    hw->recording->seed = seed;
    hw->recording->first = first;
    return CG_OK;
}

cg_status cg_record_refuse(cg_hw *hw, const char *why) {
    const cg_status status = CG_FAIL(hw->err, CG_ERROR_STATE, "record: %s", why);
    if (hw->recording->status == CG_OK) hw->recording->status = status;
    return status;
}

void cg_hw_record_refuse(cg_hw *hw, const char *why) {
    if (hw->recording) cg_record_refuse(hw, why);
}

void cg_hw_record_refresh(cg_hw *hw, cg_refresh refresh) {
    cg_refresh *unused = &hw->recording->refresh; /* of a request that did not come */
    if (unused->release) unused->release(unused->context);
    *unused = refresh;
}

void cg_record_pin(cg_hw *hw, cg_block *block) {
    cg_recorded *r = hw->recording;
    if (block->wrapped) return; /* it was refused, and may go before the recording does */
    void *list = r->pin;
    if (!grow(&list, r->n_pins, &r->room_pins, sizeof *r->pin)) {
        out_of_memory(hw);
        return;
    }
    r->pin = list;
    r->pin[r->n_pins++] = block;
    block->pins++;
}

static void unpin(cg_hw *hw, cg_block *block) {
    if (--block->pins > 0 || !block->released) return;
    block->released = false;
    hw->stats.bytes_in_use += block->asked; /* as before it was released */
    hw->backend->free(hw, (cg_buffer *)block);
}

/* A new last item; NULL and an error without memory. */
static recorded *append(cg_hw *hw) {
    cg_recorded *r = hw->recording;
    void *list = r->item;
    if (!grow(&list, r->n, &r->room, sizeof *r->item)) {
        out_of_memory(hw);
        return NULL;
    }
    r->item = list;
    r->item[r->n] = (recorded){0};
    return &r->item[r->n++];
}

static void *copy_of(const void *data, size_t bytes) {
    void *copy = malloc(bytes);
    if (copy) memcpy(copy, data, bytes);
    return copy;
}

/* A map_many has its buffers in its segments. */
static int buffers_of_segments(cg_segment *segment, const cg_program *p, cg_work_buffer *list) {
    int n = 0;
    for (int k = 0; k < p->n_inputs; k++) list[n++] = (cg_work_buffer){&segment->in[k].buffer, false};
    for (int k = 0; k < p->n_outputs; k++) list[n++] = (cg_work_buffer){&segment->out[k].buffer, true};
    return n;
}

static void pin_list(cg_hw *hw, const cg_work_buffer *list, int n) {
    for (int i = 0; i < n; i++) {
        cg_block *block = (cg_block *)*list[i].buffer;
        if (block && block->wrapped)
            cg_record_refuse(hw, "it works on wrapped memory, which may go at any time");
        if (block) cg_record_pin(hw, block);
    }
}

static void pin_buffers(cg_hw *hw, cg_work kind, void *request) {
    cg_work_buffer list[CG_WORK_BUFFERS];
    if (kind != CG_WORK_MAP_MANY) {
        pin_list(hw, list, cg_work_kinds[kind].buffers(request, list));
        return;
    }
    const cg_map_many_request *many = request;
    for (int s = 0; s < many->n_segments; s++)
        pin_list(hw, list, buffers_of_segments((cg_segment *)&many->segment[s], many->program, list));
}

/* What a copy of a request points to becomes its own; false without memory. */
static bool own_parts(recorded *item) {
    const cg_program *(*program_of)(const void *) = cg_work_kinds[item->kind].program;
    const cg_program *program = program_of ? program_of(item->request) : NULL;
    if (program && !(item->program = copy_of(program, sizeof *program))) return false;
    if (item->kind == CG_WORK_MAP) ((cg_map_request *)item->request)->program = item->program;
    if (item->kind == CG_WORK_REDUCE) ((cg_reduce_request *)item->request)->program = item->program;
    if (item->kind == CG_WORK_MATMUL) ((cg_matmul_request *)item->request)->epilogue = item->program;
    if (item->kind != CG_WORK_MAP_MANY) return true;
    cg_map_many_request *many = item->request;
    many->program = item->program;
    item->segment = copy_of(many->segment, (size_t)many->n_segments * sizeof *many->segment);
    many->segment = item->segment;
    return item->segment != NULL;
}

static cg_status append_request(cg_hw *hw, cg_work kind, const void *request) {
    cg_recorded *r = hw->recording;
    recorded *item = append(hw);
    if (!item) return r->status;
    item->kind = kind;
    item->request = copy_of(request, cg_work_kinds[kind].request_bytes);
    if (!item->request || !own_parts(item)) return out_of_memory(hw);
    if (kind == r->refresh.kind) {
        item->refresh = r->refresh;
        r->refresh = (cg_refresh){0};
    }
    return CG_OK;
}

/* The launches that the next request is appended to; NULL if it stays a request. */
static cg_launches *launches_for(cg_hw *hw, cg_work kind) {
    cg_recorded *r = hw->recording;
    if (!hw->backend->launches_new || kind == CG_WORK_RANDOM ||
        (kind == r->refresh.kind && r->refresh.update))
        return NULL;
    if (r->n > 0 && r->item[r->n - 1].launches) return r->item[r->n - 1].launches;
    recorded *item = append(hw);
    if (item && !(item->launches = hw->backend->launches_new(hw))) {
        r->status = hw->err->code;
        r->n--;
        item = NULL;
    }
    return item ? item->launches : NULL;
}

cg_status cg_record_work(cg_hw *hw, cg_work kind, const void *request) {
    cg_recorded *r = hw->recording;
    const cg_work_kind *k = &cg_work_kinds[kind];
    if (r->within) return k->run(hw->backend, hw, request);
    cg_launches *launches = launches_for(hw, kind);
    if (r->status != CG_OK) return r->status;
    r->within = true;
    r->count++;
    pin_buffers(hw, kind, (void *)request);
    if (launches) hw->backend->launches_keep(hw, launches);
    cg_status status = k->run(hw->backend, hw, request);
    const bool kept = launches && hw->backend->launches_keep_end(hw);
    r->within = false;
    if (status == CG_OK && !kept) status = append_request(hw, kind, request);
    if (r->status == CG_OK) r->status = status;
    return status;
}

cg_recorded *cg_hw_record_end(cg_hw *hw) {
    cg_recorded *r = hw->recording;
    if (!r) {
        CG_FAIL(hw->err, CG_ERROR_STATE, "record_end: no recording is being made");
        return NULL;
    }
    hw->recording = NULL;
    if (r->status == CG_OK) return r;
    cg_hw_recorded_free(hw, r);
    return NULL;
}

/* --- repeating --------------------------------------------------------------------------------------------------- */

int cg_hw_recorded_count(const cg_recorded *r) { return r->count; }

/* A draw of a stream of the recorded step becomes that of the same place in this one. */
static cg_random_request moved(const cg_recorded *r, const cg_random_request *request, uint64_t seed,
                               uint64_t first) {
    cg_random_request now = *request;
    if (now.seed != r->seed || now.stream < r->first) return now;
    now.seed = seed;
    now.stream = first + (now.stream - r->first);
    return now;
}

static cg_status repeat_item(cg_hw *hw, const cg_recorded *r, recorded *item, uint64_t seed, uint64_t first) {
    if (item->launches) return hw->backend->launches_repeat(hw, item->launches);
    if (item->refresh.update) item->refresh.update(item->refresh.context, item->request);
    hw->stats.work[item->kind]++;
    if (item->kind != CG_WORK_RANDOM) return cg_work_kinds[item->kind].run(hw->backend, hw, item->request);
    const cg_random_request random = moved(r, item->request, seed, first);
    return hw->backend->random(hw, &random);
}

cg_status cg_hw_repeat(cg_hw *hw, cg_recorded *r, uint64_t seed, uint64_t first) {
    for (int i = 0; i < r->n; i++) { /* what can be wrong with a refresh, before anything is done */
        const cg_refresh *refresh = &r->item[i].refresh;
        const cg_status status =
            refresh->check ? refresh->check(refresh->context, r->item[i].request) : CG_OK;
        if (status != CG_OK) return status;
    }
    for (int i = 0; i < r->n; i++) {
        const cg_status status = repeat_item(hw, r, &r->item[i], seed, first);
        if (status != CG_OK) return status;
    }
    return CG_OK;
}

void cg_hw_recorded_free(cg_hw *hw, cg_recorded *r) {
    if (!r) return;
    for (int i = 0; i < r->n; i++) {
        if (r->item[i].launches) hw->backend->launches_free(hw, r->item[i].launches);
        if (r->item[i].refresh.release) r->item[i].refresh.release(r->item[i].refresh.context);
        free(r->item[i].request);
        free(r->item[i].program);
        free(r->item[i].segment);
    }
    if (r->refresh.release) r->refresh.release(r->refresh.context);
    for (int i = 0; i < r->n_pins; i++) unpin(hw, r->pin[i]);
    free(r->item);
    free(r->pin);
    free(r);
}
