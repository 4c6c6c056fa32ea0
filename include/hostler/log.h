/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "hostler/error.h"

typedef enum {
	HOSTLER_LOG_JOURNAL, /* a hook: libvirt shows its stderr as the reason of a refusal, one line */
	HOSTLER_LOG_STDERR,  /* stderr when there is no journal */
} HostlerLogWhere;

/* Every program calls this first: stdout belongs to libvirt (on `migrate` and
 * `restore` it replaces the domain's XML) and GLib prints INFO and DEBUG there
 * unless told otherwise. Messages go to the journal; without one, or with
 * HOSTLER_DEBUG in the environment, to where `where` says. Descriptors 0-2 that
 * are missing are opened on /dev/null. `program` is a static string. */
void hostler_log_open(const char *program, HostlerLogWhere where);

/* Who a message is about: HOSTLER_VM, HOSTLER_UUID, HOSTLER_DEVICE. Each may be NULL. */
typedef struct {
	const char *vm;
	const char *uuid;
	const char *device;
} HostlerSubject;

/* `code` is the journal's HOSTLER_CODE, stable, such as "vfio-device-busy". Text
 * of users and guests is passed through hostler_text_shown() by the caller. */
void hostler_log(GLogLevelFlags level, const char *code, const HostlerSubject *subject, const char *format, ...)
	G_GNUC_PRINTF(4, 5);
