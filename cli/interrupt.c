#include "interrupt.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t noted;

static void note(int signal_number) {
    (void)signal_number;
    noted = 1;
}

void interrupt_watch(void) {
    /* SA_RESETHAND: the second one meets the default, which ends the program. */
    struct sigaction action = {.sa_handler = note, .sa_flags = (int)(SA_RESETHAND | SA_RESTART)};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
}

bool interrupted(void) { return noted != 0; }

const volatile sig_atomic_t *interrupt_flag(void) { return &noted; }
