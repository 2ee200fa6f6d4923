/* SPDX-License-Identifier: BSD-2-Clause */
/* Within the oracle: look-ups in the maps, and the changes that one packet may make. */
#pragma once

#include "fuzz/packet_oracle.h"

struct wire;

/* NULL: no such entry. */
const struct flow *packet_oracle_flow(const struct found *found, const struct flow_key *key);
const struct return_entry *packet_oracle_return(const struct found *found,
						const struct flow_key *key);

/* By the sender's current verdict. */
bool packet_oracle_passes(enum packet_sender sender);

int packet_oracle_judge_changes(const struct packet_step *step, const struct wire *in,
				struct error *error);
