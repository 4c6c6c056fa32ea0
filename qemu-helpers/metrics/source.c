/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The thread that asks libvirt, and what becomes of one that is not answered. */
#include "source.h"

#include "hostler/error.h"
#include "libvirt.h"

/* Each thread that is lost holds one of libvirtd's workers (max_workers: 20). */
#define MOST_LOST 8

typedef struct {
	GAsyncQueue *questions; /* Question; one without VMs ends the thread */
	gint connected;         /* atomic: the thread has got through to libvirtd */
} Worker;

typedef struct {
	Source *source; /* for the main thread only */
	guint thread;
	GPtrArray *uuids;
	GPtrArray *samples;
	GError *error;
} Question;

struct _Source {
	char *uri;
	const SourceEvents *events;
	gpointer data;
	Worker *worker; /* the one that is asked; NULL: none yet */
	gboolean busy;  /* it has a question */
	guint time_out; /* source id; 0: the time is up, or there is no question */
	guint thread;   /* counts the workers, from 1: an answer of an earlier one is too late */
	guint lost;     /* workers that did not come back */
};

static void question_free(Question *question)
{
	g_clear_pointer(&question->uuids, g_ptr_array_unref);
	g_clear_pointer(&question->samples, g_ptr_array_unref);
	g_clear_error(&question->error);
	g_free(question);
}

/* --- the thread --- */

static void find_answer(Worker *worker, Libvirt *libvirt, Question *question)
{
	if (!libvirt_connect(libvirt, &question->error))
		return;
	g_atomic_int_set(&worker->connected, 1);
	question->samples = libvirt_sample(libvirt, question->uuids, &question->error);
	g_atomic_int_set(&worker->connected, question->samples != NULL);
}

static gboolean take_answer(gpointer data);

static void hand_over(Question *question)
{
	g_autoptr(GSource) idle = g_idle_source_new();

	g_source_set_priority(idle, G_PRIORITY_DEFAULT);
	g_source_set_callback(idle, take_answer, question, NULL);
	g_source_attach(idle, NULL);
}

typedef struct {
	Worker *worker;
	char *uri;
} Beginning;

static gpointer run_worker(gpointer data)
{
	g_autofree Beginning *beginning = data;
	g_autofree char *uri = beginning->uri;
	g_autoptr(Libvirt) libvirt = libvirt_new(uri);
	Worker *worker = beginning->worker;
	Question *question;

	while ((question = g_async_queue_pop(worker->questions))->uuids != NULL) {
		find_answer(worker, libvirt, question);
		hand_over(question);
	}
	question_free(question);
	g_async_queue_unref(worker->questions);
	g_free(worker);
	return NULL;
}

/* --- the main thread --- */

static Worker *worker_start(const char *uri)
{
	Worker *worker = g_new0(Worker, 1);
	Beginning *beginning = g_new(Beginning, 1);

	worker->questions = g_async_queue_new();
	beginning->worker = worker;
	beginning->uri = g_strdup(uri);
	g_thread_unref(g_thread_new("libvirt", run_worker, beginning));
	return worker;
}

/* It ends by itself once it is back from what it does. */
static void worker_dismiss(Worker *worker)
{
	g_async_queue_push(worker->questions, g_new0(Question, 1));
}

Source *source_new(const char *uri, const SourceEvents *events, gpointer data)
{
	Source *source = g_new0(Source, 1);

	source->uri = g_strdup(uri);
	source->events = events;
	source->data = data;
	source->thread = 1;
	return source;
}

void source_free(Source *source)
{
	g_clear_handle_id(&source->time_out, g_source_remove);
	if (source->worker != NULL)
		worker_dismiss(source->worker);
	g_free(source->uri);
	g_free(source);
}

gboolean source_is_busy(const Source *source)
{
	return source->busy;
}

/* A worker that got through and then hangs is held by one VM. One that does not
 * get through tells that libvirtd hangs, and the next would tell the same. Its
 * number, or 0. */
static guint give_up_worker(Source *source)
{
	if (!g_atomic_int_get(&source->worker->connected) || source->lost >= MOST_LOST)
		return 0;
	worker_dismiss(g_steal_pointer(&source->worker));
	source->lost++;
	source->busy = FALSE;
	return source->thread++;
}

static gboolean time_is_up(gpointer data)
{
	Source *source = data;

	source->time_out = 0;
	source->events->late(source->data, give_up_worker(source));
	return G_SOURCE_REMOVE;
}

static gboolean take_answer(gpointer data)
{
	Question *question = data;
	Source *source = question->source;

	if (question->thread == source->thread) {
		source->busy = FALSE;
		g_clear_handle_id(&source->time_out, g_source_remove);
		source->events->answered(source->data, question->samples, question->error);
	} else {
		source->lost--;
		source->events->returned(source->data, question->thread);
	}
	question_free(question);
	return G_SOURCE_REMOVE;
}

void source_ask(Source *source, GPtrArray *uuids, guint within_milliseconds)
{
	Question *question = g_new0(Question, 1);

	g_return_if_fail(!source->busy);
	if (source->worker == NULL)
		source->worker = worker_start(source->uri);
	question->source = source;
	question->thread = source->thread;
	question->uuids = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < uuids->len; i++)
		g_ptr_array_add(question->uuids, g_strdup(g_ptr_array_index(uuids, i)));
	source->busy = TRUE;
	source->time_out = g_timeout_add(within_milliseconds, time_is_up, source);
	g_async_queue_push(source->worker->questions, question);
}
