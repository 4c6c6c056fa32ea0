/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <string.h>
#include <unistd.h>

#include "hostler/record.h"

/* A stay as a hook leaves it. */
#define STAY_UUID "6f30cf5b-0000-4000-8000-000000000001"
#define STAY_BEGAN 1000.0 /* seconds after boot */

static inline HostlerRecord *make_stay(const char *uuid, const char *name, guint interval)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autofree char *qemu = g_strdup_printf("77 %ld", (long)STAY_BEGAN * sysconf(_SC_CLK_TCK));
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	HostlerRecord *stay;

	g_key_file_load_from_data(file,
				  "[record]\nformat=1\nrun=1\nboot=4512c133-5557-42f4-9a52-61831c951e04\nphase=held\n"
				  "since=1000\ncaller=2 3\n"
				  "[metrics-disk-0]\ntarget=vda\ntype=file\nsource=/a b.img\nbus=virtio\ncache=none\n"
				  "[metrics-nic-0]\nmac=52:54:00:00:00:01\ntarget=vnet0\ntype=network\nnetwork=default\n"
				  "bridge=virbr0\nmodel=virtio\n"
				  "[metrics-nic-1]\nmac=52:54:00:00:00:02\ntype=user\nunmeasured=nobody counts it\n"
				  "[metrics-device-0]\nbdf=0000:01:00.0\nunmeasured=passed through\n",
				  G_MAXSIZE, G_KEY_FILE_NONE, &error);
	g_assert_no_error(error);
	g_key_file_set_string(file, "record", "uuid", uuid);
	g_key_file_set_string(file, "record", "name", name);
	g_key_file_set_value(file, "record", "qemu", qemu);
	g_key_file_set_uint64(file, "metrics", "interval", interval);
	text = g_key_file_to_data(file, NULL, NULL);
	stay = hostler_record_from_text(HOSTLER_RECORD_STAY, uuid, text, strlen(text), &error);
	g_assert_no_error(error);
	return stay;
}
