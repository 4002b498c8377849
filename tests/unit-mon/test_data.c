// SPDX-License-Identifier: GPL-3.0-or-later
/* Fields of text as JSON, and their schema. */
#include <criterion/criterion.h>

#include "monitor/data.h"
#include "tests/unit-mon/fixture.h"

static struct strbuf text;
static struct mon_data data;

static void begin(void)
{
	mon_data_begin(&data, &text);
}

static void end(void)
{
	strbuf_free(&text);
}

TestSuite(mon_data, .init = begin, .fini = end);

static void expect_json(struct json_object *o, const char *json)
{
	cr_expect_str_eq(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN), json);
	json_object_put(o);
}

Test(mon_data, text_and_data_come_from_one_call)
{
	field_u64(&text, "pc", "pc=0x%llx", 0xffffffff81000000);
	field_int(&text, "gsi", " gsi %lld", -1);
	field_str(&text, "name", " <%s>", "a\"b");
	field_bool(&text, "up", true, " up", " down");
	strbuf_puts(&text, ", as people like it");
	data_u64(&text, "more", 5);
	cr_expect_str_eq(strbuf_str(&text),
			 "pc=0xffffffff81000000 gsi -1 <a\"b> up, as people like it");
	expect_json(mon_data_end(&data, &text), "{\"pc\":18446744071578845184,\"gsi\":-1,"
						"\"name\":\"a\\\"b\",\"up\":true,\"more\":5}");
	cr_expect_null(text.fields);
}

Test(mon_data, lists_and_objects)
{
	size_t mark;

	data_list(&text, "rows");
	for (unsigned i = 0; i < 2; i++) {
		data_object(&text, NULL);
		field_u64(&text, "n", "%llu: ", i);
		mark = text.len;
		strbuf_puts(&text, "  row \n");
		data_since(&text, "text", mark);
		data_end(&text);
	}
	data_end(&text);
	data_list(&text, "numbers");
	field_u64(&text, NULL, "%llu", 7);
	data_end(&text);
	expect_json(mon_data_end(&data, &text),
		    "{\"rows\":[{\"n\":0,\"text\":\"row\"},{\"n\":1,\"text\":\"row\"}],"
		    "\"numbers\":[7]}");
}

Test(mon_data, what_does_not_fit_is_left_out)
{
	data_u64(&text, NULL, 1);
	data_object(&text, NULL);
	data_u64(&text, "in", 1);
	data_end(&text);
	data_list(&text, "list");
	data_u64(&text, "key", 1);
	data_end(&text);
	for (unsigned i = 0; i < MON_DATA_DEPTH + 3; i++)
		data_object(&text, "a");
	data_u64(&text, "deep", 1);
	for (unsigned i = 0; i < MON_DATA_DEPTH + 3; i++)
		data_end(&text);
	data_end(&text);
	data_u64(&text, "last", 1);
	expect_json(mon_data_end(&data, &text), "{\"list\":[],\"a\":{\"a\":{\"a\":{\"a\":{\"a\":"
						"{\"a\":{\"a\":{}}}}}}},\"last\":1}");
}

Test(mon_data, without_a_sink_there_is_text)
{
	struct strbuf plain = STRBUF_INIT;

	json_object_put(mon_data_end(&data, &text));
	data_list(&plain, "rows");
	field_u64(&plain, NULL, "%llu", 3);
	data_since(&plain, "text", 0);
	data_end(&plain);
	cr_expect_str_eq(strbuf_str(&plain), "3");
	strbuf_free(&plain);
}

Test(mon_data, schema)
{
	static const struct mon_field rows[] = {
		{ "n", MON_NUMBER, false, NULL, NULL },
		{ 0 },
	};
	static const struct mon_field fields[] = {
		{ "up", MON_BOOL, false, "now", NULL },
		{ "rows", MON_LIST, MON_OPTIONAL, NULL, rows },
		{ "names", MON_MAP, MON_OPTIONAL, NULL, mon_texts },
		{ 0 },
	};

	json_object_put(mon_data_end(&data, &text));
	expect_json(
		mon_schema(fields),
		"{\"type\":\"object\",\"properties\":{"
		"\"up\":{\"type\":\"boolean\",\"description\":\"now\"},"
		"\"rows\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":"
		"{\"n\":{\"type\":\"integer\",\"minimum\":0}},\"required\":[\"n\"],"
		"\"additionalProperties\":false}},"
		"\"names\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}}},"
		"\"required\":[\"up\"],\"additionalProperties\":false}");
}
