/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs that one test of a run has loaded serve all others: the verifier takes nearly all the
 * time of a packet test, most of all in emulation. They and their maps are pinned below a directory
 * of the run, which disappears with it. One test at a time uses them, and finds the maps as after a
 * load.
 */
#pragma once

#include <stdbool.h>

struct bpf_object;
struct bpf_program;

/*
 * Before the load of an object. True: an earlier test has loaded this variant; the object gets its
 * maps, emptied, and its load loads no program. False: load it, then call shared_keep(). Either
 * way the run's other tests wait until this one has ended.
 */
bool shared_find(const char *variant, struct bpf_object *object);
void shared_keep(const char *variant, const struct bpf_object *object);

/* The descriptor of a program of the variant, for the life of the test. */
int shared_program(const char *variant, const struct bpf_program *program);
