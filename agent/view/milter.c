/* SPDX-License-Identifier: BSD-2-Clause */
/* The milter's state, from its lock. */
#include "view/milter.h"

#include <errno.h>

#include "config/config.h"
#include "process/lock.h"
#include "wire/status.h"
#include "wire/values.h"

void view_milter_read(const struct config *config, struct view_milter *ret)
{
	int64_t since_sec = 0;
	int r = lock_look(config->runtime_dir, "milter", &since_sec);

	*ret = (struct view_milter){
		.is_known = config->mail.has_milter || r == 0 || r == -ESRCH,
		.is_running = r == 0,
		.since_sec = since_sec,
	};
}

json_t *view_milter(const struct config *config)
{
	struct view_milter milter;
	char since[VALUE_TIME_SIZE];

	view_milter_read(config, &milter);
	if (!milter.is_known)
		return json_null();
	return wire_milter_json(&(struct wire_milter){
		.running = milter.is_running,
		.since = value_time_text(milter.since_sec, since),
	});
}
