/*
 * Steps that are recorded once and replayed: the same work on the same memory, without the calls that led to it. What is
 * saved is the time of the host, which decides where tensors are small and where a GPU waits for launches.
 *
 *     cg_tensor *x = cg_retain(cg_zeros(dev, CG_F32, cg_shape(batch, 784))); // fixed: every step reads its input here
 *     step(...);                                                       // once as it is: memory, kernels, choices
 *     cg_record_begin(dev);
 *     cg_tensor *loss = step(net, adam, x, labels);                    // forward, cg_backward, cg_optimizer_step
 *     cg_recording *r = cg_record_end(dev);
 *     for (...) {
 *         cg_copy_from_host(x, ...);                                   // the next batch
 *         cg_schedule_step(schedule, adam);
 *         cg_replay(r);                                                // one step, loss included
 *     }
 *     cg_recording_free(r);
 *
 * A replay gives the bits that the step itself would have given. It reads and writes the memory that the recorded step
 * did: its input is what is in x now, and a tensor made within it that is still there (loss) has its new value.
 * Optimizers take their step sizes, bias corrections and step counts from where they stand at the time; random numbers
 * (dropout) go on with the device's next streams, or those of a cg_seed in between.
 *
 * What runs on the host is not replayed: schedules, loops over data, cg_seed, cg_module_train, printing. Numbers
 * computed there and given to an operation (a factor of a loss) are those of the recorded step, and so is the precision
 * of products (cg_set_matmul_precision).
 *
 * What a step hands to the next must be written in place, as optimizers and cg_assign do: a variable of the program that
 * points to a new tensor after each step (state = cg_tanh(state)) does not move on in a replay, which reads the old one
 * again.
 */
#ifndef CLGRAD_RECORDING_H
#define CLGRAD_RECORDING_H

#include "tensor.h"

CG_BEGIN_DECLS

/* Work that can be done again. Belongs to the device it was recorded on. */
typedef struct cg_recording cg_recording;

/*
 * From here on, what the device does is recorded, and done. Errors: CG_ERROR_STATE if a recording is being made
 * already, or under CLGRAD_CHECK, which reads every result.
 */
CG_API cg_status cg_record_begin(cg_device *dev);

/*
 * Ends the recording. Memory that the step freed stays with the recording, which alone uses it. Errors: NULL, and
 * CG_ERROR_STATE with what it was, for a step that cannot be replayed: it copied numbers from the host (cg_from_f32,
 * cg_copy_from_host) or read them there (cg_item, cg_to_host, operations whose shapes depend on values), seeded the
 * device's generator or drew from it for the host, set a learning rate, worked on wrapped memory (cg_wrap_host), or ran
 * on a device with detours; that read gradients which cg_backward had made before it, or leaves some of its own at
 * leaves, where the step would add to them (cg_optimizer_step, cg_zero_grad and cg_module_zero_grad consume them,
 * cg_grad leaves none); and any error of the step itself, with its own code. What is pending in the end is computed
 * within it. Ownership: the caller's, until cg_recording_free.
 */
CG_API cg_recording *cg_record_end(cg_device *dev);

/*
 * Does all of it again, and returns before it is done, as the operations do. What was left to compute on the device is
 * computed before. Errors: CG_ERROR_STATE while a recording is being made, after the optimizer in it was freed, or
 * where its settings have changed so that its step has other terms, or its groups so that other parameters are frozen:
 * nothing is done then; what the device reports. Meanwhile values of a file cannot be loaded into parameters or states
 * that the recording works on (cg_module_load, cg_optimizer_load, checkpoints).
 */
CG_API cg_status cg_replay(cg_recording *r);

/* How many pieces of work (cg_work) it is. 0 for NULL. */
CG_API int cg_recording_size(const cg_recording *r);

/*
 * Frees a recording, and gives its memory back. To be called before its device is closed. NULL is allowed.
 */
CG_API void cg_recording_free(cg_recording *r);

CG_END_DECLS
#endif
