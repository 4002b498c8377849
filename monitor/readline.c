// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * GNU readline through its callback interface (readline manual, "Alternate Interface").
 *
 * Its bytes come from its user (rl_getc_function), its output goes there (a stream made with
 * fopencookie), and it touches neither signals nor terminal modes.
 *
 * A line is executed outside of readline: the handler is removed when a line is complete
 * and installed again behind the command's output.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "monitor/command.h"
#include "monitor/history.h"
#include "monitor/readline.h"
#include "monitor/style.h"
#include "monitor/words.h"

#define CTRL_C 3
#define CTRL_G 7 /* gives a search up */

static struct readline_user *owner;
static FILE *out_stream, *in_stream;
static const uint8_t *input;
static size_t input_len;
static bool installed;	 /* readline has the line */
static bool line_done;	 /* its handler was called */
static char *line_text;	 /* with this; NULL: end of file, Ctrl-D */
static bool interrupted; /* Ctrl-C on an empty line */
static unsigned cols, rows;

/* ---- streams ---- */

static ssize_t stream_write(void *cookie, const char *buf, size_t size)
{
	(void)cookie;
	if (owner)
		owner->ops->write(owner, buf, size);
	return (ssize_t)size;
}

static ssize_t stream_read(void *cookie, char *buf, size_t size)
{
	(void)cookie;
	(void)buf;
	(void)size;
	return 0;
}

/*
 * A key that begins a sequence of keys (Ctrl-X). readline 8.2 loses its way when one ends an
 * incremental search in callback mode: the next key calls through a null pointer.
 */
static bool begins_sequence(int byte)
{
	return byte != ESC && rl_get_keymap()[byte].type == ISKMAP;
}

/* readline asks for more than there is only in the middle of a key's bytes: that key is dropped. */
static int next_byte(FILE *stream)
{
	int byte;

	(void)stream;
	if (!input_len)
		return EOF;
	input_len--;
	byte = *input++;
	if (RL_ISSTATE(RL_STATE_ISEARCH) && begins_sequence(byte))
		return CTRL_G;
	return byte;
}

static int bytes_available(void)
{
	return input_len > 0;
}

/* ---- callbacks ---- */

static void on_line(char *line)
{
	line_done = true;
	line_text = line;
	rl_callback_handler_remove();
	installed = false;
}

static int on_ctrl_c(int count, int key)
{
	(void)count;
	(void)key;
	if (!rl_end) {
		interrupted = true;
		return 0;
	}
	/* A line of the history shares its undo list with the history: both have to forget it. */
	rl_free_line_state();
	rl_replace_line("", 1);
	rl_crlf();
	rl_on_new_line();
	rl_redisplay();
	return 0;
}

/* The terminal's modes are the chardev's; but readline echoes only when it is told that it may. */
static void no_prep(int meta)
{
	(void)meta;
	rl_tty_set_echoing(1);
}

static void no_deprep(void)
{
}

/* ---- completion ---- */

static struct words found;
static size_t given;

/* readline frees each word. */
static char *next_match(const char *text, int state)
{
	(void)text;
	if (!state)
		given = 0;
	return given < found.count ? strdup(found.word[given++]) : NULL;
}

static char **complete(const char *text, int start, int end)
{
	char **list;

	rl_attempted_completion_over = 1;
	if (!owner || start < 0 || end < start)
		return NULL;
	owner->ops->complete(owner, rl_line_buffer, (size_t)start, (size_t)end, words_add, &found);
	words_end(&found);
	/* Behind a directory goes what is in it, not the next word. */
	if (found.count == 1 && *found.word[0] && strchr(found.word[0], '\0')[-1] == '/')
		rl_completion_append_character = '\0';
	list = found.count ? rl_completion_matches(text, next_match) : NULL;
	words_free(&found);
	return list;
}

/* ---- the editor ---- */

