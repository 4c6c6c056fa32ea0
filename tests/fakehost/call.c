/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands between a door and the kernel that is played. */
#include "call.h"

#include <errno.h>
#include <string.h>

void fake_call_note(FakeHost *fake, const FakeCall *call, const char *format, ...)
{
	g_autofree char *what = NULL;
	va_list arguments;

	if (call->order == NULL)
		return;
	va_start(arguments, format);
	what = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	fakehost_note(&fake->host, "%s %s%s%s%s%s%s", call->door, call->bdf, call->attribute != NULL ? " " : "",
		      call->attribute != NULL ? call->attribute : "", *call->order != '\0' ? " " : "", call->order,
		      what);
}

int fake_call_hang(FakeHost *fake, const FakeCall *call)
{
	const char *attribute = call->order != NULL ? call->attribute : NULL;

	if (g_str_equal(call->door, "probe"))
		attribute = "drivers_probe";
	else if (g_str_equal(call->door, "hot-reset"))
		attribute = "hot_reset";
	fake_call_note(fake, call, " -> hangs");
	fake_job_hang(fake, call->bdf, attribute, call->order);
	return EIO;
}

/* What hangs in a device holds its lock: all others who come to it hang too. */
static gboolean is_stuck(FakeHost *fake, const char *bdf)
{
	for (guint i = 0; i < fake->flights->len; i++) {
		if (g_str_equal(((const FakeFlight *)g_ptr_array_index(fake->flights, i))->bdf, bdf))
			return TRUE;
	}
	return FALSE;
}

static FakePassage refuse(FakeHost *fake, const FakeCall *call, int errnum, int *result)
{
	fake_call_note(fake, call, " -> %s", g_strerror(errnum));
	*result = errnum;
	return FAKE_CALL_FAILS;
}

static FakePassage meet_fault(FakeHost *fake, const FakeCall *call, FakeDevice *device, int *errnum)
{
	int given = 0;

	switch (fake_fault_meet(fake, call->door, call->bdf, call->attribute, &given)) {
	case FAKE_EFFECT_ERROR:
		return refuse(fake, call, given, errnum);
	case FAKE_EFFECT_HANG:
		*errnum = fake_call_hang(fake, call);
		return FAKE_CALL_FAILS;
	case FAKE_EFFECT_NOTHING:
		fake_call_note(fake, call, " -> nothing happens");
		return FAKE_CALL_DOES_NOTHING;
	case FAKE_EFFECT_VANISH:
		device->present = FALSE;
		return refuse(fake, call, ENODEV, errnum);
	case FAKE_EFFECT_RUN_DIES:
		*errnum = EIO;
		return FAKE_CALL_FAILS;
	case FAKE_EFFECT_NONE:
	case FAKE_EFFECT_CALLER_DIES:
	case FAKE_EFFECT_VM_STARTS:
	case FAKE_EFFECT_SLOW:
		break;
	}
	return FAKE_CALL_GOES_ON;
}

FakePassage fake_call_pass(FakeHost *fake, const FakeCall *call, FakeDevice **device, int *errnum)
{
	if (fake->job == NULL)
		g_error("%s %s: a door that may sleep for ever, outside of a job", call->door, call->bdf);
	*errnum = EIO;
	if (fake->job_hangs || fake->killed)
		return FAKE_CALL_FAILS;
	*device = fake_device_find(fake, call->bdf);
	if (*device == NULL)
		return refuse(fake, call, ENOENT, errnum);
	if (is_stuck(fake, call->bdf)) {
		*errnum = fake_call_hang(fake, call);
		return FAKE_CALL_FAILS;
	}
	return meet_fault(fake, call, *device, errnum);
}
