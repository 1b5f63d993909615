/* Pictures moved and turned a little as they are used, so that a network sees more than there are. */
#ifndef CLGRAD_CLI_AUGMENT_H
#define CLGRAD_CLI_AUGMENT_H

#include <clgrad/clgrad.h>

typedef struct augmentation {
    double shift;  /* at most so many pixels each way */
    double rotate; /* at most so many degrees each way */
} augmentation;

/*
 * A cg_transform whose context is an augmentation: a picture (C, H, W) is shifted and turned about its middle by
 * amounts evenly random within the bounds, read between pixels bilinearly; what lies outside is 0.
 */
bool augment_sample(void *context, uint64_t seed, cg_dims shape, float *features, void *target);

#endif
