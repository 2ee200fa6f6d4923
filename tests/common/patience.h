/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * POSTERN_TEST_PATIENCE multiplies every limit in time: of suites, tests and waits of namespace
 * tests. A machine with free processors needs 1, the default.
 */
#pragma once

unsigned test_patience(void);
