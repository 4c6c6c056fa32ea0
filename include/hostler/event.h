/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* What libvirt tells a hook: `hook OBJECT OPERATION SUB-OPERATION EXTRA`, the
 * object's XML on stdin (libvirt docs/hooks.rst). */

typedef enum {
	HOSTLER_OP_UNKNOWN, /* of a libvirt newer than we are: never an error */
	HOSTLER_OP_PREPARE,
	HOSTLER_OP_START,
	HOSTLER_OP_STARTED,
	HOSTLER_OP_STOPPED,
	HOSTLER_OP_RELEASE,
	HOSTLER_OP_RECONNECT,
	HOSTLER_OP_MIGRATE,
	HOSTLER_OP_RESTORE,
	HOSTLER_OP_ATTACH,
} HostlerOperation;

typedef struct {
	const char *object; /* the VM's or network's name: user text */
	HostlerOperation operation;
	const char *reason; /* why the VM was shut off; "-" before libvirt 10.5 */
} HostlerEvent;

/* Borrows from argv. FALSE when libvirt's four arguments are not all there. */
gboolean hostler_event_from_argv(HostlerEvent *event, int argc, char **argv);

/* Whether hostler has anything to do: not for `migrate`, `restore`, `attach` and
 * what a newer libvirt may say. */
gboolean hostler_event_is_known(const HostlerEvent *event);

/* Whether a failure of this operation keeps the VM from starting. All others
 * must exit 0: a failing `reconnect` kills a running VM. */
gboolean hostler_event_may_refuse(const HostlerEvent *event);
