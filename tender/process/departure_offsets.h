#pragma once

/* Offsets of fields of struct Departure, for gate.S; gate.h checks them. */
#define HOLM_DEPARTURE_FILTER 408
#define HOLM_DEPARTURE_ENTRY 424
#define HOLM_DEPARTURE_BOOT 432
#define HOLM_DEPARTURE_STACK 440
#define HOLM_DEPARTURE_FLAGS 448
