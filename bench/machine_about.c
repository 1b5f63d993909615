#include "machine_about.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static void find_processor(char name[128]) {
    snprintf(name, 128, "unknown processor");
    FILE *file = fopen("/proc/cpuinfo", "r");
    char line[256];
    while (file && fgets(line, sizeof line, file)) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon || !colon[1]) continue;
        colon[1 + strcspn(colon + 1, "\n")] = 0;
        snprintf(name, 128, "%.120s", colon + 2);
        break;
    }
    if (file) fclose(file);
}

machine_about machine_about_this(void) {
    machine_about about = {.processors = sysconf(_SC_NPROCESSORS_ONLN)};
    about.memory = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    find_processor(about.processor);
    struct utsname system;
    if (uname(&system) == 0)
        snprintf(about.system, sizeof about.system, "%.64s %.64s %.64s", system.sysname, system.release,
                 system.machine);
    for (int i = getloadavg(about.load, 3) < 3 ? 0 : 3; i < 3; i++) about.load[i] = -1;
    return about;
}
