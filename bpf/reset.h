/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tells the local end of a connection that its packet was dropped for good. */
#pragma once

#include <linux/pkt_cls.h>

#include "packet.h"
