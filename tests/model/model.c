/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model.h"

#include <string.h>

void model_move_guest(Model *model, ModelVm *vm, guint n)
{
	guint number = 10 + (guint)(vm - model->vms) + MODEL_N_VMS * n;

	g_snprintf(vm->guest[0], sizeof(vm->guest[0]), "192.168.122.%u", number);
	g_snprintf(vm->guest[1], sizeof(vm->guest[1]), "fd00:122::%x", number);
}

void model_init(Model *model)
{
	memset(model, 0, sizeof(*model));
	for (guint i = 0; i < MODEL_N_VMS; i++) {
		ModelVm *vm = &model->vms[i];

		g_snprintf(vm->name, sizeof(vm->name), "vm%u", i);
		g_snprintf(vm->uuid, sizeof(vm->uuid), "00000000-0000-4000-8000-0000000000%02u", i);
		g_snprintf(vm->mac, sizeof(vm->mac), "52:54:00:00:22:%02u", i);
		model_move_guest(model, vm, 0);
		vm->is_leased = i >= MODEL_N_RESERVED;
	}
}

/* One address of the host goes before all of them. */
static gboolean collide(const ModelWant *a, const ModelWant *b)
{
	return g_str_equal(a->proto, b->proto) && a->start < b->start + b->n && b->start < a->start + a->n &&
	       g_strcmp0(a->address, b->address) == 0;
}

static gboolean is_of_family(const ModelWant *want, gboolean is_v6)
{
	return want->address == NULL || (strchr(want->address, ':') != NULL) == is_v6;
}

static gboolean vms_collide(const ModelVm *a, const ModelVm *b)
{
	for (guint i = 0; i < a->n_wants; i++) {
		for (guint j = 0; j < b->n_wants; j++) {
			if (collide(&a->wants[i], &b->wants[j]))
				return TRUE;
		}
	}
	return FALSE;
}

const ModelVm *model_owner(const Model *model, const ModelVm *vm)
{
	for (guint i = 0; i < MODEL_N_VMS; i++) {
		const ModelVm *other = &model->vms[i];

		if (other != vm && other->state != MODEL_OFF && vms_collide(vm, other))
			return other;
	}
	return NULL;
}

static gboolean has_family(const ModelVm *vm, gboolean is_v6)
{
	for (guint i = 0; i < vm->n_wants; i++) {
		if (is_of_family(&vm->wants[i], is_v6))
			return TRUE;
	}
	return FALSE;
}

gboolean model_has_open(const Model *model, gboolean is_v6)
{
	for (guint i = 0; i < MODEL_N_VMS; i++) {
		if (model->vms[i].state == MODEL_RUNNING && has_family(&model->vms[i], is_v6))
			return TRUE;
	}
	return FALSE;
}

static gint compare_lines(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_lines(GPtrArray *lines, const ModelVm *vm, gboolean is_v6)
{
	for (guint i = 0; i < vm->n_wants; i++) {
		const ModelWant *want = &vm->wants[i];

		for (guint port = 0; is_of_family(want, is_v6) && port < want->n; port++)
			g_ptr_array_add(lines, g_strdup_printf("%s %s %u -> %s %u of %s\n", want->proto,
							       want->address != NULL ? want->address : "any",
							       want->start + port, vm->guest[is_v6], want->to + port,
							       vm->uuid));
	}
}

char *model_table(const Model *model)
{
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < MODEL_N_VMS; i++) {
		if (model->vms[i].state != MODEL_RUNNING)
			continue;
		add_lines(lines, &model->vms[i], FALSE);
		add_lines(lines, &model->vms[i], TRUE);
	}
	g_ptr_array_sort(lines, compare_lines);
	g_ptr_array_add(lines, NULL);
	return g_strjoinv("", (char **)lines->pdata);
}
