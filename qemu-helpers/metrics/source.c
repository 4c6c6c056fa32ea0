/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The threads that ask libvirt, and how long each is waited for. */
#include "source.h"

#include "libvirt.h"

typedef struct {
	guint number;
	char *uri;
	GPtrArray *uuids; /* NULL: ends the thread */
	gboolean with_nics;
	GPtrArray *samples;
	GError *error;
	struct Slot *slot; /* for the main thread only; NULL: the source is gone */
} Question;

typedef struct Slot {
	Source *source;
	GAsyncQueue *questions; /* the thread's; NULL: it has none yet */
	Question *out;          /* what it is asked; owned by the thread until it hands it over */
	guint time_out;         /* source id; 0: the time is up, or nothing is out */
} Slot;

struct _Source {
	const SourceEvents *events;
	gpointer data;
	Slot slots[SOURCE_MOST_OUT];
	guint asked; /* numbers the questions */
};

static void question_free(Question *question)
{
	g_clear_pointer(&question->uuids, g_ptr_array_unref);
	g_clear_pointer(&question->samples, g_ptr_array_unref);
	g_clear_error(&question->error);
	g_free(question->uri);
	g_free(question);
}

/* --- the thread --- */

static gboolean take_answer(gpointer data);

static void hand_over(Question *question)
{
	g_autoptr(GSource) idle = g_idle_source_new();

	g_source_set_priority(idle, G_PRIORITY_DEFAULT);
	g_source_set_callback(idle, take_answer, question, NULL);
	g_source_attach(idle, NULL);
}

static gpointer run_thread(gpointer data)
{
	g_autoptr(GAsyncQueue) questions = data;
	g_autoptr(Libvirt) libvirt = libvirt_new();
	Question *question;

	while ((question = g_async_queue_pop(questions))->uuids != NULL) {
		question->samples = libvirt_sample(libvirt, question->uri, question->uuids, question->with_nics,
						   &question->error);
		hand_over(question);
	}
	question_free(question);
	return NULL;
}

static GAsyncQueue *start_thread(void)
{
	GAsyncQueue *questions = g_async_queue_new();

	g_thread_unref(g_thread_new("libvirt", run_thread, g_async_queue_ref(questions)));
	return questions;
}

/* --- the main thread --- */

Source *source_new(const SourceEvents *events, gpointer data)
{
	Source *source = g_new0(Source, 1);

	source->events = events;
	source->data = data;
	for (guint i = 0; i < SOURCE_MOST_OUT; i++)
		source->slots[i].source = source;
	return source;
}

/* The thread ends by itself once it is back from what it does. */
static void slot_clear(Slot *slot)
{
	g_clear_handle_id(&slot->time_out, g_source_remove);
	if (slot->out != NULL)
		slot->out->slot = NULL;
	if (slot->questions == NULL)
		return;
	g_async_queue_push(slot->questions, g_new0(Question, 1));
	g_async_queue_unref(slot->questions);
}

void source_free(Source *source)
{
	for (guint i = 0; i < SOURCE_MOST_OUT; i++)
		slot_clear(&source->slots[i]);
	g_free(source);
}

guint source_room(const Source *source)
{
	guint room = 0;

	for (guint i = 0; i < SOURCE_MOST_OUT; i++)
		room += source->slots[i].out == NULL ? 1 : 0;
	return room;
}

static gboolean time_is_up(gpointer data)
{
	Slot *slot = data;
	Source *source = slot->source;

	slot->time_out = 0;
	source->events->late(source->data, slot->out->number);
	return G_SOURCE_REMOVE;
}

static gboolean take_answer(gpointer data)
{
	Question *question = data;
	Slot *slot = question->slot;

	if (slot != NULL) {
		Source *source = slot->source;

		slot->out = NULL;
		g_clear_handle_id(&slot->time_out, g_source_remove);
		source->events->answered(source->data, question->number, question->samples, question->error);
	}
	question_free(question);
	return G_SOURCE_REMOVE;
}

/* The first: where one thread does for all, the others are never started. */
static Slot *find_slot(Source *source)
{
	for (guint i = 0; i < SOURCE_MOST_OUT; i++) {
		if (source->slots[i].out == NULL)
			return &source->slots[i];
	}
	return NULL;
}

guint source_ask(Source *source, const char *uri, GPtrArray *uuids, gboolean with_nics, guint within_milliseconds)
{
	Slot *slot = find_slot(source);
	Question *question;

	g_return_val_if_fail(slot != NULL, 0);
	if (slot->questions == NULL)
		slot->questions = start_thread();
	question = g_new0(Question, 1);
	if (++source->asked == 0)
		source->asked = 1;
	question->number = source->asked;
	question->slot = slot;
	question->with_nics = with_nics;
	question->uri = g_strdup(uri);
	question->uuids = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < uuids->len; i++)
		g_ptr_array_add(question->uuids, g_strdup(g_ptr_array_index(uuids, i)));
	slot->out = question;
	slot->time_out = g_timeout_add(within_milliseconds, time_is_up, slot);
	g_async_queue_push(slot->questions, question);
	return question->number;
}
