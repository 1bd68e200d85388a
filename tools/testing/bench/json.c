// SPDX-License-Identifier: GPL-2.0-only
/* The comparison for programs. */
#include <json-c/json.h>

#include "report.h"

static struct json_object *series_json(const struct series *series)
{
	struct json_object *object = json_object_new_object();
	struct json_object *passes = json_object_new_array();

	for (unsigned int i = 0; i < series->count; i++)
		json_object_array_add(passes, json_object_new_double(series->values[i]));
	json_object_object_add(object, "typical", json_object_new_double(series->typical));
	json_object_object_add(object, "spread", json_object_new_double(series->spread));
	json_object_object_add(object, "passes", passes);
	return object;
}

static struct json_object *row_json(const struct row *row)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "name", json_object_new_string(row->name));
	json_object_object_add(object, "title", json_object_new_string(row->title));
	json_object_object_add(object, "unit", json_object_new_string(row->waits ? "nanoseconds" :
								      "instructions"));
	json_object_object_add(object, driver_names[OURS], series_json(&row->by[OURS]));
	if (!row->alone) {
		json_object_object_add(object, driver_names[IN_TREE],
				       series_json(&row->by[IN_TREE]));
		json_object_object_add(object, "ratio", json_object_new_double(row->ratio));
		json_object_object_add(object, "goal", json_object_new_double(row->share));
	}
	if (row->peer) {
		json_object_object_add(object, "peer", json_object_new_string(row->peer->name));
		json_object_object_add(object, "peer-goal",
				       json_object_new_double(row->peer_share));
	}
	json_object_object_add(object, "met", json_object_new_boolean(row->met));
	json_object_object_add(object, "steady", json_object_new_boolean(row_steady(row)));
	return object;
}

bool json_write(const struct comparison *all, const char *path)
{
	struct json_object *root = json_object_new_object();
	struct json_object *rows = json_object_new_array();
	bool good;

	for (size_t i = 0; i < all->count; i++)
		json_object_array_add(rows, row_json(&all->rows[i]));
	json_object_object_add(root, "system-call", json_object_new_double(all->floor));
	json_object_object_add(root, "resolution", json_object_new_double(RESOLUTION));
	json_object_object_add(root, "met", json_object_new_boolean(all->met));
	json_object_object_add(root, "rows", rows);

	good = !json_object_to_file_ext(path, root, JSON_C_TO_STRING_PRETTY);
	if (!good)
		fprintf(stderr, "bench-report: %s\n", json_util_get_last_err());
	json_object_put(root);
	return good;
}
