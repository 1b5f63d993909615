/* The library's environment variables, read in one place and by secure_getenv only. */
#ifndef CLGRAD_CORE_ENV_H
#define CLGRAD_CORE_ENV_H

/* The value of a CLGRAD_ variable, NULL if unset, empty or hidden in a set-uid program. */
const char *cg_env(const char *name);

/* The same as an integer; `fallback` if unset or not a number. */
long cg_env_int(const char *name, long fallback);

#endif
