/*
 * Running reductions along the middle axis of contiguous (outer, n, inner), the first way or, with `reverse`, from the
 * end: below, position j counts from where the scan starts.
 *
 * A row is cut into `chunks` chunks of `chunk` positions. Where `carries` is set, carry[o][c][i] is the reduction of
 * chunks 0 .. c, made before for all chunks but the last. out may be src: every element is read by the work-item
 * or group that writes it, and before it does.
 */
#include "prelude.h"
#include "running.h"

#ifndef GROUP
#define GROUP 1
#endif
#define BLOCK 16 /* positions that scan_walk adds up by themselves: their chain of additions waits for no other block */
#define RUN 8    /* positions that a work-item of scan_groups has one after the other */

/* A task is a chunk of W columns, of `blocks` blocks of columns; a work-item does per_item of them. */
__kernel void scan_walk(const INDEX tasks, const INDEX n, const INDEX inner, const INDEX blocks, const INDEX chunk,
                        const INDEX chunks, const INDEX per_item, const int reverse, const int carries,
                        const __global TS *src, const INDEX src_offset, __global TS *out, const INDEX out_offset,
                        const __global TS *carry) {
    const INDEX first = (INDEX)get_global_id(0) * per_item, last = min(first + per_item, tasks);
    const INDEX step = reverse ? -inner : inner;
    for (INDEX task = first; task < last; task++) {
        const INDEX row = divide(task, blocks), o = divide(row, chunks), c = row - o * chunks;
        const INDEX i = (task - row * blocks) * W, lanes = inner - i;
        const INDEX begin = c * chunk, count = min(chunk, n - begin);
        const INDEX at = (o * n + (reverse ? n - 1 - begin : begin)) * inner + i;
        const __global TS *x = src + src_offset + at;
        __global TS *y = out + out_offset + at;
        running sum = running_from((T)(IDENTITY));
        if (carries && c > 0)
            sum = running_from(load_lanes(carry + (o * (chunks - 1) + c - 1) * inner + i, lanes));
        for (INDEX start = 0; start < count; start += BLOCK) {
            const INDEX stop = min(start + BLOCK, count);
            const T ahead = running_value(sum);
            T part = load_lanes(x + start * step, lanes);
            store_lanes(combine(ahead, part), y + start * step, lanes);
            for (INDEX j = start + 1; j < stop; j++) {
                part = combine(part, load_lanes(x + j * step, lanes));
                store_lanes(combine(ahead, part), y + j * step, lanes);
            }
            sum = running_add(sum, part);
        }
    }
}

#if GROUP > 1
/*
 * GPU style, inner = 1, W = 1: `items` work-items (a power of 2) do a chunk of items RUN positions, so a group does
 * GROUP / items chunks. Each adds up its run, the ends of the runs are scanned in local memory, and the result of
 * the runs before is put in front of each.
 */
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void
scan_groups(const INDEX tasks, const INDEX n, const INDEX chunks, const int items, const int reverse,
            const int carries, const __global TS *src, const INDEX src_offset, __global TS *out,
            const INDEX out_offset, const __global TS *carry) {
    __local TS tile[GROUP * (RUN + 1)]; /* one place between runs: work-items meet different banks */
    __local TS share[GROUP];
    const int id = (int)get_local_id(0), lane = id & (items - 1), chunk = items * RUN;
    const INDEX first = (INDEX)get_group_id(0) * (GROUP / items);
    for (int k = 0; k < RUN; k++) {
        const int p = k * GROUP + id;
        const INDEX task = first + p / chunk, o = divide(task, chunks);
        const INDEX j = (task - o * chunks) * chunk + (p & (chunk - 1));
        TS v = IDENTITY;
        if (task < tasks && j < n) v = src[src_offset + o * n + (reverse ? n - 1 - j : j)];
        tile[p + p / RUN] = v;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    __local TS *run = tile + id * (RUN + 1);
    TS sum = run[0];
    for (int k = 1; k < RUN; k++) {
        sum = combine(sum, run[k]);
        run[k] = sum;
    }
    share[id] = sum;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int reach = 1; reach < items; reach *= 2) {
        if (lane >= reach) sum = combine(share[id - reach], sum);
        barrier(CLK_LOCAL_MEM_FENCE);
        share[id] = sum;
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    const INDEX task = first + id / items, o = divide(task, chunks), c = task - o * chunks;
    TS ahead = lane > 0 ? share[id - 1] : IDENTITY;
    if (carries && c > 0 && task < tasks) ahead = combine(carry[o * (chunks - 1) + c - 1], ahead);
    for (int k = 0; k < RUN; k++)
        run[k] = combine(ahead, run[k]);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int k = 0; k < RUN; k++) {
        const int p = k * GROUP + id;
        const INDEX to = first + p / chunk, row = divide(to, chunks);
        const INDEX j = (to - row * chunks) * chunk + (p & (chunk - 1));
        if (to < tasks && j < n) out[out_offset + row * n + (reverse ? n - 1 - j : j)] = tile[p + p / RUN];
    }
}
#endif
