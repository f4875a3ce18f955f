#pragma once

#include <stddef.h>
#include <stdint.h>

/* Tries the instruction of this name; 0: there is none. It returns if ring 3 may do that. */
int try_instruction(const char* name);

/* Prints the names of all of them, one a line. */
void list_instructions(void (*say)(const char*));

typedef void hostile_hypercall(uint64_t number, uint64_t value);

struct holm_boot_info;

/* Does what the name says to the queues of the image's network device; how many chains came back, or -1:
 * there is no such name, or no device. */
int abuse_network_device(const char* what, const struct holm_boot_info* info, hostile_hypercall* hypercall);

/* Sends the image's block device one request of this name; the status that it gets, or -1: there is no such
 * name, or no device. */
int abuse_block_device(const char* what, uint64_t a, uint64_t b, const struct holm_boot_info* info,
                       hostile_hypercall* hypercall);
