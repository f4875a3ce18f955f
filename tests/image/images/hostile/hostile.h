#pragma once

#include <stddef.h>
#include <stdint.h>

/* Tries the instruction of this name; 0: there is none. It returns if ring 3 may do that. */
int try_instruction(const char* name);

/* Prints the names of all of them, one a line. */
void list_instructions(void (*say)(const char*));
