/* Ctrl-C: the first is a wish to stop at the next good place, a second one kills. */
#ifndef CLGRAD_CLI_INTERRUPT_H
#define CLGRAD_CLI_INTERRUPT_H

#include <signal.h>
#include <stdbool.h>

/* From now on a first Ctrl-C is only noted. */
void interrupt_watch(void);

/* Whether Ctrl-C was pressed since. */
bool interrupted(void);

/* What is not 0 from then on. */
const volatile sig_atomic_t *interrupt_flag(void);

#endif
