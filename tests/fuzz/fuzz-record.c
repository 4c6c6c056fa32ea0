/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a record: refused, or it keeps its meaning when it is written
 * and read again. */

#include <string.h>

#include "hostler/record.h"
#include "hostler/text.h"
#include "tests/fuzz/fuzz.h"

#define UUID "c7a5fdbd-edaf-9455-926a-d65c16db1809"

static void check_kind(HostlerRecordKind kind, const char *key, const char *data, gsize size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(HostlerRecord) record = hostler_record_from_text(kind, key, data, size, &error);
	g_autoptr(HostlerRecord) again = NULL;
	g_autofree char *text = NULL;
	g_autofree char *same = NULL;
	g_autofree char *uuid = NULL;

	if (record == NULL) {
		g_assert_nonnull(error);
		return;
	}
	g_assert_no_error(error);
	uuid = hostler_text_uuid(record->uuid);
	g_assert_cmpstr(uuid, ==, record->uuid);
	g_assert_nonnull(record->name);
	text = hostler_record_to_text(record);
	again = hostler_record_from_text(kind, key, text, strlen(text), &error);
	g_assert_no_error(error);
	same = hostler_record_to_text(again);
	/* GKeyFile takes a bare CR for part of the value at the end of a file only; we write it as \r. */
	if (memchr(data, '\r', size) == NULL)
		g_assert_cmpstr(text, ==, same);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
	check_kind(HOSTLER_RECORD_CLAIM, "0000:01:00.0", (const char *)data, size);
	check_kind(HOSTLER_RECORD_STAY, UUID, (const char *)data, size);
	return 0;
}
