/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration of Postfix 3.7 for the configured pools: one lane (an smtp(8) service) per
 * pool, bound to the handles of the pool (pool/lane.h); and the settings that choose the lane:
 *
 *   receiving     smtpd_milters           `postern milter` judges each message
 *                 milter_header_checks    a message for another pool than normal keeps its lane
 *                                         (FILTER)
 *   delivering    rewrite_service_name    only the queue manager asks the socketmap for the lane
 *                                         of a sender (lookup.h)
 *   sending       smtp_header_checks      removes the headers of headers.h
 *
 * Tables are inline in the parameters: no file has to be installed. Socket paths below Postfix's
 * queue directory are printed relative to it, so that its processes find them chrooted or not.
 *
 * Mail to hosts of a family that a lane lacks is returned, as by any host without that family.
 */
#pragma once

#include <stdio.h>

struct config;

enum postfix_part {
	POSTFIX_ALL,	/* both, each below a heading that names its place */
	POSTFIX_MASTER, /* to append to master.cf */
	POSTFIX_MAIN,	/* to append to main.cf, one line per setting */
};

/* -EIO: could not be written; -ENOMEM. */
int postfix_print(const struct config *config, enum postfix_part part, FILE *out);
