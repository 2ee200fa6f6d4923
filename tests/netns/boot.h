/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The mail host of a world booted by a real systemd (tests/netns/boot-host), with the units of
 * tools/systemd and a stock Postfix that has the printed lanes. Postfix and milter ask a name
 * server on 127.0.0.1.
 *
 * The order of calls: boot_prepare(), boot_file() and boot_script() for what a test wants to be
 * different, boot_start(). All ends with the world.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Writes the configuration. Skips the test where this machine cannot boot. */
void boot_prepare(void);
/* With receivers and name server: mail leaves. */
void boot_prepare_mail(void);
/*
 * Three messages in Postfix's queue before the first boot: good@x, spam@x and bounce@x, to
 * example.org.
 */
void boot_queue_mail(void);
/* A file of the host, by its absolute path. */
void boot_file(const char *path, const char *text);
/* Lines of shell; they run in the host's root directory before the boot. */
void boot_script(const char *text);

/* Returns when systemd answers. */
void boot_start(void);
/* Returns when no job of the boot is left. */
void boot_finish(void);

/*
 * A command as root on the booted host, under systemd. A status other than 0 fails the test. The
 * text is the caller's.
 */
char *boot_must(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool boot_succeeds(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * A property of a unit that is a number (`systemctl show`); times are in microseconds, 0: has not
 * happened.
 */
uint64_t boot_number(const char *unit, const char *property);
/* ActiveState "active": a service that says when it is ready is so. */
bool boot_is_active(const char *unit);
/* Awaits that, or fails the test with the host's journal. */
void boot_expect_active(const char *unit);

/*
 * `systemctl poweroff`; returns when the last process has ended. The datapath stays until the test
 * has ended.
 */
void boot_power_off(void);
