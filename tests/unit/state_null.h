/* SPDX-License-Identifier: BSD-2-Clause */
/* A state that stores nothing, for tests. */
#pragma once

struct state;

/* -ENOMEM. */
int state_null_open(struct state **ret_state);
