/* SPDX-License-Identifier: BSD-2-Clause */
/* The inode of a pin. */
#include "datapath/pin.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "datapath/datapath.h"

int pin_read(const char *pin_path, ino_t *ret_pin)
{
	_cleanup_(free_p) char *file = NULL;
	struct stat status;

	if (asprintf(&file, "%s/%s", pin_path, map_name(MAP_CONTROL)) < 0)
		return -ENOMEM;
	if (stat(file, &status) < 0)
		return -errno;
	*ret_pin = status.st_ino;
	return 0;
}

bool pin_is_other(const char *pin_path, ino_t pin)
{
	ino_t now;

	return pin_read(pin_path, &now) == 0 && now != pin;
}
