/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The owner of a sender's name. Programs and users write many names of one sender (`sender_forms`):
 *
 *   form                name                                          owner
 *   plus                bob+lists@example.com                         bob@example.com
 *   prvs (BATV)         prvs=0123456789=bob@example.com               bob@example.com
 *                       prvs=bob/0123456789@example.com               bob@example.com
 *   btv1 (Barracuda)    btv1==0a1b2c==bob@example.com                 bob@example.com
 *   srs                 SRS0=hash=TT=orig.example=al@fwd.example.com  fwd.example.com
 *   verp                news-1-al=example.org@shop.example.com        news@shop.example.com
 *   (always)            "bob"@example.com                             bob@example.com
 *   (always)            jürgen, of any case and composition            jürgen (letters.h)
 *   "PATTERN: NAME"     b.0815@shop.example.com                       NAME
 *   "@example.com"      bob, a login without a domain                 bob@example.com
 *
 * Orders, counts and standings are the owner's. A sender of the configuration is its own owner.
 */
#pragma once

#include <stdbool.h>

#include "policy/decision.h"

struct config;

/* `name` is shorter than POLICY_NAME_SIZE. `is_login`: "@example.com" applies. */
void owner_of(const struct config *config, const char *name, bool is_login,
	      char ret_owner[POLICY_NAME_SIZE]);

/* The same of a name in an order or a question, which does not say what it is a name of. */
void owner_of_order(const struct config *config, const char *name,
		    char ret_owner[POLICY_NAME_SIZE]);
