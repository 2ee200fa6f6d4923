/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many times longer everything may take than on a processor of one's own: POSTERN_TEST_PATIENCE, else 1.
 * The time limits of all suites and tests follow it, as do the waits of the namespace tests.
 */
#pragma once

unsigned test_patience(void);
