/*
 * The cache on disk: small files that only this user could have written, checked before they are used.
 *
 * Folder: $CLGRAD_CACHE, else $XDG_CACHE_HOME/clgrad, else ~/.cache/clgrad; CLGRAD_CACHE=off turns it off. It is
 * made with mode 0700; one that belongs to someone else, or that others may write to, is not used. An entry is
 *     magic (8 bytes) | length of the data (8, little endian) | key (32) | SHA-256 of the data (32) | data
 * in a file named by kind and key, written under another name and renamed. Whatever is wrong with an entry, it
 * is deleted and counts as missing. Nothing here reports an error: without a cache all is built again.
 */
#ifndef CLGRAD_HOST_OPENCL_PROGRAM_CACHE_H
#define CLGRAD_HOST_OPENCL_PROGRAM_CACHE_H

#include <stdbool.h>

#include "host/opencl/sha256.h"

/* The data of an entry, malloc'ed, NULL if there is none. kind: "bin", "probe", "tune": a short literal. */
void *cg_cache_load(const char *kind, const uint8_t key[CG_SHA256_BYTES], size_t *bytes);

/* Writes an entry, replacing an older one. */
void cg_cache_store(const char *kind, const uint8_t key[CG_SHA256_BYTES], const void *data, size_t bytes);

/* Deletes an entry that turned out to be of no use (a driver refused the program). */
void cg_cache_drop(const char *kind, const uint8_t key[CG_SHA256_BYTES]);

/*
 * Keeps other processes from changing an entry that is read and written anew; ends with the process, too. `waits`: a
 * second at most, a process that was stopped may hold it. Returns what unlock takes, -1 if it could not be had.
 */
int cg_cache_lock(const char *kind, const uint8_t key[CG_SHA256_BYTES], bool waits);
void cg_cache_unlock(int lock);

#endif