static bool setup(void)
{
	static const cookie_io_functions_t writer = { .write = stream_write };
	static const cookie_io_functions_t reader = { .read = stream_read };
	static bool done;

	if (done)
		return true;
	out_stream = fopencookie(NULL, "w", writer);
	in_stream = fopencookie(NULL, "r", reader);
	if (!out_stream || !in_stream)
		return false;
	rl_readline_name = "vitrine";
	rl_instream = in_stream;
	rl_outstream = out_stream;
	rl_getc_function = next_byte;
	rl_input_available_hook = bytes_available;
	rl_catch_signals = 0;
	rl_catch_sigwinch = 0;
	rl_change_environment = 0;
	rl_prep_term_function = no_prep;
	rl_deprep_term_function = no_deprep;
	rl_attempted_completion_function = complete;
	rl_completer_word_break_characters = " \t()+*/%&|^~<>=!";
	rl_initialize();
	/* What would ask the person a question and wait for the answer, or beep at stderr. */
	rl_completion_query_items = -1;
	rl_variable_bind("page-completions", "off");
	rl_variable_bind("bell-style", "none");
	rl_bind_key(CTRL_C, on_ctrl_c);
	/*
	 * M-C-j is too easily typed: readline 8.2's vi mode loops for ever on `e` before a byte
	 * that is no UTF-8. Who wants that mode has it from an inputrc.
	 */
	rl_unbind_function_in_map(rl_vi_editing_mode, emacs_meta_keymap);
	using_history();
	history_load();
	done = true;
	return true;
}

bool readline_take(struct readline_user *u)
{
	if (owner || !setup())
		return false;
	owner = u;
	cols = rows = 0;
	return true;
}

void readline_leave(struct readline_user *u)
{
	if (owner != u)
		return;
	if (installed) {
		/* The next one does not begin inside this one's search. */
		rl_callback_sigcleanup();
		/* … nor with its undo list. */
		rl_free_line_state();
		rl_callback_handler_remove();
		installed = false;
	}
	fflush(out_stream);
	owner = NULL;
}

/* What is not to be counted as columns stands between \1 and \2 (RL_PROMPT_START_IGNORE). */
static const char *styled_prompt(void)
{
	static char text[80];
	const char *prompt = owner->ops->prompt(owner);

	if (!owner->colour || !*prompt)
		return prompt;
	snprintf(text, sizeof(text), "\001%s\002%s\001%s\002", style_begin(STYLE_PROMPT), prompt,
		 style_end());
	return text;
}

/* The terminal may have another size by now: a line that is being typed is laid out anew. */
static void look_at_size(void)
{
	unsigned new_cols, new_rows;

	owner->ops->size(owner, &new_cols, &new_rows);
	if (new_cols == cols && new_rows == rows)
		return;
	if (installed)
		rl_clear_visible_line();
	rl_set_screen_size((int)new_rows, (int)new_cols);
	cols = new_cols;
	rows = new_rows;
	if (installed)
		rl_forced_update_display();
}

void readline_prompt(void)
{
	look_at_size();
	if (installed) {
		rl_clear_visible_line();
		rl_set_prompt(styled_prompt());
		rl_on_new_line();
		rl_redisplay();
	} else {
		installed = true;
		rl_callback_handler_install(styled_prompt(), on_line);
	}
	fflush(out_stream);
}

void readline_redraw(void)
{
	if (!installed) {
		readline_prompt();
		return;
	}
	rl_set_prompt(styled_prompt());
	rl_on_new_line();
	rl_redisplay();
	fflush(out_stream);
}

void readline_tell(const char *text)
{
	if (installed)
		rl_clear_visible_line();
	fflush(out_stream);
	owner->ops->write(owner, text, strlen(text));
	if (installed)
		readline_redraw();
}

static void take_line(void)
{
	char *line = line_text;

	line_done = false;
	line_text = NULL;
	fflush(out_stream);
	if (line) {
		owner->ops->line(owner, line);
		free(line);
	} else {
		owner->ops->write(owner, "\n", 1);
		owner->ops->end(owner);
	}
}

size_t readline_input(const uint8_t *data, size_t len)
{
	size_t done;

	input = data;
	input_len = len;
	if (installed)
		look_at_size();
	while (input_len && owner && !owner->over && installed) {
		rl_callback_read_char();
		if (interrupted) {
			interrupted = false;
			owner->ops->interrupt(owner);
		}
		if (line_done)
			take_line();
	}
	done = len - input_len;
	input_len = 0;
	fflush(out_stream);
	return done;
}
