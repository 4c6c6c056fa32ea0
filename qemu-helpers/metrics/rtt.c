/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What some round trips come to. */
#include "rtt.h"

#include "qemu-helpers/json/ascii.h"
#include "qemu-helpers/json/read.h"

/* Of echoes, or of seconds, in one line of a log. */
#define MOST 1e9

void rtt_answer(Rtt *rtt, double seconds)
{
	const Rtt one = { .answered = 1, .sum = seconds, .min = seconds, .max = seconds };

	rtt_add(rtt, &one);
}

void rtt_add(Rtt *rtt, const Rtt *more)
{
	rtt->sent += more->sent;
	rtt->lost += more->lost;
	if (more->answered == 0)
		return;
	rtt->min = rtt->answered == 0 ? more->min : MIN(rtt->min, more->min);
	rtt->max = rtt->answered == 0 ? more->max : MAX(rtt->max, more->max);
	rtt->sum += more->sum;
	rtt->answered += more->answered;
}

void rtt_to_json(const Rtt *rtt, JsonBuilder *builder)
{
	if (rtt->sent == 0 && rtt->answered == 0)
		return;
	json_begin_object(builder, "rtt_seconds");
	json_add_count(builder, "sent", rtt->sent);
	json_add_count(builder, "lost", rtt->lost);
	if (rtt->answered > 0) {
		json_add_number(builder, "min", rtt->min);
		json_add_number(builder, "mean", rtt->sum / rtt->answered);
		json_add_number(builder, "max", rtt->max);
	}
	json_builder_end_object(builder);
}

static double read_number(JsonObject *object, const char *name)
{
	return CLAMP(json_number(object, name, 0), 0, MOST);
}

Rtt rtt_from_json(JsonObject *object)
{
	JsonObject *text = json_part(object, "rtt_seconds");
	Rtt rtt = { 0 };

	if (text == NULL)
		return rtt;
	rtt.sent = (guint)read_number(text, "sent");
	rtt.lost = (guint)read_number(text, "lost");
	if (!json_object_has_member(text, "mean"))
		return rtt;
	rtt.answered = MAX(rtt.sent - MIN(rtt.lost, rtt.sent), 1);
	rtt.sum = read_number(text, "mean") * rtt.answered;
	rtt.min = read_number(text, "min");
	rtt.max = read_number(text, "max");
	return rtt;
}
