/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt's four arguments -> HostlerEvent. */

#include "hostler/event.h"

typedef struct {
	const char *name;
	const char *step; /* libvirt's sub-operation */
	HostlerOperation operation;
} Operation;

/* An operation with a step that is not its own is one of a later libvirt. */
static const Operation operations[] = {
	{"prepare", "begin", HOSTLER_OP_PREPARE},
	{"start", "begin", HOSTLER_OP_START},
	{"started", "begin", HOSTLER_OP_STARTED},
	{"stopped", "end", HOSTLER_OP_STOPPED},
	{"release", "end", HOSTLER_OP_RELEASE},
	{"reconnect", "begin", HOSTLER_OP_RECONNECT},
	{"migrate", "begin", HOSTLER_OP_MIGRATE},
	{"restore", "begin", HOSTLER_OP_RESTORE},
	{"attach", "begin", HOSTLER_OP_ATTACH},
};

static HostlerOperation find_operation(const char *name, const char *step)
{
	for (gsize i = 0; i < G_N_ELEMENTS(operations); i++)
		if (g_str_equal(operations[i].name, name) && g_str_equal(operations[i].step, step))
			return operations[i].operation;
	return HOSTLER_OP_UNKNOWN;
}

gboolean hostler_event_from_argv(HostlerEvent *event, int argc, char **argv)
{
	if (argc < 5)
		return FALSE;
	event->object = argv[1];
	event->operation = find_operation(argv[2], argv[3]);
	event->reason = argv[4];
	return TRUE;
}

gboolean hostler_event_is_known(const HostlerEvent *event)
{
	switch (event->operation) {
	case HOSTLER_OP_PREPARE:
	case HOSTLER_OP_START:
	case HOSTLER_OP_STARTED:
	case HOSTLER_OP_STOPPED:
	case HOSTLER_OP_RELEASE:
	case HOSTLER_OP_RECONNECT:
		return TRUE;
	case HOSTLER_OP_MIGRATE:
	case HOSTLER_OP_RESTORE:
	case HOSTLER_OP_ATTACH:
	case HOSTLER_OP_UNKNOWN:
		return FALSE;
	}
	g_return_val_if_reached(FALSE);
}

gboolean hostler_event_may_refuse(const HostlerEvent *event)
{
	return event->operation == HOSTLER_OP_PREPARE || event->operation == HOSTLER_OP_START;
}
